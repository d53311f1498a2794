package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.EXTENDED_MAX;
import static proteus.silicon.fpu.SoftFloat.EXTENDED_MIN;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** Trigonometric functions with their argument reduction by a pi of 66 bits (SDM vol. 1, 8.3.7, 8.3.8, 8.3.10). */
final class X87Transcendental {
    private static final int SINE = 0, COSINE = 1, BOTH = 2, TANGENT = 3;
    /** The processor's pi: 0c90fdaa22168c234c hex, 68 bits of which the last two are 0, times 2^-66. */
    private static final long PI_HIGH = 0xcL, PI_LOW = 0x90fdaa22168c234cL;

    private X87Transcendental() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FSIN, (c, o) -> trigonometric(c, o, SINE));
        t.put(Mnemonic.FCOS, (c, o) -> trigonometric(c, o, COSINE));
        t.put(Mnemonic.FSINCOS, (c, o) -> trigonometric(c, o, BOTH));
        t.put(Mnemonic.FPTAN, (c, o) -> trigonometric(c, o, TANGENT));
        X87Logarithm.register(t);
    }

    /** Rounds a result that is not exact. */
    static void round(FloatUnit u, Wide value) {
        SoftFloat.round(u, value.sign(), value.exponent(), value.high(), value.low() | 1, SoftFloat.EXTENDED, EXTENDED_MIN, EXTENDED_MAX);
        Extended.pack(u);
    }

    /** An exact number that stands for an inexact result: flagged as such, and as an underflow if it is denormal. */
    static void exactButFlagged(FloatUnit u, int sign, int exponent, long high, long low) {
        SoftFloat.round(u, sign, exponent, high, low, SoftFloat.EXTENDED, EXTENDED_MIN, EXTENDED_MAX);
        u.flags |= u.significand >= 0 ? SoftFloat.UE | SoftFloat.PE : SoftFloat.PE;
        Extended.pack(u);
    }

    /** Rounds a number a little below this one in magnitude. */
    static void roundBelow(FloatUnit u, int sign, int exponent, long significand) {
        if (significand == Extended.TOP) {
            SoftFloat.round(u, sign, exponent - 1, -1, -1, SoftFloat.EXTENDED, EXTENDED_MIN, EXTENDED_MAX);
        } else {
            SoftFloat.round(u, sign, exponent, significand - 1, -1, SoftFloat.EXTENDED, EXTENDED_MIN, EXTENDED_MAX);
        }
        Extended.pack(u);
    }

    private static void trigonometric(Cpu cpu, Op op, int function) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        boolean pushes = function >= BOTH;
        boolean empty = X87.empty(cpu, 0);
        if (empty || pushes && !X87.empty(cpu, 7)) {
            X87.conditions(cpu, X87.C2, 0);
            if (X87.stackFault(cpu, op, !empty)) {
                result(cpu, pushes, Extended.INDEFINITE_TAG, Extended.INDEFINITE, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        long st = X87.st(cpu, 0);
        int tag = X87.tag(st);
        long significand = X87.significand(st);
        int kind = Extended.kind(tag, significand);
        if ((kind & (Extended.NORMAL | Extended.DENORMAL)) != 0 && Extended.exponent(tag, significand) >= 63) {
            X87.conditions(cpu, X87.C1 | X87.C2, X87.C2);
            return;
        }
        X87.conditions(cpu, X87.C2, 0);
        int secondTag = Extended.BIAS;
        long second = Extended.TOP;
        if (Extended.special(u, tag, significand, kind)) {
            secondTag = u.tag;
            second = u.bits;
        } else if (kind == Extended.INFINITE) {
            Extended.invalid(u);
            secondTag = u.tag;
            second = u.bits;
        } else if (kind == Extended.ZERO) {
            if (function == COSINE) {
                Extended.set(u, Extended.BIAS, Extended.TOP);
            } else {
                Extended.set(u, tag, significand);
            }
        } else if (!Extended.denormal(u, kind)) {
            int sign = Extended.sign(tag);
            int exponent = Extended.exponent(tag, significand);
            long justified = Extended.justified(significand);
            if (function == BOTH) {
                compute(u, COSINE, sign, exponent, justified);
                secondTag = u.tag;
                second = u.bits;
                boolean up = u.up;
                compute(u, SINE, sign, exponent, justified);
                u.up = up;
            } else {
                compute(u, function, sign, exponent, justified);
            }
        }
        if (X87.settle(cpu, op, u)) {
            result(cpu, pushes, u.tag, u.bits, secondTag, second);
        }
    }

    private static void result(Cpu cpu, boolean pushes, int tag, long significand, int secondTag, long second) {
        X87.write(cpu, 0, tag, significand);
        if (pushes) {
            X87.moveTop(cpu, -1);
            X87.write(cpu, 0, secondTag, second);
        }
    }

    private static void compute(FloatUnit u, int function, int sign, int exponent, long significand) {
        if (exponent < -40) {
            // processors give the argument itself, or 1, whatever the rounding control
            if (function == COSINE) {
                exactButFlagged(u, 0, 0, Extended.TOP, 0);
            } else {
                exactButFlagged(u, sign, exponent, significand, 0);
            }
            return;
        }
        int quadrant = 0;
        Wide r;
        if (exponent < -1) {
            r = Wide.of(0, exponent, significand);
        } else {
            reduce(u, exponent, significand);
            r = remainder(u);
            quadrant = u.exponent;
        }
        // the angle is sign * (quadrant * pi/2 + r), |r| up to pi/4
        Wide value;
        if (function == TANGENT) {
            Wide sine = Functions.sine(r);
            Wide cosine = Functions.cosine(r);
            value = (quadrant & 1) == 0 ? sine.divide(cosine) : cosine.negate().divide(sine);
        } else {
            int turn = quadrant + (function == COSINE ? 1 : 0);
            value = (turn & 1) == 0 ? Functions.sine(r) : Functions.cosine(r);
            if ((turn & 2) != 0) {
                value = value.negate();
            }
        }
        if (sign != 0 && function != COSINE) {
            value = value.negate();
        }
        round(u, value);
    }

    /** Exact remainder of the angle by pi/2 in units of 2^-67, in significand:low; the quotient's last bits in exponent. */
    private static void reduce(FloatUnit u, int exponent, long significand) {
        long high = 0;
        long low = 0;
        int quotient = 0;
        int bits = exponent + 4 + 64;
        for (int i = 0; i < bits; i++) {
            long next = i < 64 ? significand >>> 63 - i & 1 : 0;
            high = high << 1 | low >>> 63;
            low = low << 1 | next;
            quotient <<= 1;
            if (high > PI_HIGH || high == PI_HIGH && Long.compareUnsigned(low, PI_LOW) >= 0) {
                long borrow = Long.compareUnsigned(low, PI_LOW) < 0 ? 1 : 0;
                low -= PI_LOW;
                high -= PI_HIGH + borrow;
                quotient |= 1;
            }
        }
        u.significand = high;
        u.low = low;
        u.exponent = quotient & 3;
    }

    /** The remainder as a number between -pi/4 and pi/4; the quadrant in exponent moves with it. */
    private static Wide remainder(FloatUnit u) {
        long high = u.significand;
        long low = u.low;
        int sign = 0;
        long halfHigh = PI_HIGH >>> 1;
        long halfLow = PI_LOW >>> 1 | PI_HIGH << 63;
        if (high > halfHigh || high == halfHigh && Long.compareUnsigned(low, halfLow) > 0) {
            long borrow = Long.compareUnsigned(PI_LOW, low) < 0 ? 1 : 0;
            high = PI_HIGH - high - borrow;
            low = PI_LOW - low;
            sign = 1;
            u.exponent = u.exponent + 1 & 3;
        }
        if ((high | low) == 0) {
            return Wide.ZERO;
        }
        int zeros = high != 0 ? Long.numberOfLeadingZeros(high) : 64 + Long.numberOfLeadingZeros(low);
        long h = zeros < 64 ? zeros == 0 ? high : high << zeros | low >>> 64 - zeros : low << zeros - 64;
        long l = zeros < 64 ? low << zeros : 0;
        return new Wide(sign, 127 - 67 - zeros, h, l);
    }
}
