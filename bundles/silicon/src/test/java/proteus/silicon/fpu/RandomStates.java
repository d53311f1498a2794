package proteus.silicon.fpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import proteus.silicon.cpu.Raw;

/** States to execute instructions on: edge values of every format, their neighbours, and noise; operands often related to each other. */
final class RandomStates {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** What the vector registers mostly hold. */
    enum Elements { INTEGERS, SINGLES, DOUBLES }

    private final SplittableRandom random;

    RandomStates(long seed) {
        random = new SplittableRandom(seed);
    }

    /**
     * Fills one state.
     *
     * @param faults some exceptions may be unmasked
     * @param escape opcode of an x87 instruction, for its memory operand; else 0
     */
    void fill(MemorySegment states, long at, Elements elements, boolean faults, int escape, int memoryBytes) {
        control(states, at, faults);
        int kind = random.nextInt(8);
        for (int i = 0; i < 8; i++) {
            extended(states, at + 32 + 16 * i, kind);
        }
        relateStack(states, at);
        for (int i = 0; i < 16; i++) {
            states.set(LONG, at + 160 + 16 * i, element(elements));
            states.set(LONG, at + 168 + 16 * i, element(elements));
            states.set(LONG, at + NativeCpu.HIGH_HALVES + 16 * i, element(elements));
            states.set(LONG, at + NativeCpu.HIGH_HALVES + 8 + 16 * i, element(elements));
        }
        states.set(LONG, at + NativeCpu.HEADER, NativeCpu.COMPONENTS);
        if (random.nextInt(4) == 0) {
            // registers 1 and 2 are the operands: the same, or nearly
            states.set(LONG, at + 192, states.get(LONG, at + 176) + random.nextInt(-1, 2));
            states.set(LONG, at + 200, states.get(LONG, at + 184) ^ (long) random.nextInt(2) << 63);
        }
        for (int i = 0; i < 4; i++) {
            states.set(LONG, at + NativeCpu.GPRS + 8 * i, integer());
        }
        states.set(LONG, at + NativeCpu.FLAGS, random.nextInt() & 0x8d5L | 0x202);
        states.set(LONG, at + NativeCpu.VECTOR, 0);
        for (int i = 0; i < memoryBytes; i += 8) {
            states.set(LONG, at + NativeCpu.MEMORY + i, element(elements));
        }
        memory(states, at, escape);
    }

    private void control(MemorySegment states, long at, boolean faults) {
        int rounding = random.nextInt(3) == 0 ? random.nextInt(4) : 0;
        int precision = random.nextInt(3) == 0 ? random.nextInt(4) : 3;
        int masks = faults && random.nextInt(4) == 0 ? random.nextInt(64) : 0x3f;
        int top = random.nextInt(8);
        int sticky = random.nextInt(64) & masks & (random.nextBoolean() ? 0 : 0x3f);
        int tags = random.nextInt(4) == 0 ? random.nextInt(256) & random.nextInt(256) : random.nextInt(2) == 0 ? 0xff : ~(1 << (top + 7 & 7)) & 0xff;
        states.set(SHORT, at, (short) (0x40 | masks | precision << 8 | rounding << 10));
        states.set(SHORT, at + 2, (short) (sticky | random.nextInt(2) << 6 | top << 11 | random.nextInt() & 0x4700));
        states.set(SHORT, at + 4, (short) tags);
        states.set(SHORT, at + 6, (short) (random.nextInt() & 0x7ff));
        states.set(LONG, at + 8, 0x1234);
        states.set(LONG, at + 16, 0x5678);
        masks = faults && random.nextInt(4) == 0 ? random.nextInt(64) : 0x3f;
        int mxcsr = masks << 7 | random.nextInt(64) & (random.nextBoolean() ? 0x3f : random.nextInt(64));
        if (random.nextBoolean()) {
            mxcsr |= random.nextInt(4) << 13 | random.nextInt(2) << 15 | random.nextInt(2) << 6;
        }
        states.set(INT, at + 24, mxcsr);
        states.set(INT, at + 28, 0xffff);
    }

