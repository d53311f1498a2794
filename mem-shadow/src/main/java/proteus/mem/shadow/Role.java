package proteus.mem.shadow;

import proteus.api.silicon.GuestPaging;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;

/**
 * What a shadow table depends on besides the guest table it shadows, packed into an int: two shadows of one guest table differ if
 * any of it does (KVM: kvm_mmu_page_role).
 */
final class Role {
    /** Permissions along the path to a table. */
    static final int EXECUTE = 1, WRITE = 2, USER = 4, ALL = 7;

    /** Modes of the guest: without paging, 32-bit, PAE, 4-level. */
    static final int UNPAGED = 0, LEGACY = 1, PAE = 2, LONG = 3;

    private static final int MODE_SHIFT = 3, LEVEL_SHIFT = 5, QUADRANT_SHIFT = 8;
    /** No guest table lies behind it: a large guest page, or no paging at all, in small pieces. */
    static final int DIRECT = 1 << 10;
    /** Of a direct table: the large guest page has its dirty flag set. */
    static final int DIRTY = 1 << 11;
    private static final int NO_WP = 1 << 12, SMEP = 1 << 13, NXE = 1 << 14, PSE = 1 << 15;
    /** Ring 3 may do what the guest's tables allow the supervisor. */
    private static final int RING3 = 1 << 16;
    /** On the path to the last 2 MiB of the linear address space, where a VMM lives. */
    static final int WINDOW = 1 << 17;
    /** Bits in all. */
    static final int BITS = 18;

    private Role() {}

    /** What the guest's registers contribute; levels, quadrants and permissions are added table by table. */
    static int of(GuestPaging paging) {
        long cr0 = paging.cr0();
        long cr4 = paging.cr4();
        long efer = paging.efer();
        if ((cr0 & Cr0.PG) == 0) {
            return UNPAGED << MODE_SHIFT;
        }
        int mode = (efer & Efer.LMA) != 0 ? LONG : (cr4 & Cr4.PAE) != 0 ? PAE : LEGACY;
        boolean noWp = (cr0 & Cr0.WP) == 0;
        boolean ring3 = paging.supervisorInRing3();
        // SMEP changes the shadow only where a user page becomes the supervisor's, or the supervisor a user
        return mode << MODE_SHIFT
                | (noWp ? NO_WP : 0)
                | (ring3 ? RING3 : 0)
                | ((noWp || ring3) && (cr4 & Cr4.SMEP) != 0 ? SMEP : 0)
                | (mode != LEGACY && (efer & Efer.NXE) != 0 ? NXE : 0)
                | (mode == LEGACY && (cr4 & Cr4.PSE) != 0 ? PSE : 0);
    }

    static int at(int role, int level, int quadrant, int access) {
        return role & ~(7 << LEVEL_SHIFT | 3 << QUADRANT_SHIFT | ALL | DIRECT | DIRTY | WINDOW) | level << LEVEL_SHIFT | quadrant << QUADRANT_SHIFT | access;
    }

    static int mode(int role) {
        return role >> MODE_SHIFT & 3;
    }

    static int level(int role) {
        return role >> LEVEL_SHIFT & 7;
    }

    /** Which part of a 32-bit guest table, whose 1024 entries need several shadow tables of 512. */
    static int quadrant(int role) {
        return role >> QUADRANT_SHIFT & 3;
    }

    static int access(int role) {
        return role & ALL;
    }

    static boolean direct(int role) {
        return (role & DIRECT) != 0;
    }

    static boolean dirty(int role) {
        return (role & DIRTY) != 0;
    }

    /** CR0.WP is clear: the supervisor writes where it may not. */
    static boolean noWp(int role) {
        return (role & NO_WP) != 0;
    }

    /** Whether two differ at most by whose privilege ring 3 stands for. */
    static boolean sameButForPrivilege(int one, int other) {
        return ((one ^ other) & ~(RING3 | SMEP)) == 0;
    }

    static boolean ring3(int role) {
        return (role & RING3) != 0;
    }

    static boolean window(int role) {
        return (role & WINDOW) != 0;
    }

    static boolean smep(int role) {
        return (role & SMEP) != 0;
    }

    static boolean nxe(int role) {
        return (role & NXE) != 0;
    }

    static boolean pse(int role) {
        return (role & PSE) != 0;
    }
}
