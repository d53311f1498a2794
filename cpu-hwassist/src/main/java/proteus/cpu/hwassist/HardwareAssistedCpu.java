package proteus.cpu.hwassist;

import java.util.HashMap;
import java.util.Map;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.RunOutcome;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.FaultOutcome;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.Exit;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.api.state.ArchState;
import proteus.x86.format.CpuidBits;
import proteus.x86.format.Ept;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;
import proteus.x86.monitor.CpuidView;
import proteus.x86.monitor.EmulationBus;
import proteus.x86.monitor.GuestMsrs;

/** One vCPU under a VMCS: enters the guest, and gives each exit its meaning. */
final class HardwareAssistedCpu implements CpuVirtualization {
    private static final int ACTIVITY_HLT = 1;
    /** Pending debug exceptions: single step (SDM 3C, table 25-4). */
    private static final long PENDING_SINGLE_STEP = 1 << 14;

    /** The exit qualification of a task switch (SDM 3C, table 28-2): where its source is, and the source that is an event. */
    private static final int TASK_SWITCH_SOURCE = 30;

    private static final int TASK_GATE = 3;
    /** What IDT-vectoring and VM-entry interruption information have in common. */
    private static final int ENTRY_INFORMATION =
            VmxControls.INTERRUPTION_VALID | VmxControls.INTERRUPTION_ERROR_CODE | VmxControls.TYPE_MASK | 0xff;

    /** A kick does not reach the emulator: so many steps, and whoever runs this vCPU looks whether there is one. */
    private static final int STEPS_AT_ONCE = 1 << 12;

    private static final int CR_TO = 0;
    private static final int CR_FROM = 1;
    private static final int CR_CLTS = 2;

    private final CpuContext context;
    private final Processor processor;
    private final CpuRegisters registers;
    private final Vmcs vmcs;
    private final MachineBus bus;
    private final MachineBus emulationBus;
    private final EventCounters counters;
    private final RunSchedule schedule;
    private final Controls controls;
    private final EventInjector events;
    private final ControlRegisters control;
    private final VmcsMsrs home;
    private final GuestMsrs msrs;
    private final CpuidView cpuid;

    private boolean halted;
    private long steps;
    private String failure = "";

    HardwareAssistedCpu(CpuContext context) {
        this.context = context;
        this.processor = context.processor();
        this.registers = processor.registers();
        this.vmcs = processor.vmcs();
        this.bus = context.bus();
        this.emulationBus = new EmulationBus(context);
        this.counters = context.counters();
        this.schedule = context.schedule();
        this.controls = new Controls(context);
        context.memory().attach(processor);
        this.events = new EventInjector(vmcs, controls, context.interrupts(), counters);
        this.control = new ControlRegisters(context);
        this.home = new VmcsMsrs(processor);
        this.msrs = new GuestMsrs(context, control.physicalBits(), home);
        this.cpuid = new CpuidView(context, control);
    }

    @Override
    public RunOutcome run() {
        while (true) {
            if (schedule.stopRequested()) {
                return RunOutcome.STOP_REQUESTED;
            }
            long budget = schedule.limit() - processor.retired();
            if (budget <= 0) {
                return RunOutcome.LIMIT;
            }
            if (halted) {
                if (!events.wakes()) {
                    return RunOutcome.HALTED;
                }
                halted = false;
            }
            long rip = registers.rip();
            RunOutcome outcome = control.enterable() ? enter(budget) : step();
            if (outcome != null) {
                return outcome;
            }
            if (schedule.singleInstruction() && registers.rip() != rip) {
                return RunOutcome.LIMIT;
            }
        }
    }

    private RunOutcome enter(long budget) {
        events.prepare();
        ExitReason reason = processor.run(budget);
        counters.exit(reason);
        ExitInformation exit = processor.exitInformation();
        events.afterExit(reason, exit);
        return dispatch(reason, exit);
    }

    /**
     * One instruction or event of a guest that the processor cannot enter: real mode without unrestricted guest, and the way out of it
     * (KVM: handle_invalid_guest_state).
     */
    private RunOutcome step() {
        if (++steps % STEPS_AT_ONCE == 0) {
            return RunOutcome.LIMIT;
        }
        long traps = vmcs.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS);
        if (traps != 0 && !events.occupied() && (vmcs.read(VmcsField.GUEST_INTERRUPTIBILITY_STATE) & VmxControls.BLOCKING_BY_MOV_SS) == 0) {
            vmcs.write(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
            registers.dr(6, registers.dr(6) | traps);
            events.debugTrap();
        }
        if (!events.due()) {
            return emulate();
        }
        int event = events.pending();
        int errorCode = events.pendingErrorCode();
        int length = events.pendingLength();
        events.delivered();
        return deliver(event, errorCode, length);
    }

