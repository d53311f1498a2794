package proteus.cpu.full;

import proteus.api.cpu.CpuContext;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.VmxControls;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.CpuidBits;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;
import proteus.x86.monitor.CpuidView;
import proteus.x86.monitor.EmulationBus;
import proteus.x86.monitor.GuestMsrs;

/**
 * Carries out one instruction of the guest, or delivers one event, on the guest's own state ({@link Deprivileging.Form#VIRTUAL}),
 * with the privilege that the guest believes to have. The silicon's semantics do it; here is what a VMM adds: devices, the interrupt
 * controller, and what the memory technique must know.
 */
final class Emulator {
    private final CpuContext context;
    private final Processor processor;
    private final CpuRegisters registers;
    private final MemoryVirtualization memory;
    private final InterruptController interrupts;
    private final EventCounters counters;
    private final VirtualCpu guest;
    private final GuestCode code;
    private final CpuidView cpuid;
    final GuestMsrs msrs;
    private final MachineBus bus;
    private final Instruction instruction = new Instruction();

    /** The guest has executed HLT. */
    boolean halted;
    /** Debug exceptions that wait until a shadow is over (SDM 3C, table 25-4). */
    long traps;
    /** A linear page whose translation the guest has flushed, or -1; all of them. */
    long flushedPage = -1;

    boolean flushed, flushedAll;
    String failure = "";

    Emulator(CpuContext context, VirtualCpu guest, GuestCode code) {
        this.context = context;
        this.processor = context.processor();
        this.registers = processor.registers();
        this.memory = context.memory();
        this.interrupts = context.interrupts();
        this.counters = context.counters();
        this.guest = guest;
        this.code = code;
        this.cpuid = new CpuidView(context, guest);
        this.msrs = new GuestMsrs(context, guest.physicalBits(), new ProcessorsMsrs(registers));
        this.bus = new EmulationBus(context);
        processor.emulatorPaging(guest);
    }

    /** Linear address of the guest's next instruction. */
    long linear() {
        long base = guest.longMode() && registers.segment(CpuRegisters.CS).longMode() ? 0 : registers.segment(CpuRegisters.CS).base();
        return base + registers.rip();
    }

    private int mode() {
        var cs = registers.segment(CpuRegisters.CS);
        return guest.longMode() && cs.longMode() ? 64 : cs.big() ? 32 : 16;
    }

    /** The next instruction; {@link Mnemonic#INVALID} if it cannot be fetched. */
    Instruction decode() {
        long at = linear();
        int mode = mode();
        if (!code.decode(mode == 64 ? at : at & 0xffffffffL, mode, instruction)) {
            instruction.mnemonic = Mnemonic.INVALID;
        }
        return instruction;
    }

    /** Carries out the instruction at the guest's RIP; its fault or trap, if any, is delivered. */
    RunOutcome step() {
        long met = heldBySs() ? 0 : breakpoints();
        if (met != 0) {
            return exception(ExceptionVector.DB, 0, met);
        }
        RunOutcome outcome = carryOut();
        traps |= processor.takePendingDebug();
        return outcome != null ? outcome : trap();
    }

    /** Delivers the debug exceptions that wait, unless the load of SS just before holds them off. */
    RunOutcome trap() {
        if (traps == 0 || heldBySs()) {
            return null;
        }
        long met = traps;
        traps = 0;
        halted = false;
        return exception(ExceptionVector.DB, 0, met);
    }

    private boolean heldBySs() {
        return (registers.interruptibility() & VmxControls.BLOCKING_BY_MOV_SS) != 0;
    }

    /** Whether the guest's own debug registers want to stop in front of some instruction. */
    boolean watchesInstructions() {
        long dr7 = registers.dr(7);
        for (int n = 0; n < 4 && (dr7 & 0xff) != 0; n++) {
            if (DebugRegister.enabled(dr7, n) && DebugRegister.kind(dr7, n) == DebugRegister.ON_EXECUTE) {
                return true;
            }
        }
        return false;
    }

    /** Which of them name the next instruction (SDM 3B, 18.3.1.1). */
    private long breakpoints() {
        long dr7 = registers.dr(7);
        if ((dr7 & 0xff) == 0 || (registers.rflags() & Rflags.RF) != 0) {
            return 0;
        }
        long met = 0;
        for (int n = 0; n < 4; n++) {
            if (DebugRegister.enabled(dr7, n) && DebugRegister.kind(dr7, n) == DebugRegister.ON_EXECUTE && registers.dr(n) == linear()) {
                met |= 1L << n;
            }
        }
        return met;
    }

    private RunOutcome carryOut() {
        Instruction i = decode();
        boolean ring0 = registers.cpl() == 0;
        switch (i.mnemonic) {
            case HLT -> {
                if (ring0) {
                    retire(i);
                    halted = true;
                    return null;
                }
            }
            case CPUID -> {
                cpuid.execute();
                retire(i);
                return null;
            }
            case RDMSR, WRMSR -> {
                if (ring0 && !processorsMsr((int) registers.gpr(CpuRegisters.RCX))) {
                    return msr(i);
                }
            }
            case MONITOR, MWAIT -> {
                if ((context.contract().cpuid(1, 0)[2] & CpuidBits.ECX1_MONITOR) == 0) {
                    return exception(ExceptionVector.UD, 0);
                }
            }
            default -> { }
        }
        return emulate(i, ring0);
    }

