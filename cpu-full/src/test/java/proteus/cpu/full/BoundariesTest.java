package proteus.cpu.full;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.cpu.RunOutcome;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.silicon.VmxControls;
import proteus.api.state.ArchState;
import proteus.silicon.processor.ModelSilicon;
import proteus.tck.machine.GuestBench;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;

/** Between any two instructions the guest's state is the one of a bare processor, whatever the translated code was about. */
class BoundariesTest {
    /** Calls, returns, flags and indirect jumps: every sequence that is longer than its instruction. */
    private static final String SEQUENCES = """
                    mov ecx, 20
            again:  call square
                    pushfd
                    cli
                    popfd
                    sti
                    nop
                    cli
                    mov edx, table
                    jmp [edx]
            back:   push 7
                    call [edx + 4]
                    loop again
                    mov eax, ecx
                    jmp again
            square: imul eax, ecx
                    ret
            drop:   ret 4
                    align 4
            table:  dd back, drop
            """;
    private static final String GATE = """
                    lgdt [gdtr]
                    lidt [idtr]
                    mov eax, handler
                    mov [idt + 8 * %d], ax
                    mov word [idt + 8 * %1$d + 2], cs
                    mov word [idt + 8 * %1$d + 4], 0x8e00
                    shr eax, 16
                    mov [idt + 8 * %1$d + 6], ax
            """;
    private static final String TABLES = """
                    align 8
            idtr:   dw 0x1ff
                    dd idt
                    align 8
            idt:    times 128 dd 0
            gdt:    dq 0
                    dw 0xffff, 0, 0x9b00, 0x00cf
                    dw 0xffff, 0, 0x9300, 0x00cf
            gdtr:   dw 0x17
                    dd gdt
            """;

    private final ModelSilicon silicon = new ModelSilicon(64 << 20, Set.of(), 40);
    private final GuestBench bench = new GuestBench(silicon, new FullTechnique(true), Shadow.technique());

    @AfterEach
    void powerOff() {
        bench.close();
        silicon.close();
    }

    private ArchState at(long instructions) {
        bench.limit = instructions;
        assertEquals(RunOutcome.LIMIT, bench.run(), () -> bench.cpu().failure());
        assertEquals(instructions, bench.processor().retired());
        return bench.cpu().exportState();
    }

    private static String summary(ArchState state) {
        return "rip %x flags %x esp %x eax %x blocking %x".formatted(
                state.general().rip(), state.general().rflags(), state.general().gpr()[CpuRegisters.RSP], state.general().gpr()[CpuRegisters.RAX],
                state.events().interruptibility());
    }

    /** The emulator, which knows nothing of sequences, against translated code stopped at every place. */
    @Test
    void whereverARunEndsItEndsBetweenTwoInstructions() {
        int length = 250;
        List<String> stepped = new ArrayList<>();
        bench.load(SEQUENCES);
        bench.cpu().debugPoints(new DebugPoints(Set.of(0xffff_0000L), List.of()));
        for (int n = 1; n <= length; n++) {
            stepped.add(summary(at(n)));
        }
        bench.cpu().debugPoints(DebugPoints.NONE);
        for (int stride : new int[] {1, 2, 3, 5, 7, 11, 13}) {
            long start = bench.processor().retired();
            bench.load(SEQUENCES);
            for (int n = stride; n <= length; n += stride) {
                assertEquals(stepped.get(n - 1), summary(at(start + n)), "after %d instructions by %d".formatted(n, stride));
            }
        }
    }

    @Test
    void stiShadowsOneInstructionIfItChangedTheFlag() {
        bench.load("cli\nsti\nnop\nsti\nnop\nagain: jmp again\n");
        assertEquals(0, at(1).events().interruptibility());
        assertEquals(VmxControls.BLOCKING_BY_STI, at(2).events().interruptibility());
        assertEquals(0, at(3).events().interruptibility());
        assertEquals(0, at(4).events().interruptibility());
    }

