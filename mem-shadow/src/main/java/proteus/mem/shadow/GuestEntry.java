package proteus.mem.shadow;

import proteus.x86.format.PageTable;

/** One entry of a guest's paging structures, read by the mode its role names (SDM 3A, 4.3 to 4.5). */
final class GuestEntry {
    private GuestEntry() {}

    static int bytes(int role) {
        return Role.mode(role) == Role.LEGACY ? PageTable.ENTRY32_SIZE : PageTable.ENTRY_SIZE;
    }

    static boolean present(long entry) {
        return (entry & PageTable.PRESENT) != 0;
    }

    /** Whether it maps a page instead of leading to a table. */
    static boolean leaf(int role, long entry, int level) {
        return level == 1
                || (entry & PageTable.LARGE) != 0
                        && switch (Role.mode(role)) {
                            case Role.LEGACY -> level == 2 && Role.pse(role);
                            case Role.PAE -> level == 2;
                            default -> level <= 3;
                        };
    }

    static boolean reserved(int role, long entry, int level, int physicalBits) {
        boolean large = (entry & PageTable.LARGE) != 0;
        return (entry & switch (Role.mode(role)) {
            case Role.LEGACY -> PageTable.reserved32(level, large && Role.pse(role), physicalBits);
            case Role.PAE -> PageTable.reservedPae(level, large, physicalBits, Role.nxe(role));
            default -> PageTable.reserved(level, large, physicalBits, Role.nxe(role), true);
        }) != 0;
    }

    /** What it allows by itself. */
    static int access(int role, long entry) {
        return ((entry & PageTable.WRITABLE) != 0 ? Role.WRITE : 0)
                | ((entry & PageTable.USER) != 0 ? Role.USER : 0)
                | (Role.nxe(role) && (entry & PageTable.NX) != 0 ? 0 : Role.EXECUTE);
    }

    /** Guest-physical address of the next table. */
    static long table(int role, long entry) {
        return entry & (Role.mode(role) == Role.LEGACY ? PageTable.FRAME32 : PageTable.FRAME);
    }

    /** log2 of the bytes that one entry maps. */
    static int shift(int role, int level) {
        return Role.mode(role) == Role.LEGACY ? 12 + 10 * (level - 1) : 12 + 9 * (level - 1);
    }

    /** Guest-physical address of the page of a leaf entry. */
    static long page(int role, long entry, int level) {
        if (Role.mode(role) == Role.LEGACY) {
            return level == 2 ? PageTable.frame4M(entry) : entry & PageTable.FRAME32;
        }
        return entry & PageTable.FRAME & -(1L << shift(role, level));
    }

    static int index(int role, long gva, int level) {
        return Role.mode(role) == Role.LEGACY ? PageTable.index32(gva, level) : PageTable.index(gva, level);
    }
}
