package proteus.cpu.full;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import proteus.api.cpu.CpuContext;
import proteus.api.memory.VmmWindow;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;
import proteus.x86.format.SegmentDescriptor;

/**
 * What of the VMM lies in the guest's linear address space, in its last 2 MiB: data that translated code works on, the GDT and TSS
 * of the processor, the table of indirect branches, the translation cache. A 32-bit guest cannot reach it because its segments end
 * below; a 64-bit kernel, in ring 3, sees the pages that its own translation needs, its users none.
 */
final class Monitor implements AutoCloseable {
    /** Linear address where the guest's segments end, as a 32-bit one. */
    static final long END = VmmWindow.BASE & 0xffffffffL;

    /** Offsets in the window. A page of its own has the interrupt flag: it is write-protected while an interrupt waits for it. */
    static final int RCX = 0, RDX = 8, TARGET = 16, COUNT = 24, IOPL = 32, BEFORE = 40, FLAG_PAGE = 0x1000, IF = FLAG_PAGE, GDT = 0x2000, TSS = 0x3000, LOOKUP = 0x4000;

    /** Indirect branches are looked up by the low 16 bits of their target. */
    static final int LOOKUP_ENTRIES = 1 << 16;

    static final int CODE = LOOKUP + 4 * LOOKUP_ENTRIES;

    private static final int PAGES = (int) (VmmWindow.BYTES / HostMemory.FRAME_SIZE);
    private static final int GDT_LIMIT = 0xfff;
    /** The VMM's own descriptors, behind those of most guests; the guest's selectors beyond trap. */
    static final int OWN_SELECTORS = 0xfd0;

    private static final int TSS_SELECTOR = 0xfd0, CODE64_SELECTOR = 0xfe3, CODE32_SELECTOR = 0xfe9, DATA_SELECTOR = 0xff1, DATA3_SELECTOR = 0xffb;
    private static final int FLAT = SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.G | SegmentDescriptor.ACCESSED;
    private static final int TSS_LIMIT = 0x67;
    private static final long LIMIT = 0xffffffffL;

    static final SegmentRegister CODE64 = new SegmentRegister(CODE64_SELECTOR, 0, LIMIT,
            FLAT | SegmentDescriptor.CODE | SegmentDescriptor.READABLE | SegmentDescriptor.L | 3 << SegmentDescriptor.DPL_SHIFT);
    static final SegmentRegister CODE32 = new SegmentRegister(CODE32_SELECTOR, 0, LIMIT,
            FLAT | SegmentDescriptor.CODE | SegmentDescriptor.READABLE | SegmentDescriptor.DB | 1 << SegmentDescriptor.DPL_SHIFT);
    static final SegmentRegister DATA =
            new SegmentRegister(DATA_SELECTOR, 0, LIMIT, FLAT | SegmentDescriptor.WRITABLE | SegmentDescriptor.DB | 1 << SegmentDescriptor.DPL_SHIFT);
    static final SegmentRegister DATA3 =
            new SegmentRegister(DATA3_SELECTOR, 0, LIMIT, FLAT | SegmentDescriptor.WRITABLE | SegmentDescriptor.DB | 3 << SegmentDescriptor.DPL_SHIFT);
    private static final SegmentRegister NO_LDT = new SegmentRegister(0, 0, 0, SegmentRegister.UNUSABLE);

    private final HostMemory memory;
    private final Processor processor;
    private final GuestTables tables;
    private final long frames;
    private final long pageTables;
    private boolean flagProtected;