    @Test
    void aLoadOfSsShadowsOneInstruction() {
        bench.load("lgdt [gdtr]\nmov eax, 0x10\nmov ss, eax\nnop\nagain: jmp again\n" + TABLES);
        assertEquals(VmxControls.BLOCKING_BY_MOV_SS, at(3).events().interruptibility());
        assertEquals(0, at(4).events().interruptibility());
    }

    @Test
    void iretBringsTheResumeFlagForOneInstruction() {
        bench.load("lgdt [gdtr]\npush 0x10002\npush 8\npush there\niret\nthere: nop\nagain: jmp again\n" + TABLES);
        assertEquals(Rflags.RF, at(5).general().rflags() & Rflags.RF);
        assertEquals(0, at(6).general().rflags() & Rflags.RF);
    }

    @Test
    void aKernelMaySingleStepItself() {
        bench.load(GATE.formatted(1) + """
                    pushfd
                    or dword [esp], 0x100
                    popfd
                    mov ecx, 1
                    cpuid
                    hlt
            handler: mov eax, [esp]
                    out 0xe9, eax
                    mov eax, dr6
                    and eax, 0x4000
                    out 0xe9, eax
                    cmp dword [esp], last
                    jne on
                    hlt
            on:     iret
            last equ handler - 1
            """ + TABLES);
        assertEquals(RunOutcome.HALTED, bench.run(), () -> bench.cpu().failure());
        long handler = bench.symbol("handler");
        assertEquals(List.of("out e9/4 %x".formatted(handler - 3), "out e9/4 4000", "out e9/4 %x".formatted(handler - 1), "out e9/4 4000"), bench.trace);
    }

    @Test
    void aKernelMayBreakOnItsOwnInstructions() {
        bench.load(GATE.formatted(1) + """
                    mov eax, here
                    mov dr0, eax
                    mov eax, 0x402
                    mov dr7, eax
                    mov ecx, 3
            here:   dec ecx
                    jnz here
                    hlt
            handler: mov eax, ecx
                    out 0xe9, eax
                    or dword [esp + 8], 0x10000
                    iret
            """ + TABLES);
        assertEquals(RunOutcome.HALTED, bench.run(), () -> bench.cpu().failure());
        assertEquals(List.of("out e9/4 3", "out e9/4 2", "out e9/4 1"), bench.trace);
        assertEquals(DebugRegister.B0, bench.cpu().exportState().control().dr()[6] & 0xf);
    }

    @Test
    void aDebuggerStopsInFrontOfKernelInstructions() {
        bench.load("mov ecx, 3\nhere: dec ecx\njnz here\nhlt\n");
        long here = bench.symbol("here");
        bench.cpu().debugPoints(new DebugPoints(Set.of(here), List.of()));
        for (int left = 3; left > 0; left--) {
            assertEquals(RunOutcome.DEBUG, bench.run());
            assertEquals(new DebugHit(DebugHit.Kind.INSTRUCTION, here), bench.cpu().debugHit().orElseThrow());
            ArchState state = bench.cpu().exportState();
            assertEquals(here, state.general().rip());
            assertEquals(left, state.general().gpr()[CpuRegisters.RCX]);
        }
        bench.cpu().debugPoints(DebugPoints.NONE);
        assertEquals(RunOutcome.HALTED, bench.run());
    }

    @Test
    void machineCheckRegistersAreStateThatLeaves() {
        bench.load("mov ecx, 0x250\nmov eax, 0x06060606\nmov edx, eax\nwrmsr\nagain: jmp again\n");
        ArchState state = at(5);
        assertEquals(0x0606_0606_0606_0606L, state.msrs().get(Msr.IA32_MTRR_FIX64K_00000));
        assertTrue(state.msrs().containsKey(Msr.IA32_MCG_STATUS), "IA32_MCG_STATUS");
    }
}
