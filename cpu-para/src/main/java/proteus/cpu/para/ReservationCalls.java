package proteus.cpu.para;

import java.util.ArrayDeque;
import java.util.Deque;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;

/** MEMORY_OP: which frames a domain has (Xen public/memory.h). What it gives back stays the VM's and can be had again. */
final class ReservationCalls {
    private static final int INCREASE = 0, DECREASE = 1, MAXIMUM_RAM_PAGE = 2, CURRENT = 3, MAXIMUM = 4, POPULATE_PHYSMAP = 6, MEMORY_MAP = 9, MACHPHYS_MAPPING = 12;
    private static final int E820_BYTES = 20, E820_RAM = 1;

    private final HostMemory memory;
    private final FrameTable frames;
    private final XenArea area;
    private final AddressSpace space;
    private final Work work;
    private final long pages;
    private final Deque<Long> spare = new ArrayDeque<>();

    /** @param pages what the domain started with */
    ReservationCalls(HostMemory memory, FrameTable frames, XenArea area, AddressSpace space, Work work, long pages) {
        this.memory = memory;
        this.frames = frames;
        this.area = area;
        this.space = space;
        this.work = work;
        this.pages = pages;
    }

    long call(int operation, long arg) {
        return switch (operation) {
            case INCREASE -> extents(arg, this::increase);
            case DECREASE -> extents(arg, this::decrease);
            case POPULATE_PHYSMAP -> extents(arg, this::populate);
            case MAXIMUM_RAM_PAGE -> frames.end() - 1;
            case CURRENT -> pages - spare.size();
            case MAXIMUM -> pages;
            case MEMORY_MAP -> memoryMap(arg);
            case MACHPHYS_MAPPING -> {
                space.writeWord(arg, space.width().hypervisorStart);
                space.writeWord(arg, 1, space.width().hypervisorStart + frames.end() * space.width().bytes);
                space.writeWord(arg, 2, frames.end() - 1);
                yield 0;
            }
            default -> throw Refusal.UNKNOWN;
        };
    }

    private interface Extent {
        /** @param at address of the frame number in the guest's list */
        void handle(long at);
    }

    /** As many as can be done; their number (struct xen_memory_reservation). */
    private long extents(long arg, Extent extent) {
        long list = space.readWord(arg), count = space.readWord(arg, 1);
        // Behind them the order of an extent, flags of memory, and the domain.
        long rest = arg + 2L * space.width().bytes;
        if (space.read32(rest) != 0) {
            return 0; // only single frames
        }
        if (space.read16(rest + 8) != MmuCalls.DOMID_SELF) {
            throw Refusal.NO_SUCH_DOMAIN;
        }
        long done = 0;
        try {
            for (; done < count; done++) {
                work.spend(1);
                extent.handle(list + done * space.width().bytes);
            }
        } catch (Refusal refusal) {
            // the number says how far it went
        }
        return done;
    }

    private void decrease(long at) {
        long mfn = space.readWord(at);
        if (!frames.owns(mfn) || frames.type(mfn) != FrameTable.NONE || frames.mappings(mfn) != 0) {
            throw Refusal.INVALID;
        }
        frames.disown(mfn);
        area.pseudoPhysical(mfn, XenArea.NO_FRAME);
        spare.push(mfn);
    }

    private void increase(long at) {
        space.writeWord(at, take());
    }

    private void populate(long at) {
        long pfn = space.readWord(at);
        long mfn = take();
        area.pseudoPhysical(mfn, pfn);
        space.writeWord(at, mfn);
    }

    private long take() {
        if (spare.isEmpty()) {
            throw Refusal.NO_SPACE;
        }
        long mfn = spare.pop();
        frames.own(mfn);
        memory.fill(mfn << FrameTable.SHIFT, PageTable.PAGE_SIZE, (byte) 0);
        return mfn;
    }

    /** One range of RAM, in pseudo-physical addresses (struct xen_memory_map). */
    private long memoryMap(long arg) {
        if (space.read32(arg) < 1) {
            throw Refusal.INVALID;
        }
        long buffer = space.readWord(arg, 1);
        space.write64(buffer, 0);
        space.write64(buffer + 8, pages << FrameTable.SHIFT);
        space.write32(buffer + E820_BYTES - Integer.BYTES, E820_RAM);
        space.write32(arg, 1);
        return 0;
    }
}
