package proteus.cpu.hwassist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.RunOutcome;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestContract;
import proteus.silicon.processor.ModelSilicon;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;
import proteus.x86.format.Tss32;

/** The technique on the modelled VMX: small programs whose exits need more than one side to be right. */
class OnModelledSiliconTest {
    private static final int ORIGIN = 0x1000;
    private static final String TABLES = """
            gdt:    dq 0
                    dw 0xffff, 0, 0x9b00, 0x00cf          ; 08 code
                    dw 0xffff, 0, 0x9300, 0x00cf          ; 10 data
                    dw 0x67, first, 0x8900, 0             ; 18 task
                    dw 0x67, second, 0x8900, 0            ; 20 task
            gdtr:   dw 0x27
                    dd gdt
            idtr:   dw 0xff
                    dd idt
                    align 8
            first:  times 26 dd 0
            second: dd 0, stack, 0x10, 0, 0, 0, 0, 0, entry, 2, 0, 0, 0, 0, stack, 0, 0, 0, 0x10, 0x08, 0x10, 0x10, 0x10, 0x10, 0, 0x680000
            idt:    times 32 dq 0
                    times 64 dd 0
            stack:
            """;

    private final ModelSilicon silicon = new ModelSilicon(64 << 20, Set.of(), 40);
    private final MemoryRegion ram = new MemoryRegion(0, 1 << 20, silicon.hostMemory().allocate(1 << 20, 4096, "guest"), true, "ram");
    private final RamOnly guest = new RamOnly(silicon.hostMemory(), ram);
    private final SmallEpt ept = new SmallEpt(silicon.hostMemory(), ram);
    private final Bench bench = new Bench();
    private final List<String> trace = new ArrayList<>();
    private final Processor processor =
            silicon.createProcessor(new ProcessorSettings(ExecutionMode.VMX_NON_ROOT, "max", bench.counters, MachineBus.NONE, false));
    private final HardwareAssistedCpu cpu = new HardwareAssistedCpu(new Context());
    private Assembly program;

    @AfterEach
    void close() {
        cpu.close();
        processor.close();
        silicon.close();
    }

    /** Runs 32-bit code in flat protected mode until it halts or 10 000 instructions are over. */
    private RunOutcome run(String source) {
        program = Assembler.assemble(source, 32, ORIGIN);
        guest.write(ORIGIN, program.bytes(), 0, program.bytes().length);
        CpuRegisters registers = processor.registers();
        SegmentRegister data = new SegmentRegister(0x10, 0, 0xffffffffL, 0xc093);
        for (int i = CpuRegisters.ES; i <= CpuRegisters.GS; i++) {
            registers.segment(i, i == CpuRegisters.CS ? new SegmentRegister(8, 0, 0xffffffffL, 0xc09b) : data);
        }
        registers.cr(0, 0x31);
        registers.cr(4, 0x2000);
        registers.rip(ORIGIN);
        registers.gpr(CpuRegisters.RSP, 0x8000);
        processor.vmcs().write(proteus.api.silicon.VmcsField.CR0_READ_SHADOW, 0x11);
        bench.limit = 10_000;
        return cpu.run();
    }

    @Test
    void exceptionThroughATaskGateSwitchesTasks() {
        RunOutcome outcome = run("""
                    lgdt [gdtr]
                    lidt [idtr]
                    mov word [idt + 6 * 8 + 2], 0x20      ; #UD: a task gate to the second task
                    mov byte [idt + 6 * 8 + 5], 0x85
                    mov ax, 0x18
                    ltr ax
                    mov esi, 0x1234
            fault:  ud2
            back:   mov al, 'b'
                    out 0xe9, al
                    hlt
            entry:  mov al, 't'
                    out 0xe9, al
                    str ax
                    out 0xea, ax
                    mov dword [first + 32], back          ; where the first task goes on
                    iret
            """ + TABLES);
        assertEquals(RunOutcome.HALTED, outcome, cpu::failure);
        assertEquals(List.of("out e9 74", "out ea 20", "out e9 62"), trace);
        assertEquals(2, bench.counters.exits(ExitReason.TASK_SWITCH), "there by the gate, back by IRET");
        assertEquals(0x1234, guest.read32(program.symbol("first") + Tss32.ESI));
        assertEquals(0x18, processor.registers().segment(CpuRegisters.TR).selector());
    }

    @Test
    void taskSwitchByCallIsEmulated() {
        RunOutcome outcome = run("""
                    lgdt [gdtr]
                    mov ax, 0x18
                    ltr ax
                    call 0x20:0
                    mov al, 'b'
                    out 0xe9, al
                    hlt
            entry:  mov al, 't'
                    out 0xe9, al
                    iret
            """ + TABLES);
        assertEquals(RunOutcome.HALTED, outcome, cpu::failure);
        assertEquals(List.of("out e9 74", "out e9 62"), trace);
    }

    @Test
    void stringInputFillsMemoryThatWasNeverTouched() {
        RunOutcome outcome = run("""
                    mov edi, 0x20ffe                      ; across a border of two fresh pages
                    mov ecx, 4
                    mov edx, 0x60
                    cld
                    rep insb
                    hlt
            """);
        assertEquals(RunOutcome.HALTED, outcome, cpu::failure);
        assertEquals(0x5a5a_5a5a, guest.read32(0x20ffe));
        assertEquals(0, processor.registers().gpr(CpuRegisters.RCX));
    }

    @Test
    void moveFromARegisterToFreshMemory() {
        RunOutcome outcome = run("""
                    mov esi, 0xfee00020
                    mov edi, 0x30000
                    movsd
                    mov eax, [0x30000]
                    hlt
            """);
        assertEquals(RunOutcome.HALTED, outcome, cpu::failure);
        assertEquals(0x5a5a_5a5aL, processor.registers().gpr(CpuRegisters.RAX));
        assertTrue(trace.contains("read fee00020/4"), trace::toString);
    }

    @Test
    void tripleFaultComesOut() {
        assertEquals(RunOutcome.TRIPLE_FAULT, run("ud2"));
    }

    private final class Context implements CpuContext, MachineBus {
        @Override
        public Silicon silicon() {
            return silicon;
        }

        @Override
        public Processor processor() {
            return processor;
        }

        @Override
        public MemoryVirtualization memory() {
            return ept;
        }

        @Override
        public MachineBus bus() {
            return this;
        }

        @Override
        public InterruptController interrupts() {
            return bench;
        }

        @Override
        public GuestMemory guestMemory() {
            return guest;
        }

        @Override
        public GuestContract contract() {
            return new GuestContract("max", silicon.cpuid("max"), List.of(), 1_000_000_000L);
        }

        @Override
        public EventCounters counters() {
            return bench.counters;
        }

        @Override
        public RunSchedule schedule() {
            return bench;
        }

        @Override
        public int index() {
            return 0;
        }

        @Override
        public int readPort(int port, int size) {
            return 0x5a5a_5a5a >>> 32 - 8 * size;
        }

        @Override
        public void writePort(int port, int size, int value) {
            trace.add("out %x %x".formatted(port, value));
        }

        @Override
        public long readMemory(long gpa, int size) {
            trace.add("read %x/%d".formatted(gpa, size));
            return 0x5a5a_5a5aL;
        }

        @Override
        public void writeMemory(long gpa, int size, long value) {
            trace.add("write %x/%d".formatted(gpa, size));
        }
    }
}
