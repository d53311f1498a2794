package proteus.x86.format;

/**
 * Segment descriptors as they lie in GDT and LDT (SDM 3A 3.4.5, 3.5): eight bytes in a long, system descriptors of long mode
 * with a second long. Attributes travel as <em>access rights</em> in the layout the VMCS uses (SDM 3C table 24-2): type 0..3,
 * S 4, DPL 5..6, P 7, AVL 12, L 13, D/B 14, G 15, unusable 16. That is bits 40..55 of the descriptor without limit 16..19.
 */
public final class SegmentDescriptor {
    /** Access-rights bits. */
    public static final int TYPE = 0xf, S = 1 << 4, DPL = 3 << 5, P = 1 << 7, AVL = 1 << 12, L = 1 << 13, DB = 1 << 14, G = 1 << 15, UNUSABLE = 1 << 16;
    public static final int DPL_SHIFT = 5;
    /** Type bits of code and data segments (S set). */
    public static final int ACCESSED = 1, WRITABLE = 2, READABLE = 2, EXPAND_DOWN = 4, CONFORMING = 4, CODE = 8;
    /** System types (S clear). In long mode the 16-bit ones do not exist and 9, 11 are the 64-bit TSS. */
    public static final int TSS16_AVAILABLE = 1, LDT = 2, TSS16_BUSY = 3, CALL_GATE16 = 4, TASK_GATE = 5, INTERRUPT_GATE16 = 6, TRAP_GATE16 = 7,
        TSS_AVAILABLE = 9, TSS_BUSY = 11, CALL_GATE = 12, INTERRUPT_GATE = 14, TRAP_GATE = 15;
    /** In a TSS type: the busy bit. */
    public static final int BUSY = 2;
    /** Bit of the accessed flag in the descriptor, and of the busy flag. */
    public static final long ACCESSED_BIT = 1L << 40, BUSY_BIT = 1L << 41;

    private static final long RIGHTS = 0xf0ff;

    private SegmentDescriptor() {
    }

    /** Base address, 32 bits. */
    public static long base(long descriptor) {
        return descriptor >>> 16 & 0xff_ffffL | descriptor >>> 32 & 0xff00_0000L;
    }

    /** Base address of a 16-byte system descriptor of long mode. */
    public static long base(long low, long high) {
        return base(low) | high << 32;
    }

    /** The 20-bit limit as it stands. */
    public static int rawLimit(long descriptor) {
        return (int) (descriptor & 0xffff | descriptor >>> 32 & 0xf_0000);
    }

    /** The limit in bytes with granularity applied, 0..0xffffffff. */
    public static long limit(long descriptor) {
        long raw = rawLimit(descriptor);
        return (descriptor >>> 55 & 1) != 0 ? raw << 12 | 0xfff : raw;
    }

    /** The access rights. */
    public static int rights(long descriptor) {
        return (int) (descriptor >>> 40 & RIGHTS);
    }

    public static int type(int rights) {
        return rights & TYPE;
    }

    public static int dpl(int rights) {
        return rights >>> DPL_SHIFT & 3;
    }

    public static boolean present(int rights) {
        return (rights & P) != 0;
    }

    /** A code or data segment, not a system segment or gate. */
    public static boolean isSegment(int rights) {
        return (rights & S) != 0;
    }

    public static boolean isCode(int rights) {
        return (rights & (S | CODE)) == (S | CODE);
    }

    public static boolean isConforming(int rights) {
        return (rights & (S | CODE | CONFORMING)) == (S | CODE | CONFORMING);
    }

    /** A data segment, or a readable code segment. */
    public static boolean isReadable(int rights) {
        return (rights & S) != 0 && (rights & (CODE | READABLE)) != CODE;
    }

    public static boolean isWritable(int rights) {
        return (rights & (S | CODE | WRITABLE)) == (S | WRITABLE);
    }

    public static boolean isExpandDown(int rights) {
        return (rights & (S | CODE | EXPAND_DOWN)) == (S | EXPAND_DOWN);
    }

    /**
     * Builds a descriptor.
     *
     * @param limit the raw 20-bit limit: bytes, or pages minus one when rights has {@link #G}
     */
    public static long of(long base, int limit, int rights) {
        return limit & 0xffffL | (limit & 0xf_0000L) << 32 | (base & 0xff_ffffL) << 16 | (base & 0xff00_0000L) << 32 | (rights & RIGHTS) << 40;
    }

    /** The second long of a 16-byte system descriptor. */
    public static long highOf(long base) {
        return base >>> 32;
    }

    /** In words, such as {@code "code32 DPL3 base=0 limit=ffffffff"}. */
    public static String describe(long descriptor) {
        int rights = rights(descriptor);
        String kind;
        if (!isSegment(rights)) {
            kind = "system type " + type(rights);
        } else if (isCode(rights)) {
            kind = "code" + ((rights & L) != 0 ? "64" : (rights & DB) != 0 ? "32" : "16") + (isConforming(rights) ? " conforming" : "")
                + (isReadable(rights) ? "" : " execute-only");
        } else {
            kind = "data" + ((rights & DB) != 0 ? "32" : "16") + (isWritable(rights) ? "" : " read-only") + (isExpandDown(rights) ? " expand-down" : "");
        }
        return "%s DPL%d base=%x limit=%x%s".formatted(kind, dpl(rights), base(descriptor), limit(descriptor), present(rights) ? "" : " not present");
    }
}
