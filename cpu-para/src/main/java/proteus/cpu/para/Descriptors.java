package proteus.cpu.para;

import proteus.api.silicon.HostMemory;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.xen.Width;

/** Which segment descriptors a guest may have (Xen arch/x86/pv/descriptor-tables.c): none that would let it out of ring 3. */
final class Descriptors {
    private static final int IN_PAGE = 512;
    private static final int DPL_SHIFT = 45;

    private final HostMemory memory;
    private final Width width;

    Descriptors(HostMemory memory, Width width) {
        this.memory = memory;
        this.width = width;
    }

    /** Checks a page and makes it good where that can be done. */
    void check(long mfn, Work work) {
        work.spend(IN_PAGE);
        long page = mfn << FrameTable.SHIFT;
        for (int i = 0; i < IN_PAGE; i++) {
            long at = page + i * Long.BYTES;
            long descriptor = memory.read64(at);
            long good = good(descriptor, width);
            if (good != descriptor) {
                memory.write64(at, good);
            }
        }
    }

    /**
     * A descriptor as it may stand in a table: the guest's kernel believes in ring 0 and gets its own.
     *
     * @throws Refusal for gates and system segments, through which the guest would reach ring 0, and for 64-bit code in a 32-bit guest, whose
     *     ring 1 would reach the hypervisor's pages with 64-bit addresses
     */
    static long good(long descriptor, Width width) {
        int rights = SegmentDescriptor.rights(descriptor);
        if (!SegmentDescriptor.present(rights)) {
            return descriptor;
        }
        if (!SegmentDescriptor.isSegment(rights)) {
            throw Refusal.INVALID;
        }
        if (!width.wide() && (rights & SegmentDescriptor.L) != 0) {
            throw Refusal.INVALID;
        }
        long ring = width.wide() || SegmentDescriptor.dpl(rights) == 0 ? width.kernelRing : 0;
        return descriptor | ring << DPL_SHIFT;
    }
}
