package proteus.cpu.hwassist;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.memory.FaultOutcome;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.api.state.ArchState;

/** The technique against a processor that exits as the test says. */
class HardwareAssistedCpuTest {
    private static final int VALID = VmxControls.INTERRUPTION_VALID;
    private static final int GP = VALID | 3 << 8 | 1 << 11 | 13;
    private static final int UD = VALID | 3 << 8 | 6;
    private static final long IF = 1 << 9;

    private final Bench bench = new Bench();
    private final HardwareAssistedCpu cpu = bench.cpu();

    private RunOutcome run(long instructions) {
        bench.limit = bench.processor.retired() + instructions;
        return cpu.run();
    }

    private long window() {
        return bench.vmcs().read(VmcsField.PROCESSOR_BASED_CONTROLS) & VmxControls.CPU_INTERRUPT_WINDOW_EXITING;
    }

    // --- limits

    @Test
    void budgetIsMetExactly() {
        assertEquals(RunOutcome.LIMIT, run(1234));
        assertEquals(1234, bench.processor.retired());
    }

    @Test
    void instructionThatExitsCountsLikeOneThatDoesNot() {
        bench.processor.exit(ExitReason.CPUID).after(100).length(2);
        assertEquals(RunOutcome.LIMIT, run(1000));
        assertEquals(2, bench.registers().rip());
        assertEquals(1000, bench.processor.retired());
        assertEquals(1, bench.counters.exits(ExitReason.CPUID));
    }

    @Test
    void stopRequestEndsTheRunBehindTheExit() {
        bench.processor.exit(ExitReason.IO_INSTRUCTION).qualification(0xf4L << 16).length(2);
        bench.onPort = () -> bench.stop = true;
        assertEquals(RunOutcome.STOP_REQUESTED, run(1000));
        assertEquals(2, bench.registers().rip());
    }

    @Test
    void kickComesOut() {
        bench.processor.kick();
        assertEquals(RunOutcome.KICKED, run(1000));
        assertEquals(RunOutcome.LIMIT, run(1000));
    }

    // --- interrupts

    @Test
    void interruptIsInjectedWhenTheGuestTakesIt() {
        bench.registers().rflags(IF);
        bench.interrupt = 0x31;
        run(10);
        assertEquals(List.of(VALID | 0x31), bench.processor.injections());
        assertEquals(1, bench.counters.get(CountedEvent.INJECTED_EVENTS));
        assertEquals(0, window());
    }

    @Test
    void interruptWaitsForItsWindow() {
        bench.interrupt = 0x31;
        bench.processor.exit(ExitReason.INTERRUPT_WINDOW).after(5).doing(() -> {
            assertTrue(window() != 0);
            bench.registers().rflags(IF);
        });
        run(10);
        assertEquals(List.of(VALID | 0x31), bench.processor.injections());
        assertEquals(1, bench.counters.exits(ExitReason.INTERRUPT_WINDOW));
        assertEquals(0, window());
    }

