package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** CMPxx, COMISx and UCOMISx (SDM vol. 1, 10.4.1.2, 11.4.1.3). */
final class SimdFloatCompare {
    private SimdFloatCompare() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.CMPPD, (c, o) -> {
            int p = (int) o.immediate & 7;
            Guard.sse(c);
            long low = Simd.sourceLow(c, o);
            long high = Simd.sourceHigh(c, o);
            FloatUnit u = Sse.begin(c);
            low = Doubles.compare(u, Simd.low(c, o), low, p);
            high = Doubles.compare(u, Simd.high(c, o), high, p);
            Sse.settle(c, u);
            Simd.set(c, o, low, high);
        });
        t.put(Mnemonic.CMPSD, (c, o) -> {
            Guard.sse(c);
            long b = Simd.scalar(c, o, 64);
            FloatUnit u = Sse.begin(c);
            long r = Doubles.compare(u, Simd.low(c, o), b, (int) o.immediate & 7);
            Sse.settle(c, u);
            Raw.putLong(c.s + o.r0, r);
        });
        t.put(Mnemonic.CMPPS, (c, o) -> {
            int p = (int) o.immediate & 7;
            Guard.sse(c);
            long low = Simd.sourceLow(c, o);
            long high = Simd.sourceHigh(c, o);
            FloatUnit u = Sse.begin(c);
            low = two(u, Simd.low(c, o), low, p);
            high = two(u, Simd.high(c, o), high, p);
            Sse.settle(c, u);
            Simd.set(c, o, low, high);
        });
        t.put(Mnemonic.CMPSS, (c, o) -> {
            Guard.sse(c);
            int b = (int) Simd.scalar(c, o, 32);
            FloatUnit u = Sse.begin(c);
            int r = Singles.compare(u, (int) Simd.low(c, o), b, (int) o.immediate & 7);
            Sse.settle(c, u);
            Raw.putInt(c.s + o.r0, r);
        });
        t.put(Mnemonic.COMISD, (c, o) -> flagsOfDoubles(c, o, true));
        t.put(Mnemonic.UCOMISD, (c, o) -> flagsOfDoubles(c, o, false));
        t.put(Mnemonic.COMISS, (c, o) -> flagsOfSingles(c, o, true));
        t.put(Mnemonic.UCOMISS, (c, o) -> flagsOfSingles(c, o, false));
    }

    /** Predicates 0 to 3 are equal, less, less or equal, unordered; 4 to 7 their opposites. */
    static boolean holds(int relation, int predicate) {
        boolean holds = switch (predicate & 3) {
            case 0 -> relation == 0;
            case 1 -> relation == -1;
            case 2 -> relation <= 0;
            default -> relation == 2;
        };
        return holds != ((predicate & 4) != 0);
    }

    private static long two(FloatUnit u, long a, long b, int predicate) {
        return Singles.compare(u, (int) a, (int) b, predicate) & 0xffffffffL
            | (long) Singles.compare(u, (int) (a >>> 32), (int) (b >>> 32), predicate) << 32;
    }

    private static void flagsOfDoubles(Cpu cpu, Op op, boolean signaling) {
        Guard.sse(cpu);
        long b = Simd.scalar(cpu, op, 64);
        FloatUnit u = Sse.begin(cpu);
        int relation = Doubles.relation(u, Simd.low(cpu, op), b, signaling);
        Sse.settle(cpu, u);
        flags(cpu, relation);
    }

    private static void flagsOfSingles(Cpu cpu, Op op, boolean signaling) {
        Guard.sse(cpu);
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
