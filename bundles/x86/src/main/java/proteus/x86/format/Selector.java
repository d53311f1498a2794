package proteus.x86.format;

/** Segment selectors (SDM 3A 3.4.2). */
public final class Selector {
    /** Requested privilege level; table indicator: LDT. */
    public static final int RPL = 3, TI = 4;

    private Selector() {
    }

    public static int of(int index, boolean ldt, int rpl) {
        return index << 3 | (ldt ? TI : 0) | rpl & RPL;
    }

    public static int rpl(int selector) {
        return selector & RPL;
    }

    public static boolean ldt(int selector) {
        return (selector & TI) != 0;
    }

    public static int index(int selector) {
        return (selector & 0xffff) >>> 3;
    }

    /** Offset of the descriptor in its table. */
    public static int offset(int selector) {
        return selector & 0xfff8;
    }

    /** Selectors 0 to 3: the null selector. */
    public static boolean isNull(int selector) {
        return (selector & 0xfffc) == 0;
    }

    /** The selector as an error code: RPL removed. */
    public static int errorCode(int selector) {
        return selector & 0xfffc;
    }
}
