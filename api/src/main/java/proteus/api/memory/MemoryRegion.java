package proteus.api.memory;

/**
 * A run of guest-physical pages of one kind. Which frames are behind them says {@link MemoryMap#hpa}.
 *
 * @param gpa start, page-aligned
 * @param bytes length, whole pages
 * @param offset what the run shows of the VM's store, which is its RAM from 0 on and then its ROM; two runs may show the same
 * @param writable false: ROM
 * @param name for people
 */
public record MemoryRegion(long gpa, long bytes, long offset, boolean writable, String name) {
    public boolean contains(long at) {
        return at >= gpa && at - gpa < bytes;
    }

    /** Where an address of this run lies in the store. */
    public long offset(long at) {
        return offset + (at - gpa);
    }
}
