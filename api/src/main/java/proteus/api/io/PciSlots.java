package proteus.api.io;

import org.osgi.annotation.versioning.ProviderType;

/** The PCI bus of a VM: where device models plug their functions. Used on the VM's thread. */
@ProviderType
public interface PciSlots {
    /** Plugs a single-function device into the lowest free slot. */
    Slot plug(PciFunction function);

    /**
     * Plugs a function at a place, for functions that a chip set has at a fixed one.
     *
     * @throws IllegalArgumentException naming the function that is there already
     */
    Slot plug(int device, int function, PciFunction pciFunction);

    /** A function's place; closing it unplugs the function. */
    interface Slot extends AutoCloseable {
        int device();

        int function();

        /** The function's INTx wire; the board applies the interrupt-disable bit and the routing. */
        InterruptLine interrupt();

        /** Whether the guest allows the function to master the bus; without it there is no DMA and no message. */
        boolean busMaster();

        /** A message-signalled interrupt: a memory write that ends at the local APICs (SDM 3A 11.11), or in memory where the guest put its address there. */
        void message(long address, int data);

        @Override
        void close();
    }
}
