package proteus.conform.state;

/** The modes in which a program can run on a 64-bit system: 64-bit mode, and 32-bit and 16-bit segments in compatibility mode. */
public enum Mode {
    LONG(64, Segments.CODE_64, null), PROTECTED(32, Segments.CODE_32, Segments.DATA_FLAT), SIXTEEN(16, Segments.CODE_16, Segments.DATA_16);

    /** Code size. */
    public final int bits;
    /** CS before a case. */
    public final Segment code;

    /** What data segment registers mostly hold; null in 64-bit mode. */
    public final Segment data;

    Mode(int bits, Segment code, Segment data) {
        this.bits = bits;
        this.code = code;
        this.data = data;
    }

    /** Name on the command line and in reports. */
    public String label() {
        return Integer.toString(bits);
    }

    public boolean isLong() {
        return this == LONG;
    }

    /** What of a general register there is. */
    public long registerMask() {
        return isLong() ? -1 : 0xffff_ffffL;
    }

    /** Where an instruction at a linear address is, seen from CS. */
    public long offset(long linear) {
        return isLong() ? linear : linear - code.base() & 0xffff_ffffL;
    }
}
