package proteus.silicon.fpu;

import static proteus.silicon.fpu.Simd.put;
import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.PE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Conversions of SSE and SSE2, and their VEX forms (SDM vol. 1, 10.4.3, 11.4.1.6, table 11-1). */
final class SimdConvert {
    private SimdConvert() {}

    static void register(HandlerTable t) {
        put(t, Mnemonic.CVTSI2SD, SimdConvert::integerToDouble);
        put(t, Mnemonic.CVTSI2SS, SimdConvert::integerToSingle);
        put(t, Mnemonic.CVTSD2SI, (c, o) -> doubleToInteger(c, o, false));
        put(t, Mnemonic.CVTTSD2SI, (c, o) -> doubleToInteger(c, o, true));
        put(t, Mnemonic.CVTSS2SI, (c, o) -> singleToInteger(c, o, false));
        put(t, Mnemonic.CVTTSS2SI, (c, o) -> singleToInteger(c, o, true));
        put(t, Mnemonic.CVTSD2SS, (c, o) -> {
            Guard.vector(c, o);
            long b = Simd.scalar(c, o, 64);
            FloatUnit u = Sse.begin(c);
            int r = toSingle(u, b);
            Sse.settle(c, u);
            Simd.setLow(c, o, r);
        });
        put(t, Mnemonic.CVTSS2SD, (c, o) -> {
            Guard.vector(c, o);
            int b = (int) Simd.scalar(c, o, 32);
            FloatUnit u = Sse.begin(c);
            long r = toDouble(u, b);
            Sse.settle(c, u);
            Simd.setLow(c, o, r);
        });
        put(t, Mnemonic.CVTPD2PS, (c, o) -> fromDoubles(c, o, SimdConvert::toSingle));
        put(t, Mnemonic.CVTPD2DQ, (c, o) -> fromDoubles(c, o, (u, x) -> (int) toInteger(u, x, u.rounding, 32)));
        put(t, Mnemonic.CVTTPD2DQ, (c, o) -> fromDoubles(c, o, (u, x) -> (int) toInteger(u, x, SoftFloat.ZERO, 32)));
        put(t, Mnemonic.CVTPS2PD, (c, o) -> toDoubles(c, o, SimdConvert::toDouble));
        put(t, Mnemonic.CVTDQ2PD, (c, o) -> toDoubles(c, o, (u, x) -> Double.doubleToRawLongBits(x)));
        put(t, Mnemonic.CVTDQ2PS, (c, o) -> SimdFloat.singles(c, o, (u, unused, x) -> single(u, x)));
        put(t, Mnemonic.CVTPS2DQ, (c, o) -> SimdFloat.singles(c, o, (u, unused, x) -> (int) toInteger(u, x, u.rounding, 32)));
        put(t, Mnemonic.CVTTPS2DQ, (c, o) -> SimdFloat.singles(c, o, (u, unused, x) -> (int) toInteger(u, x, SoftFloat.ZERO, 32)));
        t.put(Mnemonic.CVTPI2PS, SimdConvert::mmxToSingles);
        t.put(Mnemonic.CVTPI2PD, SimdConvert::mmxToDoubles);
        t.put(Mnemonic.CVTPS2PI, (c, o) -> singlesToMmx(c, o, false));
        t.put(Mnemonic.CVTTPS2PI, (c, o) -> singlesToMmx(c, o, true));
        t.put(Mnemonic.CVTPD2PI, (c, o) -> doublesToMmx(c, o, false));
        t.put(Mnemonic.CVTTPD2PI, (c, o) -> doublesToMmx(c, o, true));
    }

    @FunctionalInterface
    private interface Narrow {
        int apply(FloatUnit u, long x);
    }

    @FunctionalInterface
    private interface Widen {
        long apply(FloatUnit u, int x);
    }

    // ---- one element

    static int toSingle(FloatUnit u, long x) {
        int kind = Doubles.kind(u, x);
        if (kind == Extended.ZERO) {
            return (int) (x >>> 32) & 0x80000000;
        }
        if (Extended.denormal(u, kind)) {
            return 0;
        }
        return (int) X87Transfer.toSingle(u, Extended.tagOfDouble(x), Extended.significandOfDouble(x));
    }

    static long toDouble(FloatUnit u, int x) {
        int kind = Singles.kind(u, x);
        if (kind == Extended.ZERO) {
            return (x & 0x80000000L) << 32;
        }
        if (kind == Extended.NORMAL) {
            return Double.doubleToRawLongBits(Float.intBitsToFloat(x));
        }
        Extended.denormal(u, kind);
        return X87Transfer.toDouble(u, Extended.tagOfSingle(x), Extended.significandOfSingle(x));
    }

    private static long toInteger(FloatUnit u, long x, int rounding, int bits) {
        if (Doubles.kind(u, x) == Extended.ZERO) {
            return 0;
        }
        if (rounding == SoftFloat.ZERO) {
            double value = Double.longBitsToDouble(x);
            double limit = bits == 32 ? 2147483648.0 : 9223372036854775808.0;
            if (value < limit && (bits == 32 ? value > -2147483649.0 : value >= -limit)) {
                long r = (long) value;
                if (r != value) {
                    u.flags |= PE;
                }
                return r;
            }
            u.flags |= IE;
            return -1L << bits - 1;
        }
        return X87Integer.toInteger(u, Extended.tagOfDouble(x), Extended.significandOfDouble(x), rounding, bits);
    }

