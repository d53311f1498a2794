package proteus.cpu.para;

import static proteus.x86.format.PageTable.DIRTY;
import static proteus.x86.format.PageTable.FRAME;
import static proteus.x86.format.PageTable.GLOBAL;
import static proteus.x86.format.PageTable.LARGE;
import static proteus.x86.format.PageTable.NX;
import static proteus.x86.format.PageTable.PRESENT;
import static proteus.x86.format.PageTable.USER;
import static proteus.x86.format.PageTable.WRITABLE;

import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;

/**
 * Direct paging: the hardware walks the guest's own tables, so every entry is checked before it stands in one (Barham et al., SOSP 2003, 3.3.3;
 * Xen arch/x86/mm.c). A frame in use as a table is mapped nowhere writable; an entry names only frames of the domain; a table stands
 * only under tables of the next level; the hypervisor's slots of a root cannot be changed.
 */
final class PageTables {
    private static final int ENTRIES = 512;
    /** Bits 52 to 62 are ignored by the hardware and left to the guest. */
    private static final long GUESTS_BITS = 0x7ffL << 52;
    private static final long ADDRESS_OR_FLAGS = FRAME | 0xfff | NX | GUESTS_BITS;

    private final HostMemory memory;
    private final FrameTable frames;
    private final XenArea area;
    private final Descriptors descriptors;
    private final Work work;
    private final Runnable flush;

    /** @param flush flushes the TLB */
    PageTables(HostMemory memory, FrameTable frames, XenArea area, Descriptors descriptors, Work work, Runnable flush) {
        this.memory = memory;
        this.frames = frames;
        this.area = area;
        this.descriptors = descriptors;
        this.work = work;
        this.flush = flush;
    }

    // ---- uses of frames

    /**
     * Uses a frame as something; an unused one becomes it when what it holds is good for that.
     *
     * @throws Refusal when it is not the domain's, is in use as something else, or holds what it must not
     */
    void use(long mfn, byte as) {
        if (!frames.owns(mfn)) {
            throw Refusal.INVALID;
        }
        byte now = frames.type(mfn);
        if (now == as) {
            frames.use(mfn, as);
            return;
        }
        if (now != FrameTable.NONE) {
            throw Refusal.BUSY;
        }
        if (frames.cached(mfn)) {
            // The TLB may still let the guest write it, or take it for a table.
            flush.run();
        }
        frames.use(mfn, as);
        try {
            if (as == FrameTable.DESCRIPTORS) {
                descriptors.check(mfn, work);
            } else if (as <= FrameTable.L4) {
                validate(mfn, as);
            }
        } catch (Refusal refusal) {
            frames.release(mfn);
            throw refusal;
        }
    }

    /** Ends one use. */
    void release(long mfn) {
        byte type = frames.type(mfn);
        if (frames.release(mfn) && type <= FrameTable.L4) {
            releaseEntries(mfn, type, ENTRIES);
        }
    }

    private void validate(long mfn, byte level) {
        work.spend(ENTRIES);
        long table = mfn << FrameTable.SHIFT;
        for (int i = 0; i < ENTRIES; i++) {
            long at = table + i * Long.BYTES;
            long entry = memory.read64(at);
            if ((entry & PRESENT) == 0 || ours(level, i)) {
                continue;
            }
            try {
                long good = take(level, entry);
                if (good != entry) {
                    memory.write64(at, good);
                }
            } catch (Refusal refusal) {
                releaseEntries(mfn, level, i);
                throw refusal;
            }
        }
        if (level == FrameTable.L4) {
            area.install(table);
        }
    }

    private void releaseEntries(long mfn, byte level, int count) {
        long table = mfn << FrameTable.SHIFT;
        if (level == FrameTable.L4) {
            area.remove(table);
        }
        for (int i = 0; i < count; i++) {
            if (!ours(level, i)) {
                drop(level, memory.read64(table + i * Long.BYTES));
            }
        }
    }

    /** The hypervisor's slots of a root. */
    private static boolean ours(byte level, int index) {
        return level == FrameTable.L4 && index >= XenArea.FIRST_SLOT && index <= XenArea.LAST_SLOT;
    }

    // ---- entries

