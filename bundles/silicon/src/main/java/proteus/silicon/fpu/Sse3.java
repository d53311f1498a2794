package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** SSE3: horizontal and alternating arithmetic, duplicating moves, and their VEX forms (SDM vol. 1, 12.3). */
final class Sse3 {
    private static final long LOW = 0xffffffffL;

    private Sse3() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.ADDSUBPD, (c, o) -> SimdFloat.lanes(c, o, (u, to, a, b) -> {
            Raw.putLong(to, Doubles.sub(u, Raw.getLong(a), Raw.getLong(b)));
            Raw.putLong(to + 8, Doubles.add(u, Raw.getLong(a + 8), Raw.getLong(b + 8)));
        }));
        put(t, Mnemonic.HADDPD, (c, o) -> horizontal(c, o, Doubles::add));
        put(t, Mnemonic.HSUBPD, (c, o) -> horizontal(c, o, Doubles::sub));
        put(t, Mnemonic.ADDSUBPS, (c, o) -> SimdFloat.lanes(c, o, (u, to, a, b) -> {
            for (int i = 0; i < 16; i += 8) {
                Raw.putInt(to + i, Singles.sub(u, Raw.getInt(a + i), Raw.getInt(b + i)));
                Raw.putInt(to + i + 4, Singles.add(u, Raw.getInt(a + i + 4), Raw.getInt(b + i + 4)));
            }
        }));
        put(t, Mnemonic.HADDPS, (c, o) -> horizontal(c, o, Singles::add));
        put(t, Mnemonic.HSUBPS, (c, o) -> horizontal(c, o, Singles::sub));
        put(t, Mnemonic.MOVDDUP, Sse3::duplicate);
        put(t, Mnemonic.MOVSLDUP, (c, o) -> Simd.packed(c, o, (a, b) -> b & LOW | b << 32));
        put(t, Mnemonic.MOVSHDUP, (c, o) -> Simd.packed(c, o, (a, b) -> b >>> 32 | b & ~LOW));
    }

    /** The low double of each lane twice. Of a 128-bit destination the memory operand has only that one. */
    private static void duplicate(Cpu cpu, Op op) {
        if (op.k0 == Instruction.YMM) {
            Simd.lanes(cpu, op, 0, (n, to, a, b) -> Simd.put(to, Raw.getLong(b), Raw.getLong(b)));
            return;
        }
        Guard.vector(cpu, op);
        long b = Simd.scalar(cpu, op, 64);
        Simd.set(cpu, op, b, b);
    }

    private static void horizontal(Cpu cpu, Op op, SimdFloat.OnDouble f) {
        SimdFloat.lanes(cpu, op, (u, to, a, b) -> {
            Raw.putLong(to, f.apply(u, Raw.getLong(a), Raw.getLong(a + 8)));
            Raw.putLong(to + 8, f.apply(u, Raw.getLong(b), Raw.getLong(b + 8)));
        });
    }

    private static void horizontal(Cpu cpu, Op op, SimdFloat.OnSingle f) {
        SimdFloat.lanes(cpu, op, (u, to, a, b) -> {
            pairs(u, to, a, f);
            pairs(u, to + 8, b, f);
        });
    }

    private static void pairs(FloatUnit u, long to, long from, SimdFloat.OnSingle f) {
        Raw.putInt(to, f.apply(u, Raw.getInt(from), Raw.getInt(from + 4)));
        Raw.putInt(to + 4, f.apply(u, Raw.getInt(from + 8), Raw.getInt(from + 12)));
    }
}
