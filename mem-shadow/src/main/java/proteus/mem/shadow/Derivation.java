package proteus.mem.shadow;

import proteus.api.memory.MemoryMap;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;

/**
 * What a leaf entry of the shadow must be. It carries the permissions of the guest's whole path, for the entries above it allow
 * everything; and it is writable only once the guest's dirty flag is set, so that the first write is noticed.
 */
final class Derivation {
    private final MemoryMap map;
    private final HostMemory memory;
    private final ShadowPages pages;

    Derivation(MemoryMap map, HostMemory memory, ShadowPages pages) {
        this.map = map;
        this.memory = memory;
        this.pages = pages;
    }

    /**
     * A leaf entry.
     *
     * @param role of the table it stands in; a level above 1 makes a 2-MByte page
     * @param access what the guest's path allows
     * @param override CR0.WP is clear and the supervisor writes a page that is read-only
     */
    long leaf(int role, int access, boolean dirty, boolean global, long gpa, boolean override) {
        int allowed = access;
        if (Role.noWp(role) && (access & Role.WRITE) == 0) {
            if ((access & Role.USER) == 0) {
                allowed |= Role.WRITE;
            } else if (override) {
                // The page is the supervisor's for a while, until the user's next access faults (KVM: FNAME(page_fault)).
                allowed = (allowed | Role.WRITE) & ~Role.USER & (Role.smep(role) ? ~Role.EXECUTE : ~0);
            }
        }
        if (Role.ring3(role)) {
            boolean fetchable = (access & Role.USER) == 0 || !Role.smep(role);
            allowed = access & (fetchable ? Role.ALL : ~Role.EXECUTE) | Role.USER | (Role.noWp(role) ? Role.WRITE : 0);
        }
        boolean large = Role.level(role) > 1;
        long page = gpa & (large ? -PageTable.span(2) : -PageTable.PAGE_SIZE);
        boolean writable = (allowed & Role.WRITE) != 0 && dirty && map.owned(page) && !pages.traced(page >>> PageTable.PAGE_SHIFT);
        // Accessed and dirty flags of the shadow are nobody's concern: set, no walk stops to set them.
        return map.hpa(page)
                | PageTable.PRESENT
                | PageTable.ACCESSED
                | PageTable.DIRTY
                | (writable ? PageTable.WRITABLE : 0)
                | ((allowed & Role.USER) != 0 ? PageTable.USER : 0)
                | ((allowed & Role.EXECUTE) != 0 ? 0 : PageTable.NX)
                | (global ? PageTable.GLOBAL : 0)
                | (large ? PageTable.LARGE : 0);
    }

    /** The entry of a guest's leaf table as its shadow's leaf entry; 0 if an access must come here first, to fault or to set flags. */
    long leaf(GuestPaging paging, ShadowPage page, long guest) {
        if (!GuestEntry.present(guest)
                || (guest & PageTable.ACCESSED) == 0
                || GuestEntry.reserved(page.role, guest, 1, paging.physicalBits())) {
            return 0;
        }
        long gpa = GuestEntry.page(page.role, guest, 1);
        if (map.regionAt(gpa) == null) {
            return 0;
        }
        int access = Role.access(page.role) & GuestEntry.access(page.role, guest);
        return leaf(page.role, access, (guest & PageTable.DIRTY) != 0, (guest & PageTable.GLOBAL) != 0, gpa, false);
    }

    /** The guest's entry that an entry of its shadow stands for. */
    long guest(ShadowPage page, int index) {
        long at = (page.gfn << PageTable.PAGE_SHIFT) + (long) guestIndex(page, index) * GuestEntry.bytes(page.role);
        long hpa = map.hpa(at);
        if (hpa < 0) {
            return 0;
        }
        return GuestEntry.bytes(page.role) == PageTable.ENTRY_SIZE ? memory.read64(hpa) : memory.read32(hpa) & 0xffffffffL;
    }

    /** A 32-bit table needs two shadows at level 1, and four at level 2, where each entry stands for half of one. */
    private static int guestIndex(ShadowPage page, int index) {
        if (Role.mode(page.role) != Role.LEGACY) {
            return index;
        }
        int within = Role.quadrant(page.role) * ShadowPage.ENTRIES + index;
        return page.level() == 1 ? within : within / 2;
    }
}
