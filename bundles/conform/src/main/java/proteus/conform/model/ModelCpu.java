package proteus.conform.model;

import static proteus.conform.state.Window.PAGE;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.Silicon;
import proteus.api.state.ArchState;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segment;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.PageTable;

/**
 * Runs cases on the modelled processor. Ring 0 is ours ({@link ExecutionMode#DEPRIVILEGED}): an exception comes out before anything is
 * pushed, so that the state is the one at the fault. General registers are set from outside; vector and x87 registers go the way
 * programs use, with FXRSTOR and FXSAVE (XRSTOR and XSAVE where there is AVX).
 */
public final class ModelCpu implements AutoCloseable {
    private static final int TSS_BUSY = 0x8b, LDT_RIGHTS = 0x82;
    /** The system's page, for ring 0 only. First the task-state segment; it has no bitmap, so every port is forbidden. */
    private static final long TSS = 0xffff_8000_0000_0000L, GDT = TSS + 0x400, LDT = TSS + 0x800;
    private static final int GDT_LIMIT = 0x7f, LDT_SELECTOR = 0x50;
    /** Linux's own, ring 0: code of 32 and of 64 bits, data. */
    private static final long[] SYSTEM_SEGMENTS = {0x00cf_9b00_0000_ffffL, 0x00af_9b00_0000_ffffL, 0x00cf_9300_0000_ffffL};
    private static final int TSS_LIMIT = 0x67, TSS_MAP_BASE = 0x66;
    private static final int EFER_MSR = 0xc000_0080;
    private static final int ENTRIES_SHIFT = 9, PAGE_SHIFT = 12, LEVELS = 4;
    private static final SegmentRegister NULL = new SegmentRegister(0, 0, 0, SegmentRegister.UNUSABLE);
    private static final int SELECTORS = 6;
    /** Tells the native engine to translate each instruction by itself: with the jump out behind it, a block would be longer than a case. */
    private static final String STRESS = "proteus.translate.stress", SINGLE = "single";
    private static final String OWNER = "conform";
    /** RFLAGS.AC cleared, interrupts enabled. */
    private static final long QUIET = 0x202;

    private final HostMemory memory;
    private final Processor processor;
    private final CpuRegisters registers;
    private final List<long[]> allocated = new ArrayList<>();
    private final long tables;
    private final long data, constants, control, stub, code;
    private final long restore, save;
    private final int vectorBytes;
    private final byte[] image = new byte[Cases.VECTOR_BYTES];
    private boolean translated;
    private final byte[] piece = new byte[Cases.MEMORY_BYTES];

    public ModelCpu(Silicon silicon, String cpu, ExecutionEngine engine, boolean avx, byte[] constantPage) {
        memory = silicon.hostMemory();
        tables = allocate(PAGE);
        long user = PageTable.PRESENT | PageTable.USER;
        data = map(Window.DATA, Window.DATA_BYTES, user | PageTable.WRITABLE | PageTable.NX);
        constants = map(Window.CONSTANTS, PAGE, user | PageTable.NX);
        control = map(Window.CONTROL, PAGE, user | PageTable.WRITABLE | PageTable.NX);
        stub = map(Window.STUB, PAGE, user);
        code = map(Window.CODE, Window.CODE_BYTES, user);
        long tss = map(TSS, PAGE, PageTable.PRESENT | PageTable.WRITABLE | PageTable.NX);
        memory.write16(tss + TSS_MAP_BASE, TSS_LIMIT + 1);
        for (int i = 0; i < SYSTEM_SEGMENTS.length; i++) {
            memory.write64(tss + (GDT - TSS) + 8 * (i + 1), SYSTEM_SEGMENTS[i]);
        }
        Segments.GDT.forEach(segment -> memory.write64(tss + (GDT - TSS) + (segment.selector() & ~7), segment.descriptor()));
        Segments.LDT.forEach(segment -> memory.write64(tss + (LDT - TSS) + (segment.selector() & ~7), segment.descriptor()));
        memory.write(constants, constantPage, 0, constantPage.length);
        vectorBytes = avx ? Cases.VECTOR_BYTES : Cases.LEGACY_BYTES;
        Assembly assembly = Assembler.assemble("""
            restore:
                %s [0x%x]
                jmp $
            save:
                %s [0x%x]
                jmp $
            """.formatted(avx ? "xrstor64" : "fxrstor64", Window.CONTROL, avx ? "xsave64" : "fxsave64", Window.CONTROL), 64, Window.STUB);
        memory.write(stub, assembly.bytes(), 0, assembly.bytes().length);
        restore = assembly.symbol("restore");
        save = assembly.symbol("save");
        String stress = System.getProperty(STRESS, "");
        System.setProperty(STRESS, stress + ',' + SINGLE);
        processor = silicon.createProcessor(new ProcessorSettings(ExecutionMode.DEPRIVILEGED, cpu, new EventCounters(), MachineBus.NONE, false, engine));
        System.setProperty(STRESS, stress);
        registers = processor.registers();
        processor.load(initial(processor.save(), avx));
    }

