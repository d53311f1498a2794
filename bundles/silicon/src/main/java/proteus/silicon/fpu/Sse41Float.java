package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.PE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.system.Features;
import proteus.x86.decode.Mnemonic;

/** SSE4.1's rounding and dot products (SDM vol. 1, 12.8.4, 12.8.3). */
final class Sse41Float {
    private static final long LOW = 0xffffffffL;

    private Sse41Float() {}

    static void register(HandlerTable t) {
        Gate.put(t, Features.SSE41, Mnemonic.ROUNDPD, (c, o) -> {
            Guard.sse(c);
            long low = Simd.sourceLow(c, o);
            long high = Simd.sourceHigh(c, o);
            FloatUnit u = Sse.begin(c);
            low = dbl(u, low, (int) o.immediate);
            high = dbl(u, high, (int) o.immediate);
            Sse.settle(c, u);
            Simd.set(c, o, low, high);
        });
        Gate.put(t, Features.SSE41, Mnemonic.ROUNDSD, (c, o) -> {
            Guard.sse(c);
            long b = Simd.scalar(c, o, 64);
            FloatUnit u = Sse.begin(c);
            long r = dbl(u, b, (int) o.immediate);
            Sse.settle(c, u);
            Raw.putLong(c.s + o.r0, r);
        });
        Gate.put(t, Features.SSE41, Mnemonic.ROUNDPS, (c, o) -> {
            Guard.sse(c);
            long low = Simd.sourceLow(c, o);
            long high = Simd.sourceHigh(c, o);
            FloatUnit u = Sse.begin(c);
            low = two(u, low, (int) o.immediate);
            high = two(u, high, (int) o.immediate);
            Sse.settle(c, u);
            Simd.set(c, o, low, high);
        });
        Gate.put(t, Features.SSE41, Mnemonic.ROUNDSS, (c, o) -> {
            Guard.sse(c);
            int b = (int) Simd.scalar(c, o, 32);
            FloatUnit u = Sse.begin(c);
            int r = single(u, b, (int) o.immediate);
            Sse.settle(c, u);
            Raw.putInt(c.s + o.r0, r);
        });
        Gate.put(t, Features.SSE41, Mnemonic.DPPS, Sse41Float::dotSingles);
        Gate.put(t, Features.SSE41, Mnemonic.DPPD, Sse41Float::dotDoubles);
    }

    private static long two(FloatUnit u, long b, int control) {
        return single(u, (int) b, control) & LOW | (long) single(u, (int) (b >>> 32), control) << 32;
    }

    private static long dbl(FloatUnit u, long x, int control) {
        int kind = Doubles.kind(u, x);
        long sign = x & Long.MIN_VALUE;
        if (kind == Extended.ZERO) {
            return sign;
        }
        int exponent = (int) (x >>> 52) & 0x7ff;
        if (exponent >= 1023 + 52) {
            if (kind == Extended.SIGNALING) {
                u.flags |= IE;
                return x | 0x0008000000000000L;
            }
            return x;
        }
        long whole = integral(u, sign != 0, Extended.tagOfDouble(x), Extended.significandOfDouble(x), control);
        return sign | Double.doubleToRawLongBits(whole);
    }

    private static int single(FloatUnit u, int x, int control) {
        int kind = Singles.kind(u, x);
        int sign = x & Integer.MIN_VALUE;
        if (kind == Extended.ZERO) {
            return sign;
        }
        int exponent = x >>> 23 & 0xff;
        if (exponent >= 127 + 23) {
            if (kind == Extended.SIGNALING) {
                u.flags |= IE;
                return x | 0x00400000;
            }
            return x;
        }
        long whole = integral(u, sign != 0, Extended.tagOfSingle(x), Extended.significandOfSingle(x), control);
        return sign | Float.floatToRawIntBits(whole);
    }

    /** Immediate: bits 1:0 rounding unless bit 2 takes MXCSR's, bit 3 suppresses the inexact flag. */
    private static long integral(FloatUnit u, boolean negative, int tag, long significand, int control) {
        int before = u.flags;
        int rounding = (control & 4) != 0 ? u.rounding : control & 3;
        long whole = X87Integer.integral(u, negative ? 1 : 0, Extended.exponent(tag, significand), significand, rounding);
        if ((control & 8) != 0) {
            u.flags &= ~PE | before;
        }
        return whole;
    }

    /** Products selected by bits 7:4, their sum to the places of bits 3:0; every step rounds and flags by itself. */
    private static void dotSingles(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        long a = Simd.low(cpu, op);
        long b = Simd.high(cpu, op);
        int control = (int) op.immediate;
        FloatUnit u = Sse.begin(cpu);
        int p0 = (control & 0x10) != 0 ? Singles.mul(u, (int) a, (int) low) : 0;
        int p1 = (control & 0x20) != 0 ? Singles.mul(u, (int) (a >>> 32), (int) (low >>> 32)) : 0;
        int p2 = (control & 0x40) != 0 ? Singles.mul(u, (int) b, (int) high) : 0;
        int p3 = (control & 0x80) != 0 ? Singles.mul(u, (int) (b >>> 32), (int) (high >>> 32)) : 0;
        step(cpu, u);
        // every place adds for itself, its neighbour and its own pair first, which shows in what becomes of several NaNs
        int s01 = Singles.add(u, p0, p1);
        int s10 = Singles.add(u, p1, p0);
        int s23 = Singles.add(u, p2, p3);
        int s32 = Singles.add(u, p3, p2);
        step(cpu, u);
        long r0 = Singles.add(u, s10, s32) & LOW;
        long r1 = (long) Singles.add(u, s01, s23) << 32;
        long r2 = Singles.add(u, s32, s10) & LOW;
        long r3 = (long) Singles.add(u, s23, s01) << 32;
        Sse.settle(cpu, u);
        Simd.set(cpu, op, ((control & 1) != 0 ? r0 : 0) | ((control & 2) != 0 ? r1 : 0), ((control & 4) != 0 ? r2 : 0) | ((control & 8) != 0 ? r3 : 0));
    }

    private static void dotDoubles(Cpu cpu, Op op) {
        Guard.sse(cpu);
        long low = Simd.sourceLow(cpu, op);
        long high = Simd.sourceHigh(cpu, op);
        int control = (int) op.immediate;
        FloatUnit u = Sse.begin(cpu);
        long p0 = (control & 0x10) != 0 ? Doubles.mul(u, Simd.low(cpu, op), low) : 0;
        long p1 = (control & 0x20) != 0 ? Doubles.mul(u, Simd.high(cpu, op), high) : 0;
        step(cpu, u);
        long r0 = Doubles.add(u, p0, p1);
        long r1 = Doubles.add(u, p1, p0);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, (control & 1) != 0 ? r0 : 0, (control & 2) != 0 ? r1 : 0);
    }

    /** An unmasked exception ends the instruction after the step that raised it. */
    private static void step(Cpu cpu, FloatUnit u) {
        Sse.settle(cpu, u);
        u.flags = 0;
    }
}
