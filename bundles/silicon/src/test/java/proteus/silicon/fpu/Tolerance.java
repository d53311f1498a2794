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

    /** Whether two numbers in double extended format are that near. */
    static boolean close(long hostTag, long host, long modelTag, long model, long units) {
        if (((hostTag ^ modelTag) & 0x8000) != 0) {
            return false;
        }
        // exponent and significand without its integer bit count up in units of the last place
        long difference = (hostTag - modelTag << 63) + (host & Long.MAX_VALUE) - (model & Long.MAX_VALUE);
        return Math.abs(hostTag - modelTag) <= 1 && Math.abs(difference) <= units;
    }

    /** C1 says which way an inexact result was rounded. */
    static boolean closeStatus(long host, long model) {
        return ((host ^ model) & ~((long) X87.C1 << 16)) == 0;
    }
}
