package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.system.Features;
import proteus.x86.decode.Mnemonic;

/** SSE3: horizontal and alternating arithmetic, duplicating moves (SDM vol. 1, 12.3). */
final class Sse3 {
    private static final long LOW = 0xffffffffL;

    private Sse3() {}

    static void register(HandlerTable t) {
        Gate.put(t, Features.SSE3, Mnemonic.ADDSUBPD, (c, o) -> doubles(c, o, Doubles::sub, Doubles::add, false));
        Gate.put(t, Features.SSE3, Mnemonic.HADDPD, (c, o) -> doubles(c, o, Doubles::add, Doubles::add, true));
        Gate.put(t, Features.SSE3, Mnemonic.HSUBPD, (c, o) -> doubles(c, o, Doubles::sub, Doubles::sub, true));
        Gate.put(t, Features.SSE3, Mnemonic.ADDSUBPS, Sse3::addAndSubtract);
        Gate.put(t, Features.SSE3, Mnemonic.HADDPS, (c, o) -> horizontal(c, o, Singles::add));
        Gate.put(t, Features.SSE3, Mnemonic.HSUBPS, (c, o) -> horizontal(c, o, Singles::sub));
        Gate.put(t, Features.SSE3, Mnemonic.MOVDDUP, (c, o) -> {
            Guard.sse(c);
            long b = Simd.scalar(c, o, 64);
            Simd.set(c, o, b, b);
        });
        Gate.put(t, Features.SSE3, Mnemonic.MOVSLDUP, (c, o) -> {
            Guard.sse(c);
            long low = Simd.sourceLow(c, o);
            long high = Simd.sourceHigh(c, o);
            Simd.set(c, o, low & LOW | low << 32, high & LOW | high << 32);
        });
        Gate.put(t, Features.SSE3, Mnemonic.MOVSHDUP, (c, o) -> {
            Guard.sse(c);
            long low = Simd.sourceLow(c, o);
            long high = Simd.sourceHigh(c, o);
            Simd.set(c, o, low >>> 32 | low & ~LOW, high >>> 32 | high & ~LOW);
        });
    }

    private static void doubles(Cpu cpu, Op op, SimdFloat.OnDouble first, SimdFloat.OnDouble second, boolean horizontal) {
        Guard.sse(cpu);
        long b0 = Simd.sourceLow(cpu, op);
        long b1 = Simd.sourceHigh(cpu, op);
        long a0 = Simd.low(cpu, op);
        long a1 = Simd.high(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        long low = first.apply(u, a0, horizontal ? a1 : b0);
        long high = second.apply(u, horizontal ? b0 : a1, b1);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, low, high);
    }

    private static void addAndSubtract(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        low = alternate(u, Simd.low(cpu, op), low);
        high = alternate(u, Simd.high(cpu, op), high);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, low, high);
    }

    private static long alternate(FloatUnit u, long a, long b) {
        long difference = Singles.sub(u, (int) a, (int) b) & LOW;
        return difference | (long) Singles.add(u, (int) (a >>> 32), (int) (b >>> 32)) << 32;
    }

    private static void horizontal(Cpu cpu, Op op, SimdFloat.OnSingle f) {
        Guard.sse(cpu);
        long b0 = Simd.sourceLow(cpu, op);
        long b1 = Simd.sourceHigh(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        long low = pair(u, Simd.low(cpu, op), f) & LOW | pair(u, Simd.high(cpu, op), f) << 32;
        long high = pair(u, b0, f) & LOW | pair(u, b1, f) << 32;
        Sse.settle(cpu, u);
        Simd.set(cpu, op, low, high);
    }

    private static long pair(FloatUnit u, long a, SimdFloat.OnSingle f) {
        return f.apply(u, (int) a, (int) (a >>> 32));
    }
}