    /** What an exit means; null: enter the guest again. */
    private RunOutcome dispatch(ExitReason reason, ExitInformation exit) {
        switch (reason) {
            case BUDGET, INTERRUPT_WINDOW, NMI_WINDOW, EXTERNAL_INTERRUPT, PREEMPTION_TIMER, TPR_BELOW_THRESHOLD, MONITOR_TRAP_FLAG -> {
                // The next turn of the loop does all that is to do.
            }
            case KICKED -> {
                return RunOutcome.KICKED;
            }
            case DEBUG -> {
                return RunOutcome.DEBUG;
            }
            case IO_INSTRUCTION -> {
                return portIo(exit);
            }
            case EPT_VIOLATION -> {
                return eptViolation(exit);
            }
            case CPUID -> {
                cpuid.execute();
                advance(exit.instructionLength());
            }
            case RDMSR -> advanceOrGp(readMsr(), exit);
            case WRMSR -> advanceOrGp(writeMsr(), exit);
            case CR_ACCESS -> crAccess(exit);
            case HLT -> {
                advance(exit.instructionLength());
                halted = true;
            }
            case INVD, WBINVD, PAUSE -> advance(exit.instructionLength());
            case MONITOR, MWAIT -> monitor(exit);
            case INVPCID -> {
                return invalidateContext();
            }
            case INVLPG -> {
                context.memory().onInvlpg(processor, exit.qualification());
                advance(exit.instructionLength());
            }
            case RDTSC, RDTSCP -> timeStamp(reason, exit);
            case RDPMC -> events.generalProtection();
            case XSETBV, MOV_DR, GDTR_IDTR_ACCESS, LDTR_TR_ACCESS, RDRAND, RDSEED, XSAVES, XRSTORS -> {
                return emulate();
            }
            case TASK_SWITCH -> {
                return taskSwitch(exit);
            }
            case VMCALL, VMCLEAR, VMLAUNCH, VMPTRLD, VMPTRST, VMREAD, VMRESUME, VMWRITE, VMXOFF, VMXON, VMFUNC, INVEPT, INVVPID, GETSEC, RSM ->
                // The guest's CPUID promises neither VMX nor SMX, and a hypercall interface neither.
                events.undefinedOpcode();
            case EXCEPTION -> {
                return exception(exit);
            }
            case TRIPLE_FAULT -> {
                return RunOutcome.TRIPLE_FAULT;
            }
            case ENTRY_FAILURE_GUEST_STATE, ENTRY_FAILURE_MSR_LOADING, ENTRY_FAILURE_MACHINE_CHECK, ENTRY_INVALID_CONTROLS -> {
                return fail(entryFailure(reason));
            }
            case EPT_MISCONFIGURATION -> {
                return fail("the silicon found a misconfigured EPT entry for guest-physical address 0x%x".formatted(exit.guestPhysical()));
            }
            case INIT, SIPI, APIC_ACCESS, VIRTUALIZED_EOI, APIC_WRITE, SYSTEM_CALL, NONE -> {
                return fail("hardware assistance does not expect the VM exit %s (reason %d, qualification 0x%x)"
                        .formatted(reason.label(), reason.number(), exit.qualification()));
            }
        }
        return null;
    }

    private RunOutcome portIo(ExitInformation exit) {
        if (exit.ioString()) {
            return emulate();
        }
        int size = exit.ioSize();
        int length = exit.instructionLength();
        long rax = registers.gpr(CpuRegisters.RAX);
        if (exit.ioIn()) {
            int value = bus.readPort(exit.port(), size);
            long merged = switch (size) {
                case 1 -> rax & ~0xffL | value & 0xff;
                case 2 -> rax & ~0xffffL | value & 0xffff;
                default -> value & 0xffffffffL;
            };
            registers.gpr(CpuRegisters.RAX, merged);
        } else {
            int value = (int) rax;
            bus.writePort(exit.port(), size, size == 4 ? value : value & (1 << 8 * size) - 1);
        }
        advance(length);
        return null;
    }

