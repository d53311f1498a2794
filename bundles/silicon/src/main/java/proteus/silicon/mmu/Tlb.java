package proteus.silicon.mmu;

import java.lang.foreign.Arena;
import proteus.silicon.cpu.Raw;

/**
 * The modelled TLB: direct-mapped, one set of entries per access context, off-heap so that every engine can probe it in line.
 * An entry holds the page's linear address if it may be read, the same if it may be written, what to add to a linear address
 * to get the host-virtual one, and page attributes. A tag that is not in use is -1, which equals no page's address.
 */
final class Tlb implements AutoCloseable {
    /** Entries of a context. */
    static final int ENTRIES = 1024;
    static final int ENTRY_BYTES = 32;
    static final int READ_TAG = 0, WRITE_TAG = 8, ADDEND = 16, META = 24;
    /**
     * Contexts: data accesses of the supervisor, of the supervisor under SMAP, of the user, one that is never filled so that each
     * access takes the slow path; instruction fetches of the supervisor and of the user.
     */
    static final int SUPERVISOR = 0, SUPERVISOR_SMAP = 1, USER = 2, CAREFUL = 3, FETCH_SUPERVISOR = 4, FETCH_USER = 5;
    static final int CONTEXTS = 6;
    /** Meta: the translation is global; the page is larger than 4 KiB (its shift in bits 15:8). */
    static final long GLOBAL = 1;
    private static final long NONE = -1;

    private final Arena arena = Arena.ofShared();
    private final long base;
    private boolean largePages;

    Tlb() {
        base = arena.allocate((long) CONTEXTS * ENTRIES * ENTRY_BYTES, 64).address();
        flush(true);
    }

    /** Host-virtual base of a context's entries. */
    long context(int context) {
        return base + (long) context * ENTRIES * ENTRY_BYTES;
    }

    /** Offset of the entry for a linear address. */
    static long slot(long gva) {
        return gva >>> 7 & (ENTRIES - 1L << 5);
    }

    void fill(int context, long gva, boolean read, boolean write, long hostPage, boolean global, int pageShift) {
        long entry = context(context) + slot(gva);
        long page = gva & -4096L;
        long oldPage = Raw.getLong(entry + READ_TAG);
        Raw.putLong(entry + READ_TAG, read ? page : oldPage == page ? page : NONE);
        Raw.putLong(entry + WRITE_TAG, write ? page : NONE);
        Raw.putLong(entry + ADDEND, hostPage - page);
        Raw.putLong(entry + META, (global ? GLOBAL : 0) | (long) pageShift << 8);
        largePages |= pageShift > 12;
    }

    /** Forgets everything, or everything that is not global. */
    void flush(boolean globalsToo) {
        long end = base + (long) CONTEXTS * ENTRIES * ENTRY_BYTES;
        for (long entry = base; entry < end; entry += ENTRY_BYTES) {
            if (globalsToo || (Raw.getLong(entry + META) & GLOBAL) == 0) {
                drop(entry);
            }
        }
        largePages &= !globalsToo;
    }

    /** INVLPG: the page of this address, all of it if it is large. */
    void invalidate(long gva) {
        long page = gva & -4096L;
        for (int c = 0; c < CONTEXTS; c++) {
            long entry = context(c) + slot(gva);
            if (Raw.getLong(entry + READ_TAG) == page || Raw.getLong(entry + WRITE_TAG) == page) {
                drop(entry);
            }
        }
        if (!largePages) {
            return;
        }
        long end = base + (long) CONTEXTS * ENTRIES * ENTRY_BYTES;
        for (long entry = base; entry < end; entry += ENTRY_BYTES) {
            int shift = (int) (Raw.getLong(entry + META) >>> 8) & 0xff;
            long tag = Raw.getLong(entry + READ_TAG) == NONE ? Raw.getLong(entry + WRITE_TAG) : Raw.getLong(entry + READ_TAG);
            if (shift > 12 && tag != NONE && tag >>> shift == page >>> shift) {
                drop(entry);
            }
        }
    }

    /** Takes away direct write access to a host page: it holds code now. */
    void protect(long hostPage) {
        long end = base + (long) CONTEXTS * ENTRIES * ENTRY_BYTES;
        for (long entry = base; entry < end; entry += ENTRY_BYTES) {
            long tag = Raw.getLong(entry + WRITE_TAG);
            if (tag != NONE && tag + Raw.getLong(entry + ADDEND) == hostPage) {
                Raw.putLong(entry + WRITE_TAG, NONE);
            }
        }
    }

    private static void drop(long entry) {
        Raw.putLong(entry + READ_TAG, NONE);
        Raw.putLong(entry + WRITE_TAG, NONE);
        Raw.putLong(entry + META, 0);
    }

    @Override
    public void close() {
        arena.close();
    }
}
