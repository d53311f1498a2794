package proteus.cpu.para;

import static proteus.x86.format.PageTable.ACCESSED;
import static proteus.x86.format.PageTable.DIRTY;
import static proteus.x86.format.PageTable.FRAME;
import static proteus.x86.format.PageTable.PRESENT;
import static proteus.x86.format.PageTable.WRITABLE;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.x86.format.PageTable;

/**
 * Writes of the kernel to its level-1 tables by ordinary instructions (Xen arch/x86/pv/ro-page-fault.c, "ptwr"): the instruction is carried
 * out on the table, and then each entry it changed is put back and changed anew with all checks.
 */
final class PageTableWrites {
    private static final int ENTRIES = 512, GENERAL_REGISTERS = 16, NOT_INSIDE = -1;

    private final Processor processor;
    private final HostMemory memory;
    private final FrameTable frames;
    private final PageTables tables;
    private final AddressSpace space;
    private final EventCounters counters;
    private final long[] before = new long[ENTRIES];
    private final long[] after = new long[ENTRIES];
    private final long[] general = new long[GENERAL_REGISTERS];
    private long rip;
    private long rflags;

    PageTableWrites(Processor processor, HostMemory memory, FrameTable frames, PageTables tables, AddressSpace space, EventCounters counters) {
        this.processor = processor;
        this.memory = memory;
        this.frames = frames;
        this.tables = tables;
        this.space = space;
        this.counters = counters;
    }

    /** After a write that its page does not allow: whether it was one to a level-1 table and is done. */
    boolean emulate(long virtual) {
        long leaf = tables.leaf(space.root(), virtual);
        if (leaf < 0) {
            return false;
        }
        long mapping = memory.read64(leaf);
        long mfn = (mapping & FRAME) >>> FrameTable.SHIFT;
        if ((mapping & (PRESENT | WRITABLE)) != PRESENT || !frames.owns(mfn) || frames.type(mfn) != FrameTable.L1) {
            return false;
        }
        long table = mfn << FrameTable.SHIFT;
        remember(table);
        memory.write64(leaf, mapping | WRITABLE | DIRTY);
        processor.invalidatePage(virtual);
        boolean executed = processor.emulate(MachineBus.NONE) == ExitReason.NONE;
        // The mapping may stand in the very table that was written.
        int own = (leaf & -PageTable.PAGE_SIZE) == table ? (int) (leaf >>> 3) & ENTRIES - 1 : NOT_INSIDE;
        boolean ownKept = ((memory.read64(leaf) ^ mapping) & ~(WRITABLE | DIRTY | ACCESSED)) == 0;
        memory.write64(leaf, mapping);
        processor.invalidatePage(virtual);
        for (int i = 0; i < ENTRIES; i++) {
            long at = table + i * Long.BYTES;
            after[i] = memory.read64(at);
            memory.write64(at, before[i]);
        }
        if (!executed || own != NOT_INSIDE && !ownKept || !apply(mfn)) {
            restoreRegisters();
            return false;
        }
        counters.count(CountedEvent.EMULATED_INSTRUCTIONS);
        counters.count(CountedEvent.PTE_WRITES_EMULATED);
        return true;
    }

    private void remember(long table) {
        CpuRegisters registers = processor.registers();
        rip = registers.rip();
        rflags = registers.rflags();
        for (int i = 0; i < GENERAL_REGISTERS; i++) {
            general[i] = registers.gpr(i);
        }
        for (int i = 0; i < ENTRIES; i++) {
            before[i] = memory.read64(table + i * Long.BYTES);
        }
    }

    private void restoreRegisters() {
        CpuRegisters registers = processor.registers();
        registers.rip(rip);
        registers.rflags(rflags);
        for (int i = 0; i < GENERAL_REGISTERS; i++) {
            registers.gpr(i, general[i]);
        }
    }

    /** Changes what the instruction changed, with all checks: all of it, or nothing. */
    private boolean apply(long mfn) {
        for (int i = 0; i < ENTRIES; i++) {
            if (after[i] == before[i]) {
                continue;
            }
            try {
                tables.change(mfn, i, after[i], false);
            } catch (Refusal refusal) {
                counters.count(CountedEvent.REFUSED_REQUESTS);
                for (int back = 0; back < i; back++) {
                    if (after[back] != before[back]) {
                        tables.change(mfn, back, before[back], false);
                    }
                }
                return false;
            }
        }
        return true;
    }
}
