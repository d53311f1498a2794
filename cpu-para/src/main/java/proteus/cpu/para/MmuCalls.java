package proteus.cpu.para;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/** Hypercalls about page tables, the TLB and descriptor tables (Xen public/xen.h, MMU_UPDATE, MMUEXT_OP, UPDATE_VA_MAPPING, SET_GDT). */
final class MmuCalls {
    /** What a domain calls itself. */
    static final int DOMID_SELF = 0x7ff0;

    private static final int MMU_NORMAL_PT_UPDATE = 0, MMU_MACHPHYS_UPDATE = 1, MMU_PT_UPDATE_PRESERVE_AD = 2, MMU_PT_UPDATE_NO_TRANSLATE = 3;
    private static final int UPDATE_BYTES = 16, EXT_OP_WORDS = 3;
    private static final int PIN_L1 = 0, PIN_L4 = 3, UNPIN = 4, NEW_BASEPTR = 5, TLB_FLUSH_LOCAL = 6, INVLPG_LOCAL = 7, TLB_FLUSH_MULTI = 8, INVLPG_MULTI = 9,
        TLB_FLUSH_ALL = 10, INVLPG_ALL = 11, FLUSH_CACHE = 12, SET_LDT = 13, NEW_USER_BASEPTR = 15, CLEAR_PAGE = 16, COPY_PAGE = 17, FLUSH_CACHE_GLOBAL = 18;
    /** UVMF_*: what to flush. */
    private static final int FLUSH_KIND = 3, FLUSH_TLB = 1, FLUSH_PAGE = 2;
    private static final int ENTRIES_IN_PAGE = 512, MOST_GDT_PAGES = 14, MOST_LDT_ENTRIES = 8192;
    private static final int LDT_RIGHTS = 0x82, DEFAULT_LDT_SELECTOR = 0xe050, TSS_SELECTOR = 0xe040, BUSY_TSS_RIGHTS = 0x8b;
    /** The processor finds the hypervisor's descriptors behind the guest's. */
    private static final int GDT_LIMIT = 0xefff;

    private final Processor processor;
    private final HostMemory memory;
    private final FrameTable frames;
    private final PageTables tables;
    private final XenArea area;
    private final AddressSpace space;
    private final GuestMode mode;
    private final Width width;
    private final Work work;
    private final Runnable flush;
    private final EventCounters counters;
    private final long[] gdt = new long[MOST_GDT_PAGES];
    private final long[] ldt = new long[XenArea.DESCRIPTOR_PAGES];
    private int gdtPages;
    private int ldtPages;

    MmuCalls(
            Processor processor,
            HostMemory memory,
            FrameTable frames,
            PageTables tables,
            XenArea area,
            AddressSpace space,
            GuestMode mode,
            Work work,
            Runnable flush,
            EventCounters counters) {
        this.processor = processor;
        this.memory = memory;
        this.frames = frames;
        this.tables = tables;
        this.area = area;
        this.space = space;
        this.mode = mode;
        this.width = space.width();
        this.work = work;
        this.flush = flush;
        this.counters = counters;
        processor.registers().gdtr(XenArea.GDT, GDT_LIMIT);
        processor.registers().segment(CpuRegisters.TR, new SegmentRegister(TSS_SELECTOR, XenArea.TSS, XenArea.TSS_LIMIT, BUSY_TSS_RIGHTS));
    }

    private static void self(long domain) {
        if ((domain & 0xffff) != DOMID_SELF) {
            throw Refusal.NO_SUCH_DOMAIN;
        }
    }

    private static void done(AddressSpace space, long where, long count) {
        if (where != 0) {
            space.write32(where, (int) count);
        }
    }

    /** MMU_UPDATE: as many as are good, and their number where the guest wants it. */
    long update(long requests, long count, long doneAt, long domain) {
        self(domain);
        int wanted = (int) count;
        for (int i = 0; i < Integer.toUnsignedLong(wanted); i++) {
            try {
                long at = requests + (long) i * UPDATE_BYTES;
                one(space.read64(at), space.read64(at + 8));
            } catch (Refusal refusal) {
                done(space, doneAt, i);
                throw refusal;
            }
        }
        done(space, doneAt, Integer.toUnsignedLong(wanted));
        return 0;
    }

