package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.lanes;
import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Pack, unpack, shuffle, insert, extract and mask instructions of MMX, SSE and SSE2 (SDM vol. 1, 9.4.4, 10.4.1, 11.4.2). */
final class SimdShuffle {
    private SimdShuffle() {}

    /** One long out of a long of the destination and one of the source. */
    @FunctionalInterface
    interface Merge {
        long apply(long a, long b);
    }

    static void register(HandlerTable t) {
        put(t, Mnemonic.PUNPCKLBW, (c, o) -> unpackLow(c, o, Lanes::interleaveBytes));
        put(t, Mnemonic.PUNPCKLWD, (c, o) -> unpackLow(c, o, Lanes::interleaveWords));
        put(t, Mnemonic.PUNPCKLDQ, (c, o) -> unpackLow(c, o, Lanes::interleaveDoublewords));
        put(t, Mnemonic.UNPCKLPS, (c, o) -> unpackLow(c, o, Lanes::interleaveDoublewords));
        put(t, Mnemonic.PUNPCKHBW, (c, o) -> unpackHigh(c, o, Lanes::interleaveBytes));
        put(t, Mnemonic.PUNPCKHWD, (c, o) -> unpackHigh(c, o, Lanes::interleaveWords));
        put(t, Mnemonic.PUNPCKHDQ, (c, o) -> unpackHigh(c, o, Lanes::interleaveDoublewords));
        put(t, Mnemonic.UNPCKHPS, (c, o) -> unpackHigh(c, o, Lanes::interleaveDoublewords));
        Handler lowQuads = (c, o) -> lanes(c, o, 0, (n, to, a, b) -> Simd.put(to, Raw.getLong(a), Raw.getLong(b)));
        put(t, Mnemonic.PUNPCKLQDQ, lowQuads);
        put(t, Mnemonic.UNPCKLPD, lowQuads);
        Handler highQuads = (c, o) -> lanes(c, o, 0, (n, to, a, b) -> Simd.put(to, Raw.getLong(a + 8), Raw.getLong(b + 8)));
        put(t, Mnemonic.PUNPCKHQDQ, highQuads);
        put(t, Mnemonic.UNPCKHPD, highQuads);
        put(t, Mnemonic.PACKSSWB, (c, o) -> pack(c, o, (a, b) -> Lanes.packSignedWords(a) | Lanes.packSignedWords(b) << 32));
        put(t, Mnemonic.PACKUSWB, (c, o) -> pack(c, o, (a, b) -> Lanes.packUnsignedWords(a) | Lanes.packUnsignedWords(b) << 32));
        put(t, Mnemonic.PACKSSDW, (c, o) -> pack(c, o, (a, b) -> Lanes.packSignedDoublewords(a) | Lanes.packSignedDoublewords(b) << 32));
        put(t, Mnemonic.PACKUSDW, (c, o) -> pack(c, o, (a, b) -> Lanes.packUnsignedDoublewords(a) | Lanes.packUnsignedDoublewords(b) << 32));
        put(t, Mnemonic.PSHUFD, (c, o) -> lanes(c, o, 0, (n, to, a, b) -> shuffle(n, to, b, b)));
        put(t, Mnemonic.PSHUFLW, (c, o) -> lanes(c, o, 0, (n, to, a, b) -> Simd.put(to, words(Raw.getLong(b), n), Raw.getLong(b + 8))));
        put(t, Mnemonic.PSHUFHW, (c, o) -> lanes(c, o, 0, (n, to, a, b) -> Simd.put(to, Raw.getLong(b), words(Raw.getLong(b + 8), n))));
        t.put(Mnemonic.PSHUFW, (c, o) -> Simd.mmx(c, o.r0, words(Simd.mmxSource(c, o, 64), (int) o.immediate)));
        put(t, Mnemonic.SHUFPS, (c, o) -> lanes(c, o, 0, SimdShuffle::shuffle));
        put(t, Mnemonic.SHUFPD, (c, o) -> lanes(c, o, 2, (n, to, a, b) -> Simd.put(to, Raw.getLong(a + 8 * (n & 1)), Raw.getLong(b + 8 * (n >>> 1 & 1)))));
        put(t, Mnemonic.PINSRW, SimdShuffle::insertWord);
        put(t, Mnemonic.PEXTRW, SimdShuffle::extractWord);
        put(t, Mnemonic.PMOVMSKB, SimdShuffle::moveMaskBytes);
        put(t, Mnemonic.MOVMSKPS, (c, o) -> moveMask(c, o, 4));
        put(t, Mnemonic.MOVMSKPD, (c, o) -> moveMask(c, o, 8));
    }

