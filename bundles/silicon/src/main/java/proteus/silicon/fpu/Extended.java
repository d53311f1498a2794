package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.DE;
import static proteus.silicon.fpu.SoftFloat.EXTENDED_MAX;
import static proteus.silicon.fpu.SoftFloat.EXTENDED_MIN;
import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.ZE;

import proteus.silicon.cpu.FloatUnit;

/**
 * Numbers in double extended format: a tag of sign and biased exponent, and a significand with an explicit integer bit (SDM
 * vol. 1, 4.2.2, 8.2). Arithmetic with NaNs, infinities, zeros and unsupported encodings around {@link SoftFloat}.
 */
final class Extended {
    static final int ZERO = 1, NORMAL = 2, DENORMAL = 4, INFINITE = 8, QUIET = 16, SIGNALING = 32, UNSUPPORTED = 64;
    static final int NAN = QUIET | SIGNALING;
    static final int BIAS = 16383, SIGN = 0x8000, MAX_TAG = 0x7fff;
    static final long TOP = 1L << 63;
    private static final long QUIET_BIT = 1L << 62;
    /** The QNaN "real indefinite". */
    static final int INDEFINITE_TAG = 0xffff;
    static final long INDEFINITE = TOP | QUIET_BIT;

    static final int ADD = 0, SUB = 1, SUBR = 2, MUL = 3, DIV = 4, DIVR = 5;

    private Extended() {}

    static int kind(int tag, long significand) {
        int exponent = tag & MAX_TAG;
        if (exponent == 0) {
            return significand == 0 ? ZERO : DENORMAL;
        }
        if (significand >= 0) {
            return UNSUPPORTED;
        }
        if (exponent != MAX_TAG) {
            return NORMAL;
        }
        return significand == TOP ? INFINITE : (significand & QUIET_BIT) != 0 ? QUIET : SIGNALING;
    }

    /** Exponent of a normal or denormal number whose significand is left-justified with {@link #justified}. */
    static int exponent(int tag, long significand) {
        int exponent = tag & MAX_TAG;
        return (exponent == 0 ? 1 : exponent) - BIAS - Long.numberOfLeadingZeros(significand);
    }

    static long justified(long significand) {
        return significand << Long.numberOfLeadingZeros(significand);
    }

    static int sign(int tag) {
        return tag >>> 15 & 1;
    }

    // ---- results

    static void set(FloatUnit u, int tag, long significand) {
        u.tag = tag;
        u.bits = significand;
    }

    /** Packs the rounded result that {@link SoftFloat} left. */
    static void pack(FloatUnit u) {
        long significand = u.significand;
        u.bits = significand;
        u.tag = u.sign << 15 | (significand < 0 ? u.exponent + BIAS & MAX_TAG : 0);
    }

    static void zero(FloatUnit u, int sign) {
        set(u, sign << 15, 0);
    }

    static void infinity(FloatUnit u, int sign) {
        set(u, sign << 15 | MAX_TAG, TOP);
    }

    static void invalid(FloatUnit u) {
        u.flags |= IE;
        set(u, INDEFINITE_TAG, INDEFINITE);
    }

    /** Rounds a number to a precision: the result of an operation that has only one operand left. */
    static void rounded(FloatUnit u, int tag, long significand, int precision) {
        SoftFloat.round(u, sign(tag), exponent(tag, significand), justified(significand), 0, precision, EXTENDED_MIN, EXTENDED_MAX);
        pack(u);
    }

    /** The operand itself, no underflow even if it is denormal; only a pseudo-denormal gets its proper exponent. */
    static void unchanged(FloatUnit u, int tag, long significand) {
        set(u, (tag & MAX_TAG) == 0 && significand < 0 ? tag | 1 : tag, significand);
    }

    /** The NaN that comes out of two operands of which at least one is a NaN (SDM vol. 1, table 4-7). */
    static void propagate(FloatUnit u, int a, long as, int ka, int b, long bs, int kb) {
        if (((ka | kb) & SIGNALING) != 0) {
            u.flags |= IE;
        }
        boolean first;
        if ((ka & NAN) == 0) {
            first = false;
        } else if ((kb & NAN) == 0) {
            first = true;
        } else if (ka != kb) {
            first = ka == QUIET;
        } else {
            int order = Long.compareUnsigned(as, bs);
            first = order > 0 || order == 0 && sign(a) == 0;
        }
        set(u, first ? a : b, (first ? as : bs) | QUIET_BIT);
    }

    /** The result of an operation on one NaN or unsupported operand; true if it was one. */
    static boolean special(FloatUnit u, int a, long as, int ka) {
        if ((ka & UNSUPPORTED) != 0) {
            invalid(u);
            return true;
        }
        if ((ka & NAN) != 0) {
            propagate(u, a, as, ka, 0, 0, ZERO);
            return true;
        }
        return false;
    }