    Monitor(CpuContext context, GuestTables tables) {
        this.memory = context.silicon().hostMemory();
        this.processor = context.processor();
        this.tables = tables;
        String owner = "VMM in the guest's address space";
        this.frames = memory.allocate(VmmWindow.BYTES, HostMemory.FRAME_SIZE, owner);
        this.pageTables = memory.allocate(2L * HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, owner);
        for (int page = 0; page < PAGES; page++) {
            long offset = (long) page * HostMemory.FRAME_SIZE;
            long entry = frames + offset | PageTable.PRESENT | PageTable.ACCESSED | PageTable.DIRTY;
            entry |= (offset < CODE ? PageTable.NX : 0) | (offset < GDT ? PageTable.WRITABLE : 0);
            boolean tablesOfProcessor = offset == GDT || offset == TSS;
            memory.write64(pageTables + 8L * page, entry);
            memory.write64(pageTables + HostMemory.FRAME_SIZE + 8L * page, entry | (tablesOfProcessor ? 0 : PageTable.USER));
        }
        ownDescriptors();
        // The I/O permission bitmap begins beyond the limit: every port traps (SDM vol. 1, 19.5.2).
        memory.write16(frames + TSS + 0x66, TSS_LIMIT + 1);
        context.memory().window(new VmmWindow(pageTables, pageTables + HostMemory.FRAME_SIZE));
    }

    private void ownDescriptors() {
        for (SegmentRegister own : new SegmentRegister[] {CODE64, CODE32, DATA, DATA3}) {
            descriptor(own.selector() & ~7, SegmentDescriptor.of(0, 0xfffff, own.rights()));
        }
        long base = address(TSS, true);
        descriptor(TSS_SELECTOR, SegmentDescriptor.of(base, TSS_LIMIT, SegmentDescriptor.P | SegmentDescriptor.TSS_BUSY));
        descriptor(TSS_SELECTOR + 8, SegmentDescriptor.highOf(base));
    }

    private void descriptor(int offset, long value) {
        memory.write64(frames + GDT + offset, value);
    }

    /** Linear address of a place in the window. */
    static long address(int offset, boolean wide) {
        return VmmWindow.BASE + offset & (wide ? -1 : 0xffffffffL);
    }

    /** Offset of a linear address in the window, or -1. */
    static int offset(long linear, boolean wide) {
        long offset = linear - address(0, wide);
        return offset >= 0 && offset < VmmWindow.BYTES ? (int) offset : -1;
    }

    /** Loads the descriptor-table registers of the processor with the VMM's own. */
    void load(boolean wide) {
        CpuRegisters registers = processor.registers();
        registers.gdtr(address(GDT, wide), GDT_LIMIT);
        // No exception or interrupt goes through an IDT while the guest runs: the silicon hands each to the VMM.
        registers.idtr(0, 0);
        registers.segment(CpuRegisters.LDTR, NO_LDT);
        registers.segment(CpuRegisters.TR, new SegmentRegister(TSS_SELECTOR, address(TSS, wide), TSS_LIMIT, SegmentDescriptor.P | SegmentDescriptor.TSS_BUSY));
    }

    /**
     * Makes the descriptors that the guest's users may load: the guest's own, but ending below the window and never of ring 0. What is
     * not there (system segments, what nobody has loaded yet, the LDT) traps, and the load is emulated.
     */
    void shadowDescriptors(long gdtrBase, int gdtrLimit, boolean wide) {
        int count = Math.min(gdtrLimit + 1, OWN_SELECTORS) >> 3;
        for (int i = 1; i < OWN_SELECTORS >> 3; i++) {
            long at = frames + GDT + 8L * i;
            if (i >= count) {
                if (i >= shadowed) {
                    break;
                }
                memory.write64(at, 0);
                continue;
            }
            long wanted = shadowOf(tables.read64(gdtrBase + 8L * i), wide);
            if (memory.read64(at) != wanted) {
                memory.write64(at, wanted);
            }
        }
        shadowed = count;
    }

    private int shadowed;

    private static long shadowOf(long descriptor, boolean wide) {
        int rights = SegmentDescriptor.rights(descriptor);
        if ((rights & (SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.ACCESSED))
                != (SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.ACCESSED)) {
            return 0;
        }
        long base = SegmentDescriptor.base(descriptor);
        long limit = SegmentDescriptor.limit(descriptor);
        int compressed = SegmentDescriptor.dpl(rights) == 0 ? rights | 1 << SegmentDescriptor.DPL_SHIFT : rights;
        if (wide || base + limit < END) {
            return descriptor & ~(0xffL << 40) | (compressed & 0xffL) << 40;
        }
        if (SegmentDescriptor.isExpandDown(rights) || base >= END) {
            return 0;
        }
        return SegmentDescriptor.of(base, (int) (truncated(base) >>> 12), compressed | SegmentDescriptor.G);
    }