    /** Checks a present entry and uses what it names; gives it as it may stand in a table: for ring 3, and not global. */
    private long take(byte level, long entry) {
        if ((entry & ~ADDRESS_OR_FLAGS) != 0) {
            throw Refusal.INVALID;
        }
        long mfn = (entry & FRAME) >>> FrameTable.SHIFT;
        if (level == FrameTable.L1) {
            if ((entry & WRITABLE) != 0) {
                use(mfn, FrameTable.WRITABLE);
            } else if (!frames.owns(mfn)) {
                throw Refusal.INVALID;
            }
        } else {
            if ((entry & LARGE) != 0) {
                throw Refusal.INVALID;
            }
            use(mfn, (byte) (level - 1));
        }
        frames.mapped(mfn);
        // Kernel pages are pages of ring 3 too: the kernel is there, and user code runs on another root.
        return (entry | USER) & ~(level == FrameTable.L1 ? GLOBAL : 0);
    }

    private void drop(byte level, long entry) {
        if ((entry & PRESENT) == 0) {
            return;
        }
        long mfn = (entry & FRAME) >>> FrameTable.SHIFT;
        frames.unmapped(mfn);
        if (level != FrameTable.L1 || (entry & WRITABLE) != 0) {
            release(mfn);
        }
    }

    /**
     * Changes an entry of a table in use.
     *
     * @param keepAccessed whether accessed and dirty flags that the hardware set meanwhile stay
     * @throws Refusal when the entry must not stand there; nothing changed
     */
    void change(long mfn, int index, long wanted, boolean keepAccessed) {
        byte level = frames.type(mfn);
        if (ours(level, index)) {
            throw Refusal.INVALID;
        }
        long at = (mfn << FrameTable.SHIFT) + index * Long.BYTES;
        long old = memory.read64(at);
        long entry = keepAccessed && (old & PRESENT) != 0 ? wanted | old & (PageTable.ACCESSED | DIRTY) : wanted;
        boolean present = (entry & PRESENT) != 0;
        if (present && level == FrameTable.L1 && (old & PRESENT) != 0 && ((old ^ entry) & (FRAME | WRITABLE)) == 0 && (entry & ~ADDRESS_OR_FLAGS) == 0) {
            // The same frame for the same use.
            memory.write64(at, (entry | USER) & ~GLOBAL);
            return;
        }
        memory.write64(at, present ? take(level, entry) : entry);
        drop(level, old);
    }

    /**
     * One update as the guest asks for it, by machine address: a table's entry is checked, any other memory of the domain just written.
     */
    void update(long machineAddress, long value, boolean keepAccessed) {
        work.spend(1);
        long mfn = machineAddress >>> FrameTable.SHIFT;
        if (!frames.owns(mfn)) {
            throw Refusal.INVALID;
        }
        byte type = frames.type(mfn);
        if (type >= FrameTable.L1 && type <= FrameTable.L4) {
            change(mfn, (int) (machineAddress >>> 3) & ENTRIES - 1, value, keepAccessed);
        } else if (type == FrameTable.DESCRIPTORS) {
            throw Refusal.INVALID;
        } else {
            memory.write64(machineAddress & -Long.BYTES, value);
        }
    }

    /** A frame stays validated as a table of a level although nothing refers to it. */
    void pin(long mfn, byte level) {
        if (!frames.owns(mfn) || frames.pinned(mfn)) {
            throw Refusal.INVALID;
        }
        use(mfn, level);
        frames.pinned(mfn, true);
    }

    void unpin(long mfn) {
        if (!frames.owns(mfn) || !frames.pinned(mfn)) {
            throw Refusal.INVALID;
        }
        work.spend(ENTRIES);
        frames.pinned(mfn, false);
        release(mfn);
    }

    // ---- walks

    /**
     * Host-physical address of the level-1 entry of an address, or -1 where a table is missing.
     *
     * @param root host-physical address of the level-4 table
     */
    long leaf(long root, long virtual) {
        if (!PageTable.canonical(virtual, 48)) {
            return -1;
        }
        long table = root;
        for (int level = 4; level > 1; level--) {
            long entry = memory.read64(table + PageTable.index(virtual, level) * Long.BYTES);
            if ((entry & (PRESENT | USER)) != (PRESENT | USER)) {
                return -1;
            }
            table = entry & FRAME;
        }
        return table + PageTable.index(virtual, 1) * Long.BYTES;
    }
}
