package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** F16C: between half and single precision (SDM vol. 1, 14.4). */
final class HalfFloat {
    private static final int PRECISION = 11, MIN = -14, MAX = 15;
    private static final int USE_MXCSR = 4;

    private HalfFloat() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.VCVTPH2PS, HalfFloat::toSingles);
        t.put(Mnemonic.VCVTPS2PH, HalfFloat::fromSingles);
    }

    private static void toSingles(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long b = op.k1 == Instruction.MEMORY ? load(cpu, op) : cpu.s + op.r1;
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 4) {
            Raw.putInt(to + i, single(u, Raw.getShort(b + i / 2)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    /** Operands of 8 bytes are never #AC either (SDM vol. 2, table 2-28). */
    private static long load(Cpu cpu, Op op) {
        long at = cpu.readAddress(op, op.bytes);
        long to = cpu.s + CpuLayout.SOURCE;
        for (int i = 0; i < op.bytes; i += 8) {
            Raw.putLong(to + i, cpu.mmu.readPart(at + i & op.linearMask, 64));
        }
        return to;
    }

    /** Exact; a half that is denormal is a normal single, and neither flagged nor, under DAZ, zero. */
    private static int single(FloatUnit u, short half) {
        if ((half & 0x7c00) == 0x7c00 && (half & 0x3ff) != 0) {
            if ((half & 0x200) == 0) {
                u.flags |= SoftFloat.IE;
            }
            return (half & 0x8000) << 16 | 0x7fc00000 | (half & 0x3ff) << 13;
        }
        return Float.floatToRawIntBits(Float.float16ToFloat(half));
    }

    /** To a register or memory of half the size. The immediate's bit 2 takes MXCSR's rounding, else bits 1:0 say how; FTZ does not matter. */
    private static void fromSingles(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long from = cpu.s + op.r1;
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        u.rounding = (op.immediate & USE_MXCSR) != 0 ? u.rounding : (int) op.immediate & 3;
        u.flush = false;
        Simd.put(to, 0, 0);
        int bytes = Simd.bytes(op) / 2;
        for (int i = 0; i < bytes; i += 2) {
            Raw.putShort(to + i, half(u, Raw.getInt(from + 2 * i)));
        }
        // the flags stay even if the store then faults
        Sse.settle(cpu, u);
        if (op.k0 == Instruction.MEMORY) {
            Simd.store(cpu, cpu.writeAddress(op, bytes), to, bytes);
        } else {
            Simd.commit(cpu, op);
        }
    }

    private static short half(FloatUnit u, int x) {
        int sign = x >>> 16 & 0x8000;
        int kind = Singles.kind(u, x);
        if (kind == Extended.ZERO) {
            return (short) sign;
        }
        if (kind == Extended.INFINITE) {
            return (short) (sign | 0x7c00);
        }
        if ((kind & Extended.NAN) != 0) {
            u.flags |= kind == Extended.SIGNALING ? SoftFloat.IE : 0;
            return (short) (sign | 0x7e00 | x >>> 13 & 0x3ff);
        }
        if (Extended.denormal(u, kind)) {
            return 0;
        }
        int tag = Extended.tagOfSingle(x);
        long significand = Extended.significandOfSingle(x);
        SoftFloat.round(u, sign >>> 15, Extended.exponent(tag, significand), Extended.justified(significand), 0, PRECISION, MIN, MAX);
        // processors flag a denormal operand as inexact even where an unmasked underflow leaves the others their precision
        u.flags |= kind == Extended.DENORMAL ? SoftFloat.PE : 0;
        // the integer bit is there unless the result is denormal or zero
        int exponent = u.significand < 0 ? u.exponent + 15 & 0x1f : 0;
        return (short) (sign | exponent << 10 | (int) (u.significand << 1 >>> 54));
    }
}