    private RunOutcome emulate(Instruction i, boolean ring0) {
        long page = i.mnemonic == Mnemonic.INVLPG ? operandAddress(i) : -1;
        registers.cr(8, interrupts.taskPriority());
        counters.count(CountedEvent.EMULATED_INSTRUCTIONS);
        ExitReason reason = processor.emulate(bus);
        if (reason == ExitReason.EXCEPTION) {
            return faulted();
        }
        if (reason != ExitReason.NONE) {
            return fail("the instruction emulator gave up with " + reason.label());
        }
        switch (i.mnemonic) {
            case MOV_CR -> movedToCr(i);
            case INVLPG -> {
                memory.onInvlpg(processor, page);
                flushedPage = page & -PageTable.PAGE_SIZE;
            }
            case INVPCID -> {
                memory.onTlbFlush(processor);
                flushedAll = true;
            }
            default -> { }
        }
        if (guest.pagingChanged) {
            pagingChanged();
            flushedAll = true;
        }
        return null;
    }

    private void movedToCr(Instruction i) {
        if (i.kind[0] != Instruction.CONTROL) {
            return;
        }
        switch (i.register[0]) {
            case 8 -> interrupts.taskPriority((int) registers.cr(8));
            case 3 -> {
                // The same root again is a flush.
                pagingChanged();
                flushed = true;
            }
            case 0, 4 -> {
                pagingChanged();
                flushedAll = true;
            }
            default -> { }
        }
    }

    /** Tells the memory technique, with the processor as it is while the guest runs. */
    private void pagingChanged() {
        guest.pagingChanged = false;
        memory.onPagingModeChange(processor, guest);
    }

    private long operandAddress(Instruction i) {
        long address = i.displacement;
        if (i.base == Instruction.RIP) {
            address += registers.rip() + i.length;
        } else if (i.base != Instruction.NO_REGISTER) {
            address += registers.gpr(i.base);
        }
        if (i.index != Instruction.NO_REGISTER) {
            address += registers.gpr(i.index) << i.scale;
        }
        boolean wide = i.mode == 64;
        if (i.addressSize < 64) {
            address &= i.addressSize == 16 ? 0xffff : 0xffffffffL;
        }
        if (!wide || i.segment >= CpuRegisters.FS) {
            address += registers.segment(i.segment).base();
        }
        return wide ? address : address & 0xffffffffL;
    }

    /** Those that the instruction emulator has, or that are a matter of paging. */
    private static boolean processorsMsr(int index) {
        return index == Msr.IA32_EFER || GuestMsrs.PROCESSORS_OWN.contains(index);
    }

    private RunOutcome msr(Instruction i) {
        if (!(i.mnemonic == Mnemonic.RDMSR ? msrs.read() : msrs.write())) {
            return exception(ExceptionVector.GP, 0);
        }
        retire(i);
        return null;
    }

    /** An instruction that was carried out here. */
    private void retire(Instruction i) {
        long rip = registers.rip() + i.length;
        registers.rip(i.mode == 64 ? rip : rip & 0xffffffffL);
        long rflags = registers.rflags();
        registers.rflags(rflags & ~Rflags.RF);
        registers.interruptibility(registers.interruptibility() & VmxControls.BLOCKING_BY_NMI);
        if ((rflags & Rflags.TF) != 0) {
            traps |= DebugRegister.BS;
        }
        processor.correctRetired(1);
    }

    private RunOutcome faulted() {
        ExitInformation exit = processor.exitInformation();
        int interruption = exit.interruption();
        if ((interruption & VmxControls.TYPE_MASK) != VmxControls.TYPE_HARDWARE_EXCEPTION) {
            // INT n, INT3, INTO, INT1: the instruction is done when its event is delivered.
            return deliver(interruption, 0, exit.instructionLength());
        }
        return exception(exit.vector(), exit.interruptionErrorCode(), exit.qualification());
    }

    RunOutcome exception(int vector, int errorCode) {
        return exception(vector, errorCode, 0);
    }

    /** Delivers an exception; the detail is CR2 of a page fault, or what DR6 says of a debug exception. */
    RunOutcome exception(int vector, int errorCode, long detail) {
        if (vector == ExceptionVector.PF) {
            registers.cr(2, detail);
        } else if (vector == ExceptionVector.DB) {
            registers.dr(6, registers.dr(6) & ~0xfL | detail);
            registers.dr(7, registers.dr(7) & ~DebugRegister.GD);
        }
        boolean withCode = ExceptionVector.pushesErrorCode(vector) && guest.protectedMode();
        return deliver(
                VmxControls.INTERRUPTION_VALID
                        | VmxControls.TYPE_HARDWARE_EXCEPTION
                        | (withCode ? VmxControls.INTERRUPTION_ERROR_CODE : 0)
                        | vector,
                withCode ? errorCode : 0,
                0);
    }

    /** Delivers an event through the guest's IDT: stacks, gates and TSS are the guest's own. */
    RunOutcome deliver(int interruption, int errorCode, int instructionLength) {
        guest.delivering = true;
        guest.tracedByDelivery = -1;
        ExitReason reason;
        try {
            reason = processor.emulateDelivery(interruption, errorCode, instructionLength);
        } finally {
            guest.delivering = false;
        }
        if (guest.tracedByDelivery >= 0) {
            memory.onTracedWrite(processor, guest.tracedByDelivery & -PageTable.PAGE_SIZE, PageTable.PAGE_SIZE);
        }
        if (guest.pagingChanged) {
            pagingChanged();
            flushedAll = true;
        }
        if (reason == ExitReason.TRIPLE_FAULT) {
            return RunOutcome.TRIPLE_FAULT;
        }
        if (reason != ExitReason.NONE) {
            return fail("vector %d could not be delivered: %s".formatted(interruption & 0xff, reason.label()));
        }
        counters.count(CountedEvent.INJECTED_EVENTS);
        return null;
    }

    RunOutcome fail(String what) {
        failure = "%s, at RIP 0x%x, CR3 0x%x".formatted(what, registers.rip(), guest.cr3());
        return RunOutcome.FAILED;
    }
}
