package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.DE;
import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.PE;

import proteus.silicon.cpu.FloatUnit;

/**
 * SSE2 arithmetic on one double. Where Java's own result is right (round to nearest, all masked, normal operands and result)
 * only exactness is left to find, by the residual; everything else goes through {@link SoftFloat}.
 */
final class Doubles {
    private static final long MAGNITUDE = Long.MAX_VALUE, MIN_NORMAL = 0x0010000000000000L, INFINITY = 0x7ff0000000000000L;
    private static final long QUIET_BIT = 0x0008000000000000L;
    static final long INDEFINITE = 0xfff8000000000000L;
    /** Above this a residual is no denormal, so {@code fma} gives it exactly. */
    private static final long SAFE = 0x0700000000000000L;

    private Doubles() {}

    static boolean ordinary(long bits) {
        long magnitude = bits & MAGNITUDE;
        return Long.compareUnsigned(magnitude - MIN_NORMAL, INFINITY - MIN_NORMAL) < 0 || magnitude == 0;
    }

    /** A normal result that was not rounded up to the smallest one. */
    static boolean settled(long bits) {
        return Long.compareUnsigned((bits & MAGNITUDE) - MIN_NORMAL - 1, INFINITY - MIN_NORMAL - 1) < 0;
    }

    static long add(FloatUnit u, long x, long y) {
        if (u.plain && ordinary(x) && ordinary(y)) {
            double a = Double.longBitsToDouble(x);
            double b = Double.longBitsToDouble(y);
            double r = a + b;
            long bits = Double.doubleToRawLongBits(r);
            if (settled(bits) || r == 0) {
                if (!u.inexactKnown) {
                    double v = r - a;
                    if (a - (r - v) + (b - v) != 0) {
                        u.flags |= PE;
                    }
                }
                return bits;
            }
        }
        return soft(u, Extended.ADD, x, y);
    }

    static long sub(FloatUnit u, long x, long y) {
        // a NaN keeps its sign in a subtraction
        return (y & MAGNITUDE) > INFINITY || (x & MAGNITUDE) > INFINITY ? soft(u, Extended.SUB, x, y) : add(u, x, y ^ Long.MIN_VALUE);
    }

    static long mul(FloatUnit u, long x, long y) {
        if (u.plain && ordinary(x) && ordinary(y)) {
            double a = Double.longBitsToDouble(x);
            double b = Double.longBitsToDouble(y);
            double r = a * b;
            long bits = Double.doubleToRawLongBits(r);
            if (settled(bits) && (u.inexactKnown || (bits & MAGNITUDE) > SAFE)) {
                if (!u.inexactKnown && Math.fma(a, b, -r) != 0) {
                    u.flags |= PE;
                }
                return bits;
            }
        }
        return soft(u, Extended.MUL, x, y);
    }

    static long div(FloatUnit u, long x, long y) {
        if (u.plain && ordinary(x) && ordinary(y)) {
            double a = Double.longBitsToDouble(x);
            double b = Double.longBitsToDouble(y);
            double r = a / b;
            long bits = Double.doubleToRawLongBits(r);
            if (settled(bits) && (u.inexactKnown || (x & MAGNITUDE) > SAFE)) {
                if (!u.inexactKnown && Math.fma(r, b, -a) != 0) {
                    u.flags |= PE;
                }
                return bits;
            }
        }
        return soft(u, Extended.DIV, x, y);
    }

    static long sqrt(FloatUnit u, long unused, long x) {
        if (u.plain && ordinary(x) && x >= 0 && (u.inexactKnown || x > SAFE)) {
            double a = Double.longBitsToDouble(x);
            double r = Math.sqrt(a);
            if (!u.inexactKnown && Math.fma(r, r, -a) != 0) {
                u.flags |= PE;
            }
            return Double.doubleToRawLongBits(r);
        }
        int kind = kind(u, x);
        if ((kind & Extended.NAN) != 0) {
            return propagate(u, x, x);
        }
        return Extended.squareRoot(u, tag(x), Extended.significandOfDouble(x), kind, SoftFloat.DOUBLE, SoftFloat.DOUBLE_MIN, SoftFloat.DOUBLE_MAX)
            ? X87Transfer.packDouble(u) : INDEFINITE;
    }

