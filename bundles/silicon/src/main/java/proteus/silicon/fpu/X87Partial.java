package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.EXTENDED_MAX;
import static proteus.silicon.fpu.SoftFloat.EXTENDED_MIN;
import static proteus.silicon.fpu.SoftFloat.ZE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** FPREM, FPREM1, FSCALE and FXTRACT: exact operations on exponents and remainders (SDM vol. 1, 8.3.5, 8.3.10). */
final class X87Partial {
    private X87Partial() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FPREM, (c, o) -> remainder(c, o, false));
        t.put(Mnemonic.FPREM1, (c, o) -> remainder(c, o, true));
        t.put(Mnemonic.FSCALE, X87Partial::scale);
        t.put(Mnemonic.FXTRACT, X87Partial::extract);
    }

    /** Stack underflow of an instruction whose result goes to ST(0). */
    static boolean missing(Cpu cpu, Op op, boolean two) {
        if (X87.empty(cpu, 0) || two && X87.empty(cpu, 1)) {
            if (X87.stackFault(cpu, op, false)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return true;
        }
        return false;
    }

    private static void remainder(Cpu cpu, Op op, boolean nearest) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (missing(cpu, op, true)) {
            X87.conditions(cpu, X87.C2, 0);
            return;
        }
        long st = X87.st(cpu, 0);
        int a = X87.tag(st);
        long as = X87.significand(st);
        long other = X87.st(cpu, 1);
        int b = X87.tag(other);
        long bs = X87.significand(other);
        int conditions = remainder(u, a, as, Extended.kind(a, as), b, bs, Extended.kind(b, bs), nearest);
        boolean proceed = X87.settle(cpu, op, u);
        X87.conditions(cpu, conditions < 0 ? X87.C2 : X87.CONDITIONS, Math.max(conditions, 0));
        if (proceed) {
            X87.write(cpu, 0, u.tag, u.bits);
        }
    }

    /** The remainder in the unit; condition codes, or -1 where the operation was not carried out. */
    private static int remainder(FloatUnit u, int a, long as, int ka, int b, long bs, int kb, boolean nearest) {
        if (Extended.special(u, a, as, ka, b, bs, kb)) {
            return -1;
        }
        if (ka == Extended.INFINITE || kb == Extended.ZERO) {
            Extended.invalid(u);
            return -1;
        }
        if (Extended.denormal(u, ka | kb)) {
            return -1;
        }
        if (ka == Extended.ZERO) {
            Extended.set(u, a, as);
            return 0;
        }
        if (kb == Extended.INFINITE) {
            Extended.unchanged(u, a, as);
            return 0;
        }
        int sign = Extended.sign(a);
        int expA = Extended.exponent(a, as);
        int expB = Extended.exponent(b, bs);
        long x = Extended.justified(as);
        long y = Extended.justified(bs);
        int distance = expA - expB;
        if (distance >= 64) {
            // a step that reduces the exponent by 32 to 63; what is left has the exponent's scale of the step
            int step = distance & 31 | 32;
            SoftFloat.divide(u, x >>> 64 - step, x << step, y);
            result(u, sign, expA - step, u.low);
            return X87.C2;
        }
        long quotient;
        if (distance < 0) {
            if (!nearest || distance < -1) {
                Extended.rounded(u, a, as, SoftFloat.EXTENDED);
                return 0;
            }
            // half of y or more rounds to the quotient 1: y is at most 2x and x less than y
            if (Long.compareUnsigned(x, y) <= 0) {
                Extended.rounded(u, a, as, SoftFloat.EXTENDED);
                return 0;
            }
            // |a| > |b|/2: a - b; in units of 2^(expA - 63): x - 2y, negative
            result(u, sign ^ 1, expA, y - (x - y));
            return conditions(1);
        }
        quotient = distance == 0 ? SoftFloat.divide(u, 0, x, y) : SoftFloat.divide(u, x >>> 64 - distance, x << distance, y);
        long rest = u.low;
        if (nearest && rest != 0) {
            int order = Long.compareUnsigned(rest, y - rest);
            if (order > 0 || order == 0 && (quotient & 1) != 0) {
                quotient++;
                rest = y - rest;
                sign ^= 1;
            }
        }
        result(u, rest == 0 ? Extended.sign(a) : sign, expB, rest);
        return conditions(quotient);
    }

    private static void result(FloatUnit u, int sign, int exponent, long rest) {
        if (rest == 0) {
            Extended.zero(u, sign);
            return;
        }
        int zeros = Long.numberOfLeadingZeros(rest);
        SoftFloat.round(u, sign, exponent - zeros, rest << zeros, 0, SoftFloat.EXTENDED, EXTENDED_MIN, EXTENDED_MAX);
        Extended.pack(u);
    }

    /** C0, C3, C1 are bits 2, 1, 0 of the quotient. */
    private static int conditions(long quotient) {
        return ((quotient & 4) != 0 ? X87.C0 : 0) | ((quotient & 2) != 0 ? X87.C3 : 0) | ((quotient & 1) != 0 ? X87.C1 : 0);
    }

    private static void scale(Cpu cpu, Op op) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (missing(cpu, op, true)) {
            return;
        }
        long st = X87.st(cpu, 0);
        int a = X87.tag(st);
        long as = X87.significand(st);
        long other = X87.st(cpu, 1);
        int b = X87.tag(other);
        long bs = X87.significand(other);
        scale(u, a, as, Extended.kind(a, as), b, bs, Extended.kind(b, bs));
        if (X87.settle(cpu, op, u)) {
            X87.write(cpu, 0, u.tag, u.bits);
        }
    }

    /** SDM vol. 2, FSCALE, table 3-31. */
    private static void scale(FloatUnit u, int a, long as, int ka, int b, long bs, int kb) {
        if (Extended.special(u, a, as, ka, b, bs, kb)) {
            return;
        }
        if (kb == Extended.INFINITE && (Extended.sign(b) == 0 ? ka == Extended.ZERO : ka == Extended.INFINITE)) {
            Extended.invalid(u);
            return;
        }
        if (Extended.denormal(u, ka | kb)) {
            return;
        }
        if (kb == Extended.INFINITE) {
            if (Extended.sign(b) == 0) {
                Extended.infinity(u, Extended.sign(a));
            } else {
                Extended.zero(u, Extended.sign(a));
            }
            return;
        }
        if ((ka & (Extended.ZERO | Extended.INFINITE)) != 0) {
            Extended.set(u, a, as);
            return;
        }
        if (kb == Extended.ZERO) {
            Extended.unchanged(u, a, as);
            return;
        }
        int exponent = Extended.exponent(b, bs);
        // beyond any exponent there is, the amount no longer matters
        int magnitude = exponent < 0 ? 0 : exponent > 16 ? 0x1ffff : (int) (Extended.justified(bs) >>> 63 - exponent);
        int by = Extended.sign(b) != 0 ? -magnitude : magnitude;
        scaled(u, Extended.sign(a), Extended.exponent(a, as) + by, Extended.justified(as));
        Extended.pack(u);
    }

    /** An unmasked overflow or underflow can be so large that the adjusted exponent does not fit either: then it is infinity or zero, whatever the rounding. */
    private static void scaled(FloatUnit u, int sign, int exponent, long significand) {
        SoftFloat.round(u, sign, exponent, significand, 0, SoftFloat.EXTENDED, EXTENDED_MIN, EXTENDED_MAX);
        if ((u.flags & u.unmasked & SoftFloat.OE) != 0 && u.exponent > EXTENDED_MAX) {
            u.flags |= SoftFloat.PE;
            u.up = true;
            u.exponent = EXTENDED_MAX + 1;
            u.significand = Extended.TOP;
        } else if ((u.flags & u.unmasked & SoftFloat.UE) != 0 && u.exponent < EXTENDED_MIN) {
            u.flags |= SoftFloat.PE;
            u.significand = 0;
        }
    }

    private static void extract(Cpu cpu, Op op) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        boolean empty = X87.empty(cpu, 0);
        boolean full = !X87.empty(cpu, 7);
        if (empty || full) {
            if (X87.stackFault(cpu, op, !empty)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
                X87.moveTop(cpu, -1);
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        long st = X87.st(cpu, 0);
        int a = X87.tag(st);
        long as = X87.significand(st);
        int kind = Extended.kind(a, as);
        int tag;
        long significand;
        if (Extended.special(u, a, as, kind)) {
            tag = u.tag;
            significand = u.bits;
        } else if (kind == Extended.INFINITE) {
            tag = a;
            significand = as;
            Extended.infinity(u, 0);
        } else if (kind == Extended.ZERO) {
            tag = a;
            significand = as;
            u.flags |= ZE;
            Extended.infinity(u, 1);
        } else {
            Extended.denormal(u, kind);
            int exponent = Extended.exponent(a, as);
            tag = a & Extended.SIGN | Extended.BIAS;
            significand = Extended.justified(as);
            Extended.set(u, Extended.tagOfInteger(exponent), Extended.significandOfInteger(exponent));
        }
        if (X87.settle(cpu, op, u)) {
            X87.write(cpu, 0, u.tag, u.bits);
            X87.moveTop(cpu, -1);
            X87.write(cpu, 0, tag, significand);
        }
    }
}
