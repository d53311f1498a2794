package proteus.api.silicon;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Host-physical memory in frames of 4 KiB, shared by all virtual machines of one host. Accesses are little-endian and may
 * be unaligned. Writes through this interface keep every processor's view of code coherent, as DMA does on real hardware.
 *
 * <p>Frames may be allocated and freed from any thread; reading and writing a frame is the business of its owner's thread.
 */
@ProviderType
public interface HostMemory {
    int FRAME_SHIFT = 12;
    int FRAME_SIZE = 1 << FRAME_SHIFT;

    /** Installed memory in bytes. */
    long size();

    /** Bytes in frames that nobody owns. */
    long free();

    /**
     * Allocates physically contiguous, zeroed frames.
     *
     * @param bytes rounded up to whole frames
     * @param alignment power of two, at least {@link #FRAME_SIZE}
     * @param owner who owns them, for {@code mem:map}
     * @return host-physical address of the first byte
     * @throws OutOfHostMemoryException when no such run of frames is free
     */
    long allocate(long bytes, long alignment, String owner);

    /**
     * Frees frames that {@link #allocate} gave to one owner, all of them or some.
     *
     * @throws IllegalArgumentException when they are not all one owner's
     */
    void release(long hpa, long bytes);

    /**
     * Frames change hands.
     *
     * @throws IllegalArgumentException when they are not all one owner's
     */
    void assign(long hpa, long bytes, String owner);

    /** Who owns which frames, sorted; neighbours of one owner are one run. */
    List<FrameRun> owners();

    /** Frames in somebody's hands. */
    record FrameRun(long hpa, long bytes, String owner) {}

    int read8(long hpa);

    int read16(long hpa);

    int read32(long hpa);

    long read64(long hpa);

    void write8(long hpa, int value);

    void write16(long hpa, int value);

    void write32(long hpa, int value);

    void write64(long hpa, long value);

    /** Copies bytes out of physical memory. */
    void read(long hpa, byte[] target, int offset, int length);

    /** Copies bytes into physical memory. */
    void write(long hpa, byte[] source, int offset, int length);

    /** Fills physical memory with a byte. */
    void fill(long hpa, long bytes, byte value);
}