    /** What an operand is, DAZ applied. */
    static int kind(FloatUnit u, long x) {
        int kind = Extended.kindOfDouble(x);
        return kind == Extended.DENORMAL && u.denormalsAreZero ? Extended.ZERO : kind;
    }

    private static int tag(long x) {
        return Extended.tagOfDouble(x);
    }

    private static long soft(FloatUnit u, int operation, long x, long y) {
        int kx = kind(u, x);
        int ky = kind(u, y);
        if (((kx | ky) & Extended.NAN) != 0) {
            return propagate(u, x, y);
        }
        return Extended.operate(u, operation, tag(x), Extended.significandOfDouble(x), kx, tag(y), Extended.significandOfDouble(y), ky, SoftFloat.DOUBLE,
            SoftFloat.DOUBLE_MIN, SoftFloat.DOUBLE_MAX) ? X87Transfer.packDouble(u) : INDEFINITE;
    }

    /** The first operand if it is a NaN, else the second, made quiet (SDM vol. 1, table 4-7). */
    private static long propagate(FloatUnit u, long x, long y) {
        if (((Extended.kindOfDouble(x) | Extended.kindOfDouble(y)) & Extended.SIGNALING) != 0) {
            u.flags |= IE;
        }
        return quiet((x & MAGNITUDE) > INFINITY ? x : y);
    }

    static long quiet(long nan) {
        return nan | QUIET_BIT;
    }

    /** A denormal operand under DAZ. */
    static long flushed(FloatUnit u, long x) {
        return u.denormalsAreZero && (x & INFINITY) == 0 ? x & Long.MIN_VALUE : x;
    }

    private static boolean unordered(long x, long y) {
        return (x & MAGNITUDE) > INFINITY || (y & MAGNITUDE) > INFINITY;
    }

    private static void flagDenormal(FloatUnit u, long x, long y) {
        if ((x & INFINITY) == 0 && (x & MAGNITUDE) != 0 || (y & INFINITY) == 0 && (y & MAGNITUDE) != 0) {
            u.flags |= DE;
        }
    }

    static long min(FloatUnit u, long x, long y) {
        return extremum(u, x, y, false);
    }

    static long max(FloatUnit u, long x, long y) {
        return extremum(u, x, y, true);
    }

    /** The second operand unless the first is truly smaller (or larger): so for NaNs and zeros (SDM vol. 2, MINPD, MAXPD). */
    private static long extremum(FloatUnit u, long x, long y, boolean greater) {
        if (unordered(x, y)) {
            u.flags |= IE;
            return flushed(u, y);
        }
        x = flushed(u, x);
        y = flushed(u, y);
        flagDenormal(u, x, y);
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        return (greater ? a > b : a < b) ? x : y;
    }

    /** CMPPD and the like: all ones or zero (SDM vol. 2, CMPPD, table 3-1). */
    static long compare(FloatUnit u, long x, long y, int predicate) {
        int relation = relation(u, x, y, SimdFloatCompare.signals(predicate));
        return SimdFloatCompare.holds(relation, predicate) ? -1 : 0;
    }

    /** -1 less, 0 equal, 1 greater, 2 unordered. A signaling comparison raises IE for quiet NaNs too. */
    static int relation(FloatUnit u, long x, long y, boolean signaling) {
        if (unordered(x, y)) {
            if (signaling || ((Extended.kindOfDouble(x) | Extended.kindOfDouble(y)) & Extended.SIGNALING) != 0) {
                u.flags |= IE;
            }
            return 2;
        }
        x = flushed(u, x);
        y = flushed(u, y);
        flagDenormal(u, x, y);
        double a = Double.longBitsToDouble(x);
        double b = Double.longBitsToDouble(y);
        return a < b ? -1 : a == b ? 0 : 1;
    }
}
