package proteus.silicon.fpu;

import proteus.silicon.cpu.FloatUnit;

/**
 * Arithmetic on finite numbers {@code (-1)^sign * significand * 2^(exponent - 63)} with the significand's top bit set, exact
 * until the one rounding at the end (SDM vol. 1, 4.8.4 and 4.9.1). Formats are given by their precision and exponent range, so
 * single, double and extended share everything.
 */
final class SoftFloat {
    static final int IE = 1, DE = 2, ZE = 4, OE = 8, UE = 16, PE = 32;
    /** Exceptions found before anything is computed: unmasked, they leave the operands as they were. */
    static final int PRE_COMPUTATION = IE | DE | ZE;
    static final int NEAREST = 0, DOWN = 1, UP = 2, ZERO = 3;

    static final int SINGLE = 24, DOUBLE = 53, EXTENDED = 64;
    static final int SINGLE_MIN = -126, SINGLE_MAX = 127, DOUBLE_MIN = -1022, DOUBLE_MAX = 1023, EXTENDED_MIN = -16382, EXTENDED_MAX = 16383;
    /** What an unmasked overflow or underflow in a register adjusts the exponent by (SDM vol. 1, 8.5.4 and 8.5.5). */
    private static final int BIAS_ADJUST = 24576;
    private static final long TOP = 1L << 63;

    private SoftFloat() {}

    /** Rounds high:low, low's bit 0 sticky, to {@code precision} bits and the exponent range, with all flags. */
    static void round(FloatUnit u, int sign, int exponent, long high, long low, int precision, int min, int max) {
        u.sign = sign;
        if (exponent < min) {
            underflow(u, sign, exponent, high, low, precision, min);
            return;
        }
        int lost = cut(u, sign, exponent, high, low, precision);
        if (u.exponent > max) {
            overflow(u, sign, precision, max, lost);
        } else if (lost != 0) {
            u.flags |= PE;
        }
    }

    /** Rounds to a precision with no limit on the exponent; the answer is non-zero if the result is inexact. */
    private static int cut(FloatUnit u, int sign, int exponent, long high, long low, int precision) {
        int drop = 64 - precision;
        long rest;
        long kept;
        if (drop == 0) {
            kept = high;
            rest = low;
        } else {
            kept = high >>> drop << drop;
            rest = (high << precision) | (low != 0 ? 1 : 0);
        }
        u.up = false;
        u.significand = kept;
        u.exponent = exponent;
        if (rest == 0) {
            return 0;
        }
        if (roundsUp(u.rounding, sign, (kept & 1L << drop) != 0, rest)) {
            u.up = true;
            kept += 1L << drop;
            if (kept == 0) {
                // carried out of the top; a denormal that grows to the smallest normal number does not come here
                kept = TOP;
                u.exponent++;
            }
            u.significand = kept;
        }
        return 1;
    }

    /** @param rest what is cut off, as a fraction of the last place, left-justified; not zero */
    private static boolean roundsUp(int rounding, int sign, boolean odd, long rest) {
        return switch (rounding) {
            case NEAREST -> rest < 0 && (rest != TOP || odd);
            case DOWN -> sign != 0;
            case UP -> sign == 0;
            default -> false;
        };
    }

    private static void overflow(FloatUnit u, int sign, int precision, int max, int lost) {
        u.flags |= OE;
        if ((u.unmasked & OE) != 0) {
            u.flags |= lost != 0 ? PE : 0;
            u.exponent -= BIAS_ADJUST;
            return;
        }
        u.flags |= PE;
        boolean infinite = u.rounding == NEAREST || u.rounding == (sign != 0 ? DOWN : UP);
        u.up = infinite;
        u.exponent = infinite ? max + 1 : max;
        u.significand = infinite ? TOP : -1L << 64 - precision;
    }

    /** The exponent is below the smallest: tiny unless rounding carries it up; tininess is detected after rounding. */
    private static void underflow(FloatUnit u, int sign, int exponent, long high, long low, int precision, int min) {
        int lost = cut(u, sign, exponent, high, low, precision);
        boolean tiny = u.exponent < min;
        if (tiny && (u.unmasked & UE) != 0) {
            u.flags |= UE | (lost != 0 ? PE : 0);
            u.exponent += BIAS_ADJUST;
            return;
        }
        if (tiny && u.flush) {
            u.flags |= UE | PE;
            u.significand = 0;
            u.exponent = min;
            u.up = false;
            return;
        }
        int shift = min - exponent;
        if (shift < 64) {
            low = high << 64 - shift | (low != 0 ? 1 : 0);
            high >>>= shift;
        } else {
            low = shift == 64 ? high | (low != 0 ? 1 : 0) : shift < 128 ? high >>> shift - 64 | (high << 128 - shift != 0 || low != 0 ? 1 : 0) : 1;
            high = 0;
        }
        if (cut(u, sign, min, high, low, precision) != 0) {
            u.flags |= tiny ? UE | PE : PE;
        }
    }

