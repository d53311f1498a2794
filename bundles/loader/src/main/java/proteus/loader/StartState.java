package proteus.loader;

import static proteus.api.silicon.SegmentRegister.UNUSABLE;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;
import proteus.x86.xen.Width;

/** Processor states in which boot protocols start a kernel. Interrupts are off in all of them; unlisted registers are 0. */
final class StartState {
    /** Encoding order of general registers. */
    static final int RAX = 0, RBX = 3, RSP = 4, RSI = 6;
    /** Linux: __BOOT_CS and __BOOT_DS (boot.rst, "32-bit boot protocol"). */
    private static final int CODE_SELECTOR = 0x10, DATA_SELECTOR = 0x18;
    private static final int CODE32 = 0xc09b, CODE64 = 0xa09b, DATA32 = 0xc093, REAL = 0x93, REAL_CODE = 0x9b, BUSY_TSS = 0x8b, LDT = 0x82;
    private static final long FLAT_LIMIT = 0xffff_ffffL, REAL_LIMIT = 0xffff;
    /** Of the interrupt table after power on (SDM 3A, table 10-1), which a kernel finds unless it sets its own: no exception can be served. */
    private static final int TABLE_LIMIT = 0xffff;
    private static final int RDX = 2, RESET_SELECTOR = 0xf000, RESET_IP = 0xfff0, RESET_SIGNATURE = 0x0600;
    private static final long RESET_BASE = 0xffff_0000L, RESET_CR0 = 0x6000_0010L;
    private static final int TSS_LIMIT = 0x67, REAL_IDT_LIMIT = 0x3ff;
    private static final long DR6_RESET = 0xffff_0ff0L, DR7_RESET = 0x400;
    private static final int XSAVE_BYTES = 832, FCW = 0, MXCSR = 24, MXCSR_MASK = 28, XSTATE_BV = 512;
    private static final int FCW_INIT = 0x37f, MXCSR_RESET = 0x1f80, MXCSR_ALL = 0xffff, X87_AND_SSE = 3;
    private static final int GDT_ENTRIES = 4, ENTRY = 8;
    private static final long LARGE_PAGE = 2L << 20;
    private static final int IDENTITY_GIB = 4, TABLE_ENTRIES = 512;

    private StartState() {}

    /** Real mode at segment:0 with a stack; every data segment is the stack's. */
    static ArchState real(int codeSegment, int dataSegment, int stackPointer) {
        SegmentRegister data = new SegmentRegister(dataSegment, (long) dataSegment << 4, REAL_LIMIT, REAL);
        SegmentRegister code = new SegmentRegister(codeSegment, (long) codeSegment << 4, REAL_LIMIT, REAL_CODE);
        long[] gpr = new long[16];
        gpr[RSP] = stackPointer;
        return state(gpr, 0, segments(code, data, 0, 0, REAL_IDT_LIMIT), Cr0.ET, 0, 0, 0);
    }

    /** After power on (SDM 3A, table 10-1): 16 bytes below 4 GiB, memory types off. */
    static ArchState reset() {
        SegmentRegister data = new SegmentRegister(0, 0, REAL_LIMIT, REAL);
        SegmentRegister code = new SegmentRegister(RESET_SELECTOR, RESET_BASE, REAL_LIMIT, REAL_CODE);
        long[] gpr = new long[16];
        gpr[RDX] = RESET_SIGNATURE;
        ArchState state = state(gpr, RESET_IP, segments(code, data, 0, TABLE_LIMIT, TABLE_LIMIT), RESET_CR0, 0, 0, 0);
        Map<Integer, Long> msrs = new HashMap<>(state.msrs());
        msrs.put(Msr.IA32_MTRR_DEF_TYPE, 0L);
        return new ArchState(state.general(), state.segments(), state.control(), state.fpu(), msrs, state.events(), state.tsc());
    }

    /**
     * 32-bit protected mode without paging, flat segments whose descriptors are really in a table in guest memory.
     *
     * @param gdt address of {@link #gdtBytes()} bytes for the table
     */
    static ArchState protected32(Ram ram, long gdt, long entry, long[] gpr) {
        SegmentRegister code = new SegmentRegister(CODE_SELECTOR, 0, FLAT_LIMIT, CODE32);
        return state(gpr, entry, segments(code, writeGdt(ram, gdt, CODE32), gdt, gdtBytes() - 1, TABLE_LIMIT), Cr0.PE | Cr0.ET, 0, 0, 0);
    }

