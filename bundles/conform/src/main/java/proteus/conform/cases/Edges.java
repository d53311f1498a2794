package proteus.conform.cases;

import java.util.SplittableRandom;

/** Random numbers as tests want them: often at an edge of a format, now and then anything. */
final class Edges {
    private static final int[] SINGLES = {0, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0xffbf_ffff,
        0x7fff_ffff, 1, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x7f7f_ffff, 0xff7f_ffff, 0x4f00_0000, 0xcf00_0000, 0x4eff_ffff, 0x5f00_0000, 0xdf00_0000,
        0x3f00_0000, 0x4000_0000, 0x4b80_0000, 0x3fc0_0000, 0x7fa0_0000, 0x0040_0000};
    private static final long[] DOUBLES = {0, 1L << 63, 0x3ff0L << 48, 0xbff0L << 48, 0x7ff0L << 48, 0xfff0L << 48, 0x7ff8L << 48, 0xfff8L << 48, 0x7ff0_0000_0000_0001L,
        0xfff7_ffff_ffff_ffffL, 1, 0x8000_0000_0000_0001L, 0x000f_ffff_ffff_ffffL, 0x0010_0000_0000_0000L, 0x7fef_ffff_ffff_ffffL, 0xffef_ffff_ffff_ffffL,
        0x41e0_0000_0000_0000L, 0xc1e0_0000_0000_0000L, 0x41df_ffff_ffe0_0000L, 0x43e0_0000_0000_0000L, 0xc3e0_0000_0000_0000L, 0x3fe0_0000_0000_0000L,
        0x47ef_ffff_e000_0000L, 0x3810_0000_0000_0000L, 0x36a0_0000_0000_0000L, 0x47f0_0000_0000_0000L, 0x7ff4_0000_0000_0000L};
    private static final long TOP = 1L << 63;
    private static final int BIAS = 0x3fff;

    final SplittableRandom random;

    Edges(long seed) {
        random = new SplittableRandom(seed);
    }

    boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    long integer() {
        return switch (random.nextInt(16)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 1;
            case 3 -> 1L << random.nextInt(64);
            case 4 -> (1L << random.nextInt(64)) - 1;
            case 5 -> (1L << random.nextInt(64)) + 1;
            case 6 -> -(1L << random.nextInt(64));
            case 7 -> random.nextInt(-128, 128);
            case 8 -> random.nextInt();
            case 9 -> random.nextInt() & 0xffff_ffffL;
            case 10 -> (random.nextInt() & 0xffL) * 0x0101_0101_0101_0101L;
            case 11 -> random.nextLong() >> random.nextInt(64);
            case 12 -> lanes16();
            default -> random.nextLong();
        };
    }

    private long lanes16() {
        long value = 0;
        for (int i = 0; i < 4; i++) {
            int lane = switch (random.nextInt(6)) {
                case 0 -> 0x7fff;
                case 1 -> 0x8000;
                case 2 -> 0xffff;
                case 3 -> 0;
                case 4 -> random.nextInt(-256, 256);
                default -> random.nextInt();
            };
            value = value << 16 | lane & 0xffff;
        }
        return value;
    }

    int single() {
        return switch (random.nextInt(8)) {
            case 0, 1 -> SINGLES[random.nextInt(SINGLES.length)];
            case 2 -> random.nextInt();
            case 3 -> random.nextInt() & 0x807f_ffff | random.nextInt(0, 3) << 23;
            case 4 -> Float.floatToRawIntBits(random.nextInt(-1000, 1000));
            case 5 -> random.nextInt() & 0x8000_ffff | random.nextInt(100, 160) << 23;
            default -> random.nextInt() & 0x807f_ffff | random.nextInt(96, 192) << 23;
        };
    }

    long twoSingles() {
        return single() & 0xffff_ffffL | (long) single() << 32;
    }

    long real() {
        return switch (random.nextInt(8)) {
            case 0, 1 -> DOUBLES[random.nextInt(DOUBLES.length)];
            case 2 -> random.nextLong();
            case 3 -> random.nextLong() & 0x800f_ffff_ffff_ffffL | (long) random.nextInt(0, 3) << 52;
            case 4 -> Double.doubleToRawLongBits(random.nextInt(-100_000, 100_000));
            case 5 -> random.nextLong() & 0x8000_ffff_0000_0000L | (long) random.nextInt(0x3c0, 0x440) << 52;
            default -> random.nextLong() & 0x800f_ffff_ffff_ffffL | (long) random.nextInt(0x3c0, 0x440) << 52;
        };
    }

    /** Sign and exponent of a number in double extended format that goes with {@link #significand}. */
    int exponent(int kind) {
        int sign = random.nextBoolean() ? 0x8000 : 0;
        return sign | switch (kind) {
            case 0, 2 -> 0;
            case 1 -> 0x7fff;
            case 3 -> random.nextInt(0x8000);
            case 4 -> BIAS + random.nextInt(-70, 70);
            case 5 -> oneIn(2) ? random.nextInt(1, 80) : 0x7fff - random.nextInt(1, 80);
            case 6 -> BIAS + random.nextInt(0, 64);
            default -> BIAS + random.nextInt(-20, 20);
        };
    }

    /** Of the kinds: 0 zero, 1 infinity or NaN, 2 denormal, 3 anything, even unsupported, 4 normal, 5 near the ends, 6 integer, 7 few bits. */
    long significand(int kind) {
        return switch (kind) {
            case 0 -> 0;
            case 1 -> switch (random.nextInt(4)) {
                case 0, 1 -> TOP;
                case 2 -> TOP | random.nextLong();
                default -> TOP | random.nextLong() & ~(1L << 62);
            };
            case 2 -> oneIn(3) ? 1L << random.nextInt(64) : random.nextLong() >>> random.nextInt(64);
            case 3 -> random.nextLong();
            case 4, 5 -> oneIn(6) ? -1L << random.nextInt(64) | TOP : TOP | random.nextLong();
            case 6 -> TOP | random.nextLong() << random.nextInt(64);
            default -> TOP | (random.nextLong() & 0xffL) << 56;
        };
    }

    int extendedKind() {
        int kind = random.nextInt(24);
        return kind < 8 ? kind : kind < 14 ? 4 : kind < 17 ? 6 : kind < 20 ? 5 : 7;
    }

    byte[] page(int bytes) {
        byte[] page = new byte[bytes];
        for (int i = 0; i < bytes; i += 8) {
            long value = switch (random.nextInt(3)) {
                case 0 -> integer();
                case 1 -> twoSingles();
                default -> real();
            };
            for (int k = 0; k < 8; k++) {
                page[i + k] = (byte) (value >> 8 * k);
            }
        }
        return page;
    }
}