    // ---- operations

    /** Sum of two finite non-zero numbers. */
    static void add(FloatUnit u, int signA, int expA, long a, int signB, int expB, long b, int precision, int min, int max) {
        if (expA < expB || expA == expB && Long.compareUnsigned(a, b) < 0) {
            int exponent = expA;
            expA = expB;
            expB = exponent;
            int sign = signA;
            signA = signB;
            signB = sign;
            long significand = a;
            a = b;
            b = significand;
        }
        int shift = expA - expB;
        long high;
        long low;
        if (shift == 0) {
            high = b;
            low = 0;
        } else if (shift < 64) {
            high = b >>> shift;
            low = b << 64 - shift;
        } else if (shift < 128) {
            high = 0;
            low = shift == 64 ? b : b >>> shift - 64 | (b << 128 - shift != 0 ? 1 : 0);
        } else {
            high = 0;
            low = 1;
        }
        if (signA == signB) {
            long sum = a + high;
            if (Long.compareUnsigned(sum, a) < 0) {
                low = low >>> 1 | sum << 63 | low & 1;
                sum = sum >>> 1 | TOP;
                expA++;
            }
            round(u, signA, expA, sum, low, precision, min, max);
            return;
        }
        long difference = a - high - (low != 0 ? 1 : 0);
        low = -low;
        if ((difference | low) == 0) {
            zero(u, u.rounding == DOWN ? 1 : 0);
            return;
        }
        if (difference == 0) {
            difference = low;
            low = 0;
            expA -= 64;
        }
        int zeros = Long.numberOfLeadingZeros(difference);
        if (zeros != 0) {
            difference = difference << zeros | low >>> 64 - zeros;
            low <<= zeros;
            expA -= zeros;
        }
        round(u, signA, expA, difference, low, precision, min, max);
    }

    static void zero(FloatUnit u, int sign) {
        u.sign = sign;
        u.exponent = EXTENDED_MIN;
        u.significand = 0;
        u.up = false;
    }