    private RunOutcome eptViolation(ExitInformation exit) {
        long gpa = exit.guestPhysical();
        long qualification = exit.qualification();
        if ((qualification & Ept.VIOLATION_NMI_UNBLOCKING) != 0 && (exit.idtVectoring() & VmxControls.INTERRUPTION_VALID) == 0) {
            events.blockNmi();
        }
        FaultOutcome outcome = context.memory().onEptViolation(processor, gpa, qualification);
        if (outcome == FaultOutcome.RESUME) {
            return null;
        }
        if (events.occupied()) {
            // No instruction to emulate: the processor itself was pushing the frame of an event.
            return fail("the guest's stack or descriptor tables for delivering vector %d are at guest-physical address 0x%x, where there is no memory"
                    .formatted(events.pending() & 0xff, gpa));
        }
        return emulate();
    }

    /** Carries out the exiting instruction with the instruction emulator. */
    private RunOutcome emulate() {
        counters.count(CountedEvent.EMULATED_INSTRUCTIONS);
        switch (processor.emulate(emulationBus)) {
            case NONE -> { }
            case EXCEPTION -> {
                ExitInformation fault = processor.exitInformation();
                if ((fault.interruption() & VmxControls.TYPE_MASK) >= VmxControls.TYPE_SOFTWARE_INTERRUPT) {
                    events.software(fault.interruption(), fault.instructionLength());
                    return null;
                }
                if (fault.vector() == ExceptionVector.PF) {
                    registers.cr(2, fault.qualification());
                }
                events.fault(fault.vector(), fault.interruptionErrorCode());
            }
            case EPT_VIOLATION -> {
                // A table of the guest or its code is not mapped yet: map it; the instruction exits again and is emulated then.
                if (!mapped(processor.exitInformation())) {
                    return fail("the guest's page tables or code are at guest-physical address 0x%x, where there is no memory"
                            .formatted(processor.exitInformation().guestPhysical()));
                }
            }
            case CPUID, RDMSR, WRMSR, CR_ACCESS, HLT, RDTSC, RDTSCP, RDPMC, INVLPG, MONITOR, MWAIT -> {
                return dispatch(processor.exitInformation().reason(), processor.exitInformation());
            }
            default -> {
                return fail("the instruction emulator gave up with " + processor.exitInformation().reason().label());
            }
        }
        return null;
    }

    /** INVPCID has operands to fetch and checks to make; what it flushes is the memory technique's business too. */
    private RunOutcome invalidateContext() {
        RunOutcome outcome = emulate();
        if (outcome == null && !context.memory().nested()) {
            context.memory().onTlbFlush(processor);
        }
        return outcome;
    }

    private boolean mapped(ExitInformation violation) {
        return context.memory().onEptViolation(processor, violation.guestPhysical(), violation.qualification()) == FaultOutcome.RESUME;
    }

    private void crAccess(ExitInformation exit) {
        long qualification = exit.qualification();
        int cr = (int) qualification & 0xf;
        int register = (int) (qualification >>> 8) & 0xf;
        int access = (int) (qualification >>> 4) & 3;
        int length = exit.instructionLength();
        boolean good = switch (access) {
            case CR_TO -> moveToCr(cr, registers.gpr(register));
            case CR_FROM -> {
                registers.gpr(register, readCr(cr));
                yield true;
            }
            case CR_CLTS -> {
                control.clearTaskSwitched();
                yield true;
            }
            default -> control.lmsw((int) (qualification >>> 16) & 0xffff);
        };
        if (good) {
            advance(length);
        } else {
            events.generalProtection();
        }
    }

    private long readCr(int cr) {
        return switch (cr) {
            case 0 -> control.cr0();
            case 3 -> control.cr3();
            case 4 -> control.cr4();
            default -> context.interrupts().taskPriority();
        };
    }

    private boolean moveToCr(int cr, long operand) {
        // Outside 64-bit mode the instruction moves 32 bits.
        long value = registers.codeSize() == 64 ? operand : operand & 0xffffffffL;
        return switch (cr) {
            case 0 -> control.cr0(value);
            case 3 -> control.cr3(value);
            case 4 -> control.cr4(value);
            case 8 -> {
                if (value >>> 4 != 0) {
                    yield false;
                }
                context.interrupts().taskPriority((int) value);
                yield true;
            }
            default -> false;
        };
    }