    /** As {@link #special(FloatUnit, int, long, int)} for two operands. */
    static boolean special(FloatUnit u, int a, long as, int ka, int b, long bs, int kb) {
        if (((ka | kb) & UNSUPPORTED) != 0) {
            invalid(u);
            return true;
        }
        if (((ka | kb) & NAN) != 0) {
            propagate(u, a, as, ka, b, bs, kb);
            return true;
        }
        return false;
    }

    /** Flags a denormal operand; true if that exception is unmasked and ends the operation. */
    static boolean denormal(FloatUnit u, int kinds) {
        if ((kinds & DENORMAL) != 0) {
            u.flags |= DE;
            return (u.unmasked & DE) != 0;
        }
        return false;
    }

    // ---- arithmetic

    /** {@code a op b} in a register; the kinds say what the operands are, which for memory operands is about their own format. */
    static void arithmetic(FloatUnit u, int operation, int a, long as, int ka, int b, long bs, int kb, int precision) {
        if (((ka | kb) & (UNSUPPORTED | NAN)) != 0) {
            special(u, a, as, ka, b, bs, kb);
        } else if (operate(u, operation, a, as, ka, b, bs, kb, precision, EXTENDED_MIN, EXTENDED_MAX)) {
            pack(u);
        } else {
            set(u, INDEFINITE_TAG, INDEFINITE);
        }
    }

    /**
     * Arithmetic for every format, on operands that are no NaNs: the result is left in sign, exponent and significand. False if
     * the operation is invalid, or ended by an unmasked exception.
     */
    static boolean operate(FloatUnit u, int operation, int a, long as, int ka, int b, long bs, int kb, int precision, int min, int max) {
        return switch (operation) {
            case ADD -> add(u, a, as, ka, b, bs, kb, precision, min, max);
            case SUB -> add(u, a, as, ka, b ^ SIGN, bs, kb, precision, min, max);
            case SUBR -> add(u, b, bs, kb, a ^ SIGN, as, ka, precision, min, max);
            case MUL -> multiply(u, a, as, ka, b, bs, kb, precision, min, max);
            case DIV -> divide(u, a, as, ka, b, bs, kb, precision, min, max);
            default -> divide(u, b, bs, kb, a, as, ka, precision, min, max);
        };
    }

    private static boolean refuse(FloatUnit u) {
        u.flags |= IE;
        return false;
    }

    private static void infinite(FloatUnit u, int sign, int max) {
        u.sign = sign;
        u.exponent = max + 1;
        u.significand = TOP;
    }

    private static void round(FloatUnit u, int tag, long significand, int precision, int min, int max) {
        SoftFloat.round(u, sign(tag), exponent(tag, significand), justified(significand), 0, precision, min, max);
    }

    private static boolean add(FloatUnit u, int a, long as, int ka, int b, long bs, int kb, int precision, int min, int max) {
        int both = ka | kb;
        if (ka == INFINITE && kb == INFINITE && a != b) {
            return refuse(u);
        }
        if (denormal(u, both)) {
            return false;
        }
        if ((both & INFINITE) != 0) {
            infinite(u, sign(ka == INFINITE ? a : b), max);
        } else if ((both & ZERO) == 0) {
            SoftFloat.add(u, sign(a), exponent(a, as), justified(as), sign(b), exponent(b, bs), justified(bs), precision, min, max);
        } else if (ka != ZERO) {
            round(u, a, as, precision, min, max);
        } else if (kb != ZERO) {
            round(u, b, bs, precision, min, max);
        } else {
            SoftFloat.zero(u, sign(a) == sign(b) ? sign(a) : u.rounding == SoftFloat.DOWN ? 1 : 0);
        }
        return true;
    }

    private static boolean multiply(FloatUnit u, int a, long as, int ka, int b, long bs, int kb, int precision, int min, int max) {
        int both = ka | kb;
        int sign = sign(a ^ b);
        if ((both & (INFINITE | ZERO)) == (INFINITE | ZERO)) {
            return refuse(u);
        }
        if (denormal(u, both)) {
            return false;
        }
        if ((both & INFINITE) != 0) {
            infinite(u, sign, max);
        } else if ((both & ZERO) != 0) {
            SoftFloat.zero(u, sign);
        } else {
            SoftFloat.multiply(u, sign, exponent(a, as), justified(as), exponent(b, bs), justified(bs), precision, min, max);
        }
        return true;
    }

    private static boolean divide(FloatUnit u, int a, long as, int ka, int b, long bs, int kb, int precision, int min, int max) {
        int sign = sign(a ^ b);
        if (ka == kb && (ka & (INFINITE | ZERO)) != 0) {
            return refuse(u);
        }
        if (kb == ZERO && ka != INFINITE) {
            u.flags |= ZE;
            infinite(u, sign, max);
            return (u.unmasked & ZE) == 0;
        }
        if (denormal(u, ka | kb)) {
            return false;
        }
        if (ka == INFINITE) {
            infinite(u, sign, max);
        } else if (ka == ZERO || kb == INFINITE) {
            SoftFloat.zero(u, sign);
        } else {
            SoftFloat.divide(u, sign, exponent(a, as), justified(as), exponent(b, bs), justified(bs), precision, min, max);
        }
        return true;
    }

