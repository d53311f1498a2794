package proteus.silicon.translate;

import proteus.silicon.cpu.Op;

/** The host code of one block at one linear address. */
public final class Translation {
    /** Linear address of the guest code, where it executes: code segments have base 0. */
    public final long rip;
    /** Code size: 32 or 64. */
    public final int mode;
    /** Host-physical address of its first byte. */
    final long hpa;
    final Op[] ops;
    /** The block's bytes cross into a second page: it may be entered only by way of the table of code. */
    final boolean crossing;
    final int number;
    /** Host addresses of the code, and of what follows it. */
    final long entry;
    long end;
    /** Where the code goes on behind each instruction, from {@link #entry}; 0 if it does not. */
    final int[] resume;
    /** Targets of the branch that is taken and of the one that is not, and host addresses of the distances to patch, or 0. */
    long takenRip, fallRip;
    long takenPlace, fallPlace;
    /** Distance from {@link #entry} to the exit of a block that was overwritten. */
    int staleExit;
    boolean stale;
    /** Its memory belongs to others by now. */
    boolean dropped;
    boolean usesSse, usesX87, usesYmm;
    /** Instructions that have host code, one bit each. */
    long executes;
    private final TranslationCache cache;
    /** The same block at another linear address. */
    public Translation next;

    Translation(TranslationCache cache, int number, long rip, int mode, long hpa, Op[] ops, boolean crossing, long entry) {
        this.cache = cache;
        this.number = number;
        this.rip = rip;
        this.mode = mode;
        this.hpa = hpa;
        this.ops = ops;
        this.crossing = crossing;
        this.entry = entry;
        resume = new int[ops.length];
    }

    /** The bytes under the block were overwritten: nobody gets in any more. */
    public void retire() {
        if (!stale) {
            stale = true;
            cache.retire(this);
        }
    }

    /** Whether both are code of the same frame, at the same linear addresses. */
    boolean samePage(Translation other) {
        return (hpa ^ other.hpa) >>> 12 == 0 && (rip ^ other.rip) >>> 12 == 0 && mode == other.mode;
    }

    /** Whether it may still be entered. */
    public boolean usable() {
        return !stale;
    }

    /** Instructions. */
    public int count() {
        return ops.length;
    }

    public Op op(int index) {
        return ops[index];
    }

    /** Host address of the code behind an instruction, or 0 if the block ends with it. */
    public long behind(int index) {
        return resume[index] == 0 ? 0 : entry + resume[index];
    }

    /** Whether there is host code for an instruction, though it may have been left this time. */
    public boolean executes(int index) {
        return (executes >>> index & 1) != 0;
    }

    /** It has SSE instructions that execute as they are, and does not look again whether they may behind each. */
    public boolean usesSse() {
        return usesSse;
    }

    /** It has x87 instructions that execute on the host's unit, where their registers must be. */
    public boolean usesX87() {
        return usesX87;
    }

    /** It has VEX instructions that execute as they are, where whole YMM registers must be. */
    public boolean usesYmm() {
        return usesYmm;
    }

    /** Its bytes lie in two pages. */
    public boolean crossing() {
        return crossing;
    }

    /** Host address of the start. */
    public long entry() {
        return entry;
    }

    /** Linear address that the exit {@link TranslationCache#TAKEN} or {@link TranslationCache#FALL} leads to. */
    public long target(int exit) {
        return exit == TranslationCache.TAKEN ? takenRip : fallRip;
    }
}