    private boolean readMsr() {
        if ((int) registers.gpr(CpuRegisters.RCX) != Msr.IA32_EFER) {
            return msrs.read();
        }
        GuestMsrs.result(registers, control.efer());
        return true;
    }

    private boolean writeMsr() {
        return (int) registers.gpr(CpuRegisters.RCX) == Msr.IA32_EFER ? control.efer(GuestMsrs.operand(registers)) : msrs.write();
    }

    private void monitor(ExitInformation exit) {
        if ((context.contract().cpuid(1, 0)[2] & CpuidBits.ECX1_MONITOR) == 0) {
            events.undefinedOpcode();
        } else {
            // MWAIT may always end at once (SDM 2B, MWAIT).
            advance(exit.instructionLength());
        }
    }

    private void timeStamp(ExitReason reason, ExitInformation exit) {
        long tsc = guestTsc();
        registers.gpr(CpuRegisters.RAX, tsc & 0xffffffffL);
        registers.gpr(CpuRegisters.RDX, tsc >>> 32);
        if (reason == ExitReason.RDTSCP) {
            registers.gpr(CpuRegisters.RCX, registers.msr(Msr.IA32_TSC_AUX) & 0xffffffffL);
        }
        advance(exit.instructionLength());
    }

    /**
     * Task switches always exit (SDM 3C 26.2). One by CALL, JMP or IRET is an instruction to emulate; one through a task gate is
     * the delivery of an event, told by the IDT-vectoring information.
     */
    private RunOutcome taskSwitch(ExitInformation exit) {
        boolean byGate = (exit.qualification() >>> TASK_SWITCH_SOURCE & 3) == TASK_GATE;
        if (!byGate) {
            return emulate();
        }
        int event = exit.idtVectoring() & ENTRY_INFORMATION;
        int errorCode = exit.idtVectoringErrorCode();
        int type = event & VmxControls.TYPE_MASK;
        int length = type >= VmxControls.TYPE_SOFTWARE_INTERRUPT ? exit.instructionLength() : 0;
        return deliver(event, errorCode, length);
    }

    /** Delivers an event as the processor would without a hypervisor. */
    private RunOutcome deliver(int event, int errorCode, int length) {
        counters.count(CountedEvent.EMULATED_INSTRUCTIONS);
        while (true) {
            ExitReason reason = processor.emulateDelivery(event, errorCode, length);
            switch (reason) {
                case NONE -> {
                    return null;
                }
                case TRIPLE_FAULT -> {
                    return RunOutcome.TRIPLE_FAULT;
                }
                default -> {
                    if (reason != ExitReason.EPT_VIOLATION || !mapped(processor.exitInformation())) {
                        return fail("the delivery of vector %d came out with %s at guest-physical address 0x%x"
                                .formatted(event & 0xff, reason.label(), processor.exitInformation().guestPhysical()));
                    }
                }
            }
        }
    }

    /** Only what the exception bitmap asks for comes here, and NMIs of the host: the guest gets its exception back. */
    private RunOutcome exception(ExitInformation exit) {
        if ((exit.interruption() & VmxControls.TYPE_MASK) == VmxControls.TYPE_NMI) {
            return null;
        }
        if (exit.vector() == ExceptionVector.PF && !context.memory().nested()) {
            return shadowFault(exit.qualification(), exit.interruptionErrorCode());
        }
        if (exit.vector() == ExceptionVector.PF) {
            registers.cr(2, exit.qualification());
        }
        counters.count(CountedEvent.TRUE_FAULTS);
        events.fault(exit.vector(), exit.interruptionErrorCode());
        return null;
    }

    /** A page fault on shadow tables: the memory technique says whose it is. */
    private RunOutcome shadowFault(long gva, int errorCode) {
        switch (context.memory().onPageFault(processor, gva, errorCode)) {
            case RESUME -> {
                return null;
            }
            case REFLECT -> {
                counters.count(CountedEvent.TRUE_FAULTS);
                registers.cr(2, gva);
                return events.faultAmidDelivery(ExceptionVector.PF, context.memory().reflectedErrorCode()) ? null : RunOutcome.TRIPLE_FAULT;
            }
            case MMIO, EMULATE -> {
                if (events.occupied()) {
                    // No instruction to emulate: the processor itself was pushing the frame of an event.
                    return fail("the guest's stack or descriptor tables for delivering vector %d are at linear address 0x%x, where there is no memory to write"
                            .formatted(events.pending() & 0xff, gva));
                }
                return emulate();
            }
        }
        throw new IllegalStateException("a fault without outcome");
    }

