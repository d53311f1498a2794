package proteus.api.memory;

/**
 * A run of guest-physical pages backed by contiguous frames.
 *
 * @param gpa start, page-aligned
 * @param bytes length, whole pages
 * @param hpa first frame
 * @param writable false: ROM
 * @param name for people
 */
public record MemoryRegion(long gpa, long bytes, long hpa, boolean writable, String name) {
    public boolean contains(long at) {
        return at >= gpa && at - gpa < bytes;
    }
}
