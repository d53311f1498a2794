package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** Packed and scalar floating-point arithmetic of SSE and SSE2, and its VEX forms (SDM vol. 1, 10.4.1.1, 11.4.1.2). */
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
        put(t, Mnemonic.ADDPD, (c, o) -> doubles(c, o, Doubles::add));
        put(t, Mnemonic.SUBPD, (c, o) -> doubles(c, o, Doubles::sub));
        put(t, Mnemonic.MULPD, (c, o) -> doubles(c, o, Doubles::mul));
        put(t, Mnemonic.DIVPD, (c, o) -> doubles(c, o, Doubles::div));
        put(t, Mnemonic.MINPD, (c, o) -> doubles(c, o, Doubles::min));
        put(t, Mnemonic.MAXPD, (c, o) -> doubles(c, o, Doubles::max));
        put(t, Mnemonic.SQRTPD, (c, o) -> doubles(c, o, Doubles::sqrt));
        put(t, Mnemonic.ADDSD, (c, o) -> oneDouble(c, o, Doubles::add));
        put(t, Mnemonic.SUBSD, (c, o) -> oneDouble(c, o, Doubles::sub));
        put(t, Mnemonic.MULSD, (c, o) -> oneDouble(c, o, Doubles::mul));
        put(t, Mnemonic.DIVSD, (c, o) -> oneDouble(c, o, Doubles::div));
        put(t, Mnemonic.MINSD, (c, o) -> oneDouble(c, o, Doubles::min));
        put(t, Mnemonic.MAXSD, (c, o) -> oneDouble(c, o, Doubles::max));
        put(t, Mnemonic.SQRTSD, (c, o) -> oneDouble(c, o, Doubles::sqrt));
        put(t, Mnemonic.ADDPS, (c, o) -> singles(c, o, Singles::add));
        put(t, Mnemonic.SUBPS, (c, o) -> singles(c, o, Singles::sub));
        put(t, Mnemonic.MULPS, (c, o) -> singles(c, o, Singles::mul));
        put(t, Mnemonic.DIVPS, (c, o) -> singles(c, o, Singles::div));
        put(t, Mnemonic.MINPS, (c, o) -> singles(c, o, Singles::min));
        put(t, Mnemonic.MAXPS, (c, o) -> singles(c, o, Singles::max));
        put(t, Mnemonic.SQRTPS, (c, o) -> singles(c, o, Singles::sqrt));
        put(t, Mnemonic.ADDSS, (c, o) -> oneSingle(c, o, Singles::add));
        put(t, Mnemonic.SUBSS, (c, o) -> oneSingle(c, o, Singles::sub));
        put(t, Mnemonic.MULSS, (c, o) -> oneSingle(c, o, Singles::mul));
        put(t, Mnemonic.DIVSS, (c, o) -> oneSingle(c, o, Singles::div));
        put(t, Mnemonic.MINSS, (c, o) -> oneSingle(c, o, Singles::min));
        put(t, Mnemonic.MAXSS, (c, o) -> oneSingle(c, o, Singles::max));
        put(t, Mnemonic.SQRTSS, (c, o) -> oneSingle(c, o, Singles::sqrt));
    }

    /** Element by element; the flags of all of them settle together. */
    static void doubles(Cpu cpu, Op op, OnDouble f) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putLong(to + i, f.apply(u, Raw.getLong(a + i), Raw.getLong(b + i)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    static void oneDouble(Cpu cpu, Op op, OnDouble f) {
        Guard.vector(cpu, op);
        long b = Simd.scalar(cpu, op, 64);
        FloatUnit u = Sse.begin(cpu);
        long r = f.apply(u, Simd.low(cpu, op), b);
        Sse.settle(cpu, u);
        Simd.setLow(cpu, op, r);
    }

    static void singles(Cpu cpu, Op op, OnSingle f) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 4) {
            Raw.putInt(to + i, f.apply(u, Raw.getInt(a + i), Raw.getInt(b + i)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    static void oneSingle(Cpu cpu, Op op, OnSingle f) {
        Guard.vector(cpu, op);
        int b = (int) Simd.scalar(cpu, op, 32);
        FloatUnit u = Sse.begin(cpu);
        int r = f.apply(u, (int) Simd.low(cpu, op), b);
        Sse.settle(cpu, u);
        Simd.setLow(cpu, op, r);
    }

    /** What happens to one 128-bit lane, with flags. */
    @FunctionalInterface
    interface OnLane {
        void apply(FloatUnit u, long to, long a, long b);
    }

    /** Lane by lane, where elements are not independent. */
    static void lanes(Cpu cpu, Op op, OnLane f) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 16) {
            f.apply(u, to + i, a + i, b + i);
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    /** Both singles of a long. */
    static long two(FloatUnit u, long a, long b, OnSingle f) {
        long low = f.apply(u, (int) a, (int) b) & 0xffffffffL;
        return low | (long) f.apply(u, (int) (a >>> 32), (int) (b >>> 32)) << 32;
    }
}
