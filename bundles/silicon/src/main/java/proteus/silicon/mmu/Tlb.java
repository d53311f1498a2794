package proteus.silicon.mmu;

import java.lang.foreign.Arena;
import java.util.Arrays;
import proteus.silicon.cpu.Raw;

/**
 * The modelled TLB: direct-mapped, one set of entries per access context, off-heap so that every engine can probe it in line.
 * An entry holds the page's linear address if it may be read, the same if it may be written, what to add to a linear address
 * to get the host-virtual one, and the host-virtual page; page attributes stand apart. A tag that is not in use is the address of a
 * page that belongs in another slot: no address that leads to this one comes within a page of it, whatever it is.
 *
 * <p>Each of the process contexts (PCIDs, SDM 3A, 4.10.1) used last has a bank of its own, so that tags need not tell them apart: a
 * change of PCID is a change of bank. A global translation is kept by the banks that met it.
 */
final class Tlb implements AutoCloseable {
    static final int READ_TAG = TlbLayout.READ_TAG, WRITE_TAG = TlbLayout.WRITE_TAG, ADDEND = TlbLayout.ADDEND;
    private static final int ENTRIES_BYTES = TlbLayout.ENTRIES * TlbLayout.ENTRY_BYTES;
    /**
     * Contexts: data accesses of the supervisor, of the supervisor under SMAP, of the user, one that is never filled so that each
     * access takes the slow path; instruction fetches of the supervisor and of the user.
     */
    static final int SUPERVISOR = 0, SUPERVISOR_SMAP = 1, USER = 2, CAREFUL = 3, FETCH_SUPERVISOR = 4, FETCH_USER = 5;
    private static final int BANKS = 8;
    /** Numbers of contexts: those of data accesses bank by bank, the one that is never filled, those of fetches bank by bank. */
    static final int DATA_CONTEXTS = 3 * BANKS;
    private static final int FETCHES = DATA_CONTEXTS + 1, CONTEXTS = FETCHES + 2 * BANKS;
    /**
     * Attributes: the translation is global; the page may be written, whether or not it has a tag for that (a page of code has none,
     * because its writes are announced); the shift of the page's size stands in bits 15:8.
     */
    static final long GLOBAL = 1, WRITABLE = 2;
    private static final int LARGEST_SHIFT = 30;
    /** Runs of 4 MiB in which large pages were met: of most addresses it can be told at once that they lie in none. */
    private static final int RUN_SHIFT = 22;
    private final long[] largeRuns = new long[64];

    private final Arena arena = Arena.ofShared();
    private final long base;
    /** Pages larger than those that {@link #largeRuns} holds were met. */
    private boolean hugePages;
    /** Contexts by number, one bit each, that may hold anything. */
    private long filled;
    /** Slots of each context that may hold anything, one bit each: flushes are frequent and most of a TLB is empty. */
    private static final int WORDS = TlbLayout.ENTRIES / Long.SIZE;
    private final long[] occupied = new long[CONTEXTS * WORDS];
    /** The bank in use; the PCID that each belongs to; when each was last chosen. */
    private int bank;
    private final int[] pcids = new int[BANKS];
    private final long[] chosen = new long[BANKS];
    private long choices;

    Tlb() {
        base = arena.allocate((long) CONTEXTS * TlbLayout.CONTEXT_BYTES, 64).address();
        for (int b = 1; b < BANKS; b++) {
            pcids[b] = -b;
        }
        for (int c = 0; c < CONTEXTS; c++) {
            for (long slot = 0; slot < ENTRIES_BYTES; slot += TlbLayout.ENTRY_BYTES) {
                drop(numbered(c), slot);
            }
        }
    }

    /** Host-virtual base of a context's entries in the bank in use. */
    long context(int context) {
        return numbered(number(context));
    }

    int number(int context) {
        return context < CAREFUL ? 3 * bank + context : context == CAREFUL ? DATA_CONTEXTS : FETCHES + 2 * bank + context - FETCH_SUPERVISOR;
    }

    /** Host-virtual base of the entries of a context by its number. */
    long numbered(int number) {
        return base + (long) number * TlbLayout.CONTEXT_BYTES;
    }