    /** 64-bit mode, the first 4 GiB mapped to themselves by tables in guest memory (boot.rst, "64-bit boot protocol"). */
    static ArchState long64(Ram ram, long gdt, long entry, long[] gpr) {
        SegmentRegister code = new SegmentRegister(CODE_SELECTOR, 0, FLAT_LIMIT, CODE64);
        ArchState.Segments segments = segments(code, writeGdt(ram, gdt, CODE64), gdt, gdtBytes() - 1, TABLE_LIMIT);
        return state(gpr, entry, segments, Cr0.PE | Cr0.ET | Cr0.PG, identityTables(ram), Cr4.PAE, Efer.LME | Efer.LMA);
    }

    /** The kernel's ring on the hypervisor's flat segments with paging on, in long mode for 32-bit domains too: a paravirtual domain. */
    static ArchState xenDomain(Width width, long entry, long root, long[] gpr) {
        SegmentRegister code = new SegmentRegister(width.kernelCode, 0, FLAT_LIMIT, width.kernelCodeRights);
        SegmentRegister stack = new SegmentRegister(width.kernelData, 0, FLAT_LIMIT, width.kernelDataRights);
        return state(gpr, entry, segments(code, stack, 0, 0, 0), Cr0.PE | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.PG, root, Cr4.PAE | Cr4.OSFXSR | Cr4.OSXMMEXCPT,
                Efer.LME | Efer.LMA | Efer.NXE | Efer.SCE);
    }

    static int gdtBytes() {
        return GDT_ENTRIES * ENTRY;
    }

    private static SegmentRegister writeGdt(Ram ram, long gdt, int codeRights) {
        ram.memory().write64(gdt + CODE_SELECTOR, flatDescriptor(codeRights));
        ram.memory().write64(gdt + DATA_SELECTOR, flatDescriptor(DATA32));
        return new SegmentRegister(DATA_SELECTOR, 0, FLAT_LIMIT, DATA32);
    }

    /** A descriptor with base 0 and limit 0xfffff in the format of the tables (SDM 3A 3.4.5). */
    private static long flatDescriptor(int rights) {
        return 0x000f_0000_0000_ffffL | (long) rights << 40;
    }

    private static long identityTables(Ram ram) {
        long root = ram.structure("page tables", (2 + IDENTITY_GIB) * Ram.PAGE, Ram.PAGE);
        long directories = root + Ram.PAGE, first = root + 2 * Ram.PAGE;
        long flags = PageTable.PRESENT | PageTable.WRITABLE;
        ram.memory().write64(root, directories | flags);
        for (int gib = 0; gib < IDENTITY_GIB; gib++) {
            long table = first + gib * Ram.PAGE;
            ram.memory().write64(directories + gib * ENTRY, table | flags);
            for (int i = 0; i < TABLE_ENTRIES; i++) {
                ram.memory().write64(table + i * ENTRY, ((long) gib * TABLE_ENTRIES + i) * LARGE_PAGE | flags | PageTable.LARGE);
            }
        }
        return root;
    }

    private static ArchState.Segments segments(SegmentRegister code, SegmentRegister data, long gdt, int gdtLimit, int idtLimit) {
        SegmentRegister ldtr = new SegmentRegister(0, 0, REAL_LIMIT, LDT | UNUSABLE);
        SegmentRegister tr = new SegmentRegister(0, 0, TSS_LIMIT, BUSY_TSS);
        return new ArchState.Segments(List.of(data, code, data, data, data, data, ldtr, tr), gdt, gdtLimit, 0, idtLimit);
    }

    private static ArchState state(long[] gpr, long rip, ArchState.Segments segments, long cr0, long cr3, long cr4, long efer) {
        long[] dr = new long[8];
        dr[6] = DR6_RESET;
        dr[7] = DR7_RESET;
        return new ArchState(new ArchState.General(gpr, rip, Rflags.ALWAYS_ONE), segments, new ArchState.Control(cr0, 0, cr3, cr4, 0, 1, dr, new long[4]),
                new ArchState.Fpu(initialXsave()), Map.of(Msr.IA32_EFER, efer, Msr.IA32_PAT, Msr.PAT_RESET), new ArchState.Events(0, 0, 0, 0, 0, 0), 0);
    }

    /** State after FNINIT and with MXCSR as after reset, in XSAVE's standard format (SDM 1, 13.4). */
    private static byte[] initialXsave() {
        byte[] image = new byte[XSAVE_BYTES];
        little(image, FCW, FCW_INIT, 2);
        little(image, MXCSR, MXCSR_RESET, 4);
        little(image, MXCSR_MASK, MXCSR_ALL, 4);
        little(image, XSTATE_BV, X87_AND_SSE, 1);
        return image;
    }

    private static void little(byte[] target, int at, int value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            target[at + i] = (byte) (value >> 8 * i);
        }
    }
}
