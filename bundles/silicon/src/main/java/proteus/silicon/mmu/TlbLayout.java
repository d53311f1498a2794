package proteus.silicon.mmu;

/**
 * Where things stand in a context of the TLB, for engines that probe it in line. An access of {@code n} bytes at {@code va} hits
 * if {@code va - tag}, unsigned, is at most {@code 4096 - n}; the tag is that of reads or of writes.
 */
public final class TlbLayout {
    /** Entries of a context, direct-mapped by the low bits of the page number. */
    public static final int ENTRIES = 4096;
    public static final int ENTRY_BYTES = 32;
    /** The page's linear address if it may be read, the same if it may be written; else an address that leads to another entry. */
    public static final int READ_TAG = 0, WRITE_TAG = 8;
    /** What to add to a linear address of the page to get the host-virtual one, and the host-virtual address of the page. */
    public static final int ADDEND = 16, HOST_PAGE = 24;
    /** Attributes of the entries, 8 bytes each, behind the entries. */
    static final int ATTRIBUTES = ENTRIES * ENTRY_BYTES;
    /** Room behind a context for an engine's own table: code by linear address, which depends on the same privilege. */
    public static final int ENGINE = ATTRIBUTES + ENTRIES * 8;
    public static final int ENGINE_BYTES = 1 << 17;
    static final int CONTEXT_BYTES = ENGINE + ENGINE_BYTES;

    private TlbLayout() {}
}
