package proteus.api.memory;

/** What a memory technique says of a fault. */
public enum FaultOutcome {
    /** Resolved: enter the guest again. */
    RESUME,
    /** Neither RAM nor ROM: emulate the instruction against the bus. */
    MMIO,
    /** The access is to write-protected memory whose write must be emulated (traced page table, ROM write to be dropped). */
    EMULATE,
    /** A true fault: the guest must see its page fault. */
    REFLECT
}
