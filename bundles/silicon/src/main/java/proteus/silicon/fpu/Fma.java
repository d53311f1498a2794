package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.DOUBLE;
import static proteus.silicon.fpu.SoftFloat.DOUBLE_MAX;
import static proteus.silicon.fpu.SoftFloat.DOUBLE_MIN;
import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.SINGLE;
import static proteus.silicon.fpu.SoftFloat.SINGLE_MAX;
import static proteus.silicon.fpu.SoftFloat.SINGLE_MIN;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Mnemonic;

/** FMA: {@code x * y + z} with one rounding, each part negated or not (SDM vol. 1, 14.5). */
final class Fma {
    private static final long NEGATE_DOUBLE = Long.MIN_VALUE;
    private static final int NEGATE_SINGLE = Integer.MIN_VALUE;

    private Fma() {}

    /** Signs of product and sum: of even elements in bits 0 and 1, of odd ones in bits 2 and 3. */
    private enum Kind {
        FMADD(0b0000), FMSUB(0b1010), FNMADD(0b0101), FNMSUB(0b1111), FMADDSUB(0b0010), FMSUBADD(0b1000);

        final int signs;

        Kind(int signs) {
            this.signs = signs;
        }

        /** Alternating ones are packed only. */
        boolean scalar() {
            return (signs & 3) == signs >>> 2;
        }
    }

    static void register(HandlerTable t) {
        for (Kind kind : Kind.values()) {
            for (int order : new int[] {132, 213, 231}) {
                String name = "V" + kind + order;
                t.put(Mnemonic.valueOf(name + "PS"), (c, o) -> singles(c, o, kind.signs, order));
                t.put(Mnemonic.valueOf(name + "PD"), (c, o) -> doubles(c, o, kind.signs, order));
                if (kind.scalar()) {
                    t.put(Mnemonic.valueOf(name + "SS"), (c, o) -> single(c, o, kind.signs, order));
                    t.put(Mnemonic.valueOf(name + "SD"), (c, o) -> dbl(c, o, kind.signs, order));
                }
            }
        }
    }

    // ---- instructions: the destination is the first of three sources, and the digits say which is factor, factor, summand

