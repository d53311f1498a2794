package proteus.conform.compare;

import proteus.x86.decode.Mnemonic;

/** Where the manual bounds an error instead of defining a result. */
final class Tolerance {
    private static final int SIGN = 0x8000;
    /** RCPPS, RSQRTPS and their scalar forms: relative error at most 1.5 * 2^-12 (SDM vol. 2B); two results may be twice that apart. */
    private static final double APPROXIMATION = 3 * 0x1p-12;

    private Tolerance() {}

    /** Units in the last place by which results may differ: transcendental functions are within one of the true value (SDM vol. 1, 8.3.10). */
    static int units(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X, FYL2XP1 -> 1;
            default -> 0;
        };
    }

    /** Whether two numbers in double extended format are that near. */
    static boolean close(int hostTag, long host, int modelTag, long model, int units) {
        if (units == 0 || ((hostTag ^ modelTag) & SIGN) != 0) {
            return false;
        }
        // exponent and significand without its integer bit count up in units of the last place
        long difference = ((long) (hostTag - modelTag) << 63) + (host & Long.MAX_VALUE) - (model & Long.MAX_VALUE);
        return Math.abs(hostTag - modelTag) <= 1 && Math.abs(difference) <= units;
    }

    /** Whether two halves of a register are equal but for what an approximating instruction may be off. */
    static boolean approximate(Mnemonic mnemonic, long host, long model) {
        boolean approximates = switch (mnemonic) {
            case RCPPS, RCPSS, RSQRTPS, RSQRTSS, VRCPPS, VRCPSS, VRSQRTPS, VRSQRTSS -> true;
            default -> false;
        };
        return approximates && near((int) host, (int) model) && near((int) (host >> 32), (int) (model >> 32));
    }

    private static boolean near(int host, int model) {
        float a = Float.intBitsToFloat(host);
        float b = Float.intBitsToFloat(model);
        return host == model || Math.abs(a - b) <= APPROXIMATION * Math.abs(a);
    }
}
