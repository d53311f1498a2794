package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Packed and scalar floating-point arithmetic of SSE and SSE2 (SDM vol. 1, 10.4.1.1, 11.4.1.2). */
final class SimdFloat {
    private SimdFloat() {}

    @FunctionalInterface
    interface OnDouble {
        long apply(FloatUnit u, long a, long b);
    }

    @FunctionalInterface
    interface OnSingle {
        int apply(FloatUnit u, int a, int b);
    }

    static void register(HandlerTable t) {
        t.put(Mnemonic.ADDPD, (c, o) -> doubles(c, o, Doubles::add));
        t.put(Mnemonic.SUBPD, (c, o) -> doubles(c, o, Doubles::sub));
        t.put(Mnemonic.MULPD, (c, o) -> doubles(c, o, Doubles::mul));
        t.put(Mnemonic.DIVPD, (c, o) -> doubles(c, o, Doubles::div));
        t.put(Mnemonic.MINPD, (c, o) -> doubles(c, o, Doubles::min));
        t.put(Mnemonic.MAXPD, (c, o) -> doubles(c, o, Doubles::max));
        t.put(Mnemonic.SQRTPD, (c, o) -> doubles(c, o, Doubles::sqrt));
        t.put(Mnemonic.ADDSD, (c, o) -> oneDouble(c, o, Doubles::add));
        t.put(Mnemonic.SUBSD, (c, o) -> oneDouble(c, o, Doubles::sub));
        t.put(Mnemonic.MULSD, (c, o) -> oneDouble(c, o, Doubles::mul));
        t.put(Mnemonic.DIVSD, (c, o) -> oneDouble(c, o, Doubles::div));
        t.put(Mnemonic.MINSD, (c, o) -> oneDouble(c, o, Doubles::min));
        t.put(Mnemonic.MAXSD, (c, o) -> oneDouble(c, o, Doubles::max));
        t.put(Mnemonic.SQRTSD, (c, o) -> oneDouble(c, o, Doubles::sqrt));
        t.put(Mnemonic.ADDPS, (c, o) -> singles(c, o, Singles::add));
        t.put(Mnemonic.SUBPS, (c, o) -> singles(c, o, Singles::sub));
        t.put(Mnemonic.MULPS, (c, o) -> singles(c, o, Singles::mul));
        t.put(Mnemonic.DIVPS, (c, o) -> singles(c, o, Singles::div));
        t.put(Mnemonic.MINPS, (c, o) -> singles(c, o, Singles::min));
        t.put(Mnemonic.MAXPS, (c, o) -> singles(c, o, Singles::max));
        t.put(Mnemonic.SQRTPS, (c, o) -> singles(c, o, Singles::sqrt));
        t.put(Mnemonic.ADDSS, (c, o) -> oneSingle(c, o, Singles::add));
        t.put(Mnemonic.SUBSS, (c, o) -> oneSingle(c, o, Singles::sub));
        t.put(Mnemonic.MULSS, (c, o) -> oneSingle(c, o, Singles::mul));
        t.put(Mnemonic.DIVSS, (c, o) -> oneSingle(c, o, Singles::div));
        t.put(Mnemonic.MINSS, (c, o) -> oneSingle(c, o, Singles::min));
        t.put(Mnemonic.MAXSS, (c, o) -> oneSingle(c, o, Singles::max));
        t.put(Mnemonic.SQRTSS, (c, o) -> oneSingle(c, o, Singles::sqrt));
    }

    static void doubles(Cpu cpu, Op op, OnDouble f) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        low = f.apply(u, Simd.low(cpu, op), low);
        high = f.apply(u, Simd.high(cpu, op), high);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, low, high);
    }

    static void oneDouble(Cpu cpu, Op op, OnDouble f) {
        Guard.sse(cpu);
        long b = op.k1 == Instruction.XMM ? Raw.getLong(cpu.s + op.r1) : cpu.readMemory(op, 64);
        FloatUnit u = Sse.begin(cpu);
        long r = f.apply(u, Simd.low(cpu, op), b);
        Sse.settle(cpu, u);
        Raw.putLong(cpu.s + op.r0, r);
    }

    static void singles(Cpu cpu, Op op, OnSingle f) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        low = two(u, Simd.low(cpu, op), low, f);
        high = two(u, Simd.high(cpu, op), high, f);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, low, high);
    }

    /** Both singles of a long. */
    static long two(FloatUnit u, long a, long b, OnSingle f) {
        long low = f.apply(u, (int) a, (int) b) & 0xffffffffL;
        return low | (long) f.apply(u, (int) (a >>> 32), (int) (b >>> 32)) << 32;
    }

    static void oneSingle(Cpu cpu, Op op, OnSingle f) {
        Guard.sse(cpu);
        int b = op.k1 == Instruction.XMM ? Raw.getInt(cpu.s + op.r1) : (int) cpu.readMemory(op, 32);
        FloatUnit u = Sse.begin(cpu);
        int r = f.apply(u, Raw.getInt(cpu.s + op.r0), b);
        Sse.settle(cpu, u);
        Raw.putInt(cpu.s + op.r0, r);
    }
}
