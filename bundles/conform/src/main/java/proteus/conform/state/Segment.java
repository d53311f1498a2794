package proteus.conform.state;

/**
 * A segment that programs may load (SDM vol. 3A, 3.4.5).
 *
 * @param limit as the descriptor has it: 20 bits, in bytes or in pages
 * @param type of the descriptor: bit 3 code, bit 2 expand-down or conforming, bit 1 writable or readable, bit 0 accessed
 * @param big D/B
 * @param pages G
 * @param longMode L
 */
public record Segment(int selector, long base, int limit, int type, boolean big, boolean pages, boolean present, boolean longMode) {
    private static final int CODE = 8, EXPAND_DOWN = 4, WRITABLE = 2, USER_SEGMENT = 0x70, PRESENT = 0x80;
    private static final int AVL = 1 << 12, L = 1 << 13, D = 1 << 14, G = 1 << 15;
    private static final int IN_LDT = 4;

    public boolean isCode() {
        return (type & CODE) != 0;
    }

    /** Whether SS may be loaded with it. */
    public boolean isStack() {
        return (type & (CODE | WRITABLE)) == WRITABLE && present;
    }

    /** Whether a data segment register may be loaded with it. */
    public boolean isData() {
        return ((type & CODE) == 0 || (type & WRITABLE) != 0) && present && !longMode;
    }

    boolean inLdt() {
        return (selector & IN_LDT) != 0;
    }

    /** Limit in bytes. */
    public long limitBytes() {
        return pages ? (long) limit << 12 | 0xfff : limit;
    }

    /** Whether an access of so many bytes is within the limit (SDM vol. 3A, 5.3). */
    public boolean contains(long offset, int bytes) {
        long last = offset + bytes - 1;
        boolean expandDown = !isCode() && (type & EXPAND_DOWN) != 0;
        return expandDown ? offset > limitBytes() && last <= (big ? 0xffff_ffffL : 0xffffL) : last <= limitBytes();
    }

    /** Rights in VMX format (SDM vol. 3C, table 25-2); AVL as Linux sets it in an LDT. */
    public int rights() {
        return type | USER_SEGMENT | (present ? PRESENT : 0) | (inLdt() ? AVL : 0) | (longMode ? L : 0) | (big ? D : 0) | (pages ? G : 0);
    }

    /** The descriptor in memory. */
    public long descriptor() {
        long rights = rights();
        return limit & 0xffffL | (base & 0xff_ffffL) << 16 | (rights & 0xff) << 40 | (limit >> 16 & 0xfL) << 48 | (rights >> 12 & 0xf) << 52 | (base >> 24 & 0xff) << 56;
    }
}
