package proteus.silicon.fpu;

import proteus.x86.decode.Mnemonic;

/**
 * Where the manual leaves the last bits open: transcendental functions of the x87 are within one unit in the last place of the
 * true value (SDM vol. 1, 8.3.10), and so may two implementations differ.
 */
final class Tolerance {
    private Tolerance() {}

    /** Units in the last place by which results may differ; 0 for none. */
    static long of(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1 -> 1;
            default -> 0;
        };
    }

    static boolean close(int offset, long host, long model, long units) {
        boolean significand = offset >= 32 && offset < 160 && (offset & 8) == 0;
        if (significand) {
            return Math.abs(host - model) <= units;
        }
        // C1 says which way an inexact result was rounded
        return offset == 0 && ((host ^ model) & ~((long) X87.C1 << 16)) == 0;
    }
}