    private long allocate(long bytes) {
        long hpa = memory.allocate(bytes, PAGE, OWNER);
        allocated.add(new long[] {hpa, bytes});
        return hpa;
    }

    private long map(long linear, long bytes, long rights) {
        long hpa = allocate(bytes);
        for (long at = 0; at < bytes; at += PAGE) {
            long table = tables;
            for (int level = LEVELS - 1; level > 0; level--) {
                long entry = table + 8 * index(linear + at, level);
                if ((memory.read64(entry) & PageTable.PRESENT) == 0) {
                    memory.write64(entry, allocate(PAGE) | PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER);
                }
                table = memory.read64(entry) & PageTable.FRAME;
            }
            memory.write64(table + 8 * index(linear + at, 0), hpa + at | rights);
        }
        return hpa;
    }

    private static long index(long linear, int level) {
        return linear >>> PAGE_SHIFT + ENTRIES_SHIFT * level & (1 << ENTRIES_SHIFT) - 1;
    }

    /** As Linux runs a program: SSE and alignment checks enabled, numeric errors by exception. */
    private ArchState initial(ArchState reset, boolean avx) {
        SegmentRegister ldt = new SegmentRegister(LDT_SELECTOR, LDT, 8L * Segments.LDT.size() - 1, LDT_RIGHTS);
        ArchState.Segments segments = new ArchState.Segments(List.of(NULL, register(Mode.LONG.code), register(Segments.DATA_FLAT), NULL, NULL, NULL, ldt,
            new SegmentRegister(0x40, TSS, TSS_LIMIT, TSS_BUSY)), GDT, GDT_LIMIT, 0, 0);
        long cr4 = Cr4.PAE | Cr4.OSFXSR | Cr4.OSXMMEXCPT | (avx ? Cr4.OSXSAVE : 0);
        ArchState.Control old = reset.control();
        ArchState.Control now = new ArchState.Control(Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG, 0, tables, cr4, 0, avx ? 7 : old.xcr0(), old.dr(),
            old.pdptes());
        return new ArchState(new ArchState.General(new long[16], Window.CODE, QUIET), segments, now, reset.fpu(),
            Map.of(EFER_MSR, (long) Efer.LME | Efer.LMA | Efer.SCE | Efer.NXE), reset.events(), 0);
    }

    private static SegmentRegister register(Segment segment) {
        return segment == null ? NULL : new SegmentRegister(segment.selector(), segment.base(), segment.limitBytes(), segment.rights());
    }

    /** Makes these the code pages. */
    public void code(byte[] bytes) {
        memory.write(code, bytes, 0, bytes.length);
    }

    /** Copies the data pages out. */
    public void data(byte[] to) {
        memory.read(data, to, 0, (int) Window.DATA_BYTES);
    }

    /** Overwrites the data pages. */
    public void setData(byte[] from) {
        memory.write(data, from, 0, (int) Window.DATA_BYTES);
    }

