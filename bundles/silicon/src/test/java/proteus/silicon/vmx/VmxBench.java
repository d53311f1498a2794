package proteus.silicon.vmx;

import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import java.util.Set;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.Vmcs;
import proteus.silicon.processor.ModelSilicon;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Ept;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;

/**
 * A processor in VMX operation with a VMCS that may be entered: an unpaged 32-bit guest in flat segments with a GDT and an IDT whose
 * handlers halt, its 4 MiB of memory mapped one to one by an EPT. All ports and MSRs exit.
 */
final class VmxBench implements AutoCloseable {
    static final int ORIGIN = 0x1000, IDT = 0x4000, GDT = 0x5000, HANDLERS = 0x6000, STACK = 0x8000, DATA = 0x9000, PAGES = 0x10_0000;
    private static final long RAM = 4 << 20;
    private static final int PIN = 0x16, PRIMARY = 0x0401e172 & ~(CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING), EXIT = 0x36dff, ENTRY = 0x11ff;

    final ModelSilicon silicon = new ModelSilicon(16L << 20, Set.of(), 40);
    final HostMemory memory = silicon.hostMemory();
    final EventCounters counters = new EventCounters();
    final Processor processor = silicon.createProcessor(new ProcessorSettings(ExecutionMode.VMX_NON_ROOT, "max", counters, MachineBus.NONE, false));
    final Vmcs vmcs = processor.vmcs();
    final CpuRegisters registers = processor.registers();
    /** Host-physical address of the guest's memory, a multiple of 2 MiB. */
    final long guest = memory.allocate(RAM, 2 << 20, "guest");
    final long bitmaps = memory.allocate(3 * 4096, 4096, "bitmaps");
    private Assembly program;

    VmxBench() {
        memory.fill(bitmaps, 3 * 4096, (byte) 0xff);
        vmcs.write(MSR_BITMAP, bitmaps);
        vmcs.write(IO_BITMAP_A, bitmaps + 4096);
        vmcs.write(IO_BITMAP_B, bitmaps + 8192);
        vmcs.write(PIN_BASED_CONTROLS, PIN | PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS);
        vmcs.write(PROCESSOR_BASED_CONTROLS,
            PRIMARY | CPU_HLT_EXITING | CPU_USE_MSR_BITMAPS | CPU_USE_IO_BITMAPS | CPU_ACTIVATE_SECONDARY_CONTROLS);
        vmcs.write(SECONDARY_PROCESSOR_BASED_CONTROLS, CPU2_ENABLE_EPT | CPU2_UNRESTRICTED_GUEST | CPU2_ENABLE_VPID);
        vmcs.write(VM_EXIT_CONTROLS, EXIT | EXIT_HOST_ADDRESS_SPACE_SIZE);
        vmcs.write(VM_ENTRY_CONTROLS, ENTRY);
        vmcs.write(VPID, 1);
        vmcs.write(EPT_POINTER, Ept.eptp(identity(), Ept.WRITE_BACK, 4, false));
        hostState();
        descriptors();
        registers.cr(0, Cr0.PE | Cr0.NE | Cr0.ET);
        registers.cr(4, Cr4.VMXE);
        registers.rflags(2);
    }

    private long identity() {
        long tables = memory.allocate(3 * 4096, 4096, "ept");
        memory.write64(tables, tables + 4096 | Ept.ACCESS);
        memory.write64(tables + 4096, tables + 8192 | Ept.ACCESS);
        for (int i = 0; i < RAM >> 21; i++) {
            memory.write64(tables + 8192 + 8 * i, guest + ((long) i << 21) | Ept.ACCESS | Ept.LARGE | Ept.WRITE_BACK << 3);
        }
        return tables;
    }

    private void hostState() {
        vmcs.write(HOST_CR0, Cr0.PE | Cr0.NE | Cr0.PG);
        vmcs.write(HOST_CR4, Cr4.PAE | Cr4.VMXE);
        vmcs.write(HOST_IA32_EFER, Efer.LME | Efer.LMA);
        vmcs.write(HOST_CS_SELECTOR, 8);
        vmcs.write(HOST_TR_SELECTOR, 16);
    }

