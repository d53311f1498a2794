package proteus.api.memory;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;

/**
 * Which guest-physical pages are RAM or ROM, and the frames behind them. A page has a frame from its first use on; the frame may be
 * shared with other pages of the same content, even of other VMs, until somebody writes it. What was derived from a frame is dropped
 * when {@link MemoryVirtualization#onFrameChange} says so. The defaults are those of a map whose frames never change.
 */
@ProviderType
public interface MemoryMap {
    /** Sorted, not overlapping. */
    List<MemoryRegion> regions();

    /**
     * Host-physical address behind a guest-physical one, to be read from.
     *
     * @return the HPA, or -1 where there is neither RAM nor ROM
     * @throws OutOfHostMemoryException when the page has no frame yet and the host none to give: nothing has changed, the VM is
     *     stopped and may try again
     */
    long hpa(long gpa);

    /**
     * The same for a page that is about to be written: it gets a frame of its own. Sharing is broken, and who maps the page is told
     * before this returns.
     *
     * @throws OutOfHostMemoryException as {@link #hpa}
     */
    default long ownHpa(long gpa) {
        return hpa(gpa);
    }

    /** Whether the guest may write the page as it is: RAM on a frame of its own. */
    default boolean owned(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region != null && region.writable();
    }

    /**
     * Whether a large page may map an address: the page lies in one region, and behind it are frames in order, aligned as it is, that
     * nobody shares.
     *
     * @param bytes of the large page, a power of two
     */
    default boolean contiguous(long gpa, long bytes) {
        MemoryRegion region = regionAt(gpa);
        long start = gpa & -bytes;
        if (region == null || start < region.gpa() || start - region.gpa() + bytes > region.bytes()) {
            return false;
        }
        long hpa = hpa(start);
        return (hpa & bytes - 1) == 0 && hpa(start + bytes - HostMemory.FRAME_SIZE) == hpa + bytes - HostMemory.FRAME_SIZE;
    }

    /**
     * Gives every page of RAM its frame now, all in one run if nothing has been used yet and the host has one, and keeps it there: for
     * techniques that show guests the addresses of their frames (Xen's machine addresses). Pinned pages are neither shared nor ballooned.
     *
     * @throws OutOfHostMemoryException when the host has not so much
     */
    default void pin() {}

    /** The region at an address, or null: the answer for unmapped space. */
    MemoryRegion regionAt(long gpa);

    /** Changes whenever the regions do. */
    int generation();
}