    private void advanceOrGp(boolean good, ExitInformation exit) {
        if (good) {
            advance(exit.instructionLength());
        } else {
            events.generalProtection();
        }
    }

    /** The exiting instruction is done: RIP behind it, its shadow and the resume flag over, its single-step trap pending. */
    private void advance(int length) {
        long rip = registers.rip() + length;
        registers.rip(registers.codeSize() == 64 ? rip : rip & 0xffffffffL);
        processor.retire();
        events.endShadow();
        long rflags = vmcs.read(VmcsField.GUEST_RFLAGS);
        if ((rflags & Rflags.RF) != 0) {
            vmcs.write(VmcsField.GUEST_RFLAGS, rflags & ~Rflags.RF);
        }
        if ((rflags & Rflags.TF) != 0) {
            vmcs.write(
                    VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS,
                    vmcs.read(VmcsField.GUEST_PENDING_DEBUG_EXCEPTIONS) | PENDING_SINGLE_STEP);
        }
    }

    private String entryFailure(ExitReason reason) {
        String why = processor.exit() instanceof Exit.EntryFailure entry && !entry.why().isBlank() ? ": " + entry.why() : "";
        return reason == ExitReason.ENTRY_INVALID_CONTROLS
                ? "VM entry refused the VMCS (VM-instruction error %d)%s".formatted(vmcs.read(VmcsField.VM_INSTRUCTION_ERROR), why)
                : "VM entry failed, %s (exit reason %d, qualification %d)%s"
                        .formatted(reason.label(), reason.number(), vmcs.read(VmcsField.EXIT_QUALIFICATION), why);
    }

    private RunOutcome fail(String what) {
        failure = "%s, at RIP 0x%x, CR3 0x%x".formatted(what, registers.rip(), control.cr3());
        return RunOutcome.FAILED;
    }

    @Override
    public long guestTsc() {
        return home.tsc();
    }

    @Override
    public String failure() {
        return failure;
    }

    @Override
    public ArchState exportState() {
        ArchState real = processor.save();
        ArchState.Control c = real.control();
        ArchState.Control seen = new ArchState.Control(
                control.cr0(), c.cr2(), control.cr3(), control.cr4(), context.interrupts().taskPriority(), c.xcr0(), c.dr(),
                new long[] {control.pdpte(0), control.pdpte(1), control.pdpte(2), control.pdpte(3)});
        Map<Integer, Long> all = new HashMap<>(real.msrs());
        all.putAll(msrs.export());
        all.put(Msr.IA32_EFER, control.efer());
        ArchState.Events e = real.events();
        ArchState.Events waiting = new ArchState.Events(
                e.interruptibility(),
                halted ? ACTIVITY_HLT : e.activity(),
                e.pendingDebug(),
                events.pending() != 0 ? events.pending() : e.pending(),
                events.pending() != 0 ? events.pendingErrorCode() : e.pendingErrorCode(),
                events.pending() != 0 ? events.pendingLength() : e.pendingInstructionLength());
        return new ArchState(real.general(), real.segments(), seen, real.fpu(), all, waiting, guestTsc());
    }

    @Override
    public void importState(ArchState state) {
        ArchState.Control c = state.control();
        ArchState.Control real = new ArchState.Control(
                ControlRegisters.realCr0(c.cr0()), c.cr2(), c.cr3(), ControlRegisters.realCr4(c.cr4()), c.cr8(), c.xcr0(), c.dr(), c.pdptes());
        ArchState.Events e = state.events();
        // HLT and pending events are kept here: the processor itself is always active at an entry.
        ArchState.Events quiet = new ArchState.Events(e.interruptibility(), 0, e.pendingDebug(), 0, 0, 0);
        processor.load(new ArchState(state.general(), state.segments(), real, state.fpu(), state.msrs(), quiet, processor.tsc()));
        msrs.adopt(state.msrs());
        home.tsc(state.tsc());
        control.adopt(c, state.msrs().getOrDefault(Msr.IA32_EFER, 0L));
        halted = e.activity() == ACTIVITY_HLT;
        events.restore(e.pending(), e.pendingErrorCode(), e.pendingInstructionLength());
        failure = "";
        processor.invalidateTlb();
    }

    @Override
    public void close() {
        context.memory().detach(processor);
        controls.close();
    }
}
