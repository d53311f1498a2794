package proteus.conform.cases;

import java.util.List;
import java.util.stream.Stream;
import proteus.conform.state.Mode;
import proteus.conform.state.Segment;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;

/** Where operands lie: mostly in the middle of the data pages, now and then at every edge that matters. */
final class Places {
    private static final long LINE = 64;
    private static final int LDT_BIT = 4;
    /** Linux lets nobody map below (vm.mmap_min_addr), less the longest access. */
    static final int NEVER_MAPPED = 0xf000;
    /** Its sums with its multiples by 1, 2, 4 and 8 are not canonical either. */
    private static final long NOWHERE = 0x5a5aL << 48, NOWHERE_MASK = 0xffffL << 48;
    /** Nine times that is below what can be mapped. */
    private static final int NEAR_ZERO = 0x1000;

    private Places() {}

    /**
     * An address for an operand of so many bytes.
     *
     * @param mode outside of 64-bit mode an address that is never mapped takes the place of one that is not canonical
     * @param inWindow no address outside the window's 64 KiB will do
     */
    static long focus(Edges edges, Mode mode, int bytes, boolean inWindow) {
        long place = focus(edges, bytes, inWindow);
        return mode.isLong() || isWindow(place) ? place : edges.random.nextInt(NEVER_MAPPED);
    }

    private static boolean isWindow(long address) {
        return address >= Window.BASE && address < Window.BASE + Window.BYTES;
    }

    /** The same in 64-bit mode. */
    static long focus(Edges edges, int bytes, boolean inWindow) {
        int size = Math.max(bytes, 1);
        int kind = edges.random.nextInt(64);
        if (kind < 34) {
            return Window.DATA + 1024 + 64L * edges.random.nextInt(96) + (kind < 20 ? 0 : 16L * edges.random.nextInt(4));
        }
        if (kind < 50) {
            return Window.DATA + 1024 + edges.random.nextInt(6144);
        }
        if (kind < 55) {
            return Window.DATA + Window.PAGE - edges.random.nextInt(0, size + 4);
        }
        if (kind < 58) {
            return Window.DATA_END - edges.random.nextInt(1, size + 8);
        }
        if (kind == 58) {
            return Window.DATA - edges.random.nextInt(0, size + 2);
        }
        if (kind == 59 || kind == 60) {
            return Window.CONSTANTS + edges.random.nextInt(Window.PAGE - size);
        }
        if (kind == 61) {
            return Window.CONSTANTS + (edges.oneIn(2) ? Window.PAGE - edges.random.nextInt(1, size + 2) : -edges.random.nextInt(1, size + 2));
        }
        if (kind == 62 || inWindow) {
            return Window.DATA_END + 1024 + edges.random.nextInt(1024);
        }
        // not canonical
        return edges.random.nextLong() << 1 & 0x0000_7fff_ffff_fff8L | 0x1234_8000_0000_0000L ^ (long) edges.random.nextInt(2) << 63;
    }

    /** The same, and so that the operand stays in one line of the cache: a locked access across lines takes the host milliseconds. */
    static long lockedFocus(Edges edges, Mode mode, int bytes) {
        long address = focus(edges, mode, bytes, false);
        return (address & LINE - 1) + bytes > LINE ? address & -LINE : address;
    }

    /** A selector: of any segment, also of none; mostly one that fits. */
    static int selector(Edges edges, boolean code) {
        if (edges.oneIn(12)) {
            int index = switch (edges.random.nextInt(3)) {
                case 0 -> 0;
                case 1 -> edges.random.nextInt(Segments.LDT.size(), 0x2000) << 3 | LDT_BIT;
                default -> Segments.FOREIGN.get(edges.random.nextInt(Segments.FOREIGN.size())) << 3;
            };
            return index | edges.random.nextInt(4);
        }
        List<Segment> all = Stream.concat(Segments.LDT.stream(), Segments.GDT.stream()).filter(segment -> edges.oneIn(4) || segment.isCode() == code).toList();
        int selector = all.isEmpty() ? 0 : all.get(edges.random.nextInt(all.size())).selector();
        return edges.oneIn(8) ? selector & ~3 | edges.random.nextInt(4) : selector;
    }

    /** Where a far transfer through a selector may go, as seen from its segment. */
    static long farOffset(Edges edges, int selector) {
        Segment segment = Segments.isKnown(selector) ? Segments.code(selector) : null;
        return tail(edges, edges.random.nextInt(Window.SLOTS)) - (segment == null ? Window.BASE : segment.base());
    }

    /** A register that leads nowhere, as base or index, scaled, with 32-bit addresses or 64-bit ones: not canonical, and near 0 when truncated. */
    static long nowhere(Edges edges) {
        return NOWHERE | (long) edges.random.nextInt(0x1_0000) << 32 | edges.random.nextInt(1, NEAR_ZERO);
    }

    static boolean isNowhere(long value) {
        return (value & NOWHERE_MASK) == NOWHERE && (int) value >= 0 && (int) value < NEAR_ZERO;
    }

    /** A breakpoint behind the instruction of a slot: where a branch may go. */
    static long tail(Edges edges, int slot) {
        return Window.slot(slot) + edges.random.nextInt(Window.SLOT_TAIL, Window.SLOT);
    }
}
