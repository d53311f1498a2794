package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.system.Features;
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
        t.put(Mnemonic.PUNPCKLBW, (c, o) -> unpackLow(c, o, Lanes::interleaveBytes));
        t.put(Mnemonic.PUNPCKLWD, (c, o) -> unpackLow(c, o, Lanes::interleaveWords));
        t.put(Mnemonic.PUNPCKLDQ, (c, o) -> unpackLow(c, o, Lanes::interleaveDoublewords));
        t.put(Mnemonic.UNPCKLPS, (c, o) -> unpackLow(c, o, Lanes::interleaveDoublewords));
        t.put(Mnemonic.PUNPCKHBW, (c, o) -> unpackHigh(c, o, Lanes::interleaveBytes));
        t.put(Mnemonic.PUNPCKHWD, (c, o) -> unpackHigh(c, o, Lanes::interleaveWords));
        t.put(Mnemonic.PUNPCKHDQ, (c, o) -> unpackHigh(c, o, Lanes::interleaveDoublewords));
        t.put(Mnemonic.UNPCKHPS, (c, o) -> unpackHigh(c, o, Lanes::interleaveDoublewords));
        t.put(Mnemonic.PUNPCKLQDQ, SimdShuffle::unpackLowQuad);
        t.put(Mnemonic.UNPCKLPD, SimdShuffle::unpackLowQuad);
        t.put(Mnemonic.PUNPCKHQDQ, SimdShuffle::unpackHighQuad);
        t.put(Mnemonic.UNPCKHPD, SimdShuffle::unpackHighQuad);
        t.put(Mnemonic.PACKSSWB, (c, o) -> pack(c, o, (a, b) -> Lanes.packSignedWords(a) | Lanes.packSignedWords(b) << 32));
        t.put(Mnemonic.PACKUSWB, (c, o) -> pack(c, o, (a, b) -> Lanes.packUnsignedWords(a) | Lanes.packUnsignedWords(b) << 32));
        t.put(Mnemonic.PACKSSDW, (c, o) -> pack(c, o, (a, b) -> Lanes.packSignedDoublewords(a) | Lanes.packSignedDoublewords(b) << 32));
        Gate.put(t, Features.SSE41, Mnemonic.PACKUSDW,
            (c, o) -> pack(c, o, (a, b) -> Lanes.packUnsignedDoublewords(a) | Lanes.packUnsignedDoublewords(b) << 32));
        t.put(Mnemonic.PSHUFD, SimdShuffle::shuffleDoublewords);
        t.put(Mnemonic.PSHUFLW, SimdShuffle::shuffleLowWords);
        t.put(Mnemonic.PSHUFHW, SimdShuffle::shuffleHighWords);
        t.put(Mnemonic.PSHUFW, SimdShuffle::shuffleMmxWords);
        t.put(Mnemonic.SHUFPS, SimdShuffle::shuffleSingles);
        t.put(Mnemonic.SHUFPD, SimdShuffle::shuffleDoubles);
        t.put(Mnemonic.PINSRW, SimdShuffle::insertWord);
        t.put(Mnemonic.PEXTRW, SimdShuffle::extractWord);
        t.put(Mnemonic.PMOVMSKB, SimdShuffle::moveMaskBytes);
        t.put(Mnemonic.MOVMSKPS, SimdShuffle::moveMaskSingles);
        t.put(Mnemonic.MOVMSKPD, SimdShuffle::moveMaskDoubles);
    }

    private static void unpackLow(Cpu cpu, Op op, Merge f) {
        if (op.k0 != Instruction.XMM) {
            long b = Simd.mmxSource(cpu, op, 32);
            Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0), b));
            return;
        }
        Guard.sse(cpu);
        long b = Simd.sourceLow(cpu, op);
        long a = Simd.low(cpu, op);
        Simd.set(cpu, op, f.apply(a, b), f.apply(a >>> 32, b >>> 32));
    }

    private static void unpackHigh(Cpu cpu, Op op, Merge f) {
        if (op.k0 != Instruction.XMM) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0) >>> 32, b >>> 32));
            return;
        }
        Guard.sse(cpu);
        long b = Simd.onlyHigh(cpu, op);
        long a = Simd.high(cpu, op);
        Simd.set(cpu, op, f.apply(a, b), f.apply(a >>> 32, b >>> 32));
    }

    private static void unpackLowQuad(Cpu cpu, Op op) {
        Guard.sse(cpu);
        Raw.putLong(cpu.s + op.r0 + 8, Simd.sourceLow(cpu, op));
    }

    private static void unpackHighQuad(Cpu cpu, Op op) {
        Guard.sse(cpu);
        Simd.set(cpu, op, Simd.high(cpu, op), Simd.onlyHigh(cpu, op));
    }

    private static void pack(Cpu cpu, Op op, Merge f) {
        if (op.k0 != Instruction.XMM) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0), b));
            return;
        }
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        Simd.set(cpu, op, f.apply(Simd.low(cpu, op), Simd.high(cpu, op)), f.apply(low, high));
    }

    private static long doubleword(long low, long high, int i) {
        return ((i & 2) != 0 ? high : low) >>> 32 * (i & 1) & 0xffffffffL;
    }

    private static long words(long a, int order) {
        return a >>> 16 * (order & 3) & 0xffff | (a >>> 16 * (order >> 2 & 3) & 0xffff) << 16 | (a >>> 16 * (order >> 4 & 3) & 0xffff) << 32
            | a >>> 16 * (order >> 6 & 3) << 48;
    }

    private static void shuffleDoublewords(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        int order = (int) op.immediate;
        Simd.set(cpu, op, doubleword(low, high, order) | doubleword(low, high, order >> 2) << 32,
            doubleword(low, high, order >> 4) | doubleword(low, high, order >> 6) << 32);
    }

    private static void shuffleLowWords(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        Simd.set(cpu, op, words(low, (int) op.immediate), Simd.sourceHigh(cpu, op));
    }

    private static void shuffleHighWords(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        Simd.set(cpu, op, low, words(Simd.sourceHigh(cpu, op), (int) op.immediate));
    }

    private static void shuffleMmxWords(Cpu cpu, Op op) {
        Simd.mmx(cpu, op.r0, words(Simd.mmxSource(cpu, op, 64), (int) op.immediate));
    }

    private static void shuffleSingles(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        int order = (int) op.immediate;
        Simd.set(cpu, op, doubleword(a, b, order) | doubleword(a, b, order >> 2) << 32,
            doubleword(low, high, order >> 4) | doubleword(low, high, order >> 6) << 32);
    }

    private static void shuffleDoubles(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        Simd.set(cpu, op, (op.immediate & 1) != 0 ? Simd.high(cpu, op) : Simd.low(cpu, op), (op.immediate & 2) != 0 ? high : low);
    }

    private static void insertWord(Cpu cpu, Op op) {
        boolean xmm = op.k0 == Instruction.XMM;
        if (xmm) {
            Guard.sse(cpu);
        } else {
            Guard.mmx(cpu);
        }
        long value = cpu.readOperand(op, op.k1, op.r1, 16);
        if (xmm) {
            Raw.putShort(cpu.s + op.r0 + 2 * (op.immediate & 7), (short) value);
        } else {
            Guard.toMmx(cpu);
            int shift = (int) (op.immediate & 3) * 16;
            Simd.mmx(cpu, op.r0, Simd.mmx(cpu, op.r0) & ~(0xffffL << shift) | value << shift);
        }
    }

    private static void extractWord(Cpu cpu, Op op) {
        long value;
        if (op.k1 == Instruction.XMM) {
            Guard.sse(cpu);
            value = Raw.getShort(cpu.s + op.r1 + 2 * (op.immediate & 7)) & 0xffff;
        } else {
            Guard.mmx(cpu);
            Guard.toMmx(cpu);
            value = Simd.mmx(cpu, op.r1) >>> 16 * (op.immediate & 3) & 0xffff;
        }
        if (op.k0 == Instruction.MEMORY) {
            cpu.writeMemory(op, 16, value);
        } else {
            cpu.register(op.r0, 64, value);
        }
    }

    private static void moveMaskBytes(Cpu cpu, Op op) {
        if (op.k1 == Instruction.XMM) {
            Guard.sse(cpu);
            cpu.register(op.r0, 64, Lanes.topBits(Raw.getLong(cpu.s + op.r1)) | Lanes.topBits(Raw.getLong(cpu.s + op.r1 + 8)) << 8);
        } else {
            Guard.mmx(cpu);
            Guard.toMmx(cpu);
            cpu.register(op.r0, 64, Lanes.topBits(Simd.mmx(cpu, op.r1)));
        }
    }

    private static void moveMaskSingles(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Raw.getLong(cpu.s + op.r1);
        long high = Raw.getLong(cpu.s + op.r1 + 8);
        cpu.register(op.r0, 64, low >>> 31 & 1 | low >>> 63 << 1 | (high >>> 31 & 1) << 2 | high >>> 63 << 3);
    }

    private static void moveMaskDoubles(Cpu cpu, Op op) {
        Guard.sse(cpu);
        cpu.register(op.r0, 64, Raw.getLong(cpu.s + op.r1) >>> 63 | Raw.getLong(cpu.s + op.r1 + 8) >>> 63 << 1);
    }
}