    @Test
    void interruptWaitsForTheEndOfTheStiShadow() {
        bench.registers().rflags(IF);
        bench.vmcs().write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, VmxControls.BLOCKING_BY_STI);
        bench.interrupt = 0x31;
        run(10);
        assertEquals(List.of(), bench.processor.injections());
        assertTrue(window() != 0);
    }

    @Test
    void nmiGoesBeforeAnInterrupt() {
        bench.registers().rflags(IF);
        bench.interrupt = 0x31;
        bench.nmi = true;
        bench.processor.exit(ExitReason.INTERRUPT_WINDOW).after(1);
        run(10);
        assertEquals(List.of(VALID | 2 << 8 | 2, VALID | 0x31), bench.processor.injections());
    }

    @Test
    void faultOfTheExitingInstructionGoesBeforeAnInterrupt() {
        bench.registers().rflags(IF);
        bench.registers().cr(0, 0x31);
        bench.registers().gpr(CpuRegisters.RCX, 0xdeadL);
        bench.processor.exit(ExitReason.RDMSR).length(2).doing(() -> bench.interrupt = 0x40);
        run(10);
        assertEquals(GP, bench.processor.injections().getFirst());
        assertTrue(window() != 0, "the interrupt waits for its window");
    }

    @Test
    void eventThatAnExitInterruptedIsDeliveredAgain() {
        bench.processor.exit(ExitReason.EPT_VIOLATION).gpa(0x5000).vectoring(VALID | 4 << 8 | 0x80, 0).length(2);
        bench.faults.add(FaultOutcome.RESUME);
        run(10);
        assertEquals(List.of(VALID | 4 << 8 | 0x80), bench.processor.injections());
        assertEquals(2, bench.vmcs().read(VmcsField.VM_ENTRY_INSTRUCTION_LENGTH));
    }

    @Test
    void redeliveredExceptionKeepsItsErrorCode() {
        int pageFault = VALID | 3 << 8 | 1 << 11 | 14;
        bench.processor.exit(ExitReason.EPT_VIOLATION).gpa(0x5000).vectoring(pageFault, 6);
        bench.faults.add(FaultOutcome.RESUME);
        run(10);
        assertEquals(List.of(pageFault), bench.processor.injections());
        assertEquals(6, bench.vmcs().read(VmcsField.VM_ENTRY_EXCEPTION_ERROR_CODE));
    }

    @Test
    void deliveryIntoNoMemoryFailsInASentence() {
        bench.processor.exit(ExitReason.EPT_VIOLATION).gpa(0xfe00_0000L).vectoring(VALID | 0x20, 0);
        bench.faults.add(FaultOutcome.MMIO);
        assertEquals(RunOutcome.FAILED, run(10));
        assertTrue(cpu.failure().contains("vector 32") && cpu.failure().contains("0xfe000000"), cpu.failure());
    }

    // --- HLT

    @Test
    void haltGivesTheProcessorBackUntilAnInterruptComes() {
        bench.registers().rflags(IF);
        bench.processor.exit(ExitReason.HLT).after(3).length(1);
        assertEquals(RunOutcome.HALTED, run(100));
        assertEquals(1, bench.registers().rip());
        assertEquals(RunOutcome.HALTED, run(100));
        bench.interrupt = 0x20;
        assertEquals(RunOutcome.LIMIT, run(100));
        assertEquals(List.of(VALID | 0x20), bench.processor.injections());
    }

    @Test
    void haltWithInterruptsOffStaysEvenIfOneWaits() {
        bench.processor.exit(ExitReason.HLT).length(1);
        bench.interrupt = 0x20;
        assertEquals(RunOutcome.HALTED, run(100));
    }

    @Test
    void haltInTheStiShadowWakes() {
        bench.registers().rflags(IF);
        bench.vmcs().write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, VmxControls.BLOCKING_BY_STI);
        bench.interrupt = 0x20;
        bench.processor.exit(ExitReason.HLT).length(1);
        assertEquals(RunOutcome.LIMIT, run(100));
        assertEquals(List.of(VALID | 0x20), bench.processor.injections());
    }

    // --- ports and memory-mapped registers

    @Test
    void inMergesIntoRax() {
        bench.registers().gpr(CpuRegisters.RAX, 0x1122_3344_5566_7788L);
        bench.portValue = 0xab;
        bench.processor.exit(ExitReason.IO_INSTRUCTION).qualification(0x60L << 16 | 8).length(1);
        run(10);
        assertEquals(0x1122_3344_5566_77abL, bench.registers().gpr(CpuRegisters.RAX));
        bench.portValue = 0x8000_0001;
        bench.processor.exit(ExitReason.IO_INSTRUCTION).qualification(0xcfcL << 16 | 8 | 3).length(1);
        run(10);
        assertEquals(0x8000_0001L, bench.registers().gpr(CpuRegisters.RAX), "32 bits clear the upper half");
        assertEquals(2, bench.registers().rip());
    }

    @Test
    void outWritesItsSizeOnly() {
        bench.registers().gpr(CpuRegisters.RAX, 0x1234_5678L);
        bench.processor.exit(ExitReason.IO_INSTRUCTION).qualification(0x80L << 16 | 1).length(2);
        run(10);
        assertEquals("out 80/2 5678", bench.trace.getFirst());
    }

    @Test
    void stringIoGoesToTheEmulator() {
        boolean[] emulated = new boolean[1];
        bench.processor.emulation(bus -> {
            emulated[0] = true;
            return ExitReason.NONE;
        });
        bench.processor.exit(ExitReason.IO_INSTRUCTION).qualification(0x1f0L << 16 | 8 | 16 | 32 | 1).length(2);
        run(10);
        assertTrue(emulated[0]);
        assertEquals(0, bench.registers().rip(), "the emulator moves RIP itself");
        assertEquals(1, bench.counters.get(CountedEvent.EMULATED_INSTRUCTIONS));
    }

    @Test
    void mmioIsEmulatedAndItsFaultReachesTheGuest() {
        bench.registers().cr(0, 0x8000_0031L);
        bench.faults.add(FaultOutcome.MMIO);
        bench.processor.exit(ExitReason.EPT_VIOLATION).gpa(0xfee0_0000L);
        bench.processor.emulation(bus -> {
            bench.processor.emulationFault(14, 2, 0xc000_1000L);
            return ExitReason.EXCEPTION;
        });
        run(10);
        assertEquals(List.of(VALID | 3 << 8 | 1 << 11 | 14), bench.processor.injections());
        assertEquals(0xc000_1000L, bench.registers().cr(2));
    }

    @Test
    void ramViolationIsResumed() {
        bench.faults.add(FaultOutcome.RESUME);
        bench.processor.exit(ExitReason.EPT_VIOLATION).gpa(0x1000);
        assertEquals(RunOutcome.LIMIT, run(10));
        assertEquals(1, bench.counters.exits(ExitReason.EPT_VIOLATION));
        assertEquals(0, bench.counters.get(CountedEvent.EMULATED_INSTRUCTIONS));
    }

    // --- CPUID and MSRs

    @Test
    void cpuidAnswersTheContractWithItsDynamicBits() {
        bench.registers().gpr(CpuRegisters.RAX, 1);
        bench.apicId = 5;
        bench.apicEnabled = false;
        bench.processor.exit(ExitReason.CPUID).length(2);
        run(10);
        assertEquals(5, bench.registers().gpr(CpuRegisters.RBX) >> 24);
        assertEquals(0, bench.registers().gpr(CpuRegisters.RDX) & 1 << 9, "the APIC is off");
        assertTrue((bench.registers().gpr(CpuRegisters.RDX) & 1 << 6) != 0, "PAE");
        assertEquals(2, bench.registers().rip());
    }

    @Test
    void unknownMsrIsAGeneralProtectionFault() {
        bench.registers().cr(0, 0x31);
        bench.registers().gpr(CpuRegisters.RCX, 0x1234_5678L);
        bench.processor.exit(ExitReason.WRMSR).length(2);
        run(10);
        assertEquals(List.of(GP), bench.processor.injections());
        assertEquals(0, bench.registers().rip(), "a fault leaves RIP");
    }

    @Test
    void inRealModeAFaultHasNoErrorCode() {
        bench.registers().cr(0, 0x30);
        bench.registers().gpr(CpuRegisters.RCX, 0x1234_5678L);
        bench.processor.exit(ExitReason.RDMSR).length(2);
        run(10);
        assertEquals(List.of(GP & ~(1 << 11)), bench.processor.injections());
    }

    @Test
    void apicMsrsGoToTheInterruptController() {
        bench.registers().gpr(CpuRegisters.RCX, 0x1b);
        bench.processor.exit(ExitReason.RDMSR).length(2);
        run(10);
        assertEquals(0xfee0_0900L, bench.registers().gpr(CpuRegisters.RAX));
    }

    @Test
    void writtenTscIsReadFromThereOn() {
        bench.registers().gpr(CpuRegisters.RCX, 0x10);
        bench.registers().gpr(CpuRegisters.RAX, 1_000_000);
        bench.processor.exit(ExitReason.WRMSR).after(500).length(2);
        run(600);
        assertEquals(1_000_100, cpu.guestTsc());
    }

    @Test
    void nothingButPromisedEferBitsCanBeSet() {
        bench.registers().cr(0, 0x31);
        bench.registers().gpr(CpuRegisters.RCX, 0xc000_0080L);
        bench.registers().gpr(CpuRegisters.RAX, 1 << 12);
        bench.processor.exit(ExitReason.WRMSR).length(2);
        run(10);
        assertEquals(List.of(GP), bench.processor.injections());
        bench.registers().gpr(CpuRegisters.RAX, 1 << 8 | 1);
        bench.processor.exit(ExitReason.WRMSR).length(2);
        run(10);
        assertEquals(1 << 8 | 1, bench.vmcs().read(VmcsField.GUEST_IA32_EFER));
    }

    // --- control registers

    @Test
    void enteringLongModeSetsLmaAndTheEntryControl() {
        bench.registers().cr(4, 1 << 5 | 1 << 13);
        bench.vmcs().write(VmcsField.CR4_READ_SHADOW, 1 << 5);
        bench.vmcs().write(VmcsField.GUEST_IA32_EFER, 1 << 8);
        bench.registers().gpr(CpuRegisters.RBX, 0x8000_0011L);
        bench.processor.exit(ExitReason.CR_ACCESS).qualification(CpuRegisters.RBX << 8).length(3);
        run(10);
        assertEquals(1 << 8 | 1 << 10, bench.vmcs().read(VmcsField.GUEST_IA32_EFER));
        assertTrue((bench.vmcs().read(VmcsField.VM_ENTRY_CONTROLS) & VmxControls.ENTRY_IA32E_MODE_GUEST) != 0);
        assertEquals(0x8000_0031L, bench.registers().cr(0), "NE stays on beneath");
        assertEquals(0x8000_0011L, bench.vmcs().read(VmcsField.CR0_READ_SHADOW));
    }

    @Test
    void pagingWithoutProtectionFaults() {
        bench.registers().cr(0, 0x31);
        bench.registers().gpr(CpuRegisters.RAX, 0x8000_0000L);
        bench.processor.exit(ExitReason.CR_ACCESS).length(3);
        run(10);
        assertEquals(List.of(GP), bench.processor.injections());
    }

    @Test
    void unpromisedCr4BitFaults() {
        bench.registers().cr(0, 0x31);
        bench.registers().gpr(CpuRegisters.RAX, 1 << 13);
        bench.processor.exit(ExitReason.CR_ACCESS).qualification(4).length(3);
        run(10);
        assertEquals(List.of(GP), bench.processor.injections(), "VMXE is not the guest's");
    }

    @Test
    void cr8IsTheTaskPriority() {
        bench.registers().codeSize(64);
        bench.registers().gpr(CpuRegisters.RAX, 9);
        bench.processor.exit(ExitReason.CR_ACCESS).qualification(8).length(3);
        run(10);
        assertEquals(9, bench.taskPriority);
        bench.processor.exit(ExitReason.CR_ACCESS).qualification(CpuRegisters.RDX << 8 | 1 << 4 | 8).length(3);
        run(10);
        assertEquals(9, bench.registers().gpr(CpuRegisters.RDX));
    }

    // --- the rest

    @Test
    void vmxInstructionsAreUndefined() {
        for (ExitReason reason : List.of(ExitReason.VMXON, ExitReason.VMCALL, ExitReason.INVEPT)) {
            bench.processor.exit(reason).length(3);
            run(10);
        }
        assertEquals(List.of(UD, UD, UD), bench.processor.injections());
    }

    @Test
    void tripleFaultEndsTheRun() {
        bench.processor.exit(ExitReason.TRIPLE_FAULT);
        assertEquals(RunOutcome.TRIPLE_FAULT, run(10));
        assertEquals(1, bench.counters.exits(ExitReason.TRIPLE_FAULT));
    }

    @Test
    void entryFailureSaysWhere() {
        bench.registers().rip(0x1000);
        bench.processor.exit(ExitReason.ENTRY_FAILURE_GUEST_STATE);
        assertEquals(RunOutcome.FAILED, run(10));
        assertTrue(cpu.failure().contains("exit reason 33") && cpu.failure().contains("RIP 0x1000"), cpu.failure());
    }

    @Test
    void carriedOutInstructionEndsTheShadowAndPendsTheSingleStep() {
        bench.registers().rflags(1 << 8);
        bench.vmcs().write(VmcsField.GUEST_INTERRUPTIBILITY_STATE, VmxControls.BLOCKING_BY_MOV_SS);
        bench.processor.exit(ExitReason.CPUID).length(2);
        run(10);
        assertEquals(0, bench.vmcs().read(VmcsField.GUEST_INTERRUPTIBILITY_STATE));
        assertEquals(1 << 14, bench.vmcs().read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS));
    }

    @Test
    void stateGoesThroughUnchanged() {
        bench.registers().gpr(CpuRegisters.RDI, 77);
        bench.registers().rip(0x1234);
        bench.registers().rflags(IF | 2);
        bench.processor.exit(ExitReason.HLT).length(1);
        assertEquals(RunOutcome.HALTED, run(50));
        ArchState exported = cpu.exportState();
        assertEquals(1, exported.events().activity());
        assertEquals(0, exported.control().cr4() & 1 << 13, "VMXE is ours");

        Bench other = new Bench();
        HardwareAssistedCpu successor = other.cpu();
        successor.importState(exported);
        ArchState again = successor.exportState();
        assertArrayEquals(exported.general().gpr(), again.general().gpr());
        assertEquals(exported.general().rip(), again.general().rip());
        assertEquals(exported.control().cr0(), again.control().cr0());
        assertEquals(exported.control().cr4(), again.control().cr4());
        assertEquals(exported.msrs(), again.msrs());
        assertEquals(exported.tsc(), again.tsc());
        assertEquals(exported.events(), again.events());
        other.limit = 10;
        assertEquals(RunOutcome.HALTED, successor.run());
    }

    @Test
    void closingFreesTheBitmaps() {
        assertEquals(2, bench.host.allocations(), "the guest's memory and the bitmaps");
        cpu.close();
        assertEquals(1, bench.host.allocations());
    }
}
