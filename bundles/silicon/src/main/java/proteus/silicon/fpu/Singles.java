package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.DE;
import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.PE;

import proteus.silicon.cpu.FloatUnit;

/** SSE arithmetic on one single; as {@link Doubles}. Operands and results are the bits, zero-extended or not. */
final class Singles {
    private static final int MAGNITUDE = Integer.MAX_VALUE, MIN_NORMAL = 0x00800000, INFINITY = 0x7f800000;
    private static final int QUIET_BIT = 0x00400000;
    static final int INDEFINITE = 0xffc00000;

    private Singles() {}

    static boolean ordinary(int bits) {
        int magnitude = bits & MAGNITUDE;
        return Integer.compareUnsigned(magnitude - MIN_NORMAL, INFINITY - MIN_NORMAL) < 0 || magnitude == 0;
    }

    static boolean settled(int bits) {
        return Integer.compareUnsigned((bits & MAGNITUDE) - MIN_NORMAL - 1, INFINITY - MIN_NORMAL - 1) < 0;
    }

    static int add(FloatUnit u, int x, int y) {
        if (u.plain && ordinary(x) && ordinary(y)) {
            float a = Float.intBitsToFloat(x);
            float b = Float.intBitsToFloat(y);
            float r = a + b;
            int bits = Float.floatToRawIntBits(r);
            if (settled(bits) || r == 0) {
                if (!u.inexactKnown) {
                    float v = r - a;
                    if (a - (r - v) + (b - v) != 0) {
                        u.flags |= PE;
                    }
                }
                return bits;
            }
        }
        return soft(u, Extended.ADD, x, y);
    }

    static int sub(FloatUnit u, int x, int y) {
        return unordered(x, y) ? soft(u, Extended.SUB, x, y) : add(u, x, y ^ Integer.MIN_VALUE);
    }

    static int mul(FloatUnit u, int x, int y) {
        if (u.plain && ordinary(x) && ordinary(y)) {
            // the product of two singles is exact in a double
            double product = (double) Float.intBitsToFloat(x) * Float.intBitsToFloat(y);
            float r = (float) product;
            int bits = Float.floatToRawIntBits(r);
            if (settled(bits)) {
                if (r != product) {
                    u.flags |= PE;
                }
                return bits;
            }
        }
        return soft(u, Extended.MUL, x, y);
    }

    static int div(FloatUnit u, int x, int y) {
        if (u.plain && ordinary(x) && ordinary(y)) {
            float a = Float.intBitsToFloat(x);
            float b = Float.intBitsToFloat(y);
            float r = a / b;
            int bits = Float.floatToRawIntBits(r);
            if (settled(bits)) {
                if ((double) r * b != a) {
                    u.flags |= PE;
                }
                return bits;
            }
        }
        return soft(u, Extended.DIV, x, y);
    }

    static int sqrt(FloatUnit u, int unused, int x) {
        if (u.plain && ordinary(x) && x >= 0) {
            float a = Float.intBitsToFloat(x);
            float r = (float) Math.sqrt(a);
            if ((double) r * r != a) {
                u.flags |= PE;
            }
            return Float.floatToRawIntBits(r);
        }
        int kind = kind(u, x);
        if ((kind & Extended.NAN) != 0) {
            return propagate(u, x, x);
        }
        return Extended.squareRoot(u, Extended.tagOfSingle(x), Extended.significandOfSingle(x), kind, SoftFloat.SINGLE, SoftFloat.SINGLE_MIN,
            SoftFloat.SINGLE_MAX) ? (int) X87Transfer.packSingle(u) : INDEFINITE;
    }

    static int kind(FloatUnit u, int x) {
        int kind = Extended.kindOfSingle(x);
        return kind == Extended.DENORMAL && u.denormalsAreZero ? Extended.ZERO : kind;
    }

    private static int soft(FloatUnit u, int operation, int x, int y) {
        int kx = kind(u, x);
        int ky = kind(u, y);
        if (((kx | ky) & Extended.NAN) != 0) {
            return propagate(u, x, y);
        }
        return Extended.operate(u, operation, Extended.tagOfSingle(x), Extended.significandOfSingle(x), kx, Extended.tagOfSingle(y),
            Extended.significandOfSingle(y), ky, SoftFloat.SINGLE, SoftFloat.SINGLE_MIN, SoftFloat.SINGLE_MAX) ? (int) X87Transfer.packSingle(u) : INDEFINITE;
    }

    private static int propagate(FloatUnit u, int x, int y) {
        if (((Extended.kindOfSingle(x) | Extended.kindOfSingle(y)) & Extended.SIGNALING) != 0) {
            u.flags |= IE;
        }
        return quiet((x & MAGNITUDE) > INFINITY ? x : y);
    }

    static int quiet(int nan) {
        return nan | QUIET_BIT;
    }

    static int flushed(FloatUnit u, int x) {
        return u.denormalsAreZero && (x & INFINITY) == 0 ? x & Integer.MIN_VALUE : x;
    }

    private static boolean unordered(int x, int y) {
        return (x & MAGNITUDE) > INFINITY || (y & MAGNITUDE) > INFINITY;
    }

    private static void flagDenormal(FloatUnit u, int x, int y) {
        if ((x & INFINITY) == 0 && (x & MAGNITUDE) != 0 || (y & INFINITY) == 0 && (y & MAGNITUDE) != 0) {
            u.flags |= DE;
        }
    }

    static int min(FloatUnit u, int x, int y) {
        return extremum(u, x, y, false);
    }

    static int max(FloatUnit u, int x, int y) {
        return extremum(u, x, y, true);
    }

    private static int extremum(FloatUnit u, int x, int y, boolean greater) {
        if (unordered(x, y)) {
            u.flags |= IE;
            return flushed(u, y);
        }
        x = flushed(u, x);
        y = flushed(u, y);
        flagDenormal(u, x, y);
        float a = Float.intBitsToFloat(x);
        float b = Float.intBitsToFloat(y);
        return (greater ? a > b : a < b) ? x : y;
    }

    static int compare(FloatUnit u, int x, int y, int predicate) {
        int relation = relation(u, x, y, SimdFloatCompare.signals(predicate));
        return SimdFloatCompare.holds(relation, predicate) ? -1 : 0;
    }

    static int relation(FloatUnit u, int x, int y, boolean signaling) {
        if (unordered(x, y)) {
            if (signaling || ((Extended.kindOfSingle(x) | Extended.kindOfSingle(y)) & Extended.SIGNALING) != 0) {
                u.flags |= IE;
            }
            return 2;
        }
        x = flushed(u, x);
        y = flushed(u, y);
        flagDenormal(u, x, y);
        float a = Float.intBitsToFloat(x);
        float b = Float.intBitsToFloat(y);
        return a < b ? -1 : a == b ? 0 : 1;
    }
}
