package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** CMPxx, COMISx and UCOMISx (SDM vol. 1, 10.4.1.2, 11.4.1.3). */
final class SimdFloatCompare {
    private SimdFloatCompare() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.CMPPD, (c, o) -> {
            int p = predicate(o);
            SimdFloat.doubles(c, o, (u, a, b) -> Doubles.compare(u, a, b, p));
        });
        put(t, Mnemonic.CMPSD, (c, o) -> {
            int p = predicate(o);
            SimdFloat.oneDouble(c, o, (u, a, b) -> Doubles.compare(u, a, b, p));
        });
        put(t, Mnemonic.CMPPS, (c, o) -> {
            int p = predicate(o);
            SimdFloat.singles(c, o, (u, a, b) -> Singles.compare(u, a, b, p));
        });
        put(t, Mnemonic.CMPSS, (c, o) -> {
            int p = predicate(o);
            SimdFloat.oneSingle(c, o, (u, a, b) -> Singles.compare(u, a, b, p));
        });
        put(t, Mnemonic.COMISD, (c, o) -> flagsOfDoubles(c, o, true));
        put(t, Mnemonic.UCOMISD, (c, o) -> flagsOfDoubles(c, o, false));
        put(t, Mnemonic.COMISS, (c, o) -> flagsOfSingles(c, o, true));
        put(t, Mnemonic.UCOMISS, (c, o) -> flagsOfSingles(c, o, false));
    }

    /** Legacy encodings have 8 predicates, VEX has 32. */
    private static int predicate(Op op) {
        return (int) op.immediate & (op.vectorLength == 0 ? 7 : 31);
    }

    /**
     * Bits 1:0 of a predicate are equal, less, less or equal, unordered; bit 3 makes the first three true, and the last false, of
     * unordered operands; bit 2 takes the opposite (SDM vol. 2, CMPPD, table 3-1).
     */
    static boolean holds(int relation, int predicate) {
        boolean withUnordered = (predicate & 8) != 0;
        boolean holds = switch (predicate & 3) {
            case 0 -> relation == 0 || withUnordered && relation == 2;
            case 1 -> relation == -1 || withUnordered && relation == 2;
            case 2 -> relation <= 0 || withUnordered && relation == 2;
            default -> relation == 2 && !withUnordered;
        };
        return holds != ((predicate & 4) != 0);
    }

    /** Whether a quiet NaN is an invalid operand: for "less" predicates, and bit 4 turns that around. */
    static boolean signals(int predicate) {
        return ((predicate & 3) == 1 || (predicate & 3) == 2) != ((predicate & 16) != 0);
    }

    private static void flagsOfDoubles(Cpu cpu, Op op, boolean signaling) {
        Guard.vector(cpu, op);
        long b = Simd.scalar(cpu, op, 64);
        FloatUnit u = Sse.begin(cpu);
        int relation = Doubles.relation(u, Simd.low(cpu, op), b, signaling);
        Sse.settle(cpu, u);
        flags(cpu, relation);
    }

    private static void flagsOfSingles(Cpu cpu, Op op, boolean signaling) {
        Guard.vector(cpu, op);
        int b = (int) Simd.scalar(cpu, op, 32);
        FloatUnit u = Sse.begin(cpu);
        int relation = Singles.relation(u, (int) Simd.low(cpu, op), b, signaling);
        Sse.settle(cpu, u);
        flags(cpu, relation);
    }

    private static void flags(Cpu cpu, int relation) {
        cpu.arithmeticFlags(switch (relation) {
            case -1 -> Flags.CF;
            case 0 -> Flags.ZF;
            case 1 -> 0;
            default -> Flags.ZF | Flags.PF | Flags.CF;
        });
    }
}