    /**
     * Goes to the bank of a PCID: its own, or that of the one that was not used longest.
     *
     * @param keep what is known of the PCID stays
     * @return false if nothing had to be forgotten
     */
    boolean choose(int pcid, boolean keep) {
        int own = bankOf(pcid);
        boolean known = own >= 0;
        if (!known) {
            own = 0;
            for (int b = 1; b < BANKS; b++) {
                own = chosen[b] < chosen[own] ? b : own;
            }
        }
        bank = own;
        pcids[own] = pcid;
        chosen[own] = ++choices;
        if (known && keep) {
            return false;
        }
        flush(bits(own), false);
        return true;
    }

    /** The same with nothing in it, not even what is global. */
    void chooseEmpty(int pcid) {
        choose(pcid, false);
        flush(bits(bank), true);
    }

    private int bankOf(int pcid) {
        for (int b = 0; b < BANKS; b++) {
            if (pcids[b] == pcid) {
                return b;
            }
        }
        return -1;
    }

    /** The contexts of a bank, one bit each. */
    private static long bits(int bank) {
        return 7L << 3 * bank | 3L << FETCHES + 2 * bank;
    }

    /** Forgets what is not global of one PCID. */
    void flush(int pcid) {
        int own = bankOf(pcid);
        if (own >= 0) {
            flush(bits(own), false);
        }
    }

    /** The banks whose PCIDs lie in a range, one bit for each of their contexts. */
    private long bits(int first, int last) {
        long bits = 0;
        for (int b = 0; b < BANKS; b++) {
            bits |= pcids[b] >= first && pcids[b] <= last ? bits(b) : 0;
        }
        return bits;
    }

    /** Forgets everything, or everything that is not global, of a range of PCIDs. */
    void flush(int first, int last, boolean globalsToo) {
        flush(bits(first, last), globalsToo);
    }

    /** Forgets the page of an address in a range of PCIDs. */
    void invalidate(long gva, int first, int last) {
        invalidate(gva, bits(first, last));
    }

    /** Offset of the entry for a linear address. */
    static long slot(long gva) {
        return gva >>> 7 & (TlbLayout.ENTRIES - 1L << 5);
    }

    /**
     * @param write the page may be written
     * @param announced its writes must be announced, so there is no tag for them
     */
    void fill(int context, long gva, boolean read, boolean write, boolean announced, long hostPage, boolean global, int pageShift) {
        long slot = slot(gva);
        long base = context(context);
        long entry = base + slot;
        long page = gva & -4096L;
        long oldPage = Raw.getLong(entry + READ_TAG);
        Raw.putLong(entry + READ_TAG, read ? page : oldPage == page ? page : none(slot));
        Raw.putLong(entry + WRITE_TAG, write && !announced ? page : none(slot));
        Raw.putLong(entry + ADDEND, hostPage - page);
        Raw.putLong(entry + TlbLayout.HOST_PAGE, hostPage);
        Raw.putLong(attributes(base, slot), (global ? GLOBAL : 0) | (write ? WRITABLE : 0) | (long) pageShift << 8);
        if (pageShift > 12) {
            noteLarge(gva, pageShift);
        }
        int number = number(context);
        filled |= 1L << number;
        int index = (int) slot / TlbLayout.ENTRY_BYTES;
        occupied[number * WORDS + index / Long.SIZE] |= 1L << index;
    }

    /** The slot of the lowest bit of a word of {@link #occupied}. */
    private static long slotOf(int word, long bits) {
        return (long) (word % WORDS * Long.SIZE + Long.numberOfTrailingZeros(bits)) * TlbLayout.ENTRY_BYTES;
    }

    /** Whether there is a translation for reads at an address, and it is global. */
    boolean global(int context, long gva) {
        long slot = slot(gva);
        return Raw.getLong(context(context) + slot + READ_TAG) == (gva & -4096L) && (Raw.getLong(attributes(context(context), slot)) & GLOBAL) != 0;
    }

    /** Whether there is a translation for reads at an address that is good for writes too. */
    boolean writable(int context, long gva) {
        long slot = slot(gva);
        return Raw.getLong(context(context) + slot + READ_TAG) == (gva & -4096L) && (Raw.getLong(attributes(context(context), slot)) & WRITABLE) != 0;
    }

    /** The writes of a page that is {@link #writable} need not be announced any more. */
    void unprotect(int context, long gva) {
        Raw.putLong(context(context) + slot(gva) + WRITE_TAG, gva & -4096L);
    }

    /** Size of the page at an address as a shift, or as if it were the largest where there is no translation for reads. */
    int pageShift(int context, long gva) {
        long slot = slot(gva);
        return Raw.getLong(context(context) + slot + READ_TAG) == (gva & -4096L) ? (int) (Raw.getLong(attributes(context(context), slot)) >>> 8) & 0xff : LARGEST_SHIFT;
    }

