package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.HandlerTable;
import proteus.x86.decode.Mnemonic;

/**
 * RCPPS, RSQRTPS and their scalar forms. The manual bounds the relative error by 1.5 * 2^-12 (SDM vol. 2, RCPPS); Intel's
 * processors look the result up by the leading bits of the argument, and every entry is the function of the middle of its
 * interval, rounded to 13 bits. No flags, no rounding control, denormals count as zeros both ways.
 */
final class Approximations {
    private static final int SIGN = 0x80000000, INFINITY = 0x7f800000, QUIET_BIT = 0x00400000, INDEFINITE = 0xffc00000;

    private Approximations() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.RCPPS, (c, o) -> SimdFloat.singles(c, o, (u, unused, x) -> reciprocal(x)));
        put(t, Mnemonic.RCPSS, (c, o) -> SimdFloat.oneSingle(c, o, (u, unused, x) -> reciprocal(x)));
        put(t, Mnemonic.RSQRTPS, (c, o) -> SimdFloat.singles(c, o, (u, unused, x) -> reciprocalRoot(x)));
        put(t, Mnemonic.RSQRTSS, (c, o) -> SimdFloat.oneSingle(c, o, (u, unused, x) -> reciprocalRoot(x)));
    }

    /** 13 bits, 4096 to 8191, as a single between 1/2 and 1, times a power of two. */
    private static int single(int sign, int exponent, int significand) {
        return sign | exponent << 23 | significand - 4096 << 11;
    }

    private static int reciprocal(int x) {
        int sign = x & SIGN;
        int exponent = x >>> 23 & 0xff;
        if (exponent == 0) {
            return sign | INFINITY;
        }
        if (exponent == 0xff) {
            return (x & 0x7fffff) != 0 ? x | QUIET_BIT : sign;
        }
        // the argument's middle is d / 4096
        int d = 4096 + 2 * (x >>> 12 & 0x7ff) + 1;
        int result = (2 * 8192 * 4096 + d) / (2 * d);
        int resultExponent = 253 - exponent;
        return resultExponent <= 0 ? sign : single(sign, resultExponent, result);
    }

    private static int reciprocalRoot(int x) {
        int sign = x & SIGN;
        int exponent = x >>> 23 & 0xff;
        if (exponent == 0) {
            return sign | INFINITY;
        }
        if (exponent == 0xff && (x & 0x7fffff) != 0) {
            return x | QUIET_BIT;
        }
        if (sign != 0) {
            return INDEFINITE;
        }
        if (exponent == 0xff) {
            return 0;
        }
        int odd = exponent + 1 & 1;
        double middle = (2048 + 2 * (x >>> 13 & 0x3ff) + 1) / 2048.0 * (1 + odd);
        int result = (int) (8192 / Math.sqrt(middle) + 0.5);
        return single(0, 126 - (exponent - 127 - odd) / 2, result);
    }
}