    private static void unpackLow(Cpu cpu, Op op, Merge f) {
        if (op.k0 == Instruction.MMX) {
            long b = Simd.mmxSource(cpu, op, 32);
            Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0), b));
            return;
        }
        unpack(cpu, op, 0, f);
    }

    private static void unpackHigh(Cpu cpu, Op op, Merge f) {
        if (op.k0 == Instruction.MMX) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0) >>> 32, b >>> 32));
            return;
        }
        unpack(cpu, op, 8, f);
    }

    /** Interleaves the low or the high halves of the lanes. */
    private static void unpack(Cpu cpu, Op op, int half, Merge f) {
        lanes(cpu, op, 0, (n, to, a, b) -> {
            long first = Raw.getLong(a + half);
            long second = Raw.getLong(b + half);
            Simd.put(to, f.apply(first, second), f.apply(first >>> 32, second >>> 32));
        });
    }

    private static void pack(Cpu cpu, Op op, Merge f) {
        if (op.k0 == Instruction.MMX) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0), b));
            return;
        }
        lanes(cpu, op, 0,
            (n, to, a, b) -> Simd.put(to, f.apply(Raw.getLong(a), Raw.getLong(a + 8)), f.apply(Raw.getLong(b), Raw.getLong(b + 8))));
    }

    private static long doubleword(long at, int i) {
        return Raw.getInt(at + 4 * (i & 3)) & 0xffffffffL;
    }

    private static long words(long a, int order) {
        return a >>> 16 * (order & 3) & 0xffff | (a >>> 16 * (order >> 2 & 3) & 0xffff) << 16 | (a >>> 16 * (order >> 4 & 3) & 0xffff) << 32
            | a >>> 16 * (order >> 6 & 3) << 48;
    }

    /** Two doublewords of a, then two of b. */
    private static void shuffle(int order, long to, long a, long b) {
        Simd.put(to, doubleword(a, order) | doubleword(a, order >> 2) << 32, doubleword(b, order >> 4) | doubleword(b, order >> 6) << 32);
    }

    private static void insertWord(Cpu cpu, Op op) {
        if (op.k0 == Instruction.MMX) {
            Guard.mmx(cpu);
            long value = cpu.readOperand(op, op.k1, op.r1, 16);
            Guard.toMmx(cpu);
            int shift = (int) (op.immediate & 3) * 16;
            Simd.mmx(cpu, op.r0, Simd.mmx(cpu, op.r0) & ~(0xffffL << shift) | value << shift);
        } else {
            Sse41.insert(cpu, op, 16);
        }
    }

    private static void extractWord(Cpu cpu, Op op) {
        if (op.k1 == Instruction.MMX) {
            Guard.mmx(cpu);
            Guard.toMmx(cpu);
            cpu.register(op.r0, 64, Simd.mmx(cpu, op.r1) >>> 16 * (op.immediate & 3) & 0xffff);
        } else {
            Sse41.extract(cpu, op, 16);
        }
    }

    private static void moveMaskBytes(Cpu cpu, Op op) {
        if (op.k1 == Instruction.MMX) {
            Guard.mmx(cpu);
            Guard.toMmx(cpu);
            cpu.register(op.r0, 64, Lanes.topBits(Simd.mmx(cpu, op.r1)));
            return;
        }
        Guard.vector(cpu, op);
        long mask = 0;
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            mask |= (long) Lanes.topBits(Raw.getLong(cpu.s + op.r1 + i)) << i;
        }
        cpu.register(op.r0, 64, mask);
    }

    /** The signs of elements of 4 or 8 bytes. */
    private static void moveMask(Cpu cpu, Op op, int element) {
        Guard.vector(cpu, op);
        long mask = 0;
        for (int i = 0; i < Simd.bytes(op) / element; i++) {
            mask |= (long) (Raw.getByte(cpu.s + op.r1 + element * i + element - 1) >>> 7 & 1) << i;
        }
        cpu.register(op.r0, 64, mask);
    }
}
