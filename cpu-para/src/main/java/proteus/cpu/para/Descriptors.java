package proteus.cpu.para;

import proteus.api.silicon.HostMemory;
import proteus.x86.format.SegmentDescriptor;

/** Which segment descriptors a guest may have (Xen arch/x86/pv/descriptor-tables.c): none that would let it out of ring 3. */
final class Descriptors {
    private static final int IN_PAGE = 512;
    private static final int RING_3 = 3;
    private static final long DPL = (long) RING_3 << 45;

    private final HostMemory memory;

    Descriptors(HostMemory memory) {
        this.memory = memory;
    }

    /** Checks a page and makes it good where that can be done. */
    void check(long mfn, Work work) {
        work.spend(IN_PAGE);
        long page = mfn << FrameTable.SHIFT;
        for (int i = 0; i < IN_PAGE; i++) {
            long at = page + i * Long.BYTES;
            long descriptor = memory.read64(at);
            long good = good(descriptor);
            if (good != descriptor) {
                memory.write64(at, good);
            }
        }
    }

    /**
     * A descriptor as it may stand in a table: the guest's kernel believes in ring 0 and gets ring 3.
     *
     * @throws Refusal for gates and system segments, through which the guest would reach ring 0
     */
    static long good(long descriptor) {
        int rights = SegmentDescriptor.rights(descriptor);
        if (!SegmentDescriptor.present(rights)) {
            return descriptor;
        }
        if (!SegmentDescriptor.isSegment(rights)) {
            throw Refusal.INVALID;
        }
        return descriptor | DPL;
    }
}
