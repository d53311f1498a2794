package proteus.silicon.translate;

import java.util.Arrays;
import proteus.silicon.cpu.Raw;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.TlbLayout;

/**
 * Host code by linear address of guest code, behind each context of the TLB, so that what one privilege may execute the other
 * does not find. Generated code looks branch targets up here. Entries hold until translations of fetches change; those in
 * global pages longer.
 *
 * <p>An INVLPG concerns one page, mostly one of data, and comes by the thousand when a process ends: a filter of the pages that
 * have entries keeps them from costing a search.
 */
public final class JumpTable {
    /** Of every slot but the first, an address that does not lead there, and which is not canonical. */
    private static final byte NOTHING = 0x55;
    private static final int FEW = 1024;
    /** Bits of the filter, and how many may be set before it says too often that it does not know. */
    private static final int FILTER_BITS = 1 << 16, FILTER_FULL = 1 << 12;
    /** Large pages are noted by runs of 4 MiB, as large as any but those of 1 GiB. */
    private static final int RUN_SHIFT = 22;
    /** An instruction that crosses into a page begins at most so many bytes before it. */
    private static final int REACH = 15;

    private final Mmu mmu;
    // Slots of each context that were filled since it was emptied, as long as they are few: emptying happens often.
    private final int[][] local = new int[Mmu.CONTEXTS][FEW];
    private final int[] locals = new int[Mmu.CONTEXTS];
    private final boolean[] filled = new boolean[Mmu.CONTEXTS];
    private final int[] modes = new int[Mmu.CONTEXTS];
    private final long[] filter = new long[FILTER_BITS / Long.SIZE];
    private int noted;
    private boolean hugePages;

    public JumpTable(Mmu mmu) {
        this.mmu = mmu;
        for (int i = 0; i < Mmu.CONTEXTS; i++) {
            clear(i);
        }
    }

    private static long slot(long context, long rip) {
        return context + Emission.JUMPS + Emission.jumpSlot(rip);
    }

    /** Host address of the code at a linear address, for the privilege in force; 0 if it is not known. */
    public long find(long rip) {
        long slot = slot(mmu.context(), rip);
        return Raw.getLong(slot) == rip ? Raw.getLong(slot + 8) : 0;
    }

    /**
     * @param global whether the entry outlives {@link #clearLocal}
     * @param pageShift of the page that the code lies in
     * @param crossing its last bytes lie in the next page
     */
    public void put(long rip, long code, boolean global, int pageShift, boolean crossing) {
        note(rip, pageShift);
        if (crossing) {
            note(rip + REACH, pageShift);
        }
        long slot = slot(mmu.context(), rip);
        Raw.putLong(slot, rip);
        Raw.putLong(slot + 8, code);
        int context = mmu.contextNumber();
        filled[context] = true;
        if (!global) {
            if (locals[context] < FEW) {
                local[context][locals[context]] = Emission.jumpSlot(rip);
            }
            locals[context]++;
        }
    }

    private void note(long rip, int pageShift) {
        int shift = pageShift == 12 ? 12 : RUN_SHIFT;
        hugePages |= pageShift > RUN_SHIFT;
        if (!isNoted(rip, shift)) {
            int bit = filterBit(rip, shift);
            filter[bit >> 6] |= 1L << bit;
            noted++;
        }
    }

    private boolean isNoted(long rip, int shift) {
        int bit = filterBit(rip, shift);
        return (filter[bit >> 6] & 1L << bit) != 0;
    }

    private static int filterBit(long rip, int shift) {
        return (int) (((rip >>> shift) + shift) * 0x9e3779b97f4a7c15L >>> 48);
    }

    /** The translation of one page may have changed, all of it if it is large. */
    public void invalidate(long gva) {
        if (hugePages || isNoted(gva, RUN_SHIFT) || noted > FILTER_FULL) {
            clear();
        } else if (isNoted(gva, 12)) {
            for (int i = 0; i < Mmu.CONTEXTS; i++) {
                if (filled[i]) {
                    removePage(mmu.context(i), gva & -4096L);
                }
            }
        }
    }

    private static void removePage(long context, long page) {
        for (long rip = page - REACH; rip < page + 4096; rip++) {
            if (Raw.getLong(slot(context, rip)) == rip) {
                vacate(context, Emission.jumpSlot(rip));
            }
        }
    }

    /** The code size in force: entries of another one go. */
    public void mode(int codeSize) {
        mode(codeSize, mmu.contextNumber());
    }

    /** The code size of the code that may be entered in one context. */
    void mode(int codeSize, int context) {
        if (modes[context] != codeSize) {
            modes[context] = codeSize;
            if (filled[context]) {
                clear(context);
            }
        }
    }

    void remove(long rip, long code) {
        for (int i = 0; i < Mmu.CONTEXTS; i++) {
            long slot = slot(mmu.context(i), rip);
            if (Raw.getLong(slot) == rip && Raw.getLong(slot + 8) == code) {
                vacate(mmu.context(i), Emission.jumpSlot(rip));
            }
        }
    }

    /** Forgets everything. */
    public void clear() {
        for (int i = 0; i < Mmu.CONTEXTS; i++) {
            if (filled[i]) {
                clear(i);
            }
        }
        Arrays.fill(filter, 0);
        noted = 0;
        hugePages = false;
    }

    /** Forgets what is not global. */
    public void clearLocal() {
        for (int i = 0; i < Mmu.CONTEXTS; i++) {
            if (locals[i] > FEW) {
                clear(i);
            }
            for (int k = 0; k < locals[i]; k++) {
                vacate(mmu.context(i), local[i][k]);
            }
            locals[i] = 0;
        }
    }

    private void clear(int context) {
        Raw.fill(mmu.context(context) + Emission.JUMPS, TlbLayout.ENGINE_BYTES, NOTHING);
        vacate(mmu.context(context), 0);
        locals[context] = 0;
        filled[context] = false;
    }

    /** Puts an address there that leads to another slot: 1 to the second, 0 to the first. */
    private static void vacate(long context, int slot) {
        Raw.putLong(context + Emission.JUMPS + slot, slot == 0x10 ? 0 : 1);
    }
}
