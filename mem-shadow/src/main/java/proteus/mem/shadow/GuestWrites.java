package proteus.mem.shadow;

import java.util.LinkedHashSet;
import java.util.Set;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.GuestPaging;
import proteus.x86.format.PageTable;

/** The guest writes its page tables: what becomes of the shadow, by variant. */
final class GuestWrites {
    /** So many writes to a table whose shadow is empty and unused, and it is taken to be a table no more (KVM: detect_write_flooding). */
    private static final int FLOOD = 3;
    /** The same for one that is not empty. */
    private static final int LONG_FLOOD = 4096;

    private final Variant variant;
    private final ShadowPages pages;
    private final Derivation derivation;
    private final EventCounters counters;
    /** Guest frame numbers of leaf tables that the guest writes freely. */
    private final Set<Long> unsynced = new LinkedHashSet<>();

    GuestWrites(Variant variant, ShadowPages pages, Derivation derivation, EventCounters counters) {
        this.variant = variant;
        this.pages = pages;
        this.derivation = derivation;
        this.counters = counters;
    }

    /**
     * The guest is about to write a traced table.
     *
     * @param mustGo the write cannot be emulated
     * @return whether it may write from now on without being noticed
     */
    boolean letGo(long gfn, boolean mustGo) {
        boolean leavesOnly = true;
        boolean roots = false;
        for (ShadowPage page = pages.shadowsOf(gfn); page != null; page = page.next) {
            leavesOnly &= page.level() == 1;
            roots |= page.root;
        }
        if (leavesOnly && variant == Variant.OUT_OF_SYNC) {
            for (ShadowPage page = pages.shadowsOf(gfn); page != null; page = page.next) {
                page.unsynced = true;
            }
            unsynced.add(gfn);
            counters.count(CountedEvent.SHADOW_UNSYNCS);
            return true;
        }
        if (mustGo && !roots) {
            pages.releaseAll(gfn);
            return true;
        }
        return false;
    }

    /** The guest has flushed its TLB: every table that it could write is compared, and traced again. */
    void synchronize(GuestPaging paging) {
        for (long gfn : unsynced) {
            ShadowPage first = pages.shadowsOf(gfn);
            if (first == null || !first.unsynced) {
                continue; // dropped in the meantime
            }
            for (ShadowPage page = first; page != null; page = page.next) {
                for (int i = 0, left = page.present; left > 0 && i < ShadowPage.ENTRIES; i++) {
                    if (pages.entry(page, i) != 0) {
                        left--;
                        refresh(paging, page, i, false);
                    }
                }
                page.unsynced = false;
            }
            pages.protect(gfn);
        }
        unsynced.clear();
    }

    /** The guest has flushed one page, whose entry stands in this table and in the others that shadow the same. */
    void synchronize(GuestPaging paging, ShadowPage table, int index) {
        for (ShadowPage page = pages.shadowsOf(table.gfn); page != null; page = page.next) {
            if (Role.quadrant(page.role) == Role.quadrant(table.role)) {
                refresh(paging, page, index, false);
            }
        }
    }

    /** An emulated instruction has written to a traced table. */
    void written(GuestPaging paging, long gpa, int bytes) {
        counters.count(CountedEvent.PTE_WRITES_EMULATED);
        int offset = (int) gpa & PageTable.PAGE_SIZE - 1;
        ShadowPage next;
        for (ShadowPage page = pages.shadowsOf(gpa >>> PageTable.PAGE_SHIFT); page != null; page = next) {
            next = page.next;
            if (page.released) {
                continue;
            }
            page.writes++;
            if (!page.root && noTable(page, offset, bytes)) {
                pages.release(page);
            } else {
                written(paging, page, offset, bytes);
            }
        }
    }

    /** Whether the guest treats a page as no operating system treats a table (KVM: detect_write_misaligned). */
    private static boolean noTable(ShadowPage page, int offset, int bytes) {
        int size = GuestEntry.bytes(page.role);
        // Single bits are cleared by a byte operation on the entry's first byte.
        boolean oneByte = bytes == 1 && offset % size == 0;
        boolean misaligned = bytes < 4 && !oneByte || offset / size != (offset + bytes - 1) / size;
        return misaligned || page.writes >= (page.present == 0 ? FLOOD : LONG_FLOOD);
    }

    private void written(GuestPaging paging, ShadowPage page, int offset, int bytes) {
        int size = GuestEntry.bytes(page.role);
        for (int guest = offset / size; guest <= (offset + bytes - 1) / size; guest++) {
            boolean legacy = Role.mode(page.role) == Role.LEGACY;
            boolean halves = legacy && page.level() == 2;
            int index = (halves ? 2 * guest : guest) - (legacy ? Role.quadrant(page.role) * ShadowPage.ENTRIES : 0);
            if (index < 0 || index >= ShadowPage.ENTRIES) {
                continue; // another quadrant's
            }
            changed(paging, page, index);
            if (halves) {
                changed(paging, page, index + 1);
            }
        }
    }

    private void changed(GuestPaging paging, ShadowPage page, int index) {
        if (page.level() > 1) {
            upper(paging, page, index);
        } else if (variant == Variant.NAIVE) {
            if (pages.clear(page, index)) {
                counters.count(CountedEvent.SHADOW_SYNCS);
            }
        } else {
            refresh(paging, page, index, true);
        }
    }

    /** An entry that led to a table stays if it still leads there in the same way. */
    private void upper(GuestPaging paging, ShadowPage page, int index) {
        if (pages.entry(page, index) == 0) {
            return;
        }
        ShadowPage child = pages.child(page, index);
        long guest = derivation.guest(page, index);
        boolean present = GuestEntry.present(guest);
        if (child != null && present && !child.direct() && leadsTo(paging, page, guest, child)) {
            return;
        }
        pages.clear(page, index);
        counters.count(CountedEvent.SHADOW_SYNCS);
        if (child != null && !present && !child.root && child.parents.isEmpty()) {
            // Taken down: its frame will soon be something else.
            pages.releaseTree(child);
        }
    }

    private static boolean leadsTo(GuestPaging paging, ShadowPage page, long guest, ShadowPage child) {
        return (guest & PageTable.ACCESSED) != 0
                && !GuestEntry.leaf(page.role, guest, page.level())
                && !GuestEntry.reserved(page.role, guest, page.level(), paging.physicalBits())
                && GuestEntry.table(page.role, guest) >>> PageTable.PAGE_SHIFT == child.gfn
                && (Role.access(page.role) & GuestEntry.access(page.role, guest)) == Role.access(child.role);
    }

    private void refresh(GuestPaging paging, ShadowPage page, int index, boolean create) {
        long old = pages.entry(page, index);
        if (old == 0 && !create) {
            return;
        }
        long wanted = derivation.leaf(paging, page, derivation.guest(page, index));
        if (wanted == 0 ? pages.clear(page, index) : pages.map(page, index, wanted)) {
            counters.count(CountedEvent.SHADOW_SYNCS);
        }
    }

    /** All shadows go. */
    void forget() {
        unsynced.clear();
    }
}