    private void one(long pointer, long value) {
        counters.count(CountedEvent.PAGE_TABLE_UPDATES);
        long address = pointer & ~3L;
        switch ((int) pointer & 3) {
            case MMU_NORMAL_PT_UPDATE, MMU_PT_UPDATE_NO_TRANSLATE -> tables.update(address, value, false);
            case MMU_PT_UPDATE_PRESERVE_AD -> tables.update(address, value, true);
            case MMU_MACHPHYS_UPDATE -> {
                work.spend(1);
                long mfn = address >>> FrameTable.SHIFT;
                if (!frames.owns(mfn)) {
                    throw Refusal.INVALID;
                }
                area.pseudoPhysical(mfn, value);
            }
            default -> throw Refusal.UNKNOWN;
        }
    }

    /** UPDATE_VA_MAPPING: the level-1 entry of an address of the address space in force. */
    long updateMapping(long virtual, long value, long flags) {
        counters.count(CountedEvent.PAGE_TABLE_UPDATES);
        work.spend(1);
        long at = width.hypervisors(width.address(virtual)) ? -1 : tables.leaf(space.root(), virtual);
        if (at < 0) {
            throw Refusal.INVALID;
        }
        tables.change(at >>> FrameTable.SHIFT, (int) (at >>> 3) & ENTRIES_IN_PAGE - 1, value, false);
        switch ((int) flags & FLUSH_KIND) {
            case FLUSH_TLB -> flush.run();
            case FLUSH_PAGE -> processor.invalidatePage(virtual);
            default -> { }
        }
        return 0;
    }

    /** MMUEXT_OP. */
    long extended(long operations, long count, long doneAt, long domain) {
        self(domain);
        for (int i = 0; i < Integer.toUnsignedLong((int) count); i++) {
            try {
                work.spend(1);
                long at = operations + (long) i * EXT_OP_WORDS * width.bytes;
                extended(space.read32(at), space.readWord(at, 1), space.readWord(at, 2));
            } catch (Refusal refusal) {
                done(space, doneAt, i);
                throw refusal;
            }
        }
        done(space, doneAt, Integer.toUnsignedLong((int) count));
        return 0;
    }

    private void extended(int operation, long first, long second) {
        switch (operation) {
            case PIN_L1, PIN_L1 + 1, PIN_L1 + 2, PIN_L4 -> tables.pin(first, (byte) (FrameTable.L1 + operation - PIN_L1));
            case UNPIN -> tables.unpin(first);
            case NEW_BASEPTR -> baseKernel(first);
            case NEW_USER_BASEPTR -> baseUser(first);
            case TLB_FLUSH_LOCAL, TLB_FLUSH_MULTI, TLB_FLUSH_ALL -> flush.run();
            case INVLPG_LOCAL, INVLPG_MULTI, INVLPG_ALL -> processor.invalidatePage(first);
            // Caches are coherent here.
            case FLUSH_CACHE, FLUSH_CACHE_GLOBAL -> { }
            case SET_LDT -> setLdt(first, second);
            case CLEAR_PAGE -> clearPage(first);
            case COPY_PAGE -> copyPage(first, second);
            default -> throw Refusal.UNKNOWN;
        }
    }

    private void baseKernel(long mfn) {
        tables.use(mfn, (byte) width.levels);
        long old = mode.kernelRoot() >>> FrameTable.SHIFT;
        mode.kernelRoot(mfn << FrameTable.SHIFT);
        if (width.wide()) {
            frames.flushed();
        } else {
            // The root that the processor has stays the same.
            flush.run();
        }
        tables.release(old);
    }

    private void baseUser(long mfn) {
        if (!width.wide()) {
            throw Refusal.INVALID;
        }
        if (mfn != 0) {
            tables.use(mfn, FrameTable.L4);
        }
        long old = mode.userRoot() >>> FrameTable.SHIFT;
        mode.userRoot(mfn << FrameTable.SHIFT);
        if (old != 0) {
            tables.release(old);
        }
    }

