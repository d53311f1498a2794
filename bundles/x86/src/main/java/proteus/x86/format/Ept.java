package proteus.x86.format;

/** Extended page tables: EPTP, entries, and the exit qualification of EPT violations (SDM 3C 28.3, table 27-7). */
public final class Ept {
    public static final long READ = 1, WRITE = 2, EXECUTE = 4, ACCESS = READ | WRITE | EXECUTE;
    public static final int MEMORY_TYPE_SHIFT = 3;
    public static final long MEMORY_TYPE = 7 << MEMORY_TYPE_SHIFT, IGNORE_PAT = 1 << 6, LARGE = 1 << 7, ACCESSED = 1 << 8, DIRTY = 1 << 9,
        USER_EXECUTE = 1 << 10, SUPPRESS_VE = 1L << 63;
    public static final int UNCACHEABLE = 0, WRITE_COMBINING = 1, WRITE_THROUGH = 4, WRITE_PROTECTED = 5, WRITE_BACK = 6;

    /** EPTP: memory type 0..2, walk length minus one 3..5, accessed and dirty flags enabled, root. */
    public static final long EPTP_MEMORY_TYPE = 7, EPTP_WALK_LENGTH = 7 << 3, EPTP_ACCESSED_DIRTY = 1 << 6, EPTP_ROOT = PageTable.FRAME;
    public static final int EPTP_WALK_LENGTH_SHIFT = 3;

    /** Exit qualification of an EPT violation. */
    public static final long VIOLATION_READ = 1, VIOLATION_WRITE = 2, VIOLATION_FETCH = 4, VIOLATION_READABLE = 8, VIOLATION_WRITABLE = 16,
        VIOLATION_EXECUTABLE = 32, VIOLATION_USER_EXECUTABLE = 64, VIOLATION_LINEAR_VALID = 128, VIOLATION_TRANSLATION = 256,
        VIOLATION_USER_PAGE = 512, VIOLATION_WRITABLE_PAGE = 1024, VIOLATION_NX_PAGE = 2048, VIOLATION_NMI_UNBLOCKING = 4096;

    private Ept() {
    }

    public static long eptp(long root, int memoryType, int levels, boolean accessedDirty) {
        return root & EPTP_ROOT | memoryType | (long) (levels - 1) << EPTP_WALK_LENGTH_SHIFT | (accessedDirty ? EPTP_ACCESSED_DIRTY : 0);
    }

    /** Any access allowed: the entry is present. (With mode-based execute control bit 10 counts as well.) */
    public static boolean present(long entry) {
        return (entry & ACCESS) != 0;
    }

    public static int memoryType(long entry) {
        return (int) (entry >>> MEMORY_TYPE_SHIFT) & 7;
    }

    /** Whether an entry maps a page itself: level 1, or {@link #LARGE} at level 2 or 3. */
    public static boolean isLeaf(long entry, int level) {
        return level == 1 || level <= 3 && (entry & LARGE) != 0;
    }

    /**
     * Whether a present entry is misconfigured (SDM 3C 28.3.3.1): write without read, execute-only without the capability,
     * reserved bits, or a reserved memory type.
     */
    public static boolean misconfigured(long entry, int level, int maxPhyAddr, boolean executeOnly, boolean pages1G) {
        if ((entry & (READ | WRITE)) == WRITE || (entry & ACCESS) == EXECUTE && !executeOnly) {
            return true;
        }
        long reserved = PageTable.beyond(maxPhyAddr);
        if (!isLeaf(entry, level)) {
            return (entry & (reserved | 0x78 | (level >= 4 ? LARGE : 0))) != 0;
        }
        if (level == 3) {
            reserved |= pages1G ? PageTable.FRAME & ~PageTable.FRAME_1G : LARGE;
        } else if (level == 2) {
            reserved |= PageTable.FRAME & ~PageTable.FRAME_2M;
        }
        int type = memoryType(entry);
        return (entry & reserved) != 0 || type == 2 || type == 3 || type == 7;
    }
}
