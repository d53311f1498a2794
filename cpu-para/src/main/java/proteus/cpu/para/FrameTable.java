package proteus.cpu.para;

import java.util.Arrays;
import java.util.stream.LongStream;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;

/**
 * What each machine frame of a domain is used for (Xen arch/x86/mm.c, "page_info"): a frame has one type at a time and is counted while it is
 * used as that, so that nothing the hardware reads as a table can be written by the guest. Only frames of the domain are known here.
 */
final class FrameTable {
    /**
     * Types: a page table of level 1 to 4, descriptors, memory that is mapped writable somewhere, or the table of level 2 that holds the
     * hypervisor's entries in the address space of a 32-bit guest.
     */
    static final byte NONE = 0, L1 = 1, L2 = 2, L3 = 3, L4 = 4, DESCRIPTORS = 5, WRITABLE = 6, L2_TOP = 7;

    static final int SHIFT = 12;

    private static final byte OWNED = 1, PINNED = 2;
    private static final int NEVER = -1;

    private final long first;
    private final byte[] type;
    private final int[] uses;
    private final int[] mappings;
    private final byte[] flags;
    /** The flush of the TLB before which the frame was last let go: translations to it may still be cached. */
    private final int[] released;
    private int owned;
    private int flushes;

    FrameTable(MemoryMap map) {
        long[] mfns = map.regions().stream()
                .filter(MemoryRegion::writable)
                .flatMapToLong(region -> LongStream.range(0, region.bytes() >>> SHIFT).map(page -> map.hpa(region.gpa() + (page << SHIFT)) >>> SHIFT))
                .toArray();
        first = Arrays.stream(mfns).min().orElse(0);
        int count = (int) (Arrays.stream(mfns).max().orElse(-1) + 1 - first);
        type = new byte[count];
        uses = new int[count];
        mappings = new int[count];
        flags = new byte[count];
        released = new int[count];
        Arrays.fill(released, NEVER);
        for (long mfn : mfns) {
            own(mfn);
        }
    }

    /** The level of a page table, 0 for what is none. */
    static int level(byte type) {
        return type == L2_TOP ? L2 : type <= L4 ? type : 0;
    }

    /** First frame number of the domain. */
    long first() {
        return first;
    }

    /** One more than the last. */
    long end() {
        return first + type.length;
    }

    int ownedFrames() {
        return owned;
    }

    boolean owns(long mfn) {
        return mfn >= first && mfn < end() && (flags[index(mfn)] & OWNED) != 0;
    }

    private int index(long mfn) {
        return (int) (mfn - first);
    }

    void own(long mfn) {
        flags[index(mfn)] |= OWNED;
        owned++;
    }

    /** The frame leaves the domain. */
    void disown(long mfn) {
        flags[index(mfn)] &= ~OWNED;
        type[index(mfn)] = NONE;
        owned--;
    }

    /** The type a frame is used as, {@link #NONE} if it is not used. */
    byte type(long mfn) {
        return uses[index(mfn)] == 0 ? NONE : type[index(mfn)];
    }

    int uses(long mfn) {
        return uses[index(mfn)];
    }

    /** Starts the use of an unused frame, or adds one of the same type. */
    void use(long mfn, byte as) {
        type[index(mfn)] = as;
        uses[index(mfn)]++;
    }

    /** @return whether that was the last use */
    boolean release(long mfn) {
        boolean last = --uses[index(mfn)] == 0;
        if (last) {
            released[index(mfn)] = flushes;
        }
        return last;
    }

    int mappings(long mfn) {
        return mappings[index(mfn)];
    }

    void mapped(long mfn) {
        mappings[index(mfn)]++;
    }

    void unmapped(long mfn) {
        mappings[index(mfn)]--;
        released[index(mfn)] = flushes;
    }

    boolean pinned(long mfn) {
        return (flags[index(mfn)] & PINNED) != 0;
    }

    void pinned(long mfn, boolean pinned) {
        flags[index(mfn)] = (byte) (pinned ? flags[index(mfn)] | PINNED : flags[index(mfn)] & ~PINNED);
    }

    /** Whether the TLB may still know how the frame was used. */
    boolean cached(long mfn) {
        return released[index(mfn)] == flushes;
    }

    /** The TLB was flushed. */
    void flushed() {
        flushes++;
    }
}
