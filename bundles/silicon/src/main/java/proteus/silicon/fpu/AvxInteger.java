package proteus.silicon.fpu;

import static proteus.silicon.fpu.Lanes.D;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Permutations, blends, tests and shifts by element that only AVX and AVX2 have (SDM vol. 1, 14.1.1 and 14.7). */
final class AvxInteger {
    private static final long SIGNS_OF_SINGLES = D, SIGNS_OF_DOUBLES = Long.MIN_VALUE;

    private AvxInteger() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.VPSLLVD, (c, o) -> Simd.packed(c, o, (a, n) -> each(a, n, (x, k) -> k < 32 ? x << k : 0)));
        t.put(Mnemonic.VPSRLVD, (c, o) -> Simd.packed(c, o, (a, n) -> each(a, n, (x, k) -> k < 32 ? x >>> k : 0)));
        t.put(Mnemonic.VPSRAVD, (c, o) -> Simd.packed(c, o, (a, n) -> each(a, n, (x, k) -> (int) x >> Math.min(k, 31))));
        t.put(Mnemonic.VPSLLVQ, (c, o) -> Simd.packed(c, o, Lanes::shiftLeftQuad));
        t.put(Mnemonic.VPSRLVQ, (c, o) -> Simd.packed(c, o, Lanes::shiftRightQuad));
        t.put(Mnemonic.VPBLENDD, (c, o) -> Sse41.blend(c, o, D, 2, 4));
        t.put(Mnemonic.VTESTPS, (c, o) -> Sse41.test(c, o, SIGNS_OF_SINGLES));
        t.put(Mnemonic.VTESTPD, (c, o) -> Sse41.test(c, o, SIGNS_OF_DOUBLES));
        t.put(Mnemonic.VPERMILPS, AvxInteger::permuteSingles);
        t.put(Mnemonic.VPERMILPD, AvxInteger::permuteDoubles);
        t.put(Mnemonic.VPERMD, AvxInteger::permuteDoublewords);
        t.put(Mnemonic.VPERMPS, AvxInteger::permuteDoublewords);
        t.put(Mnemonic.VPERMQ, AvxInteger::permuteQuadwords);
        t.put(Mnemonic.VPERMPD, AvxInteger::permuteQuadwords);
        t.put(Mnemonic.VPERM2F128, AvxInteger::permuteHalves);
        t.put(Mnemonic.VPERM2I128, AvxInteger::permuteHalves);
    }

    /** A doubleword, zero-extended, by a count up to 2^32 - 1. */
    @FunctionalInterface
    private interface Shift {
        long apply(long value, long count);
    }

    private static long each(long a, long n, Shift f) {
        long low = f.apply(a & 0xffffffffL, n & 0xffffffffL) & 0xffffffffL;
        return low | f.apply(a >>> 32, n >>> 32) << 32;
    }

    /** Within each lane, by the low two bits of each control element or by the immediate. */
    private static void permuteSingles(Cpu cpu, Op op) {
        if (op.k2 == Instruction.IMMEDIATE) {
            Simd.lanes(cpu, op, 0, (order, to, a, b) -> {
                for (int i = 0; i < 4; i++) {
                    Raw.putInt(to + 4 * i, Raw.getInt(b + 4 * (order >>> 2 * i & 3)));
                }
            });
            return;
        }
        Simd.lanes(cpu, op, 0, (unused, to, a, b) -> {
            for (int i = 0; i < 16; i += 4) {
                Raw.putInt(to + i, Raw.getInt(a + 4 * (Raw.getInt(b + i) & 3)));
            }
        });
    }

    /** Within each lane, by bit 1 of each control element, or by two bits of the immediate for each lane. */
    private static void permuteDoubles(Cpu cpu, Op op) {
        if (op.k2 == Instruction.IMMEDIATE) {
            Simd.lanes(cpu, op, 2, (order, to, a, b) -> Simd.put(to, Raw.getLong(b + 8 * (order & 1)), Raw.getLong(b + 8 * (order >>> 1 & 1))));
            return;
        }
        Simd.lanes(cpu, op, 0,
            (unused, to, a, b) -> Simd.put(to, Raw.getLong(a + 4 * (Raw.getLong(b) & 2)), Raw.getLong(a + 4 * (Raw.getLong(b + 8) & 2))));
    }

    /** Any doubleword of the second source by the first one's indices. */
    private static void permuteDoublewords(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long b = Simd.source(cpu, op);
        long indices = cpu.s + op.first;
        long to = Simd.result(cpu);
        for (int i = 0; i < 32; i += 4) {
            Raw.putInt(to + i, Raw.getInt(b + 4 * (Raw.getInt(indices + i) & 7)));
        }
        Simd.commit(cpu, op);
    }

    private static void permuteQuadwords(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long b = Simd.source(cpu, op);
        long to = Simd.result(cpu);
        int order = (int) op.immediate;
        for (int i = 0; i < 4; i++) {
            Raw.putLong(to + 8 * i, Raw.getLong(b + 8 * (order >>> 2 * i & 3)));
        }
        Simd.commit(cpu, op);
    }

    /** Each half is one of the four halves of the sources, or zero. */
    private static void permuteHalves(Cpu cpu, Op op) {
        Guard.avx(cpu);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long to = Simd.result(cpu);
        for (int half = 0; half < 2; half++) {
            int control = (int) op.immediate >>> 4 * half;
            long from = ((control & 2) != 0 ? b : a) + 16 * (control & 1);
            boolean zero = (control & 8) != 0;
            Simd.put(to + 16 * half, zero ? 0 : Raw.getLong(from), zero ? 0 : Raw.getLong(from + 8));
        }
        Simd.commit(cpu, op);
    }
}