    private void descriptors() {
        write64(GDT + 8, SegmentDescriptor.of(0, 0xfffff, 0xc09b));
        write64(GDT + 16, SegmentDescriptor.of(0, 0xfffff, 0xc093));
        for (int vector = 0; vector < 32; vector++) {
            write64(IDT + 8 * vector, GateDescriptor.of(8, HANDLERS + 16 * vector, SegmentDescriptor.INTERRUPT_GATE, 0, 0));
            write8(HANDLERS + 16 * vector, 0xf4); // HLT
        }
        registers.gdtr(GDT, 0xff);
        registers.idtr(IDT, 0xff);
        for (int i = CpuRegisters.ES; i <= CpuRegisters.GS; i++) {
            registers.segment(i, i == CpuRegisters.CS ? new SegmentRegister(8, 0, 0xffffffffL, 0xc09b) : new SegmentRegister(16, 0, 0xffffffffL, 0xc093));
        }
        registers.segment(CpuRegisters.TR, new SegmentRegister(0x18, 0, 0x67, 0x8b));
        registers.gpr(CpuRegisters.RSP, STACK);
    }

    /** Four-level paging of the guest's first 2 MiB one to one, and IA-32e mode with 64-bit code. */
    void longMode() {
        write64(PAGES, PAGES + 0x1000 | 7);
        write64(PAGES + 0x1000, PAGES + 0x2000 | 7);
        write64(PAGES + 0x2000, PAGES + 0x3000 | 7);
        for (int i = 0; i < 512; i++) {
            write64(PAGES + 0x3000 + 8 * i, (long) i << 12 | 7);
        }
        registers.msr(0xc0000080, Efer.LME | Efer.LMA);
        registers.cr(4, Cr4.VMXE | Cr4.PAE);
        registers.cr(3, PAGES);
        registers.cr(0, Cr0.PE | Cr0.NE | Cr0.ET | Cr0.PG);
        registers.segment(CpuRegisters.CS, new SegmentRegister(8, 0, 0xffffffffL, 0xa09b));
        vmcs.write(VM_ENTRY_CONTROLS, ENTRY | ENTRY_IA32E_MODE_GUEST);
    }

    /** Where the guest's PTE of an address stands, by GPA. */
    static int pte(int gva) {
        return PAGES + 0x3000 + 8 * PageTable.index(gva, 1);
    }

    void set(int field, long bits) {
        vmcs.write(field, vmcs.read(field) | bits);
    }

    void clear(int field, long bits) {
        vmcs.write(field, vmcs.read(field) & ~bits);
    }

    /** Assembles for the code size in force and puts RIP there. */
    void load(String source) {
        program = Assembler.assemble(source, registers.codeSize(), ORIGIN);
        memory.write(guest + ORIGIN, program.bytes(), 0, program.bytes().length);
        registers.rip(ORIGIN);
    }

    long at(String label) {
        return program.symbol(label);
    }

    ExitReason run(String source) {
        load(source);
        return run();
    }

    ExitReason run() {
        return processor.run(10_000);
    }

    /** Carries on behind the instruction that exited. */
    ExitReason resume() {
        registers.rip(registers.rip() + processor.exitInformation().instructionLength());
        return run();
    }

    /** The vector whose handler has halted. */
    int handler() {
        return (int) (registers.rip() - HANDLERS) / 16;
    }

    void inject(int information) {
        vmcs.write(VM_ENTRY_INTERRUPTION_INFORMATION, (INTERRUPTION_VALID | information) & 0xffffffffL);
    }

    long qualification() {
        return processor.exitInformation().qualification();
    }

    int read32(int gpa) {
        return memory.read32(guest + gpa);
    }

    void write8(int gpa, int value) {
        memory.write8(guest + gpa, value);
    }

    void write64(int gpa, long value) {
        memory.write64(guest + gpa, value);
    }

    @Override
    public void close() {
        processor.close();
        silicon.close();
    }
}
