package proteus.io.virtio.core;

/** 64-bit values that a transport shows in two registers of 32 bits. */
public final class Words {
    private Words() {}

    /** A word of a value; what is beyond its two is 0. */
    public static long word(long value, int which) {
        return which == 0 || which == 1 ? value >>> 32 * which & 0xffff_ffffL : 0;
    }

    /** The value with one of its words replaced. */
    public static long replaced(long value, int which, int word) {
        return value & ~(0xffff_ffffL << 32 * which) | (word & 0xffff_ffffL) << 32 * which;
    }
}
