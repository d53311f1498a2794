package proteus.x86.format;

/** Call, interrupt, trap and task gates (SDM 3A 5.8.3, 6.11, 6.14.1, 7.2.5). The types are those of {@link SegmentDescriptor}. */
public final class GateDescriptor {
    private GateDescriptor() {
    }

    public static int selector(long gate) {
        return (int) (gate >>> 16) & 0xffff;
    }

    /** Offset of a 16- or 32-bit gate; the type decides whether the high half counts. */
    public static long offset(long gate) {
        return gate & 0xffff | gate >>> 32 & 0xffff_0000L;
    }

    /** Offset of a 16-byte gate of long mode. */
    public static long offset(long low, long high) {
        return offset(low) | high << 32;
    }

    /** Type and attributes in the layout of {@link SegmentDescriptor#rights}. */
    public static int rights(long gate) {
        return (int) (gate >>> 40) & 0xff;
    }

    public static int type(long gate) {
        return (int) (gate >>> 40) & 0xf;
    }

    public static int dpl(long gate) {
        return (int) (gate >>> 45) & 3;
    }

    public static boolean present(long gate) {
        return (gate >>> 47 & 1) != 0;
    }

    /** Parameters a call gate copies: words or double words. */
    public static int parameterCount(long gate) {
        return (int) (gate >>> 32) & 0x1f;
    }

    /** Interrupt stack table index of a gate of long mode, 0 for none. */
    public static int ist(long gate) {
        return (int) (gate >>> 32) & 7;
    }

    /** Builds a gate, or the low long of a 16-byte one. {@code count} is the parameter count or the IST index. */
    public static long of(int selector, long offset, int type, int dpl, int count) {
        return offset & 0xffff | (selector & 0xffffL) << 16 | (count & 0x1fL) << 32 | (type & 0xfL) << 40 | (dpl & 3L) << 45 | 1L << 47
            | (offset & 0xffff_0000L) << 32;
    }

    /** The high long of a 16-byte gate. */
    public static long highOf(long offset) {
        return offset >>> 32;
    }
}
