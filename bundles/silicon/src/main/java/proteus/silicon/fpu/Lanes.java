package proteus.silicon.fpu;

/**
 * Packed integers in one long: 8 bytes, 4 words or 2 doublewords at a time. The width of an element is given by the mask of
 * the elements' top bits, {@link #B}, {@link #W} or {@link #D}.
 */
final class Lanes {
    static final long B = 0x8080808080808080L, W = 0x8000800080008000L, D = 0x8000000080000000L;

    private Lanes() {}

    static long add(long a, long b, long tops) {
        return (a & ~tops) + (b & ~tops) ^ (a ^ b) & tops;
    }

    static long sub(long a, long b, long tops) {
        return (a | tops) - (b & ~tops) ^ (a ^ ~b) & tops;
    }

    /** Turns top bits into elements of all ones. */
    static long spread(long tops, long mask) {
        int width = width(mask);
        return (tops << 1) - (tops >>> width - 1);
    }

    private static int width(long mask) {
        return Long.numberOfTrailingZeros(mask) + 1;
    }

    static long equal(long a, long b, long tops) {
        long x = a ^ b;
        return spread(~((x & ~tops) + ~tops | x) & tops, tops);
    }

    /** All ones where a is less than b, both unsigned: the borrow out of a - b. */
    static long below(long a, long b, long tops) {
        return spread((~a & b | ~(a ^ b) & sub(a, b, tops)) & tops, tops);
    }

    static long greater(long a, long b, long tops) {
        return below(b ^ tops, a ^ tops, tops);
    }

    static long select(long mask, long yes, long no) {
        return yes & mask | no & ~mask;
    }

    static long minUnsigned(long a, long b, long tops) {
        return select(below(a, b, tops), a, b);
    }

    static long maxUnsigned(long a, long b, long tops) {
        return select(below(a, b, tops), b, a);
    }

    static long minSigned(long a, long b, long tops) {
        return select(greater(a, b, tops), b, a);
    }

    static long maxSigned(long a, long b, long tops) {
        return select(greater(a, b, tops), a, b);
    }

    static long addUnsignedSaturated(long a, long b, long tops) {
        long sum = add(a, b, tops);
        return sum | spread((a & b | (a | b) & ~sum) & tops, tops);
    }

    static long subUnsignedSaturated(long a, long b, long tops) {
        return sub(a, b, tops) & ~below(a, b, tops);
    }

    static long addSigned(long a, long b, long tops) {
        long sum = add(a, b, tops);
        return select(spread(~(a ^ b) & (a ^ sum) & tops, tops), limit(a, tops), sum);
    }

    static long subSigned(long a, long b, long tops) {
        long difference = sub(a, b, tops);
        return select(spread((a ^ b) & (a ^ difference) & tops, tops), limit(a, tops), difference);
    }

    /** The largest number of the element's sign: 7f..ff or 80..00. */
    private static long limit(long a, long tops) {
        return ~tops + ((a & tops) >>> width(tops) - 1);
    }

    /** Average rounded up. */
    static long average(long a, long b, long tops) {
        return (a | b) - ((a ^ b) >>> 1 & ~tops);
    }

    static long absolute(long a, long tops) {
        long negative = spread(a & tops, tops);
        return sub(a ^ negative, negative, tops);
    }

    /** PSIGN: a, its negation, or 0, by the sign of b. */
    static long sign(long a, long b, long tops) {
        long negative = spread(b & tops, tops);
        return sub(a ^ negative, negative, tops) & ~equal(b, 0, tops);
    }

    // ---- multiplications, element by element

    static long word(long a, int i) {
        return (short) (a >>> 16 * i);
    }

    static long multiplyLow(long a, long b) {
        return a * b & 0xffffL | (a >>> 16) * (b >>> 16) << 16 & 0xffff0000L | (a >>> 32) * (b >>> 32) << 32 & 0xffff00000000L
            | (a >>> 48) * (b >>> 48) << 48;
    }

