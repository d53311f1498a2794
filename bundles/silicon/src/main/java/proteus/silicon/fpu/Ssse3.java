package proteus.silicon.fpu;

import static proteus.silicon.fpu.Lanes.B;
import static proteus.silicon.fpu.Lanes.D;
import static proteus.silicon.fpu.Lanes.W;
import static proteus.silicon.fpu.Simd.packed;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.system.Features;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** SSSE3, on MMX and XMM registers (SDM vol. 1, 12.5). */
final class Ssse3 {
    private Ssse3() {}

    static void register(HandlerTable t) {
        Gate.put(t, Features.SSSE3, Mnemonic.PABSB, (c, o) -> packed(c, o, (a, b) -> Lanes.absolute(b, B)));
        Gate.put(t, Features.SSSE3, Mnemonic.PABSW, (c, o) -> packed(c, o, (a, b) -> Lanes.absolute(b, W)));
        Gate.put(t, Features.SSSE3, Mnemonic.PABSD, (c, o) -> packed(c, o, (a, b) -> Lanes.absolute(b, D)));
        Gate.put(t, Features.SSSE3, Mnemonic.PSIGNB, (c, o) -> packed(c, o, (a, b) -> Lanes.sign(a, b, B)));
        Gate.put(t, Features.SSSE3, Mnemonic.PSIGNW, (c, o) -> packed(c, o, (a, b) -> Lanes.sign(a, b, W)));
        Gate.put(t, Features.SSSE3, Mnemonic.PSIGND, (c, o) -> packed(c, o, (a, b) -> Lanes.sign(a, b, D)));
        Gate.put(t, Features.SSSE3, Mnemonic.PMULHRSW, (c, o) -> packed(c, o, Lanes::multiplyRounded));
        Gate.put(t, Features.SSSE3, Mnemonic.PMADDUBSW, (c, o) -> packed(c, o, Lanes::multiplyAddBytes));
        Gate.put(t, Features.SSSE3, Mnemonic.PHADDW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.add(a, b, W)));
        Gate.put(t, Features.SSSE3, Mnemonic.PHADDSW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.addSigned(a, b, W)));
        Gate.put(t, Features.SSSE3, Mnemonic.PHSUBW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.sub(a, b, W)));
        Gate.put(t, Features.SSSE3, Mnemonic.PHSUBSW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.subSigned(a, b, W)));
        Gate.put(t, Features.SSSE3, Mnemonic.PHADDD, (c, o) -> horizontal(c, o, 32, (a, b) -> Lanes.add(a, b, D)));
        Gate.put(t, Features.SSSE3, Mnemonic.PHSUBD, (c, o) -> horizontal(c, o, 32, (a, b) -> Lanes.sub(a, b, D)));
        Gate.put(t, Features.SSSE3, Mnemonic.PSHUFB, Ssse3::shuffleBytes);
        Gate.put(t, Features.SSSE3, Mnemonic.PALIGNR, Ssse3::alignRight);
    }

    /** Even elements against odd ones, destination's results below the source's. */
    private static void horizontal(Cpu cpu, Op op, int bits, Simd.Part f) {
        if (op.k0 != Instruction.XMM) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, pairs(Simd.mmx(cpu, op.r0), b, bits, f));
            return;
        }
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        Simd.set(cpu, op, pairs(Simd.low(cpu, op), Simd.high(cpu, op), bits, f), pairs(low, high, bits, f));
    }

    private static long pairs(long a, long b, int bits, Simd.Part f) {
        if (bits == 32) {
            return f.apply(a & 0xffffffffL | b << 32, a >>> 32 | b & 0xffffffff00000000L);
        }
        return f.apply(even(a) | even(b) << 32, even(a >>> 16) | even(b >>> 16) << 32);
    }

    /** Words 0 and 2. */
    private static long even(long a) {
        return a & 0xffff | a >>> 16 & 0xffff0000L;
    }

    private static void shuffleBytes(Cpu cpu, Op op) {
        if (op.k0 != Instruction.XMM) {
            long order = Simd.mmxSource(cpu, op, 64);
            long a = Simd.mmx(cpu, op.r0);
            Simd.mmx(cpu, op.r0, shuffle(a, a, order & 0x8787878787878787L));
            return;
        }
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        Simd.set(cpu, op, shuffle(a, b, low), shuffle(a, b, high));
    }

    private static long shuffle(long a, long b, long order) {
        long r = 0;
        for (int i = 0; i < 64; i += 8) {
            int index = (int) (order >>> i) & 0xff;
            if (index < 128) {
                r |= (((index & 8) != 0 ? b : a) >>> 8 * (index & 7) & 0xff) << i;
            }
        }
        return r;
    }

    private static void alignRight(Cpu cpu, Op op) {
        int n = ((int) op.immediate & 0xff) * 8;
        if (op.k0 != Instruction.XMM) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, part(b, Simd.mmx(cpu, op.r0), 0, 0, n));
            return;
        }
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        Simd.set(cpu, op, part(low, high, a, b, n), part(high, a, b, 0, n));
    }

    /** 64 bits at a bit offset of four longs, zeros behind them. */
    private static long part(long a, long b, long c, long d, int at) {
        return switch (at >>> 6) {
            case 0 -> join(a, b, at);
            case 1 -> join(b, c, at & 63);
            case 2 -> join(c, d, at & 63);
            case 3 -> join(d, 0, at & 63);
            default -> 0;
        };
    }

    private static long join(long low, long high, int shift) {
        return shift == 0 ? low : low >>> shift | high << 64 - shift;
    }
}
