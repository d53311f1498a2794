package proteus.api.io;

/** How paravirtual devices are attached to a machine. */
public enum Transport {
    /** Functions of the PCI bus. */
    PCI,
    /** Registers in memory that the firmware's tables tell of. */
    MMIO
}
