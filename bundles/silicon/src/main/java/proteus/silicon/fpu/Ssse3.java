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

/** SSSE3, on MMX and XMM registers, and its VEX forms (SDM vol. 1, 12.5). */
final class Ssse3 {
    private Ssse3() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.PABSB, (c, o) -> packed(c, o, (a, b) -> Lanes.absolute(b, B)));
        put(t, Mnemonic.PABSW, (c, o) -> packed(c, o, (a, b) -> Lanes.absolute(b, W)));
        put(t, Mnemonic.PABSD, (c, o) -> packed(c, o, (a, b) -> Lanes.absolute(b, D)));
        put(t, Mnemonic.PSIGNB, (c, o) -> packed(c, o, (a, b) -> Lanes.sign(a, b, B)));
        put(t, Mnemonic.PSIGNW, (c, o) -> packed(c, o, (a, b) -> Lanes.sign(a, b, W)));
        put(t, Mnemonic.PSIGND, (c, o) -> packed(c, o, (a, b) -> Lanes.sign(a, b, D)));
        put(t, Mnemonic.PMULHRSW, (c, o) -> packed(c, o, Lanes::multiplyRounded));
        put(t, Mnemonic.PMADDUBSW, (c, o) -> packed(c, o, Lanes::multiplyAddBytes));
        put(t, Mnemonic.PHADDW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.add(a, b, W)));
        put(t, Mnemonic.PHADDSW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.addSigned(a, b, W)));
        put(t, Mnemonic.PHSUBW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.sub(a, b, W)));
        put(t, Mnemonic.PHSUBSW, (c, o) -> horizontal(c, o, 16, (a, b) -> Lanes.subSigned(a, b, W)));
        put(t, Mnemonic.PHADDD, (c, o) -> horizontal(c, o, 32, (a, b) -> Lanes.add(a, b, D)));
        put(t, Mnemonic.PHSUBD, (c, o) -> horizontal(c, o, 32, (a, b) -> Lanes.sub(a, b, D)));
        put(t, Mnemonic.PSHUFB, Ssse3::shuffleBytes);
        put(t, Mnemonic.PALIGNR, Ssse3::alignRight);
    }

    /** Even elements against odd ones, the first source's results below the second's. */
    private static void horizontal(Cpu cpu, Op op, int bits, Simd.Part f) {
        if (op.k0 == Instruction.MMX) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, pairs(Simd.mmx(cpu, op.r0), b, bits, f));
            return;
        }
        Simd.lanes(cpu, op, 0, (n, to, a, b) -> Simd.put(to, pairs(Raw.getLong(a), Raw.getLong(a + 8), bits, f),
            pairs(Raw.getLong(b), Raw.getLong(b + 8), bits, f)));
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
        if (op.k0 == Instruction.MMX) {
            long order = Simd.mmxSource(cpu, op, 64);
            long a = Simd.mmx(cpu, op.r0);
            Simd.mmx(cpu, op.r0, shuffle(a, a, order & 0x8787878787878787L));
            return;
        }
        Simd.lanes(cpu, op, 0, (n, to, a, b) -> {
            long low = Raw.getLong(a);
            long high = Raw.getLong(a + 8);
            Simd.put(to, shuffle(low, high, Raw.getLong(b)), shuffle(low, high, Raw.getLong(b + 8)));
        });
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
        if (op.k0 == Instruction.MMX) {
            long b = Simd.mmxSource(cpu, op, 64);
            Simd.mmx(cpu, op.r0, part(b, Simd.mmx(cpu, op.r0), 0, 0, (int) op.immediate * 8));
            return;
        }
        Simd.lanes(cpu, op, 0, (bytes, to, first, second) -> {
            long low = Raw.getLong(second);
            long high = Raw.getLong(second + 8);
            long a = Raw.getLong(first);
            long b = Raw.getLong(first + 8);
            Simd.put(to, part(low, high, a, b, bytes * 8), part(high, a, b, 0, bytes * 8));
        });
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
