package proteus.api.vm;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.silicon.HostMemory.FrameRun;

/** The physical memory of this host as its VMs have it among them; a service. */
@ProviderType
public interface HostMemoryManager {
    /** What there is. */
    HostUse use();

    /** What a VM has. */
    VmUse use(VirtualMachine vm);

    /** Who owns which frames. */
    List<Frames> frames();

    /**
     * Looks through the memory of all VMs and lets pages of the same content share a frame until one is written; pages of zeros lose
     * theirs. Returns when all VMs have been through it.
     */
    Sharing share();

    /**
     * Asks a VM's balloon driver to give so much of its memory to the host, or to take back what is more; the guest takes its time.
     *
     * @throws VmException with one sentence when it has no balloon
     */
    void balloon(VirtualMachine vm, long bytes);

    /**
     * Bytes of a host, and how far sharing goes.
     *
     * @param size installed
     * @param free in frames that nobody owns
     * @param sharedFrames frames behind more than one page, or that were
     * @param sharedPages pages that these are behind
     */
    record HostUse(long size, long free, long sharedFrames, long sharedPages) {}

    /**
     * Bytes of a VM's RAM.
     *
     * @param size as the guest has been told
     * @param own in frames of its own
     * @param shared in pages on shared frames
     * @param ballooned that its balloon driver holds
     */
    record VmUse(long size, long own, long shared, long ballooned) {}

    /**
     * Frames of one owner.
     *
     * @param pages of VMs that they are behind where they are shared, else 0
     */
    record Frames(FrameRun run, long pages) {}

    /**
     * What a pass has brought.
     *
     * @param freed bytes in frames that nobody owns now
     * @param scanned bytes looked at
     */
    record Sharing(long freed, long scanned) {}
}
