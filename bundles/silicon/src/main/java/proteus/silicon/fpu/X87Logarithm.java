package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.PE;
import static proteus.silicon.fpu.SoftFloat.ZE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** F2XM1, FYL2X, FYL2XP1 and FPATAN (SDM vol. 1, 8.3.7, 8.3.9; SDM vol. 2 for the tables of special operands). */
final class X87Logarithm {
    private X87Logarithm() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.F2XM1, X87Logarithm::exponential);
        t.put(Mnemonic.FYL2X, (c, o) -> binary(c, o, X87Logarithm::logarithm));
        t.put(Mnemonic.FYL2XP1, (c, o) -> binary(c, o, X87Logarithm::logarithmPlus1));
        t.put(Mnemonic.FPATAN, (c, o) -> binary(c, o, X87Logarithm::arcTangent));
    }

    /** Result in the unit from x = ST(0) and y = ST(1), no NaNs. */
    @FunctionalInterface
    private interface Operation {
        void apply(FloatUnit u, int x, long xs, int kx, int y, long ys, int ky);
    }

    private static void binary(Cpu cpu, Op op, Operation operation) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (X87.empty(cpu, 0) || X87.empty(cpu, 1)) {
            if (!X87.stackFault(cpu, op, false)) {
                return;
            }
            Extended.set(u, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
        } else {
            long st = X87.st(cpu, 0);
            int x = X87.tag(st);
            long xs = X87.significand(st);
            int kx = Extended.kind(x, xs);
            long other = X87.st(cpu, 1);
            int y = X87.tag(other);
            long ys = X87.significand(other);
            int ky = Extended.kind(y, ys);
            if (!Extended.special(u, x, xs, kx, y, ys, ky)) {
                operation.apply(u, x, xs, kx, y, ys, ky);
            }
            if (!X87.settle(cpu, op, u)) {
                return;
            }
        }
        X87.write(cpu, 1, u.tag, u.bits);
        X87.pop(cpu);
    }

    private static Wide wide(int tag, long significand) {
        return Wide.of(Extended.sign(tag), Extended.exponent(tag, significand), Extended.justified(significand));
    }

    private static void exponential(Cpu cpu, Op op) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (X87Partial.missing(cpu, op, false)) {
            return;
        }
        long st = X87.st(cpu, 0);
        int x = X87.tag(st);
        long xs = X87.significand(st);
        int kind = Extended.kind(x, xs);
        if (!Extended.special(u, x, xs, kind)) {
            exponential(u, x, xs, kind);
        }
        if (X87.settle(cpu, op, u)) {
            X87.write(cpu, 0, u.tag, u.bits);
        }
    }

    private static void exponential(FloatUnit u, int x, long xs, int kind) {
        int sign = Extended.sign(x);
        if (kind == Extended.INFINITE) {
            Extended.set(u, sign != 0 ? Extended.SIGN | Extended.BIAS : x, Extended.TOP);
            return;
        }
        if (kind == Extended.ZERO) {
            Extended.set(u, x, xs);
            return;
        }
        if (Extended.denormal(u, kind)) {
            return;
        }
        int exponent = Extended.exponent(x, xs);
        if (exponent >= 0) {
            // 1 and -1 are exact but flagged; beyond them the manual leaves the result undefined: processors leave the operand and say "inexact"
            u.flags |= PE;
            if (exponent == 0 && xs == Extended.TOP && sign != 0) {
                Extended.set(u, Extended.SIGN | Extended.BIAS - 1, Extended.TOP);
            } else {
                Extended.set(u, x, xs);
            }
            return;
        }
        X87Transcendental.round(u, Functions.exp2m1(wide(x, xs)));
    }

    /** y * log2(x). */
    private static void logarithm(FloatUnit u, int x, long xs, int kx, int y, long ys, int ky) {
        int sign = Extended.sign(y);
        if (kx != Extended.ZERO && Extended.sign(x) != 0) {
            Extended.invalid(u);
            return;
        }
        if (kx == Extended.ZERO) {
            if (ky == Extended.ZERO) {
                Extended.invalid(u);
                return;
            }
            if (ky != Extended.INFINITE) {
                u.flags |= ZE;
            }
            Extended.infinity(u, sign ^ 1);
            return;
        }
        boolean one = kx == Extended.NORMAL && (x & Extended.MAX_TAG) == Extended.BIAS && xs == Extended.TOP;
        boolean below = kx != Extended.INFINITE && (x & Extended.MAX_TAG) < Extended.BIAS;
        if (ky == Extended.INFINITE && one || ky == Extended.ZERO && kx == Extended.INFINITE) {
            Extended.invalid(u);
            return;
        }
        if (Extended.denormal(u, kx | ky)) {
            return;
        }
        if (kx == Extended.INFINITE || ky == Extended.INFINITE) {
            Extended.infinity(u, sign ^ (below ? 1 : 0));
        } else if (ky == Extended.ZERO || one) {
            Extended.zero(u, sign ^ (below ? 1 : 0));
        } else {
            product(u, Functions.log2(wide(x, xs)), y, ys, Extended.justified(xs) == Extended.TOP);
        }
    }

    /** Rounds y times a logarithm, which is exact for powers of two. */
    private static void product(FloatUnit u, Wide logarithm, int y, long ys, boolean exact) {
        Wide value = logarithm.multiply(wide(y, ys));
        if (exact) {
            // the value is exact, yet every processor flags it as inexact
            X87Transcendental.exactButFlagged(u, value.sign(), value.exponent(), value.high(), value.low());
        } else {
            X87Transcendental.round(u, value);
        }
    }

    /** y * log2(x + 1). */
    private static void logarithmPlus1(FloatUnit u, int x, long xs, int kx, int y, long ys, int ky) {
        int sign = Extended.sign(x ^ y);
        if (kx == Extended.ZERO && ky == Extended.INFINITE || kx == Extended.INFINITE && (ky == Extended.ZERO || Extended.sign(x) != 0)) {
            Extended.invalid(u);
            return;
        }
        if (Extended.denormal(u, kx | ky)) {
            return;
        }
        if (kx == Extended.INFINITE || ky == Extended.INFINITE) {
            Extended.infinity(u, sign);
        } else if (kx == Extended.ZERO || ky == Extended.ZERO) {
            Extended.zero(u, sign);
        } else if (Extended.sign(x) != 0 && Extended.exponent(x, xs) >= 0) {
            // the manual leaves x of -1 and below undefined: processors leave the operand and say "inexact"
            u.flags |= PE;
            Extended.set(u, x, xs);
        } else {
            product(u, Functions.log2p1(wide(x, xs)), y, ys, false);
        }
    }

    /** Angle of the point (x, y). */
    private static void arcTangent(FloatUnit u, int x, long xs, int kx, int y, long ys, int ky) {
        if (Extended.denormal(u, kx | ky)) {
            return;
        }
        int sign = Extended.sign(y);
        boolean left = Extended.sign(x) != 0;
        if (ky == Extended.INFINITE) {
            Wide quarter = Wide.PI.scale(-2);
            angle(u, sign, kx != Extended.INFINITE ? Wide.PI.scale(-1) : left ? quarter.multiply(Wide.of(3)) : quarter);
        } else if (ky == Extended.ZERO || kx == Extended.INFINITE) {
            if (left) {
                angle(u, sign, Wide.PI);
            } else {
                Extended.zero(u, sign);
            }
        } else if (kx == Extended.ZERO) {
            angle(u, sign, Wide.PI.scale(-1));
        } else {
            quotient(u, sign, left, wide(x, xs).absolute(), wide(y, ys).absolute());
        }
    }

    private static void quotient(FloatUnit u, int sign, boolean left, Wide x, Wide y) {
        boolean steep = y.compareMagnitude(x) > 0;
        Wide z = steep ? x.divide(y) : y.divide(x);
        Wide angle;
        if (z.exponent() < -60) {
            if (!steep && !left) {
                // atan z is z less z^3/3: tell exact quotients from inexact ones
                tiny(u, sign, x, y);
                return;
            }
            angle = z;
        } else {
            angle = Functions.atan(z);
        }
        if (steep) {
            angle = left ? Wide.PI.scale(-1).add(angle) : Wide.PI.scale(-1).subtract(angle);
        } else if (left) {
            angle = Wide.PI.subtract(angle);
        }
        angle(u, sign, angle);
    }

    private static void tiny(FloatUnit u, int sign, Wide x, Wide y) {
        int exponent = y.exponent() - x.exponent();
        long quotient;
        if (Long.compareUnsigned(y.high(), x.high()) >= 0) {
            quotient = SoftFloat.divide(u, y.high() >>> 1, y.high() << 63, x.high());
        } else {
            quotient = SoftFloat.divide(u, y.high(), 0, x.high());
            exponent--;
        }
        long rest = u.low;
        if (rest == 0) {
            X87Transcendental.roundBelow(u, sign, exponent, quotient);
            return;
        }
        int order = Long.compareUnsigned(rest, x.high() - rest);
        SoftFloat.round(u, sign, exponent, quotient, order > 0 ? Extended.TOP | 1 : 1, SoftFloat.EXTENDED, SoftFloat.EXTENDED_MIN, SoftFloat.EXTENDED_MAX);
        Extended.pack(u);
    }

    private static void angle(FloatUnit u, int sign, Wide angle) {
        X87Transcendental.round(u, sign != 0 ? angle.negate() : angle);
    }
}
