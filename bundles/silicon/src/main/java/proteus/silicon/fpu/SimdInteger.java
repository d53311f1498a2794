package proteus.silicon.fpu;

import static proteus.silicon.fpu.Lanes.B;
import static proteus.silicon.fpu.Lanes.D;
import static proteus.silicon.fpu.Lanes.W;
import static proteus.silicon.fpu.Simd.packed;
import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Packed integer arithmetic, comparison, logic and shifts of MMX, SSE and SSE2, and their VEX forms (SDM vol. 1, 9.4 and 11.4.2). */
final class SimdInteger {
    private SimdInteger() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.PADDB, (c, o) -> packed(c, o, (a, b) -> Lanes.add(a, b, B)));
        put(t, Mnemonic.PADDW, (c, o) -> packed(c, o, (a, b) -> Lanes.add(a, b, W)));
        put(t, Mnemonic.PADDD, (c, o) -> packed(c, o, (a, b) -> Lanes.add(a, b, D)));
        put(t, Mnemonic.PADDQ, (c, o) -> packed(c, o, (a, b) -> a + b));
        put(t, Mnemonic.PSUBB, (c, o) -> packed(c, o, (a, b) -> Lanes.sub(a, b, B)));
        put(t, Mnemonic.PSUBW, (c, o) -> packed(c, o, (a, b) -> Lanes.sub(a, b, W)));
        put(t, Mnemonic.PSUBD, (c, o) -> packed(c, o, (a, b) -> Lanes.sub(a, b, D)));
        put(t, Mnemonic.PSUBQ, (c, o) -> packed(c, o, (a, b) -> a - b));
        put(t, Mnemonic.PADDSB, (c, o) -> packed(c, o, (a, b) -> Lanes.addSigned(a, b, B)));
        put(t, Mnemonic.PADDSW, (c, o) -> packed(c, o, (a, b) -> Lanes.addSigned(a, b, W)));
        put(t, Mnemonic.PADDUSB, (c, o) -> packed(c, o, (a, b) -> Lanes.addUnsignedSaturated(a, b, B)));
        put(t, Mnemonic.PADDUSW, (c, o) -> packed(c, o, (a, b) -> Lanes.addUnsignedSaturated(a, b, W)));
        put(t, Mnemonic.PSUBSB, (c, o) -> packed(c, o, (a, b) -> Lanes.subSigned(a, b, B)));
        put(t, Mnemonic.PSUBSW, (c, o) -> packed(c, o, (a, b) -> Lanes.subSigned(a, b, W)));
        put(t, Mnemonic.PSUBUSB, (c, o) -> packed(c, o, (a, b) -> Lanes.subUnsignedSaturated(a, b, B)));
        put(t, Mnemonic.PSUBUSW, (c, o) -> packed(c, o, (a, b) -> Lanes.subUnsignedSaturated(a, b, W)));
        put(t, Mnemonic.PCMPEQB, (c, o) -> packed(c, o, (a, b) -> Lanes.equal(a, b, B)));
        put(t, Mnemonic.PCMPEQW, (c, o) -> packed(c, o, (a, b) -> Lanes.equal(a, b, W)));
        put(t, Mnemonic.PCMPEQD, (c, o) -> packed(c, o, (a, b) -> Lanes.equal(a, b, D)));
        put(t, Mnemonic.PCMPGTB, (c, o) -> packed(c, o, (a, b) -> Lanes.greater(a, b, B)));
        put(t, Mnemonic.PCMPGTW, (c, o) -> packed(c, o, (a, b) -> Lanes.greater(a, b, W)));
        put(t, Mnemonic.PCMPGTD, (c, o) -> packed(c, o, (a, b) -> Lanes.greater(a, b, D)));
        put(t, Mnemonic.PMINUB, (c, o) -> packed(c, o, (a, b) -> Lanes.minUnsigned(a, b, B)));
        put(t, Mnemonic.PMAXUB, (c, o) -> packed(c, o, (a, b) -> Lanes.maxUnsigned(a, b, B)));
        put(t, Mnemonic.PMINSW, (c, o) -> packed(c, o, (a, b) -> Lanes.minSigned(a, b, W)));
        put(t, Mnemonic.PMAXSW, (c, o) -> packed(c, o, (a, b) -> Lanes.maxSigned(a, b, W)));
        put(t, Mnemonic.PAVGB, (c, o) -> packed(c, o, (a, b) -> Lanes.average(a, b, B)));
        put(t, Mnemonic.PAVGW, (c, o) -> packed(c, o, (a, b) -> Lanes.average(a, b, W)));
        put(t, Mnemonic.PMULLW, (c, o) -> packed(c, o, Lanes::multiplyLow));
        put(t, Mnemonic.PMULHW, (c, o) -> packed(c, o, Lanes::multiplyHigh));
        put(t, Mnemonic.PMULHUW, (c, o) -> packed(c, o, Lanes::multiplyHighUnsigned));
        put(t, Mnemonic.PMADDWD, (c, o) -> packed(c, o, Lanes::multiplyAdd));
        put(t, Mnemonic.PMULUDQ, (c, o) -> packed(c, o, (a, b) -> (a & 0xffffffffL) * (b & 0xffffffffL)));
        put(t, Mnemonic.PSADBW, (c, o) -> packed(c, o, Lanes::sumOfDifferences));
        registerLogic(t);
        registerShifts(t);
    }

    private static void registerLogic(HandlerTable t) {
        put(t, Mnemonic.PAND, (c, o) -> packed(c, o, (a, b) -> a & b));
        put(t, Mnemonic.PANDN, (c, o) -> packed(c, o, (a, b) -> ~a & b));
        put(t, Mnemonic.POR, (c, o) -> packed(c, o, (a, b) -> a | b));
        put(t, Mnemonic.PXOR, (c, o) -> packed(c, o, (a, b) -> a ^ b));
        put(t, Mnemonic.ANDPS, (c, o) -> packed(c, o, (a, b) -> a & b));
        put(t, Mnemonic.ANDPD, (c, o) -> packed(c, o, (a, b) -> a & b));
        put(t, Mnemonic.ANDNPS, (c, o) -> packed(c, o, (a, b) -> ~a & b));
        put(t, Mnemonic.ANDNPD, (c, o) -> packed(c, o, (a, b) -> ~a & b));
        put(t, Mnemonic.ORPS, (c, o) -> packed(c, o, (a, b) -> a | b));
        put(t, Mnemonic.ORPD, (c, o) -> packed(c, o, (a, b) -> a | b));
        put(t, Mnemonic.XORPS, (c, o) -> packed(c, o, (a, b) -> a ^ b));
        put(t, Mnemonic.XORPD, (c, o) -> packed(c, o, (a, b) -> a ^ b));
    }

    private static void registerShifts(HandlerTable t) {
        put(t, Mnemonic.PSLLW, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftLeft(a, n, W)));
        put(t, Mnemonic.PSLLD, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftLeft(a, n, D)));
        put(t, Mnemonic.PSLLQ, (c, o) -> shift(c, o, Lanes::shiftLeftQuad));
        put(t, Mnemonic.PSRLW, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftRight(a, n, W)));
        put(t, Mnemonic.PSRLD, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftRight(a, n, D)));
        put(t, Mnemonic.PSRLQ, (c, o) -> shift(c, o, Lanes::shiftRightQuad));
        put(t, Mnemonic.PSRAW, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftArithmetic(a, n, W)));
        put(t, Mnemonic.PSRAD, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftArithmetic(a, n, D)));
        put(t, Mnemonic.PSLLDQ, (c, o) -> shiftBytes(c, o, SimdInteger::left));
        put(t, Mnemonic.PSRLDQ, (c, o) -> shiftBytes(c, o, SimdInteger::right));
    }

    /** All parts by one count: an immediate, or the low 64 bits of the source. With VEX an immediate leaves the sources apart. */
    private static void shift(Cpu cpu, Op op, Simd.Part f) {
        if (op.k0 == Instruction.MMX) {
            shiftMmx(cpu, op, f);
            return;
        }
        Guard.vector(cpu, op);
        boolean immediate = op.k1 == Instruction.IMMEDIATE || op.k2 == Instruction.IMMEDIATE;
        long a = cpu.s + (op.k2 == Instruction.IMMEDIATE ? op.second : op.first);
        long count = immediate ? op.immediate & 0xff : Raw.getLong(Simd.source(cpu, op));
        long to = Simd.result(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putLong(to + i, f.apply(Raw.getLong(a + i), count));
        }
        Simd.commit(cpu, op);
    }

    private static void shiftMmx(Cpu cpu, Op op, Simd.Part f) {
        long count;
        if (op.k1 == Instruction.IMMEDIATE) {
            Guard.mmx(cpu);
            Guard.toMmx(cpu);
            count = op.immediate & 0xff;
        } else {
            count = Simd.mmxSource(cpu, op, 64);
        }
        Simd.mmx(cpu, op.r0, f.apply(Simd.mmx(cpu, op.r0), count));
    }

    /** PSLLDQ and PSRLDQ: lane by lane, only by immediates. */
    private static void shiftBytes(Cpu cpu, Op op, Simd.Lane f) {
        Guard.vector(cpu, op);
        long a = cpu.s + (op.k2 == Instruction.IMMEDIATE ? op.second : op.first);
        int bits = Math.min((int) op.immediate & 0xff, 16) * 8;
        long to = Simd.result(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 16) {
            f.apply(bits, to + i, a + i, a + i);
        }
        Simd.commit(cpu, op);
    }

    private static void left(int bits, long to, long a, long unused) {
        long low = Raw.getLong(a);
        long high = Raw.getLong(a + 8);
        if (bits >= 64) {
            Simd.put(to, 0, Lanes.shiftLeftQuad(low, bits - 64));
        } else {
            Simd.put(to, low << bits, bits == 0 ? high : high << bits | low >>> 64 - bits);
        }
    }

    private static void right(int bits, long to, long a, long unused) {
        long low = Raw.getLong(a);
        long high = Raw.getLong(a + 8);
        if (bits >= 64) {
            Simd.put(to, Lanes.shiftRightQuad(high, bits - 64), 0);
        } else {
            Simd.put(to, bits == 0 ? low : low >>> bits | high << 64 - bits, high >>> bits);
        }
    }
}
