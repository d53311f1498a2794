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
import proteus.x86.xen.Width;

/**
 * Direct paging: the hardware walks the guest's own tables, so every entry is checked before it stands in one (Barham et al., SOSP 2003, 3.3.3;
 * Xen arch/x86/mm.c). A frame in use as a table is mapped nowhere writable; an entry names only frames of the domain; a table stands
 * only under tables of the next level; the hypervisor's entries cannot be changed.
 */
final class PageTables {
    private static final int ENTRIES = 512;
    /** Of a table of level 3 of a 32-bit guest, and the last of them, below which the hypervisor has its part. */
    private static final int NARROW_ROOT_ENTRIES = 4, TOP_SLOT = 3;
    /** Bits 52 to 62 are ignored by the hardware and left to the guest. */
    private static final long GUESTS_BITS = 0x7ffL << 52;
    private static final long ADDRESS_OR_FLAGS = FRAME | 0xfff | NX | GUESTS_BITS;

    private final HostMemory memory;
    private final FrameTable frames;
    private final XenArea area;
    private final Descriptors descriptors;
    private final Work work;
    private final Runnable flush;
    private final Width width;

    /** @param flush flushes the TLB */
    PageTables(HostMemory memory, FrameTable frames, XenArea area, Descriptors descriptors, Work work, Runnable flush, Width width) {
        this.memory = memory;
        this.frames = frames;
        this.area = area;
        this.descriptors = descriptors;
        this.work = work;
        this.flush = flush;
        this.width = width;
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
            } else if (FrameTable.level(as) > 0) {
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
        if (frames.release(mfn) && FrameTable.level(type) > 0) {
            releaseEntries(mfn, type, ENTRIES);
        }
    }

    private void validate(long mfn, byte type) {
        work.spend(ENTRIES);
        long table = mfn << FrameTable.SHIFT;
        if (type == FrameTable.L3 && !width.wide()) {
            // The hardware sees the whole page, of which the guest has made four entries.
            memory.fill(table + NARROW_ROOT_ENTRIES * Long.BYTES, (ENTRIES - NARROW_ROOT_ENTRIES) * Long.BYTES, (byte) 0);
            if ((memory.read64(table + TOP_SLOT * Long.BYTES) & PRESENT) == 0) {
                throw Refusal.INVALID;
            }
        }
        for (int i = 0; i < ENTRIES; i++) {
            long at = table + i * Long.BYTES;
            long entry = memory.read64(at);
            if ((entry & PRESENT) == 0 || area.holds(type, i)) {
                continue;
            }
            try {
                long good = take(type, i, entry);
                if (good != entry) {
                    memory.write64(at, good);
                }
            } catch (Refusal refusal) {
                releaseEntries(mfn, type, i);
                throw refusal;
            }
        }
        area.install(type, table);
    }

    private void releaseEntries(long mfn, byte type, int count) {
        long table = mfn << FrameTable.SHIFT;
        area.remove(type, table);
        for (int i = 0; i < count; i++) {
            if (!area.holds(type, i)) {
                drop(type, memory.read64(table + i * Long.BYTES));
            }
        }
    }

    // ---- entries

    /** The type of the tables that stand at a place in one. */
    private byte below(byte type, int index) {
        return !width.wide() && type == FrameTable.L3 && index == TOP_SLOT ? FrameTable.L2_TOP : (byte) (FrameTable.level(type) - 1);
    }

    /** Checks a present entry and uses what it names; gives it as it may stand in a table. */
    private long take(byte type, int index, long entry) {
        if ((entry & ~ADDRESS_OR_FLAGS) != 0) {
            throw Refusal.INVALID;
        }
        long mfn = (entry & FRAME) >>> FrameTable.SHIFT;
        if (type == FrameTable.L1) {
            if ((entry & WRITABLE) != 0) {
                use(mfn, FrameTable.WRITABLE);
            } else if (!frames.owns(mfn)) {
                throw Refusal.INVALID;
            }
        } else {
            if ((entry & LARGE) != 0) {
                throw Refusal.INVALID;
            }
            use(mfn, below(type, index));
        }
        frames.mapped(mfn);
        return adjusted(type, entry);
    }

    private long adjusted(byte type, long entry) {
        // Another address space of a 64-bit guest must not find what was global in this one.
        long local = type == FrameTable.L1 ? entry & ~GLOBAL : entry;
        if (width.wide()) {
            // Kernel pages are pages of ring 3 too: the kernel is there, and user code runs on another root.
            return local | USER;
        }
        // PAE has no rights at level 3.
        return type == FrameTable.L3 ? local | USER | WRITABLE : local;
    }

    private void drop(byte type, long entry) {
        if ((entry & PRESENT) == 0) {
            return;
        }
        long mfn = (entry & FRAME) >>> FrameTable.SHIFT;
        frames.unmapped(mfn);
        if (type != FrameTable.L1 || (entry & WRITABLE) != 0) {
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
        byte type = frames.type(mfn);
        boolean root = type == FrameTable.L3 && !width.wide();
        if (area.holds(type, index) || root && index >= NARROW_ROOT_ENTRIES) {
            throw Refusal.INVALID;
        }
        long at = (mfn << FrameTable.SHIFT) + index * Long.BYTES;
        long old = memory.read64(at);
        long entry = keepAccessed && (old & PRESENT) != 0 ? wanted | old & (PageTable.ACCESSED | DIRTY) : wanted;
        boolean present = (entry & PRESENT) != 0;
        if (root && index == TOP_SLOT && !present) {
            throw Refusal.INVALID;
        }
        if (present && type == FrameTable.L1 && (old & PRESENT) != 0 && ((old ^ entry) & (FRAME | WRITABLE)) == 0 && (entry & ~ADDRESS_OR_FLAGS) == 0) {
            // The same frame for the same use.
            memory.write64(at, adjusted(type, entry));
            return;
        }
        memory.write64(at, present ? take(type, index, entry) : entry);
        drop(type, old);
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
        if (FrameTable.level(type) > 0) {
            change(mfn, (int) (machineAddress >>> 3) & ENTRIES - 1, value, keepAccessed);
        } else if (type == FrameTable.DESCRIPTORS) {
            throw Refusal.INVALID;
        } else {
            memory.write64(machineAddress & -Long.BYTES, value);
        }
    }

    /** A frame stays validated as a table of a level although nothing refers to it. */
    void pin(long mfn, byte level) {
        if (!frames.owns(mfn) || frames.pinned(mfn) || level > width.levels) {
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
     * @param root host-physical address of the guest's table of the highest level
     */
    long leaf(long root, long virtual) {
        long address = width.address(virtual);
        if (!PageTable.canonical(address, 48)) {
            return -1;
        }
        long table = root;
        for (int level = width.levels; level > 1; level--) {
            long entry = memory.read64(table + PageTable.index(address, level) * Long.BYTES);
            if ((entry & PRESENT) == 0) {
                return -1;
            }
            table = entry & FRAME;
        }
        return table + PageTable.index(address, 1) * Long.BYTES;
    }
}
