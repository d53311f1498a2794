package proteus.silicon.vmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExitReason;
import proteus.x86.format.ExceptionVector;

/** Events injected by VM entry, events whose delivery exits, windows, NMIs (SDM 3C, 26.2, 26.7, 27.6 and 28.2.4). */
class InjectionTest {
    private static final long IF = 1 << 9;
    private final VmxBench bench = new VmxBench();

    @AfterEach
    void close() {
        bench.close();
    }

    /** Information, error code, instruction length, what is pushed above CS and EFLAGS: return address relative to the instruction. */
    static Stream<Arguments> events() {
        return Stream.of(
            Arguments.of(TYPE_EXTERNAL_INTERRUPT | 0x1e, 0, 0),
            Arguments.of(TYPE_NMI | 2, 0, 0),
            Arguments.of(TYPE_HARDWARE_EXCEPTION | ExceptionVector.UD, 0, 0),
            Arguments.of(TYPE_HARDWARE_EXCEPTION | INTERRUPTION_ERROR_CODE | ExceptionVector.GP, 0x1234, 0),
            Arguments.of(TYPE_SOFTWARE_INTERRUPT | 0x1c, 0, 2),
            Arguments.of(TYPE_PRIVILEGED_SOFTWARE_EXCEPTION | ExceptionVector.DB, 0, 1),
            Arguments.of(TYPE_SOFTWARE_EXCEPTION | ExceptionVector.BP, 0, 1));
    }

    @ParameterizedTest
    @MethodSource("events")
    void anEventIsDeliveredBeforeAnyInstruction(int information, int errorCode, int length) {
        bench.set(GUEST_RFLAGS, IF);
        bench.load("nop\nhlt");
        bench.inject(information);
        bench.vmcs.write(VM_ENTRY_EXCEPTION_ERROR_CODE, errorCode);
        bench.vmcs.write(VM_ENTRY_INSTRUCTION_LENGTH, length);
        assertEquals(ExitReason.HLT, bench.run());
        assertEquals(information & 0xff, bench.handler());
        int pushed = (information & INTERRUPTION_ERROR_CODE) != 0 ? 16 : 12;
        assertEquals(VmxBench.STACK - pushed, bench.registers.gpr(CpuRegisters.RSP));
        assertEquals(VmxBench.ORIGIN + length, bench.read32(VmxBench.STACK - 12));
        if (pushed == 16) {
            assertEquals(errorCode, bench.read32(VmxBench.STACK - 16));
        }
        assertEquals(0, bench.vmcs.read(VM_ENTRY_INTERRUPTION_INFORMATION) & INTERRUPTION_VALID & 0xffffffffL, "the entry clears the valid bit");
    }

    @ParameterizedTest
    @MethodSource("events")
    void whatStandsForAnInstructionRetiresAsOne(int information, int errorCode, int length) {
        bench.set(GUEST_RFLAGS, IF);
        bench.load("nop\nhlt");
        bench.inject(information);
        bench.vmcs.write(VM_ENTRY_EXCEPTION_ERROR_CODE, errorCode);
        bench.vmcs.write(VM_ENTRY_INSTRUCTION_LENGTH, length);
        bench.run();
        assertEquals(length > 0 ? 1 : 0, bench.processor.retired());
    }

    @Test
    void anInjectedSoftwareInterruptTakesItsPartOfTheBudget() {
        bench.load("nop\nhlt");
        bench.inject(TYPE_SOFTWARE_INTERRUPT | 0x1c);
        bench.vmcs.write(VM_ENTRY_INSTRUCTION_LENGTH, 2);
        assertEquals(ExitReason.BUDGET, bench.processor.run(1));
        assertEquals(VmxBench.HANDLERS + 16 * 0x1c, bench.registers.rip());
    }

