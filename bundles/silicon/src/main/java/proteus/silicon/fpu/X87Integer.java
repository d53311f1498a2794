package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.PE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** Loads and stores of integers and packed decimals, and rounding to an integer (SDM vol. 1, 8.3.2, 8.3.5, 4.7). */
final class X87Integer {
    private static final long LARGEST_DECIMAL = 999_999_999_999_999_999L;

    private X87Integer() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FILD, X87Integer::load);
        t.put(Mnemonic.FIST, (c, o) -> store(c, o, false, false));
        t.put(Mnemonic.FISTP, (c, o) -> store(c, o, false, true));
        t.put(Mnemonic.FISTTP, (c, o) -> store(c, o, true, true));
        t.put(Mnemonic.FBLD, X87Integer::loadDecimal);
        t.put(Mnemonic.FBSTP, X87Integer::storeDecimal);
        t.put(Mnemonic.FRNDINT, X87Integer::roundToInteger);
    }

    private static void load(Cpu cpu, Op op) {
        Guard.x87(cpu);
        long raw = cpu.readMemory(op, op.s0);
        long value = op.s0 == 16 ? (short) raw : op.s0 == 32 ? (int) raw : raw;
        X87.begin(cpu, op);
        X87.clearC1(cpu);
        X87.push(cpu, op, Extended.tagOfInteger(value), Extended.significandOfInteger(value));
    }

    /** The number rounded to an integer that fits {@code bits}, or the integer indefinite with IE. */
    static long toInteger(FloatUnit u, int tag, long significand, int rounding, int bits) {
        long indefinite = -1L << bits - 1;
        int kind = Extended.kind(tag, significand);
        if (kind == Extended.ZERO) {
            return 0;
        }
        if ((kind & (Extended.NAN | Extended.INFINITE | Extended.UNSUPPORTED)) != 0) {
            u.flags |= IE;
            return indefinite;
        }
        int sign = Extended.sign(tag);
        int exponent = Extended.exponent(tag, significand);
        if (exponent >= 63) {
            if (exponent > 63 || sign == 0 || significand != Extended.TOP || bits < 64) {
                u.flags |= IE;
            }
            return indefinite;
        }
        int before = u.flags;
        long magnitude = integral(u, sign, exponent, Extended.justified(significand), rounding);
        long limit = 1L << bits - 1;
        if (magnitude < 0 ? sign == 0 || magnitude != limit : magnitude > limit - 1 + sign && bits < 64) {
            u.flags = before | IE;
            u.up = false;
            return indefinite;
        }
        return sign != 0 ? -magnitude : magnitude;
    }

    /** Rounds {@code significand * 2^(exponent - 63)} to an integer, exponent below 63; PE and C1 are set. */
    static long integral(FloatUnit u, int sign, int exponent, long significand, int rounding) {
        int shift = 63 - exponent;
        long whole = shift < 64 ? significand >>> shift : 0;
        long rest = shift < 64 ? significand << 64 - shift : shift == 64 ? significand : 1;
        if (rest == 0) {
            return whole;
        }
        u.flags |= PE;
        boolean up = switch (rounding) {
            case SoftFloat.NEAREST -> rest < 0 && (rest != Extended.TOP || (whole & 1) != 0);
            case SoftFloat.DOWN -> sign != 0;
            case SoftFloat.UP -> sign == 0;
            default -> false;
        };
        u.up = up;
        return up ? whole + 1 : whole;
    }

    private static void store(Cpu cpu, Op op, boolean truncate, boolean pop) {
        Guard.x87(cpu);
        X87.keep(cpu);
        FloatUnit u = X87.begin(cpu, op);
        long value;
        if (X87.empty(cpu, 0)) {
            if (!X87.stackFault(cpu, op, false)) {
                return;
            }
            value = -1L << op.s0 - 1;
        } else {
            long st = X87.st(cpu, 0);
            value = toInteger(u, X87.tag(st), X87.significand(st), truncate ? SoftFloat.ZERO : u.rounding, op.s0);
            if (!X87.settle(cpu, op, u)) {
                return;
            }
        }
        X87.store(cpu, X87.storeAddress(cpu, op, op.s0 >> 3), op.s0, value);
        if (pop) {
            X87.pop(cpu);
        }
    }

    private static void loadDecimal(Cpu cpu, Op op) {
        Guard.x87(cpu);
        long at = cpu.readAddress(op, 10);
        long digits = cpu.mmu.read64(at);
        int last = cpu.mmu.read16(at + 8 & cpu.linearMask());
        X87.begin(cpu, op);
        long value = 0;
        for (int i = 4; i >= 0; i -= 4) {
            value = value * 10 + (last >> i & 15);
        }
        for (int i = 60; i >= 0; i -= 4) {
            value = value * 10 + (digits >>> i & 15);
        }
        X87.clearC1(cpu);
        X87.push(cpu, op, Extended.tagOfInteger(value) & 0x7fff | last & Extended.SIGN, Extended.significandOfInteger(value));
    }

    private static void storeDecimal(Cpu cpu, Op op) {
        Guard.x87(cpu);
        X87.keep(cpu);
        FloatUnit u = X87.begin(cpu, op);
        long low;
        int high;
        if (X87.empty(cpu, 0)) {
            if (!X87.stackFault(cpu, op, false)) {
                return;
            }
            low = 0xc000000000000000L;
            high = 0xffff;
        } else {
            long st = X87.st(cpu, 0);
            long value = toInteger(u, X87.tag(st), X87.significand(st), u.rounding, 64);
            if (value > LARGEST_DECIMAL || value < -LARGEST_DECIMAL) {
                u.flags = u.flags & ~PE | IE;
                u.up = false;
            }
            if (!X87.settle(cpu, op, u)) {
                return;
            }
            if ((u.flags & IE) != 0) {
                low = 0xc000000000000000L;
                high = 0xffff;
            } else {
                long rest = Math.abs(value);
                low = 0;
                for (int i = 0; i < 64; i += 4) {
                    low |= rest % 10 << i;
                    rest /= 10;
                }
                high = (int) (rest % 10 | rest / 10 % 10 << 4) | X87.tag(st) & Extended.SIGN;
            }
        }
        long at = X87.storeAddress(cpu, op, 10);
        X87.store(cpu, at, 64, low);
        X87.store(cpu, at + 8 & cpu.linearMask(), 16, high);
        X87.pop(cpu);
    }

    private static void roundToInteger(Cpu cpu, Op op) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (X87.empty(cpu, 0)) {
            if (X87.stackFault(cpu, op, false)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        long st = X87.st(cpu, 0);
        integer(u, X87.tag(st), X87.significand(st));
        if (X87.settle(cpu, op, u)) {
            X87.write(cpu, 0, u.tag, u.bits);
        }
    }

    private static void integer(FloatUnit u, int tag, long significand) {
        int kind = Extended.kind(tag, significand);
        if (Extended.special(u, tag, significand, kind) || Extended.denormal(u, kind)) {
            return;
        }
        int exponent = Extended.exponent(tag, significand);
        if ((kind & (Extended.ZERO | Extended.INFINITE)) != 0 || exponent >= 63) {
            Extended.set(u, tag, significand);
            return;
        }
        long whole = integral(u, Extended.sign(tag), exponent, Extended.justified(significand), u.rounding);
        Extended.set(u, tag & Extended.SIGN | Extended.tagOfInteger(whole) & Extended.MAX_TAG, Extended.significandOfInteger(whole));
    }
}
