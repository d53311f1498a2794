package proteus.x86.format;

/** DR6 and DR7 (SDM 3B 17.2). */
public final class DebugRegister {
    /** DR6: condition n detected, debug-register access, single step, task switch. */
    public static final long B0 = 1, B1 = 2, B2 = 4, B3 = 8, BLD = 1 << 11, BD = 1 << 13, BS = 1 << 14, BT = 1 << 15, RTM = 1 << 16;
    /** DR6 and DR7 after reset, and their bits that read as 1. */
    public static final long DR6_RESET = 0xffff_0ff0L, DR7_RESET = 0x400;
    /** DR7: exact enables and general detect. */
    public static final long LE = 1 << 8, GE = 1 << 9, GD = 1 << 13;
    /** DR7 R/W field of a breakpoint. */
    public static final int ON_EXECUTE = 0, ON_WRITE = 1, ON_IO = 2, ON_ACCESS = 3;

    private DebugRegister() {
    }

    /** Whether breakpoint n (0..3) is enabled locally or globally. */
    public static boolean enabled(long dr7, int n) {
        return (dr7 >>> 2 * n & 3) != 0;
    }

    /** R/W field of breakpoint n. */
    public static int kind(long dr7, int n) {
        return (int) (dr7 >>> 16 + 4 * n) & 3;
    }

    /** Length in bytes that breakpoint n watches: 1, 2, 4 or 8. */
    public static int length(long dr7, int n) {
        return switch ((int) (dr7 >>> 18 + 4 * n) & 3) {
            case 0 -> 1;
            case 1 -> 2;
            case 2 -> 8;
            default -> 4;
        };
    }

    /** Whether any enabled breakpoint watches data. */
    public static boolean watchesData(long dr7) {
        if ((dr7 & 0xff) == 0) {
            return false;
        }
        for (int n = 0; n < 4; n++) {
            if (enabled(dr7, n) && (kind(dr7, n) & 1) != 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether an access touches what breakpoint n, enabled, watches from {@code address} on (aligned to its length). */
    public static boolean met(long dr7, int n, long address, long from, int bytes) {
        int length = length(dr7, n);
        long start = address & -length;
        return enabled(dr7, n) && from < start + length && from + bytes > start;
    }
}
