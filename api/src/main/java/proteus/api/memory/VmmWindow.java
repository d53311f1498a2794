package proteus.api.memory;

/**
 * Where a VMM lives in its guest's linear address space: page tables (level 1, 512 entries of 8 bytes, SDM 3A, table 4-20) that map
 * its last 2 MiB. They are the CPU technique's, which may change entries and then invalidates what the processor has cached.
 *
 * @param table host-physical address of the one in force as a rule
 * @param ring3Table of the one in force while ring 3 is the guest's supervisor
 */
public record VmmWindow(long table, long ring3Table) {
    /** Bytes of the window, and its linear address: of 64-bit address spaces; its low 32 bits are that of others. */
    public static final long BYTES = 2 << 20, BASE = -BYTES;
}