    @Test
    void anExitAmidDeliveryReportsTheEvent() {
        bench.longMode();
        bench.vmcs.write(EXCEPTION_BITMAP, 1 << ExceptionVector.PF);
        bench.write64(VmxBench.pte(VmxBench.STACK - 8), 0);
        bench.write64(VmxBench.IDT + 16 * 3, 0x6030L | 8L << 16 | 0x8e00L << 32);
        bench.write64(VmxBench.IDT + 16 * 3 + 8, 0);
        bench.write64(VmxBench.GDT + 8, 0x00af9b000000ffffL);
        assertEquals(ExitReason.EXCEPTION, bench.run("int3"));
        assertEquals(ExceptionVector.PF, bench.processor.exitInformation().vector());
        assertEquals(INTERRUPTION_VALID | TYPE_SOFTWARE_EXCEPTION | ExceptionVector.BP, bench.processor.exitInformation().idtVectoring());
        assertEquals(1, bench.processor.exitInformation().instructionLength(), "of the INT3");
        assertEquals(bench.vmcs.read(IDT_VECTORING_INFORMATION), bench.processor.exitInformation().idtVectoring() & 0xffffffffL);
        assertEquals(VmxBench.ORIGIN, bench.registers.rip(), "nothing has happened");
    }

    @Test
    void theInterruptWindowOpensBehindTheShadowOfSti() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_INTERRUPT_WINDOW_EXITING);
        assertEquals(ExitReason.INTERRUPT_WINDOW, bench.run("nop\nsti\nnop\nhere: hlt"));
        assertEquals(bench.at("here"), bench.registers.rip());
        assertEquals(ExitReason.INTERRUPT_WINDOW, bench.run(), "still open");
    }

    @Test
    void theNmiWindowOpensWhenNmisAreNoLongerBlocked() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_NMI_WINDOW_EXITING | CPU_INTERRUPT_WINDOW_EXITING);
        bench.vmcs.write(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
        bench.registers.gpr(CpuRegisters.RSP, VmxBench.STACK - 12);
        bench.load("nop\niret\nback: nop\nhlt");
        bench.memory.write32(bench.guest + VmxBench.STACK - 12, (int) bench.at("back"));
        bench.memory.write32(bench.guest + VmxBench.STACK - 8, 8);
        bench.memory.write32(bench.guest + VmxBench.STACK - 4, 0x202);
        assertEquals(ExitReason.NMI_WINDOW, bench.run(), "before the interrupt window, which opens at the same time");
        assertEquals(bench.at("back"), bench.registers.rip());
        assertEquals(0, bench.vmcs.read(GUEST_INTERRUPTIBILITY_STATE) & BLOCKING_BY_NMI, "IRET has ended it");
    }

    @Test
    void anInjectedNmiBlocksFurtherOnes() {
        bench.load("hlt");
        bench.inject(TYPE_NMI | 2);
        assertEquals(ExitReason.HLT, bench.run());
        assertEquals(2, bench.handler());
        assertEquals(BLOCKING_BY_NMI, bench.vmcs.read(GUEST_INTERRUPTIBILITY_STATE));
    }

    @Test
    void anInjectedEventWakesAHaltedGuest() {
        bench.set(GUEST_RFLAGS, IF);
        bench.load("nop\nhlt");
        bench.vmcs.write(GUEST_ACTIVITY_STATE, 1);
        assertEquals(ExitReason.HLT, bench.run());
        assertEquals(VmxBench.ORIGIN, bench.registers.rip(), "it stays halted");
        bench.inject(TYPE_EXTERNAL_INTERRUPT | 0x1f);
        assertEquals(ExitReason.HLT, bench.run());
        assertEquals(0x1f, bench.handler());
    }

    // ---- monitor trap flag

    @Test
    void theMonitorTrapFollowsEachInstruction() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_MONITOR_TRAP_FLAG);
        bench.load("nop\nmov eax, 5\nend: nop");
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run());
        assertEquals(VmxBench.ORIGIN + 1, bench.registers.rip());
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run());
        assertEquals(bench.at("end"), bench.registers.rip());
        assertEquals(2, bench.processor.retired());
    }

    @Test
    void theMonitorTrapFollowsTheDeliveryOfAnException() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_MONITOR_TRAP_FLAG);
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run("ud2"));
        assertEquals(ExceptionVector.UD, bench.handler());
        assertEquals(0, bench.processor.retired());
    }

    @Test
    void theMonitorTrapFollowsAnInjectedEventBeforeItsHandler() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_MONITOR_TRAP_FLAG);
        bench.load("nop");
        bench.inject(TYPE_HARDWARE_EXCEPTION | ExceptionVector.UD);
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run());
        assertEquals(ExceptionVector.UD, bench.handler());
        assertEquals(0, bench.processor.retired());
    }

    @Test
    void theMonitorTrapStopsARepeatedInstructionAfterEachIteration() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_MONITOR_TRAP_FLAG);
        bench.registers.gpr(CpuRegisters.RCX, 3);
        bench.registers.gpr(CpuRegisters.RDI, VmxBench.DATA);
        bench.load("rep stosb\nhlt");
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run());
        assertEquals(2, bench.registers.gpr(CpuRegisters.RCX));
        assertEquals(VmxBench.ORIGIN, bench.registers.rip());
    }

    @Test
    void theMonitorTrapComesBeforeADebugTrapThatThenWaits() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_MONITOR_TRAP_FLAG);
        bench.set(GUEST_RFLAGS, 1 << 8);
        bench.load("nop\nnext: nop");
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run());
        assertEquals(bench.at("next"), bench.registers.rip());
        assertEquals(1 << 14, bench.vmcs.read(GUEST_PENDING_DEBUG_EXCEPTIONS));
        bench.clear(PROCESSOR_BASED_CONTROLS, CPU_MONITOR_TRAP_FLAG);
        assertEquals(ExitReason.HLT, bench.run());
        assertEquals(ExceptionVector.DB, bench.handler());
        assertEquals(bench.at("next"), bench.read32(VmxBench.STACK - 12));
    }

    @Test
    void aPendingMonitorTrapIsInjectedAsAnEventOfItsOwn() {
        bench.load("nop");
        bench.inject(7 << 8);
        assertEquals(ExitReason.MONITOR_TRAP_FLAG, bench.run());
        assertEquals(VmxBench.ORIGIN, bench.registers.rip());
    }

    // ---- preemption timer

    @Test
    void thePreemptionTimerCountsTheTsc() {
        bench.set(PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER);
        bench.vmcs.write(VMX_PREEMPTION_TIMER_VALUE, 100);
        assertEquals(ExitReason.PREEMPTION_TIMER, bench.run("again: jmp again"));
        assertEquals(100, bench.processor.retired());
        assertEquals(ExitReason.PREEMPTION_TIMER, bench.run(), "loaded anew by each entry");
        assertEquals(200, bench.processor.retired());
    }

    @Test
    void aTimerOfZeroFiresBeforeAnyInstruction() {
        bench.set(PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER);
        bench.vmcs.write(VMX_PREEMPTION_TIMER_VALUE, 0);
        assertEquals(ExitReason.PREEMPTION_TIMER, bench.run("nop"));
        assertEquals(0, bench.processor.retired());
    }

    @Test
    void theTimersRestIsSavedWhenWished() {
        bench.set(PIN_BASED_CONTROLS, PIN_PREEMPTION_TIMER);
        bench.vmcs.write(VMX_PREEMPTION_TIMER_VALUE, 100);
        assertEquals(ExitReason.CPUID, bench.run("nop\nnop\ncpuid"));
        assertEquals(100, bench.vmcs.read(VMX_PREEMPTION_TIMER_VALUE));
        bench.set(VM_EXIT_CONTROLS, EXIT_SAVE_PREEMPTION_TIMER);
        assertEquals(ExitReason.CPUID, bench.run("nop\nnop\ncpuid"));
        assertEquals(98, bench.vmcs.read(VMX_PREEMPTION_TIMER_VALUE));
    }
}
