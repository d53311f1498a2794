package proteus.api.memory;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Guest-physical memory as devices and loaders see it: by GPA, little-endian, unaligned allowed. Only RAM: memory-mapped
 * registers are on the bus. An access outside RAM throws {@link GuestMemoryException}, which devices turn into what the
 * real device does on a bad bus address.
 */
@ProviderType
public interface GuestMemory {
    /** Bytes of RAM. */
    long size();

    /** Whether the whole range is RAM. */
    boolean contains(long gpa, long bytes);

    int read8(long gpa);

    int read16(long gpa);

    int read32(long gpa);

    long read64(long gpa);

    void write8(long gpa, int value);

    void write16(long gpa, int value);

    void write32(long gpa, int value);

    void write64(long gpa, long value);

    void read(long gpa, byte[] target, int offset, int length);

    void write(long gpa, byte[] source, int offset, int length);

    /**
     * The guest needs a page's content no longer (a balloon): its frame goes back to the host. The page reads as zeros, or as what it
     * was, until it is written.
     *
     * @param gpa of the page
     * @return whether the page is RAM
     */
    default boolean discard(long gpa) {
        return contains(gpa, 1);
    }

    /** The map behind it. */
    MemoryMap map();
}
