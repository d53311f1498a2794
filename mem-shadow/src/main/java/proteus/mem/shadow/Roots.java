package proteus.mem.shadow;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.x86.format.PageTable;

/**
 * The root that the processor walks from: a shadow of the guest's PML4, or four page directories behind a table of PDPTEs for
 * every other mode. Roots that were loaded before are found again among the shadow tables.
 */
final class Roots implements AutoCloseable {
    private static final int PDPTES = 4;
    /** CR3 has 32 bits outside IA-32e mode (SDM 3A, 4.4.1). */
    private static final long PDPT_LIMIT = 1L << 32;

    private final HostMemory memory;
    private final ShadowPages pages;
    private final EventCounters counters;
    private final long pdpt;
    /** One for each PDPTE, null where the guest's is not present; or the PML4 alone. */
    private final ShadowPage[] tops = new ShadowPage[PDPTES];

    private int role;

    Roots(HostMemory memory, ShadowPages pages, EventCounters counters, String owner) {
        this.memory = memory;
        this.pages = pages;
        this.counters = counters;
        this.pdpt = memory.allocate(HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, owner);
        if (pdpt >= PDPT_LIMIT) {
            memory.release(pdpt, HostMemory.FRAME_SIZE);
            throw new IllegalArgumentException("shadow page tables need a free frame of host memory below 4 GiB: close other VMs or use memory technique 'ept'");
        }
    }

    /** What the guest's mode contributes to the role of each table. */
    int role() {
        return role;
    }

    /** The table that a walk of the hardware begins in. */
    ShadowPage top(long gva) {
        return tops[Role.mode(role) == Role.LONG ? 0 : (int) (gva >>> 30) & PDPTES - 1];
    }

    /** Loads the root that goes with the guest's registers. */
    void load(Processor processor, GuestPaging paging) {
        int old = role;
        role = Role.of(paging);
        for (ShadowPage top : tops) {
            if (top != null) {
                top.root = false;
            }
        }
        boolean hit = true;
        if (Role.mode(role) == Role.LONG) {
            int top = Role.at(role, 4, 0, Role.ALL) | pages.windowRole();
            long gfn = GuestWalk.root(paging, role, 0) >>> PageTable.PAGE_SHIFT;
            hit = pages.has(gfn, top);
            enter(0, pages.obtain(gfn, top));
            for (int i = 1; i < PDPTES; i++) {
                tops[i] = null;
            }
            processor.registers().cr(3, tops[0].frame);
        } else {
            for (int i = 0; i < PDPTES; i++) {
                hit &= directory(paging, i);
            }
            processor.registers().cr(3, pdpt);
        }
        counters.count(hit ? CountedEvent.SHADOW_ROOT_HITS : CountedEvent.SHADOW_ROOT_MISSES);
        if (!Role.sameButForPrivilege(old, role)) {
            // MOV to CR3 has left global translations; they were made for another mode.
            processor.invalidateTlb();
        }
    }

    private boolean directory(GuestPaging paging, int index) {
        long at = (long) index << 30;
        int mode = Role.mode(role);
        long table = mode == Role.UNPAGED ? at : GuestWalk.root(paging, role, at);
        if (table < 0) {
            tops[index] = null;
            boolean window = index == PDPTES - 1 && pages.window() != null;
            memory.write64(pdpt + 8L * index, window ? pages.window().directory() | PageTable.PRESENT : 0);
            return true;
        }
        int wanted = mode == Role.UNPAGED
                ? Role.at(role, 2, 0, Role.ALL) | Role.DIRECT | Role.DIRTY
                : Role.at(role, 2, mode == Role.LEGACY ? index : 0, Role.ALL);
        if (index == PDPTES - 1) {
            wanted |= pages.windowRole();
        }
        boolean hit = pages.has(table >>> PageTable.PAGE_SHIFT, wanted);
        enter(index, pages.obtain(table >>> PageTable.PAGE_SHIFT, wanted));
        memory.write64(pdpt + 8L * index, tops[index].frame | PageTable.PRESENT);
        return hit;
    }

    private void enter(int index, ShadowPage page) {
        page.root = true;
        tops[index] = page;
    }

    @Override
    public void close() {
        memory.release(pdpt, HostMemory.FRAME_SIZE);
    }
}