    /** A random significand: noise, few bits set, or nearly all ones. */
    private long significand() {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> 1L << random.nextInt(64);
            case 2 -> -1L << random.nextInt(64);
            case 3 -> -1L >>> random.nextInt(64);
            case 4 -> random.nextLong() & random.nextLong() & random.nextLong();
            default -> random.nextLong();
        };
    }

    private void extended(MemorySegment states, long at, int kind) {
        int sign = random.nextInt(2) << 15;
        long significand = significand() | 1L << 63;
        int exponent;
        switch (random.nextInt(kind < 5 ? 12 : 24)) {
            case 0 -> {
                exponent = 0;
                significand = random.nextInt(3) == 0 ? 0 : significand() & (random.nextInt(4) == 0 ? -1 : Long.MAX_VALUE);
            }
            case 1 -> {
                exponent = 0x7fff;
                if (random.nextInt(3) == 0) {
                    significand = 1L << 63;
                }
                if (random.nextInt(8) == 0) {
                    significand = significand();
                }
            }
            case 2 -> exponent = random.nextInt(3);
            case 3 -> exponent = 0x7ffe - random.nextInt(3);
            case 4 -> {
                exponent = random.nextInt(0x8000);
                if (random.nextInt(8) == 0) {
                    significand = significand();
                }
            }
            case 5 -> {
                exponent = 0;
                significand = 0;
            }
            case 6 -> exponent = 16383 - 1075 + random.nextInt(80);
            case 7 -> exponent = 16383 + 1000 + random.nextInt(30);
            case 8 -> exponent = 16383 - 155 + random.nextInt(34);
            default -> exponent = 16383 - 70 + random.nextInt(140);
        }
        states.set(LONG, at, significand);
        states.set(LONG, at + 8, sign | exponent);
    }

    /** Makes other registers near ST(0) now and then. */
    private void relateStack(MemorySegment states, long at) {
        if (random.nextInt(3) == 0) {
            long significand = states.get(LONG, at + 32);
            int tag = states.get(SHORT, at + 40) & 0xffff;
            for (int i = 1; i < 8; i++) {
                if (random.nextBoolean()) {
                    int exponent = Math.clamp((tag & 0x7fff) + random.nextInt(-70, 71) * random.nextInt(2), 0, 0x7fff);
                    states.set(LONG, at + 32 + 16 * i, random.nextBoolean() ? significand : significand + random.nextInt(-2, 3));
                    states.set(LONG, at + 40 + 16 * i, exponent | (random.nextBoolean() ? tag & 0x8000 : 0x8000));
                }
            }
        }
    }

    private long integer() {
        return switch (random.nextInt(5)) {
            case 0 -> random.nextInt(-70, 70);
            case 1 -> significand();
            case 2 -> significand() + random.nextInt(-2, 3);
            default -> random.nextLong();
        };
    }

    private long element(Elements elements) {
        if (random.nextInt(16) == 0) {
            return integer();
        }
        return switch (elements) {
            case INTEGERS -> packed();
            case SINGLES -> single() & 0xffffffffL | (long) single() << 32;
            case DOUBLES -> dbl();
        };
    }

    /** Bytes, words or doublewords near their limits. */
    private long packed() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextLong() & 0x8181818181818181L | random.nextLong() & 0x0100010001000100L;
            case 2 -> 0x7fff80007fff8000L ^ random.nextLong() & 0x0003000300030003L;
            default -> integer();
        };
    }

    private int single() {
        int sign = random.nextInt() & 0x80000000;
        int fraction = (int) (significand() >>> 41) & 0x7fffff;
        int exponent = switch (random.nextInt(12)) {
            case 0 -> 0;
            case 1 -> 255;
            case 2 -> 1 + random.nextInt(3);
            case 3 -> 254 - random.nextInt(3);
            case 4 -> random.nextInt(256);
            case 5 -> 127 + 20 + random.nextInt(50);
            default -> 127 - 15 + random.nextInt(40);
        };
        if (random.nextInt(10) == 0) {
            fraction = 0;
        }
        return sign | exponent << 23 | fraction;
    }

    private long dbl() {
        long sign = random.nextLong() & Long.MIN_VALUE;
        long fraction = significand() >>> 12 & 0xfffffffffffffL;
        if (random.nextInt(4) == 0) {
            fraction &= -1L << 29;
        }
        long exponent = switch (random.nextInt(14)) {
            case 0 -> 0;
            case 1 -> 2047;
            case 2 -> 1 + random.nextInt(3);
            case 3 -> 2046 - random.nextInt(3);
            case 4 -> random.nextInt(2048);
            case 5 -> 1023 - 155 + random.nextInt(40);
            case 6 -> 1023 + 120 + random.nextInt(12);
            case 7 -> 1023 + 20 + random.nextInt(50);
            default -> 1023 - 40 + random.nextInt(100);
        };
        if (random.nextInt(10) == 0) {
            fraction = 0;
        }
        return sign | exponent << 52 | fraction;
    }

    /** x87 memory operands: something of every format at the operand's place. */
    private void memory(MemorySegment states, long at, int escape) {
        long to = at + NativeCpu.MEMORY;
        switch (escape) {
            case 0xd8, 0xd9 -> states.set(LONG, to, single() & 0xffffffffL);
            case 0xdc, 0xdd -> states.set(LONG, to, dbl());
            case 0xda, 0xde, 0xdf -> {
                states.set(LONG, to, integer());
                states.set(LONG, to + 8, integer());
                if (random.nextBoolean()) {
                    decimal(states, to);
                }
            }
            case 0xdb -> {
                extended(states, to, 0);
                if (random.nextBoolean()) {
                    states.set(LONG, to, integer());
                }
            }
            default -> {
            }
        }
    }

    private void decimal(MemorySegment states, long to) {
        for (int i = 0; i < 9; i++) {
            states.set(ValueLayout.JAVA_BYTE, to + i, (byte) (random.nextInt(10) | random.nextInt(10) << 4));
        }
        states.set(ValueLayout.JAVA_BYTE, to + 9, (byte) (random.nextInt(2) << 7));
    }

    /** Operands of FMA of which the product and the summand nearly cancel; the registers are 1, 2 and 3. */
    static void cancel(long at, int i, boolean singles) {
        if (i % 3 == 0) {
            return;
        }
        int sum = 1 + i % 9 / 3;
        int x = sum == 1 ? 2 : 1;
        int y = sum == 3 ? 2 : 3;
        for (int k = 0; k < 32; k += singles ? 4 : 8) {
            long base = at + (k < 16 ? 160 + k : NativeCpu.HIGH_HALVES + k - 16);
            long off = i % 5 - 2;
            if (singles) {
                float product = Float.intBitsToFloat(Raw.getInt(base + 16 * x)) * Float.intBitsToFloat(Raw.getInt(base + 16 * y));
                Raw.putInt(base + 16 * sum, Float.floatToRawIntBits(i % 2 == 0 ? product : -product) + (int) off);
            } else {
                double product = Double.longBitsToDouble(Raw.getLong(base + 16 * x)) * Double.longBitsToDouble(Raw.getLong(base + 16 * y));
                Raw.putLong(base + 16 * sum, Double.doubleToRawLongBits(i % 2 == 0 ? product : -product) + off);
            }
        }
    }

    /** Indices of a gather, in register 2, that stay in the memory operand with every scale. */
    static void indices(long at, boolean quadwords) {
        for (int k = 0; k < 32; k += 8) {
            long to = at + 32 + (k < 16 ? 160 + k : NativeCpu.HIGH_HALVES + k - 16);
            Raw.putLong(to, Raw.getLong(to) & (quadwords ? 7 : 0x0000000700000007L));
        }
    }
}