    static void multiply(FloatUnit u, int sign, int expA, long a, int expB, long b, int precision, int min, int max) {
        long high = Math.unsignedMultiplyHigh(a, b);
        long low = a * b;
        int exponent = expA + expB + 1;
        if (high >= 0) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            exponent--;
        }
        round(u, sign, exponent, high, low, precision, min, max);
    }

    /**
     * Product and sum with one rounding; c may be 0. The factors must have 53 bits at most, so that the product of 128 bits has room
     * for what is shifted out of a summand that matters.
     */
    static void fuse(FloatUnit u, int sign, int expA, long a, int expB, long b, int signC, int expC, long c, int precision, int min, int max) {
        long high = Math.unsignedMultiplyHigh(a, b);
        long low = a * b;
        int exponent = expA + expB + 1;
        if (high >= 0) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            exponent--;
        }
        if (c == 0) {
            round(u, sign, exponent, high, low, precision, min, max);
            return;
        }
        long addHigh = c;
        long addLow = 0;
        if (expC > exponent || expC == exponent && Long.compareUnsigned(c, high) > 0) {
            addHigh = high;
            addLow = low;
            high = c;
            low = 0;
            int other = exponent;
            exponent = expC;
            expC = other;
            int otherSign = sign;
            sign = signC;
            signC = otherSign;
        }
        int shift = exponent - expC;
        if (shift >= 128) {
            addHigh = 0;
            addLow = 1;
        } else if (shift >= 64) {
            boolean lost = addLow != 0 || shift > 64 && addHigh << 128 - shift != 0;
            addLow = addHigh >>> shift - 64 | (lost ? 1 : 0);
            addHigh = 0;
        } else if (shift > 0) {
            boolean lost = addLow << 64 - shift != 0;
            addLow = addLow >>> shift | addHigh << 64 - shift | (lost ? 1 : 0);
            addHigh >>>= shift;
        }
        if (sign == signC) {
            long sumLow = low + addLow;
            long carry = Long.compareUnsigned(sumLow, low) < 0 ? 1 : 0;
            long sum = high + addHigh + carry;
            if (Long.compareUnsigned(sum, high) < 0 || sum == high && carry != 0 && addHigh == -1) {
                sumLow = sumLow >>> 1 | sum << 63 | sumLow & 1;
                sum = sum >>> 1 | TOP;
                exponent++;
            }
            round(u, sign, exponent, sum, sumLow, precision, min, max);
            return;
        }
        long differenceLow = low - addLow;
        long difference = high - addHigh - (Long.compareUnsigned(low, addLow) < 0 ? 1 : 0);
        if ((difference | differenceLow) == 0) {
            zero(u, u.rounding == DOWN ? 1 : 0);
            return;
        }
        if (difference == 0) {
            difference = differenceLow;
            differenceLow = 0;
            exponent -= 64;
        }
        int zeros = Long.numberOfLeadingZeros(difference);
        if (zeros != 0) {
            difference = difference << zeros | differenceLow >>> 64 - zeros;
            differenceLow <<= zeros;
            exponent -= zeros;
        }
        round(u, sign, exponent, difference, differenceLow, precision, min, max);
    }

    static void divide(FloatUnit u, int sign, int expA, long a, int expB, long b, int precision, int min, int max) {
        int exponent = expA - expB;
        long quotient;
        if (Long.compareUnsigned(a, b) >= 0) {
            quotient = divide(u, a >>> 1, a << 63, b);
        } else {
            quotient = divide(u, a, 0, b);
            exponent--;
        }
        round(u, sign, exponent, quotient, fraction(u.low, b), precision, min, max);
    }

    /** What a remainder is worth behind the last place: guard bit and sticky bit. */
    private static long fraction(long remainder, long divisor) {
        if (remainder == 0) {
            return 0;
        }
        int order = Long.compareUnsigned(remainder, divisor - remainder);
        return order < 0 ? 1 : order == 0 ? TOP : TOP | 1;
    }

    /** high:low / divisor for high &lt; divisor and the divisor's top bit set (Knuth, 4.3.1, algorithm D); the remainder is left in {@link FloatUnit#low}. */
    static long divide(FloatUnit u, long high, long low, long divisor) {
        long d1 = divisor >>> 32;
        long d0 = divisor & 0xffffffffL;
        long q1 = digit(high, low >>> 32, divisor, d1, d0);
        long r = (high << 32 | low >>> 32) - q1 * divisor;
        long q0 = digit(r, low & 0xffffffffL, divisor, d1, d0);
        u.low = (r << 32 | low & 0xffffffffL) - q0 * divisor;
        return q1 << 32 | q0;
    }

    /** One 32-bit digit of high:next / divisor. */
    private static long digit(long high, long next, long divisor, long d1, long d0) {
        long q = Long.divideUnsigned(high, d1);
        long r = high - q * d1;
        while (q >>> 32 != 0 || Long.compareUnsigned(q * d0, r << 32 | next) > 0) {
            q--;
            r += d1;
            if (r >>> 32 != 0) {
                break;
            }
        }
        return q;
    }

    static void squareRoot(FloatUnit u, int exponent, long a, int precision, int min, int max) {
        // n = a * 2^63 or a * 2^64, so that the exponent is even and the root has its top bit set
        boolean odd = (exponent & 1) != 0;
        long high = odd ? a : a >>> 1;
        long low = odd ? 0 : a << 63;
        long root = root(u, high, low);
        long remainder = u.low;
        boolean carry = u.exponent != 0;
        long rest = carry || Long.compareUnsigned(remainder, root) > 0 ? TOP | 1 : remainder != 0 ? 1 : 0;
        round(u, 0, exponent >> 1, root, rest, precision, min, max);
    }

    /** Integer square root of high:low, high at least 2^62; the remainder (65 bits) is left in low, its top bit in exponent. */
    private static long root(FloatUnit u, long high, long low) {
        double estimate = Math.sqrt((high >>> 1) * 2.0) * 4294967296.0;
        long r = estimate >= 18446744073709549568.0 ? -2048 : (long) (estimate / 2) << 1;
        if (r >= 0) {
            r = TOP;
        }
        if (Long.compareUnsigned(high, r) < 0) {
            long q = divide(u, high, low, r);
            // the mean without losing the carry
            r = (r >>> 1) + (q >>> 1) + (r & q & 1);
        }
        if (r >= 0) {
            r = TOP;
        }
        // r is off by little: correct it with the exact remainder
        while (true) {
            long squareHigh = Math.unsignedMultiplyHigh(r, r);
            long squareLow = r * r;
            long differenceLow = low - squareLow;
            long differenceHigh = high - squareHigh - (Long.compareUnsigned(low, squareLow) < 0 ? 1 : 0);
            if (differenceHigh < 0) {
                r--;
            } else if (differenceHigh > 1 || differenceHigh == 1 && Long.compareUnsigned(differenceLow, r << 1) > 0) {
                r++;
            } else {
                u.low = differenceLow;
                u.exponent = (int) differenceHigh;
                return r;
            }
        }
    }
}