    private void clearPage(long mfn) {
        tables.use(mfn, FrameTable.WRITABLE);
        memory.fill(mfn << FrameTable.SHIFT, PageTable.PAGE_SIZE, (byte) 0);
        tables.release(mfn);
    }

    private void copyPage(long target, long source) {
        if (!frames.owns(source)) {
            throw Refusal.INVALID;
        }
        tables.use(target, FrameTable.WRITABLE);
        byte[] page = new byte[PageTable.PAGE_SIZE];
        memory.read(source << FrameTable.SHIFT, page, 0, page.length);
        memory.write(target << FrameTable.SHIFT, page, 0, page.length);
        tables.release(target);
    }

    // ---- descriptor tables

    /** SET_GDT: frames of descriptors. */
    long setGdt(long list, long entries) {
        if (entries < 0 || entries > MOST_GDT_PAGES * ENTRIES_IN_PAGE) {
            throw Refusal.INVALID;
        }
        int pages = (int) (entries + ENTRIES_IN_PAGE - 1) / ENTRIES_IN_PAGE;
        long[] wanted = new long[pages];
        for (int i = 0; i < pages; i++) {
            wanted[i] = space.readWord(list, i);
        }
        useAll(wanted);
        replace(gdt, gdtPages, wanted, 0, XenArea.GDT);
        gdtPages = pages;
        return 0;
    }

    private void setLdt(long virtual, long entries) {
        if (entries < 0 || entries > MOST_LDT_ENTRIES || entries != 0 && (virtual & PageTable.PAGE_SIZE - 1) != 0) {
            throw Refusal.INVALID;
        }
        int pages = (int) (entries + ENTRIES_IN_PAGE - 1) / ENTRIES_IN_PAGE;
        long[] wanted = new long[pages];
        for (int i = 0; i < pages; i++) {
            long hpa = space.find(virtual + (long) i * PageTable.PAGE_SIZE, false);
            if (hpa < 0) {
                throw Refusal.INVALID;
            }
            wanted[i] = hpa >>> FrameTable.SHIFT;
        }
        useAll(wanted);
        replace(ldt, ldtPages, wanted, XenArea.DESCRIPTOR_PAGES, XenArea.LDT);
        ldtPages = pages;
        processor.registers().segment(CpuRegisters.LDTR, entries == 0
                ? new SegmentRegister(0, 0, 0, LDT_RIGHTS | SegmentRegister.UNUSABLE)
                : new SegmentRegister(DEFAULT_LDT_SELECTOR, XenArea.LDT, entries * Long.BYTES - 1, LDT_RIGHTS));
    }

    /** All of them, or none. */
    private void useAll(long[] wanted) {
        for (int i = 0; i < wanted.length; i++) {
            try {
                tables.use(wanted[i], FrameTable.DESCRIPTORS);
            } catch (Refusal refusal) {
                for (int back = 0; back < i; back++) {
                    tables.release(wanted[back]);
                }
                throw refusal;
            }
        }
    }

    private void replace(long[] table, int pages, long[] wanted, int firstPage, long virtual) {
        for (int i = 0; i < Math.max(pages, wanted.length); i++) {
            area.descriptorPage(firstPage + i, i < wanted.length ? wanted[i] : XenArea.NO_FRAME);
            processor.invalidatePage(virtual + (long) i * PageTable.PAGE_SIZE);
        }
        for (int i = 0; i < pages; i++) {
            tables.release(table[i]);
        }
        System.arraycopy(wanted, 0, table, 0, wanted.length);
    }

    /** UPDATE_DESCRIPTOR, by machine address. */
    long updateDescriptor(long machineAddress, long descriptor) {
        long mfn = machineAddress >>> FrameTable.SHIFT;
        if ((machineAddress & Long.BYTES - 1) != 0 || !frames.owns(mfn)) {
            throw Refusal.INVALID;
        }
        long good = Descriptors.good(descriptor, width);
        if (frames.type(mfn) != FrameTable.DESCRIPTORS && frames.type(mfn) != FrameTable.WRITABLE && frames.type(mfn) != FrameTable.NONE) {
            throw Refusal.INVALID;
        }
        memory.write64(machineAddress, good);
        return 0;
    }
}