    private static long toInteger(FloatUnit u, int x, int rounding, int bits) {
        if (Singles.kind(u, x) == Extended.ZERO) {
            return 0;
        }
        return X87Integer.toInteger(u, Extended.tagOfSingle(x), Extended.significandOfSingle(x), rounding, bits);
    }

    private static int single(FloatUnit u, long value) {
        if (value == 0) {
            return 0;
        }
        long magnitude = Extended.significandOfInteger(value);
        SoftFloat.round(u, value < 0 ? 1 : 0, 63 - Long.numberOfLeadingZeros(Math.abs(value)), magnitude, 0, SoftFloat.SINGLE, SoftFloat.SINGLE_MIN,
            SoftFloat.SINGLE_MAX);
        return (int) X87Transfer.packSingle(u);
    }

    private static long real(FloatUnit u, long value) {
        if (value == (int) value) {
            return Double.doubleToRawLongBits(value);
        }
        SoftFloat.round(u, value < 0 ? 1 : 0, 63 - Long.numberOfLeadingZeros(Math.abs(value)), Extended.significandOfInteger(value), 0, SoftFloat.DOUBLE,
            SoftFloat.DOUBLE_MIN, SoftFloat.DOUBLE_MAX);
        return X87Transfer.packDouble(u);
    }

    // ---- instructions

    private static long integerSource(Cpu cpu, Op op) {
        int bits = op.vectorLength == 0 ? op.s1 : op.s2;
        long value = cpu.readOperand(op, op.secondKind, op.second, bits);
        return bits == 32 ? (int) value : value;
    }

    private static void integerToDouble(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        long value = integerSource(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        long r = real(u, value);
        Sse.settle(cpu, u);
        Simd.setLow(cpu, op, r);
    }

    private static void integerToSingle(Cpu cpu, Op op) {
        Guard.vector(cpu, op);
        long value = integerSource(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        int r = single(u, value);
        Sse.settle(cpu, u);
        Simd.setLow(cpu, op, r);
    }

    private static void doubleToInteger(Cpu cpu, Op op, boolean truncate) {
        Guard.vector(cpu, op);
        long x = Simd.scalar(cpu, op, 64);
        FloatUnit u = Sse.begin(cpu);
        long r = toInteger(u, x, truncate ? SoftFloat.ZERO : u.rounding, op.s0);
        Sse.settle(cpu, u);
        cpu.register(op.r0, op.s0, r);
    }

    private static void singleToInteger(Cpu cpu, Op op, boolean truncate) {
        Guard.vector(cpu, op);
        int x = (int) Simd.scalar(cpu, op, 32);
        FloatUnit u = Sse.begin(cpu);
        long r = toInteger(u, x, truncate ? SoftFloat.ZERO : u.rounding, op.s0);
        Sse.settle(cpu, u);
        cpu.register(op.r0, op.s0, r);
    }

    /** Doubles to half as many bytes, zeros above them. */
    private static void fromDoubles(Cpu cpu, Op op, Narrow f) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        Simd.put(to, 0, 0);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putInt(to + i / 2, f.apply(u, Raw.getLong(b + i)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    private static void toDoubles(Cpu cpu, Op op, Widen f) {
        Guard.vector(cpu, op);
        long b = Simd.source(cpu, op);
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putLong(to + i, f.apply(u, Raw.getInt(b + i / 2)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    // ---- with MMX registers: a register operand changes to MMX state even if #XM follows, a memory operand does not

    private static long mmxOperand(Cpu cpu, Op op) {
        Guard.sse(cpu);
        if (op.k1 != Instruction.MMX) {
            return cpu.readMemory(op, 64);
        }
        Guard.pending(cpu);
        return Simd.mmx(cpu, op.r1);
    }

    private static void mmxToSingles(Cpu cpu, Op op) {
        long b = mmxOperand(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        long r = SimdFloat.two(u, 0, b, (v, unused, x) -> single(v, x));
        if (op.k1 == Instruction.MMX) {
            Guard.toMmx(cpu);
        }
        Sse.settle(cpu, u);
        Raw.putLong(cpu.s + op.r0, r);
    }

    private static void mmxToDoubles(Cpu cpu, Op op) {
        long b = mmxOperand(cpu, op);
        if (op.k1 == Instruction.MMX) {
            Guard.toMmx(cpu);
        }
        Simd.set(cpu, op, Double.doubleToRawLongBits((int) b), Double.doubleToRawLongBits((int) (b >>> 32)));
    }

    private static void singlesToMmx(Cpu cpu, Op op, boolean truncate) {
        Guard.sse(cpu);
        Guard.pending(cpu);
        long b = Simd.scalar(cpu, op, 64);
        FloatUnit u = Sse.begin(cpu);
        int rounding = truncate ? SoftFloat.ZERO : u.rounding;
        long r = toInteger(u, (int) b, rounding, 32) & 0xffffffffL | toInteger(u, (int) (b >>> 32), rounding, 32) << 32;
        Guard.toMmx(cpu);
        Sse.settle(cpu, u);
        Simd.mmx(cpu, op.r0, r);
    }

    private static void doublesToMmx(Cpu cpu, Op op, boolean truncate) {
        Guard.sse(cpu);
        Guard.pending(cpu);
        long b = Simd.source(cpu, op);
        FloatUnit u = Sse.begin(cpu);
        int rounding = truncate ? SoftFloat.ZERO : u.rounding;
        long r = toInteger(u, Raw.getLong(b), rounding, 32) & 0xffffffffL | toInteger(u, Raw.getLong(b + 8), rounding, 32) << 32;
        Guard.toMmx(cpu);
        Sse.settle(cpu, u);
        Simd.mmx(cpu, op.r0, r);
    }
}
