package proteus.mem.shadow;

import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;

/**
 * The walk that the hardware would make of the guest's own tables (SDM 3A, 4.3 to 4.8): permissions, accessed and dirty flags, and
 * the error code if it faults. One object per VM; its fields tell of the last walk.
 */
final class GuestWalk {
    /** What a table outside memory reads as: an address that nobody answers. */
    private static final long UNBACKED = -1;

    private final MemoryMap map;
    private final HostMemory memory;

    /** Guest-physical address of the table walked at a level, and what the levels above it allow. */
    final long[] table = new long[5];

    final int[] access = new int[5];
    /** The level of the entry that maps the page; the largest there is for an unpaged guest. */
    int leafLevel;
    /** The leaf entry, with the flags that this walk has set. */
    long leaf;
    /** What the whole path allows. */
    int pageAccess;
    long gpa;
    /** Every table lies in memory. */
    boolean backed;
    /** The page fault's error code, if the last walk faulted. */
    int errorCode;

    GuestWalk(MemoryMap map, HostMemory memory) {
        this.map = map;
        this.memory = memory;
    }

    /**
     * Walks as an access of the guest does.
     *
     * @param hardware error code of the hardware's fault: tells of the access whether it wrote, fetched, and was the user's
     * @param rflags of the guest: SMAP looks at AC
     * @return whether the guest's tables allow the access
     */
    boolean walk(GuestPaging paging, int role, long gva, int hardware, long rflags) {
        boolean write = (hardware & ExceptionVector.PF_WRITE) != 0;
        boolean user = (hardware & ExceptionVector.PF_USER) != 0;
        boolean fetch = (hardware & ExceptionVector.PF_FETCH) != 0;
        backed = true;
        if (Role.mode(role) == Role.UNPAGED) {
            leafLevel = 4;
            leaf = PageTable.DIRTY;
            pageAccess = Role.ALL;
            gpa = gva & 0xffffffffL;
            return true;
        }
        int level = Role.mode(role) == Role.LONG ? 4 : 2;
        long at = root(paging, role, gva);
        if (at < 0) {
            return fault(paging, hardware, 0);
        }
        int allowed = Role.ALL;
        for (; ; level--) {
            table[level] = at;
            access[level] = allowed;
            long entryGpa = at + (long) GuestEntry.index(role, gva, level) * GuestEntry.bytes(role);
            long entry = read(role, entryGpa);
            if (!GuestEntry.present(entry)) {
                return fault(paging, hardware, 0);
            }
            if (GuestEntry.reserved(role, entry, level, paging.physicalBits())) {
                return fault(paging, hardware, ExceptionVector.PF_PRESENT | ExceptionVector.PF_RESERVED);
            }
            allowed &= GuestEntry.access(role, entry);
            if (!GuestEntry.leaf(role, entry, level)) {
                mark(role, entryGpa, entry, PageTable.ACCESSED);
                at = GuestEntry.table(role, entry);
                continue;
            }
            if (!permits(paging, allowed, write, user, fetch, rflags)) {
                return fault(paging, hardware, ExceptionVector.PF_PRESENT);
            }
            leaf = mark(role, entryGpa, entry, PageTable.ACCESSED | (write ? PageTable.DIRTY : 0));
            leafLevel = level;
            pageAccess = allowed;
            gpa = GuestEntry.page(role, entry, level) | gva & (1L << GuestEntry.shift(role, level)) - 1;
            return true;
        }
    }

    /** Guest-physical address of the top table, or -1 if a PDPTE is not present. */
    static long root(GuestPaging paging, int role, long gva) {
        return switch (Role.mode(role)) {
            case Role.LEGACY -> paging.cr3() & PageTable.FRAME32;
            case Role.PAE -> {
                long pdpte = paging.pdpte((int) (gva >>> 30) & 3);
                yield GuestEntry.present(pdpte) ? pdpte & PageTable.FRAME : -1;
            }
            default -> paging.cr3() & PageTable.FRAME;
        };
    }

    /** SDM 3A, 4.6.1. */
    private static boolean permits(GuestPaging paging, int allowed, boolean write, boolean user, boolean fetch, long rflags) {
        boolean userPage = (allowed & Role.USER) != 0;
        if (user && !userPage) {
            return false;
        }
        if (fetch) {
            return (allowed & Role.EXECUTE) != 0 && (user || !userPage || (paging.cr4() & Cr4.SMEP) == 0);
        }
        if (!user && userPage && (paging.cr4() & Cr4.SMAP) != 0 && (rflags & Rflags.AC) == 0) {
            return false;
        }
        return !write || (allowed & Role.WRITE) != 0 || !user && (paging.cr0() & Cr0.WP) == 0;
    }

    /** SDM 3A, 4.7; the hardware's own code may have the fetch bit where the guest's settings leave it out. */
    private boolean fault(GuestPaging paging, int hardware, int bits) {
        boolean tellsFetch = (paging.cr4() & Cr4.SMEP) != 0 || (paging.cr4() & Cr4.PAE) != 0 && (paging.efer() & Efer.NXE) != 0;
        errorCode = bits
                | hardware & (ExceptionVector.PF_WRITE | ExceptionVector.PF_USER)
                | (tellsFetch ? hardware & ExceptionVector.PF_FETCH : 0);
        return false;
    }

    private long read(int role, long gpa) {
        long hpa = map.hpa(gpa);
        if (hpa < 0) {
            backed = false;
            return GuestEntry.bytes(role) == PageTable.ENTRY_SIZE ? UNBACKED : UNBACKED & 0xffffffffL;
        }
        return GuestEntry.bytes(role) == PageTable.ENTRY_SIZE ? memory.read64(hpa) : memory.read32(hpa) & 0xffffffffL;
    }

    private long mark(int role, long gpa, long entry, long flags) {
        if ((entry & flags) != flags) {
            MemoryRegion region = map.regionAt(gpa);
            if (region != null && region.writable()) {
                // All the flags lie in the low half.
                memory.write32(map.ownHpa(gpa), (int) (entry | flags));
            }
        }
        return entry | flags;
    }
}
