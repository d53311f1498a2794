package proteus.silicon.fpu;

import static proteus.silicon.fpu.Lanes.B;
import static proteus.silicon.fpu.Lanes.D;
import static proteus.silicon.fpu.Lanes.W;
import static proteus.silicon.fpu.Simd.packed;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Packed integer arithmetic, comparison, logic and shifts of MMX, SSE and SSE2 (SDM vol. 1, 9.4 and 11.4.2). */
final class SimdInteger {
    private SimdInteger() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.PADDB, (c, o) -> packed(c, o, (a, b) -> Lanes.add(a, b, B)));
        t.put(Mnemonic.PADDW, (c, o) -> packed(c, o, (a, b) -> Lanes.add(a, b, W)));
        t.put(Mnemonic.PADDD, (c, o) -> packed(c, o, (a, b) -> Lanes.add(a, b, D)));
        t.put(Mnemonic.PADDQ, (c, o) -> packed(c, o, (a, b) -> a + b));
        t.put(Mnemonic.PSUBB, (c, o) -> packed(c, o, (a, b) -> Lanes.sub(a, b, B)));
        t.put(Mnemonic.PSUBW, (c, o) -> packed(c, o, (a, b) -> Lanes.sub(a, b, W)));
        t.put(Mnemonic.PSUBD, (c, o) -> packed(c, o, (a, b) -> Lanes.sub(a, b, D)));
        t.put(Mnemonic.PSUBQ, (c, o) -> packed(c, o, (a, b) -> a - b));
        t.put(Mnemonic.PADDSB, (c, o) -> packed(c, o, (a, b) -> Lanes.addSigned(a, b, B)));
        t.put(Mnemonic.PADDSW, (c, o) -> packed(c, o, (a, b) -> Lanes.addSigned(a, b, W)));
        t.put(Mnemonic.PADDUSB, (c, o) -> packed(c, o, (a, b) -> Lanes.addUnsignedSaturated(a, b, B)));
        t.put(Mnemonic.PADDUSW, (c, o) -> packed(c, o, (a, b) -> Lanes.addUnsignedSaturated(a, b, W)));
        t.put(Mnemonic.PSUBSB, (c, o) -> packed(c, o, (a, b) -> Lanes.subSigned(a, b, B)));
        t.put(Mnemonic.PSUBSW, (c, o) -> packed(c, o, (a, b) -> Lanes.subSigned(a, b, W)));
        t.put(Mnemonic.PSUBUSB, (c, o) -> packed(c, o, (a, b) -> Lanes.subUnsignedSaturated(a, b, B)));
        t.put(Mnemonic.PSUBUSW, (c, o) -> packed(c, o, (a, b) -> Lanes.subUnsignedSaturated(a, b, W)));
        t.put(Mnemonic.PCMPEQB, (c, o) -> packed(c, o, (a, b) -> Lanes.equal(a, b, B)));
        t.put(Mnemonic.PCMPEQW, (c, o) -> packed(c, o, (a, b) -> Lanes.equal(a, b, W)));
        t.put(Mnemonic.PCMPEQD, (c, o) -> packed(c, o, (a, b) -> Lanes.equal(a, b, D)));
        t.put(Mnemonic.PCMPGTB, (c, o) -> packed(c, o, (a, b) -> Lanes.greater(a, b, B)));
        t.put(Mnemonic.PCMPGTW, (c, o) -> packed(c, o, (a, b) -> Lanes.greater(a, b, W)));
        t.put(Mnemonic.PCMPGTD, (c, o) -> packed(c, o, (a, b) -> Lanes.greater(a, b, D)));
        t.put(Mnemonic.PMINUB, (c, o) -> packed(c, o, (a, b) -> Lanes.minUnsigned(a, b, B)));
        t.put(Mnemonic.PMAXUB, (c, o) -> packed(c, o, (a, b) -> Lanes.maxUnsigned(a, b, B)));
        t.put(Mnemonic.PMINSW, (c, o) -> packed(c, o, (a, b) -> Lanes.minSigned(a, b, W)));
        t.put(Mnemonic.PMAXSW, (c, o) -> packed(c, o, (a, b) -> Lanes.maxSigned(a, b, W)));
        t.put(Mnemonic.PAVGB, (c, o) -> packed(c, o, (a, b) -> Lanes.average(a, b, B)));
        t.put(Mnemonic.PAVGW, (c, o) -> packed(c, o, (a, b) -> Lanes.average(a, b, W)));
        t.put(Mnemonic.PMULLW, (c, o) -> packed(c, o, Lanes::multiplyLow));
        t.put(Mnemonic.PMULHW, (c, o) -> packed(c, o, Lanes::multiplyHigh));
        t.put(Mnemonic.PMULHUW, (c, o) -> packed(c, o, Lanes::multiplyHighUnsigned));
        t.put(Mnemonic.PMADDWD, (c, o) -> packed(c, o, Lanes::multiplyAdd));
        t.put(Mnemonic.PMULUDQ, (c, o) -> packed(c, o, (a, b) -> (a & 0xffffffffL) * (b & 0xffffffffL)));
        t.put(Mnemonic.PSADBW, (c, o) -> packed(c, o, Lanes::sumOfDifferences));
        registerLogic(t);
        registerShifts(t);
    }

    private static void registerLogic(HandlerTable t) {
        t.put(Mnemonic.PAND, (c, o) -> packed(c, o, (a, b) -> a & b));
        t.put(Mnemonic.PANDN, (c, o) -> packed(c, o, (a, b) -> ~a & b));
        t.put(Mnemonic.POR, (c, o) -> packed(c, o, (a, b) -> a | b));
        t.put(Mnemonic.PXOR, (c, o) -> packed(c, o, (a, b) -> a ^ b));
        t.put(Mnemonic.ANDPS, (c, o) -> packed(c, o, (a, b) -> a & b));
        t.put(Mnemonic.ANDPD, (c, o) -> packed(c, o, (a, b) -> a & b));
        t.put(Mnemonic.ANDNPS, (c, o) -> packed(c, o, (a, b) -> ~a & b));
        t.put(Mnemonic.ANDNPD, (c, o) -> packed(c, o, (a, b) -> ~a & b));
        t.put(Mnemonic.ORPS, (c, o) -> packed(c, o, (a, b) -> a | b));
        t.put(Mnemonic.ORPD, (c, o) -> packed(c, o, (a, b) -> a | b));
        t.put(Mnemonic.XORPS, (c, o) -> packed(c, o, (a, b) -> a ^ b));
        t.put(Mnemonic.XORPD, (c, o) -> packed(c, o, (a, b) -> a ^ b));
    }

    private static void registerShifts(HandlerTable t) {
        t.put(Mnemonic.PSLLW, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftLeft(a, n, W)));
        t.put(Mnemonic.PSLLD, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftLeft(a, n, D)));
        t.put(Mnemonic.PSLLQ, (c, o) -> shift(c, o, Lanes::shiftLeftQuad));
        t.put(Mnemonic.PSRLW, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftRight(a, n, W)));
        t.put(Mnemonic.PSRLD, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftRight(a, n, D)));
        t.put(Mnemonic.PSRLQ, (c, o) -> shift(c, o, Lanes::shiftRightQuad));
        t.put(Mnemonic.PSRAW, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftArithmetic(a, n, W)));
        t.put(Mnemonic.PSRAD, (c, o) -> shift(c, o, (a, n) -> Lanes.shiftArithmetic(a, n, D)));
        t.put(Mnemonic.PSLLDQ, SimdInteger::shiftBytesLeft);
        t.put(Mnemonic.PSRLDQ, SimdInteger::shiftBytesRight);
    }

    /** All parts by one count: an immediate, or the low 64 bits of the source. */
    private static void shift(Cpu cpu, Op op, Simd.Part f) {
        if (op.k0 != Instruction.XMM) {
            shiftMmx(cpu, op, f);
            return;
        }
        Guard.sse(cpu);
        long count = op.k1 == Instruction.IMMEDIATE ? op.immediate & 0xff : Simd.sourceLow(cpu, op);
        long to = cpu.s + op.r0;
        Raw.putLong(to, f.apply(Raw.getLong(to), count));
        Raw.putLong(to + 8, f.apply(Raw.getLong(to + 8), count));
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

    private static void shiftBytesLeft(Cpu cpu, Op op) {
        Guard.sse(cpu);
        int n = Math.min((int) op.immediate & 0xff, 16) * 8;
        long low = Simd.low(cpu, op);
        long high = Simd.high(cpu, op);
        if (n >= 64) {
            high = Lanes.shiftLeftQuad(low, n - 64);
            low = 0;
        } else if (n > 0) {
            high = high << n | low >>> 64 - n;
            low <<= n;
        }
        Simd.set(cpu, op, low, high);
    }

    private static void shiftBytesRight(Cpu cpu, Op op) {
        Guard.sse(cpu);
        int n = Math.min((int) op.immediate & 0xff, 16) * 8;
        long low = Simd.low(cpu, op);
        long high = Simd.high(cpu, op);
        if (n >= 64) {
            low = Lanes.shiftRightQuad(high, n - 64);
            high = 0;
        } else if (n > 0) {
            low = low >>> n | high << 64 - n;
            high >>>= n;
        }
        Simd.set(cpu, op, low, high);
    }
}