    /** {@code a * b + c} with one rounding; as {@link #operate}. */
    static boolean fuse(FloatUnit u, int a, long as, int ka, int b, long bs, int kb, int c, long cs, int kc, int precision, int min, int max) {
        int sign = sign(a ^ b);
        int factors = ka | kb;
        boolean infiniteProduct = (factors & INFINITE) != 0;
        if (infiniteProduct && ((factors & ZERO) != 0 || kc == INFINITE && sign != sign(c))) {
            return refuse(u);
        }
        if (denormal(u, factors | kc)) {
            return false;
        }
        if (infiniteProduct || kc == INFINITE) {
            infinite(u, infiniteProduct ? sign : sign(c), max);
        } else if ((factors & ZERO) == 0) {
            SoftFloat.fuse(u, sign, exponent(a, as), justified(as), exponent(b, bs), justified(bs), sign(c), kc == ZERO ? 0 : exponent(c, cs),
                kc == ZERO ? 0 : justified(cs), precision, min, max);
        } else if (kc != ZERO) {
            round(u, c, cs, precision, min, max);
        } else {
            SoftFloat.zero(u, sign == sign(c) ? sign : u.rounding == SoftFloat.DOWN ? 1 : 0);
        }
        return true;
    }

    static void squareRoot(FloatUnit u, int a, long as, int precision) {
        int ka = kind(a, as);
        if (special(u, a, as, ka)) {
            return;
        }
        if (squareRoot(u, a, as, ka, precision, EXTENDED_MIN, EXTENDED_MAX)) {
            pack(u);
        } else {
            set(u, INDEFINITE_TAG, INDEFINITE);
        }
    }

    /** As {@link #operate}. */
    static boolean squareRoot(FloatUnit u, int a, long as, int ka, int precision, int min, int max) {
        if (ka == ZERO) {
            SoftFloat.zero(u, sign(a));
            return true;
        }
        if (sign(a) != 0) {
            return refuse(u);
        }
        if (denormal(u, ka)) {
            return false;
        }
        if (ka == INFINITE) {
            infinite(u, 0, max);
            return true;
        }
        SoftFloat.squareRoot(u, exponent(a, as), justified(as), precision, min, max);
        return true;
    }

    // ---- conversions from the other formats; all exact

    /** Kind of a single, by its own format. */
    static int kindOfSingle(int value) {
        int exponent = value >>> 23 & 0xff;
        int fraction = value & 0x7fffff;
        if (exponent == 0) {
            return fraction == 0 ? ZERO : DENORMAL;
        }
        return exponent != 0xff ? NORMAL : fraction == 0 ? INFINITE : (fraction & 0x400000) != 0 ? QUIET : SIGNALING;
    }

    static int kindOfDouble(long value) {
        int exponent = (int) (value >>> 52) & 0x7ff;
        long fraction = value & 0xfffffffffffffL;
        if (exponent == 0) {
            return fraction == 0 ? ZERO : DENORMAL;
        }
        return exponent != 0x7ff ? NORMAL : fraction == 0 ? INFINITE : (fraction & 0x8000000000000L) != 0 ? QUIET : SIGNALING;
    }

    static int tagOfSingle(int value) {
        return tag(value >>> 31, value >>> 23 & 0xff, (value & 0x7fffffL) << 40, 0xff, 127);
    }

    static long significandOfSingle(int value) {
        return significand(value >>> 23 & 0xff, (value & 0x7fffffL) << 40);
    }

    static int tagOfDouble(long value) {
        return tag((int) (value >>> 63), (int) (value >>> 52) & 0x7ff, value << 11 & ~TOP, 0x7ff, 1023);
    }

    static long significandOfDouble(long value) {
        return significand((int) (value >>> 52) & 0x7ff, value << 11 & ~TOP);
    }

    private static int tag(int sign, int exponent, long fraction, int special, int bias) {
        int biased;
        if (exponent == 0) {
            biased = fraction == 0 ? 0 : 1 - bias + BIAS - Long.numberOfLeadingZeros(fraction);
        } else {
            biased = exponent == special ? MAX_TAG : exponent - bias + BIAS;
        }
        return sign << 15 | biased;
    }

    private static long significand(int exponent, long fraction) {
        return exponent != 0 ? TOP | fraction : fraction == 0 ? 0 : justified(fraction);
    }

    static int tagOfInteger(long value) {
        return value == 0 ? 0 : (value < 0 ? SIGN : 0) | BIAS + 63 - Long.numberOfLeadingZeros(Math.abs(value));
    }

    static long significandOfInteger(long value) {
        return value == 0 ? 0 : justified(Math.abs(value));
    }
}