    static long multiplyHigh(long a, long b) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= (word(a, i) * word(b, i) >>> 16 & 0xffff) << 16 * i;
        }
        return r;
    }

    static long multiplyHighUnsigned(long a, long b) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= ((a >>> 16 * i & 0xffff) * (b >>> 16 * i & 0xffff) >>> 16) << 16 * i;
        }
        return r;
    }

    /** PMULHRSW: the middle of the product, rounded. */
    static long multiplyRounded(long a, long b) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= ((word(a, i) * word(b, i) >> 14) + 1 >> 1 & 0xffff) << 16 * i;
        }
        return r;
    }

    static long multiplyAdd(long a, long b) {
        long low = word(a, 0) * word(b, 0) + word(a, 1) * word(b, 1);
        long high = word(a, 2) * word(b, 2) + word(a, 3) * word(b, 3);
        return low & 0xffffffffL | high << 32;
    }

    /** PMADDUBSW: unsigned bytes of a times signed bytes of b, pairs added with saturation. */
    static long multiplyAddBytes(long a, long b) {
        long r = 0;
        for (int i = 0; i < 64; i += 16) {
            long sum = (a >>> i & 0xff) * (byte) (b >>> i) + (a >>> i + 8 & 0xff) * (byte) (b >>> i + 8);
            r |= (Math.clamp(sum, -32768, 32767) & 0xffffL) << i;
        }
        return r;
    }

    static long multiplyDoublewords(long a, long b) {
        return (long) (int) a * (int) b & 0xffffffffL | (a >>> 32) * (b >>> 32) << 32;
    }

    static long sumOfDifferences(long a, long b) {
        long sum = 0;
        for (int i = 0; i < 64; i += 8) {
            sum += Math.abs((a >>> i & 0xff) - (b >>> i & 0xff));
        }
        return sum;
    }

    // ---- narrowing: the elements of one long into 32 bits

    static long packSignedWords(long a) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= (Math.clamp(word(a, i), -128, 127) & 0xffL) << 8 * i;
        }
        return r;
    }

    static long packUnsignedWords(long a) {
        long r = 0;
        for (int i = 0; i < 4; i++) {
            r |= (long) Math.clamp(word(a, i), 0, 255) << 8 * i;
        }
        return r;
    }

    static long packSignedDoublewords(long a) {
        return Math.clamp((long) (int) a, -32768, 32767) & 0xffffL | (Math.clamp(a >> 32, -32768, 32767) & 0xffffL) << 16;
    }

    static long packUnsignedDoublewords(long a) {
        return (long) Math.clamp((long) (int) a, 0, 65535) | (long) Math.clamp(a >> 32, 0, 65535) << 16;
    }

    // ---- widening: 32 bits of elements with gaps, and interleaving

    /** Four bytes to the even bytes of a long. */
    static long spaceBytes(long a) {
        a = (a & 0xffffffffL | a << 16) & 0x0000ffff0000ffffL;
        return (a | a << 8) & 0x00ff00ff00ff00ffL;
    }

    static long spaceWords(long a) {
        return (a & 0xffffffffL | a << 16) & 0x0000ffff0000ffffL;
    }

    static long interleaveBytes(long a, long b) {
        return spaceBytes(a) | spaceBytes(b) << 8;
    }

    static long interleaveWords(long a, long b) {
        return spaceWords(a) | spaceWords(b) << 16;
    }

    static long interleaveDoublewords(long a, long b) {
        return a & 0xffffffffL | b << 32;
    }

    // ---- shifts; counts are unsigned and may exceed the width

    static long shiftLeft(long a, long count, long tops) {
        int width = width(tops);
        return Long.compareUnsigned(count, width) >= 0 ? 0 : a << count & low(tops) * (-1L << count & low1(width));
    }

    static long shiftRight(long a, long count, long tops) {
        int width = width(tops);
        return Long.compareUnsigned(count, width) >= 0 ? 0 : a >>> count & low(tops) * (low1(width) >>> count);
    }

    static long shiftArithmetic(long a, long count, long tops) {
        int width = width(tops);
        long n = Long.compareUnsigned(count, width) >= 0 ? width - 1 : count;
        long negative = spread(a & tops, tops);
        return shiftRight(a ^ negative, n, tops) ^ negative;
    }

    /** The lowest bit of each element. */
    private static long low(long tops) {
        return tops >>> width(tops) - 1;
    }

    private static long low1(int width) {
        return (1L << width) - 1;
    }

    static long shiftLeftQuad(long a, long count) {
        return Long.compareUnsigned(count, 64) >= 0 ? 0 : a << count;
    }

    static long shiftRightQuad(long a, long count) {
        return Long.compareUnsigned(count, 64) >= 0 ? 0 : a >>> count;
    }

    /** The top bits of the 8 bytes, gathered. */
    static int topBits(long a) {
        return (int) ((a >>> 7 & 0x0101010101010101L) * 0x0102040810204080L >>> 56);
    }
}