    /** The limit of a segment that must end below the window; with page granularity if the base allows. */
    static long truncated(long base) {
        return (END - base & -0x1000L) - 1;
    }

    // ---- data that translated code works on

    long read(int offset, boolean wide) {
        return wide ? memory.read64(frames + offset) : memory.read32(frames + offset) & 0xffffffffL;
    }

    /** Flags that the guest's kernel has and the processor does not. */
    long flags() {
        return memory.read32(frames + IF) & Rflags.IF | memory.read32(frames + IOPL) & Rflags.IOPL;
    }

    boolean interruptFlag() {
        return (memory.read32(frames + IF) & Rflags.IF) != 0;
    }

    /** Whether the STI executed last has changed the flag. */
    boolean enabledBySti() {
        return (memory.read32(frames + BEFORE) & Rflags.IF) == 0;
    }

    void flags(long rflags) {
        memory.write32(frames + IF, (int) rflags & Rflags.IF);
        memory.write32(frames + IOPL, (int) rflags & Rflags.IOPL);
    }

    /** How many instructions translated code has executed beyond those of the guest, since asked last. */
    long takeOverhead() {
        long count = memory.read32(frames + COUNT) & 0xffffffffL;
        if (count != 0) {
            memory.write64(frames + COUNT, 0);
        }
        return count;
    }

    /** Whether a write to the interrupt flag comes to the VMM: an interrupt waits that the guest has disabled. */
    void protectFlag(boolean protect) {
        if (protect == flagProtected) {
            return;
        }
        flagProtected = protect;
        int page = FLAG_PAGE / HostMemory.FRAME_SIZE;
        for (long table : new long[] {pageTables, pageTables + HostMemory.FRAME_SIZE}) {
            long entry = memory.read64(table + 8L * page);
            memory.write64(table + 8L * page, protect ? entry & ~PageTable.WRITABLE : entry | PageTable.WRITABLE);
        }
        processor.invalidatePage(address(FLAG_PAGE, true));
        processor.invalidatePage(address(FLAG_PAGE, false));
    }

    boolean flagProtected() {
        return flagProtected;
    }

    // ---- translation cache

    void code(int offset, byte[] bytes, int length) {
        memory.write(frames + offset, bytes, 0, length);
    }

    void patch32(int offset, int value) {
        memory.write32(frames + offset, value);
    }

    int byteAt(int offset) {
        return memory.read8(frames + offset) & 0xff;
    }

    /** Where an indirect branch to a target goes: code in the window. */
    void lookup(long target, int codeOffset) {
        memory.write32(frames + LOOKUP + 4 * (int) (target & LOOKUP_ENTRIES - 1), (int) (VmmWindow.BASE + codeOffset));
    }

    /** Makes all indirect branches go to one place. */
    void forgetLookups(int codeOffset) {
        byte[] entries = new byte[4 * LOOKUP_ENTRIES];
        ByteBuffer.wrap(entries).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(repeated((int) (VmmWindow.BASE + codeOffset)));
        memory.write(frames + LOOKUP, entries, 0, entries.length);
    }

    private static int[] repeated(int value) {
        int[] all = new int[LOOKUP_ENTRIES];
        Arrays.fill(all, value);
        return all;
    }

    int lookup(long target) {
        return memory.read32(frames + LOOKUP + 4 * (int) (target & LOOKUP_ENTRIES - 1)) - (int) VmmWindow.BASE;
    }

    @Override
    public void close() {
        memory.release(frames, VmmWindow.BYTES);
        memory.release(pageTables, 2L * HostMemory.FRAME_SIZE);
    }
}
