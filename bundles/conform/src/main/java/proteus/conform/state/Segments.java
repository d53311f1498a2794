package proteus.conform.state;

import java.util.List;

/** The segments of cases: what Linux gives every program in its GDT, and an LDT of our own whose segments lie over the window. */
public final class Segments {
    private static final int DATA = 0x3, DATA_DOWN = 0x7, DATA_READ_ONLY = 0x1, CODE = 0xb, CODE_UNREADABLE = 0x9, CODE_CONFORMING = 0xf;
    private static final int ALL = 0xffff, FLAT = 0xf_ffff;
    /** The edge of the short segments lies between the two data pages. */
    private static final int EDGE = (int) (Window.DATA - Window.BASE) + Window.PAGE - 1;
    private static final int LDT_RING_3 = 7, LDT_BIT = 4;

    static final Segment CODE_64 = new Segment(0x33, 0, FLAT, CODE, false, true, true, true), CODE_32 = new Segment(0x23, 0, FLAT, CODE, true, true, true, false);
    /** Also the stack segment outside of cases. */
    public static final Segment DATA_FLAT = new Segment(0x2b, 0, FLAT, DATA, true, true, true, false);
    static final Segment CODE_16 = local(0, Window.BASE, ALL, CODE, false);
    static final Segment DATA_16 = local(1, Window.BASE, ALL, DATA, false), DATA_32 = local(2, Window.BASE, ALL, DATA, true);

    /** Selector divided by 8 is the index. */
    public static final List<Segment> GDT = List.of(CODE_32, DATA_FLAT, CODE_64);
    /** The LDT, in order. */
    public static final List<Segment> LDT = List.of(CODE_16, DATA_16, DATA_32, local(3, Window.BASE, ALL, CODE, true), local(4, Window.BASE, EDGE, DATA, false),
        local(5, Window.BASE, EDGE, DATA, true), local(6, Window.BASE, EDGE, DATA_DOWN, false), local(7, Window.BASE, EDGE, DATA_DOWN, true),
        local(8, Window.BASE, ALL, DATA_READ_ONLY, true), local(9, Window.BASE, ALL, CODE_UNREADABLE, true),
        new Segment(10 << 3 | LDT_RING_3, Window.BASE, ALL, DATA, true, false, false, false),
        // Linux gives conforming code only if it is not present, which the questions about descriptors do not ask
        new Segment(11 << 3 | LDT_RING_3, Window.BASE, ALL, CODE_CONFORMING, true, false, false, false),
        new Segment(12 << 3 | LDT_RING_3, Window.BASE, ALL, CODE_CONFORMING & ~2, true, true, false, false));

    /** Indices in the GDT of segments that are the system's (Linux, asm/segment.h: ring 0, TSS, LDT) or beyond its limit: no program may use them. */
    public static final List<Integer> FOREIGN = List.of(1, 2, 3, 8, 9, 10, 11, 16, 17, 63);

    private Segments() {}

    private static Segment local(int index, long base, int limit, int type, boolean big) {
        return new Segment(index << 3 | LDT_RING_3, base, limit, type, big, false, true, false);
    }

    /** The two that end between the data pages. */
    public static List<Segment> shortOnes() {
        return LDT.subList(4, 6);
    }

    public static boolean isShort(int selector) {
        return shortOnes().stream().anyMatch(segment -> segment.selector() == selector);
    }

    /** Whether a selector means the same on every Linux and on the model: null, those of programs, the LDT, and those that no program may use. */
    public static boolean isKnown(int selector) {
        return (selector & LDT_BIT) != 0 || (selector & ~3) == 0 || FOREIGN.contains(selector >> 3) || GDT.stream().anyMatch(segment -> (segment.selector() & ~3) == (selector & ~3));
    }

    /** The code segment that a far transfer to a known selector reaches, or null if it faults. */
    public static Segment code(int selector) {
        List<Segment> table = (selector & LDT_BIT) != 0 ? LDT : GDT;
        return table.stream().filter(segment -> (segment.selector() & ~3) == (selector & ~3) && segment.isCode() && segment.present()).findFirst().orElse(null);
    }

    /** Whether a far transfer to a selector reaches 64-bit code. */
    public static boolean isLongCode(int selector) {
        return isKnown(selector) && code(selector) == CODE_64;
    }

    /** The segment of a selector that a register may hold, or null for a null selector. */
    public static Segment of(int selector) {
        if ((selector & ~3) == 0) {
            return null;
        }
        if ((selector & LDT_BIT) != 0) {
            return LDT.get(selector >> 3);
        }
        return GDT.stream().filter(segment -> segment.selector() == selector).findFirst().orElseThrow();
    }
}