    private static void doubles(Cpu cpu, Op op, int signs, int order) {
        Guard.avx(cpu);
        long source = Simd.source(cpu, op);
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 8) {
            Raw.putLong(to + i, dbl(u, order, Raw.getLong(cpu.s + op.r0 + i), Raw.getLong(cpu.s + op.r1 + i), Raw.getLong(source + i), signs >>> (i >>> 2 & 2)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    private static void singles(Cpu cpu, Op op, int signs, int order) {
        Guard.avx(cpu);
        long source = Simd.source(cpu, op);
        long to = Simd.result(cpu);
        FloatUnit u = Sse.begin(cpu);
        for (int i = 0; i < Simd.bytes(op); i += 4) {
            Raw.putInt(to + i, single(u, order, Raw.getInt(cpu.s + op.r0 + i), Raw.getInt(cpu.s + op.r1 + i), Raw.getInt(source + i), signs >>> (i >>> 1 & 2)));
        }
        Sse.settle(cpu, u);
        Simd.commit(cpu, op);
    }

    private static void dbl(Cpu cpu, Op op, int signs, int order) {
        Guard.avx(cpu);
        long c = Simd.scalar(cpu, op, 64);
        long to = cpu.s + op.r0;
        FloatUnit u = Sse.begin(cpu);
        long r = dbl(u, order, Raw.getLong(to), Raw.getLong(cpu.s + op.r1), c, signs);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, r, Raw.getLong(to + 8));
    }

    private static void single(Cpu cpu, Op op, int signs, int order) {
        Guard.avx(cpu);
        int c = (int) Simd.scalar(cpu, op, 32);
        long to = cpu.s + op.r0;
        FloatUnit u = Sse.begin(cpu);
        int r = single(u, order, Raw.getInt(to), Raw.getInt(cpu.s + op.r1), c, signs);
        Sse.settle(cpu, u);
        Simd.set(cpu, op, Raw.getLong(to) & 0xffffffff00000000L | r & 0xffffffffL, Raw.getLong(to + 8));
    }

    private static long dbl(FloatUnit u, int order, long a, long b, long c, int signs) {
        return switch (order) {
            case 132 -> dbl(u, a, c, b, signs);
            case 213 -> dbl(u, b, a, c, signs);
            default -> dbl(u, b, c, a, signs);
        };
    }

    private static int single(FloatUnit u, int order, int a, int b, int c, int signs) {
        return switch (order) {
            case 132 -> single(u, a, c, b, signs);
            case 213 -> single(u, b, a, c, signs);
            default -> single(u, b, c, a, signs);
        };
    }

    // ---- one element; Java's own result where it is right and nothing is left to flag

    private static long dbl(FloatUnit u, long x, long y, long z, int signs) {
        if (u.plain && u.inexactKnown && Doubles.ordinary(x) && Doubles.ordinary(y) && Doubles.ordinary(z)) {
            double factor = Double.longBitsToDouble((signs & 1) != 0 ? x ^ NEGATE_DOUBLE : x);
            double summand = Double.longBitsToDouble((signs & 2) != 0 ? z ^ NEGATE_DOUBLE : z);
            long r = Double.doubleToRawLongBits(Math.fma(factor, Double.longBitsToDouble(y), summand));
            if (Doubles.settled(r)) {
                return r;
            }
        }
        int kx = Doubles.kind(u, x);
        int ky = Doubles.kind(u, y);
        int kz = Doubles.kind(u, z);
        if (((kx | ky | kz) & Extended.NAN) != 0) {
            signaling(u, kx | ky | kz);
            return Doubles.quiet((kx & Extended.NAN) != 0 ? x : (ky & Extended.NAN) != 0 ? y : z);
        }
        return Extended.fuse(u, Extended.tagOfDouble(x) ^ negate(signs), Extended.significandOfDouble(x), kx, Extended.tagOfDouble(y),
            Extended.significandOfDouble(y), ky, Extended.tagOfDouble(z) ^ negate(signs >>> 1), Extended.significandOfDouble(z), kz, DOUBLE, DOUBLE_MIN, DOUBLE_MAX)
            ? X87Transfer.packDouble(u) : Doubles.INDEFINITE;
    }

    private static int single(FloatUnit u, int x, int y, int z, int signs) {
        if (u.plain && u.inexactKnown && Singles.ordinary(x) && Singles.ordinary(y) && Singles.ordinary(z)) {
            float factor = Float.intBitsToFloat((signs & 1) != 0 ? x ^ NEGATE_SINGLE : x);
            float summand = Float.intBitsToFloat((signs & 2) != 0 ? z ^ NEGATE_SINGLE : z);
            int r = Float.floatToRawIntBits(Math.fma(factor, Float.intBitsToFloat(y), summand));
            if (Singles.settled(r)) {
                return r;
            }
        }
        int kx = Singles.kind(u, x);
        int ky = Singles.kind(u, y);
        int kz = Singles.kind(u, z);
        if (((kx | ky | kz) & Extended.NAN) != 0) {
            signaling(u, kx | ky | kz);
            return Singles.quiet((kx & Extended.NAN) != 0 ? x : (ky & Extended.NAN) != 0 ? y : z);
        }
        return Extended.fuse(u, Extended.tagOfSingle(x) ^ negate(signs), Extended.significandOfSingle(x), kx, Extended.tagOfSingle(y),
            Extended.significandOfSingle(y), ky, Extended.tagOfSingle(z) ^ negate(signs >>> 1), Extended.significandOfSingle(z), kz, SINGLE, SINGLE_MIN, SINGLE_MAX)
            ? (int) X87Transfer.packSingle(u) : Singles.INDEFINITE;
    }

    private static int negate(int sign) {
        return (sign & 1) != 0 ? Extended.SIGN : 0;
    }

    private static void signaling(FloatUnit u, int kinds) {
        if ((kinds & Extended.SIGNALING) != 0) {
            u.flags |= IE;
        }
    }
}
