package proteus.silicon.translate;

import proteus.silicon.cpu.Raw;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.TlbLayout;

/**
 * Host code by linear address of guest code, behind each context of the TLB, so that what one privilege may execute the other
 * does not find. Generated code looks branch targets up here. Entries hold until translations of fetches change; those in
 * global pages longer.
 */
public final class JumpTable {
    /** Of every slot but the first, an address that does not lead there, and which is not canonical. */
    private static final byte NOTHING = 0x55;
    private static final int FEW = 1024;

    private final Mmu mmu;
    // Slots of each context that were filled since it was emptied, as long as they are few: emptying happens often.
    private final int[][] local = new int[Mmu.CONTEXTS][FEW];
    private final int[] locals = new int[Mmu.CONTEXTS];
    private final boolean[] filled = new boolean[Mmu.CONTEXTS];
    private final int[] modes = new int[Mmu.CONTEXTS];

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

    /** @param global whether the entry outlives {@link #clearLocal} */
    public void put(long rip, long code, boolean global) {
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

    /** The code size in force: entries of another one go. */
    public void mode(int codeSize) {
        int context = mmu.contextNumber();
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
