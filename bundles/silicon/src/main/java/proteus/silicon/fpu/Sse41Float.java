package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;
import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.PE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** SSE4.1's rounding and dot products, and their VEX forms (SDM vol. 1, 12.8.4, 12.8.3). */
final class Sse41Float {
    private static final long LOW = 0xffffffffL;

    private Sse41Float() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.ROUNDPD, (c, o) -> {
            int control = (int) o.immediate;
            SimdFloat.doubles(c, o, (u, a, b) -> dbl(u, b, control));
        });
        put(t, Mnemonic.ROUNDSD, (c, o) -> {
            int control = (int) o.immediate;
            SimdFloat.oneDouble(c, o, (u, a, b) -> dbl(u, b, control));
        });
        put(t, Mnemonic.ROUNDPS, (c, o) -> {
            int control = (int) o.immediate;
            SimdFloat.singles(c, o, (u, a, b) -> single(u, b, control));
        });
        put(t, Mnemonic.ROUNDSS, (c, o) -> {
            int control = (int) o.immediate;
            SimdFloat.oneSingle(c, o, (u, a, b) -> single(u, b, control));
        });
        put(t, Mnemonic.DPPS, Sse41Float::dotSingles);
        put(t, Mnemonic.DPPD, Sse41Float::dotDoubles);
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

    /** Products selected by bits 7:4, their sum to the places of bits 3:0; every step rounds and flags by itself, in all lanes. */
    private static void dotSingles(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long a = cpu.s + op.first;
        long to = Simd.result(cpu);
        int control = (int) op.immediate;
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 4) {
            boolean selected = (control >>> 4 + (i >>> 2 & 3) & 1) != 0;
            Raw.putInt(to + i, selected ? Singles.mul(u, Raw.getInt(a + i), Raw.getInt(b + i)) : 0);
        }
        step(cpu, u);
        // every place adds its neighbour and itself first, which shows in what becomes of several NaNs
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            int even = Raw.getInt(to + i);
            int odd = Raw.getInt(to + i + 4);
            Raw.putInt(to + i, Singles.add(u, odd, even));
            Raw.putInt(to + i + 4, Singles.add(u, even, odd));
        }
        step(cpu, u);
        for (int i = 0; i < Simd.bytes(op); i += 16) {
            int s10 = Raw.getInt(to + i);
            int s01 = Raw.getInt(to + i + 4);
            int s32 = Raw.getInt(to + i + 8);
            int s23 = Raw.getInt(to + i + 12);
            long r0 = Singles.add(u, s10, s32) & LOW;
            long r1 = (long) Singles.add(u, s01, s23) << 32;
            long r2 = Singles.add(u, s32, s10) & LOW;
            long r3 = (long) Singles.add(u, s23, s01) << 32;
            Simd.put(to + i, ((control & 1) != 0 ? r0 : 0) | ((control & 2) != 0 ? r1 : 0), ((control & 4) != 0 ? r2 : 0) | ((control & 8) != 0 ? r3 : 0));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    private static void dotDoubles(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        int control = (int) op.immediate;
        FloatUnit u = Sse.begin(cpu);
        long p0 = (control & 0x10) != 0 ? Doubles.mul(u, Simd.low(cpu, op), Raw.getLong(b)) : 0;
        long p1 = (control & 0x20) != 0 ? Doubles.mul(u, Simd.high(cpu, op), Raw.getLong(b + 8)) : 0;
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