    /**
     * Runs a case.
     *
     * @param out where what became of it goes, side "after" of case 0
     * @param vectors whether x87 and vector registers are part of it
     * @param jumps whether a branch to a place that cannot be executed is to be followed to the fault there
     */
    public void run(Cases in, int i, Cases out, boolean vectors, boolean jumps) {
        long from = Cases.before(i);
        boolean segmented = in.getShort(from + Cases.SEGMENTED) != 0;
        long to = Cases.after(0);
        putPiece(in, from + Cases.MEMORY, in.get(from + Cases.PIECE_0), (int) in.get(from + Cases.LENGTH_0));
        putPiece(in, from + Cases.MEMORY + in.get(from + Cases.LENGTH_0), in.get(from + Cases.PIECE_1), (int) in.get(from + Cases.LENGTH_1));
        if (vectors) {
            in.read(from, image, vectorBytes);
            memory.write(control, image, 0, vectorBytes);
            step(restore, "FXRSTOR");
        }
        if (segmented) {
            for (int s = 0; s < SELECTORS; s++) {
                registers.segment(s, register(Segments.of(in.getShort(from + Cases.SELECTORS + 2 * s))));
            }
        }
        for (int r = 0; r < 16; r++) {
            registers.gpr(r, in.get(from + Cases.GPRS + 8 * r));
        }
        registers.rflags(in.get(from + Cases.RFLAGS));
        registers.rip(in.get(from + Cases.RIP));
        long translatedBefore = processor.translation().instructions();
        ExitReason reason = processor.run(1);
        translated = processor.translation().instructions() != translatedBefore;
        if (reason == ExitReason.BUDGET && jumps && !Window.inCode(registers.segment(CpuRegisters.CS).base() + registers.rip())) {
            reason = processor.run(1);
        }
        if (reason == ExitReason.EXCEPTION) {
            out.set(to + Cases.FAULT, processor.exitInformation().vector() + 1);
            out.set(to + Cases.ERROR, processor.exitInformation().interruptionErrorCode());
            out.set(to + Cases.ADDRESS, processor.exitInformation().qualification());
        } else if (reason == ExitReason.BUDGET) {
            out.set(to + Cases.FAULT, 0);
        } else {
            throw new IllegalStateException("the model came out with " + reason);
        }
        for (int r = 0; r < 16; r++) {
            out.set(to + Cases.GPRS + 8 * r, registers.gpr(r));
        }
        out.set(to + Cases.RFLAGS, registers.rflags());
        out.set(to + Cases.RIP, registers.rip());
        if (segmented) {
            for (int s = 0; s < SELECTORS; s++) {
                out.setShort(to + Cases.SELECTORS + 2 * s, registers.segment(s).selector());
                registers.segment(s, s == CpuRegisters.CS ? register(Mode.LONG.code) : s == CpuRegisters.SS ? register(Segments.DATA_FLAT) : NULL);
            }
        }
        if (vectors) {
            step(save, "FXSAVE");
            memory.read(control, image, 0, vectorBytes);
            out.write(to, image, vectorBytes);
        }
        int length = getPiece(out, to + Cases.MEMORY, in.get(from + Cases.PIECE_0), (int) in.get(from + Cases.LENGTH_0));
        getPiece(out, to + Cases.MEMORY + length, in.get(from + Cases.PIECE_1), (int) in.get(from + Cases.LENGTH_1));
    }

    /** Whether code of the host executed the last case: it neither faulted nor was left to a handler. */
    public boolean translated() {
        return translated;
    }

    private void step(long rip, String what) {
        registers.rflags(QUIET);
        registers.gpr(0, 7);
        registers.gpr(2, 0);
        registers.rip(rip);
        ExitReason reason = processor.run(1);
        if (reason != ExitReason.BUDGET) {
            throw new IllegalStateException("%s of the model ended in %s, vector %d".formatted(what, reason, processor.exitInformation().vector()));
        }
    }

    private void putPiece(Cases in, long from, long linear, int length) {
        if (length > 0) {
            in.read(from, piece, length);
            memory.write(data + (linear - Window.DATA), piece, 0, length);
        }
    }

    private int getPiece(Cases out, long to, long linear, int length) {
        if (length > 0) {
            memory.read(data + (linear - Window.DATA), piece, 0, length);
            out.write(to, piece, length);
        }
        return length;
    }

    @Override
    public void close() {
        processor.close();
        for (long[] run : allocated) {
            memory.release(run[0], run[1]);
        }
    }
}