    /** The tag that is not in use: the page half the entries away. */
    private static long none(long slot) {
        return (slot ^ ENTRIES_BYTES / 2) << 7;
    }

    private static long attributes(long context, long slot) {
        return context + TlbLayout.ATTRIBUTES + (slot >>> 2);
    }

    /** Forgets everything, or everything that is not global. */
    void flush(boolean globalsToo) {
        flush(-1, globalsToo);
        if (globalsToo) {
            Arrays.fill(largeRuns, 0);
            hugePages = false;
        }
    }

    private void flush(long contexts, boolean globalsToo) {
        for (int c = 0; c < CONTEXTS; c++) {
            if ((filled & contexts & 1L << c) == 0) {
                continue;
            }
            long context = numbered(c);
            long left = 0;
            for (int w = c * WORDS; w < (c + 1) * WORDS; w++) {
                for (long bits = occupied[w]; bits != 0; bits &= bits - 1) {
                    long slot = slotOf(w, bits);
                    if (globalsToo || (Raw.getLong(attributes(context, slot)) & GLOBAL) == 0) {
                        drop(context, slot);
                        occupied[w] &= ~Long.lowestOneBit(bits);
                    }
                }
                left |= occupied[w];
            }
            if (left == 0) {
                filled &= ~(1L << c);
            }
        }
    }

    private void noteLarge(long gva, int pageShift) {
        int run = run(gva);
        largeRuns[run >> 6] |= 1L << run;
        hugePages |= pageShift > RUN_SHIFT;
    }

    private boolean inLargeRun(long gva) {
        int run = run(gva);
        return (largeRuns[run >> 6] & 1L << run) != 0;
    }

    private static int run(long gva) {
        return (int) ((gva >>> RUN_SHIFT) * 0x9e3779b97f4a7c15L >>> 52);
    }

    /** INVLPG: the page of this address, all of it if it is large, whatever the PCID: a global translation may be in any bank. */
    void invalidate(long gva) {
        invalidate(gva, -1);
    }

    private void invalidate(long gva, long contexts) {
        long page = gva & -4096L;
        long own = slot(gva);
        for (long some = filled & contexts; some != 0; some &= some - 1) {
            int c = Long.numberOfTrailingZeros(some);
            long entry = numbered(c) + own;
            if (Raw.getLong(entry + READ_TAG) == page || Raw.getLong(entry + WRITE_TAG) == page) {
                drop(numbered(c), own);
            }
        }
        if (!hugePages && !inLargeRun(gva)) {
            return;
        }
        for (int c = 0; c < CONTEXTS; c++) {
            if ((filled & contexts & 1L << c) == 0) {
                continue;
            }
            long context = numbered(c);
            for (int w = c * WORDS; w < (c + 1) * WORDS; w++) {
                for (long bits = occupied[w]; bits != 0; bits &= bits - 1) {
                    long slot = slotOf(w, bits);
                    int shift = (int) (Raw.getLong(attributes(context, slot)) >>> 8) & 0xff;
                    long entry = context + slot;
                    long none = none(slot);
                    long tag = Raw.getLong(entry + READ_TAG) == none ? Raw.getLong(entry + WRITE_TAG) : Raw.getLong(entry + READ_TAG);
                    if (shift > 12 && tag != none && tag >>> shift == page >>> shift) {
                        drop(context, slot);
                    }
                }
            }
        }
    }

    /** Takes away direct write access to a host page: it holds code now. */
    void protect(long hostPage) {
        for (int c = 0; c < CONTEXTS; c++) {
            if ((filled & 1L << c) == 0) {
                continue;
            }
            for (int w = c * WORDS; w < (c + 1) * WORDS; w++) {
                for (long bits = occupied[w]; bits != 0; bits &= bits - 1) {
                    long slot = slotOf(w, bits);
                    long entry = numbered(c) + slot;
                    if (Raw.getLong(entry + TlbLayout.HOST_PAGE) == hostPage) {
                        Raw.putLong(entry + WRITE_TAG, none(slot));
                    }
                }
            }
        }
    }

    private static void drop(long context, long slot) {
        Raw.putLong(context + slot + READ_TAG, none(slot));
        Raw.putLong(context + slot + WRITE_TAG, none(slot));
        Raw.putLong(attributes(context, slot), 0);
    }

    @Override
    public void close() {
        arena.close();
    }
}
