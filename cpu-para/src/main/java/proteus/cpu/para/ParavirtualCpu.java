package proteus.cpu.para;

import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.ParavirtualServices;
import proteus.api.cpu.RunOutcome;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.Timers;
import proteus.api.memory.MemoryContext;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.Processor;
import proteus.api.silicon.VmxControls;
import proteus.api.state.ArchState;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;
import proteus.x86.xen.HypercallPage;
import proteus.x86.xen.Width;

/** The vCPU of a paravirtual domain: runs its kernel and its programs in ring 3 and answers what enters ring 0. */
final class ParavirtualCpu implements CpuVirtualization {
    private static final long CR0 = Cr0.PE | Cr0.MP | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.AM | Cr0.PG;
    private static final long CR4 = Cr4.PAE | Cr4.OSFXSR | Cr4.OSXMMEXCPT;
    private static final long EFER = Efer.SCE | Efer.LME | Efer.LMA | Efer.NXE;
    private static final int SYSCALL_BYTES = 2, SYSCALL_SECOND_BYTE = 0x05;
    private static final int R11 = 11;

    private final CpuContext context;
    private final MemoryContext memory;
    private final ParavirtualServices services;
    private final Processor processor;
    private final CpuRegisters registers;
    private final EventCounters counters;
    private final RunSchedule schedule;
    private final Timers.Timer timer;
    private final Timers.Timer periodic;
    /** Null before a start. */
    private Domain domain;
    private String failure = "";

    ParavirtualCpu(CpuContext context, MemoryContext memory) {
        this.context = context;
        this.memory = memory;
        this.services = context.paravirtual().orElseThrow(() -> new IllegalArgumentException("paravirtualization needs a machine that gives it time and a console"));
        this.processor = context.processor();
        this.registers = processor.registers();
        this.counters = context.counters();
        this.schedule = context.schedule();
        this.timer = services.timers().create("vCPU timer", this::timerFired);
        this.periodic = services.timers().create("vCPU periodic timer", this::periodicFired);
        services.console().onInput(this::consoleInput);
    }

    private void timerFired() {
        domain.vcpu.timerFired();
        domain.events.raiseVirq(EventChannels.VIRQ_TIMER);
    }

    private void periodicFired() {
        domain.clock.periodicFired();
        domain.events.raiseVirq(EventChannels.VIRQ_TIMER);
    }

    private void consoleInput() {
        if (domain != null) {
            domain.consoleInput();
        }
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
            if (domain.vcpu.waits()) {
                return RunOutcome.HALTED;
            }
            long rip = registers.rip();
            ExitReason reason = ExitReason.NONE;
            try {
                domain.work.begin();
                if (domain.shared.upcallPending() && !domain.shared.masked() && domain.traps.callback(TrapTable.EVENT).there()) {
                    domain.mode.event();
                }
                reason = processor.run(budget);
                counters.exit(reason);
                RunOutcome outcome = dispatch(reason, processor.exitInformation());
                if (outcome != null) {
                    return outcome;
                }
            } catch (Refusal refusal) {
                crash(reason);
            }
            if (schedule.singleInstruction() && registers.rip() != rip) {
                return RunOutcome.LIMIT;
            }
        }
    }

    /** The guest has no handler for what it needs one for, or no stack for it: Xen ends such a domain. */
    private void crash(ExitReason reason) {
        String what = reason == ExitReason.EXCEPTION
                ? "%s (error code 0x%x, address 0x%x)".formatted(
                        ExceptionVector.name(processor.exitInformation().vector()), processor.exitInformation().interruptionErrorCode(), processor.exitInformation().qualification())
                : "a " + reason.label();
        services.crashed("the paravirtual guest crashed: its kernel has no handler or no stack for %s, at RIP 0x%x, RSP 0x%x, CR3 0x%x".formatted(
                what, registers.rip(), registers.gpr(CpuRegisters.RSP), registers.cr(3)));
    }

    private RunOutcome dispatch(ExitReason reason, ExitInformation exit) {
        switch (reason) {
            case SYSTEM_CALL -> systemCall(exit);
            case EXCEPTION -> exception(exit);
            case BUDGET, EXTERNAL_INTERRUPT -> { }
            case KICKED -> {
                return RunOutcome.KICKED;
            }
            case DEBUG -> {
                return RunOutcome.DEBUG;
            }
            default -> {
                failure = "paravirtualization does not expect the exit %s at RIP 0x%x".formatted(reason.label(), registers.rip());
                return RunOutcome.FAILED;
            }
        }
        return null;
    }

    private void systemCall(ExitInformation exit) {
        long rip = registers.rip();
        if (!domain.space.width().wide() || domain.space.read8(rip + SYSCALL_BYTES - 1) != SYSCALL_SECOND_BYTE) {
            // SYSENTER, or either in 32 bits, which CPUID does not promise.
            bounce(ExceptionVector.GP, 0, true);
            return;
        }
        long next = rip + exit.instructionLength();
        registers.rip(next);
        registers.gpr(CpuRegisters.RCX, next);
        registers.gpr(R11, registers.rflags());
        if (domain.mode.kernel()) {
            domain.hypercalls.call();
        } else {
            domain.mode.systemCall();
        }
    }

    private void exception(ExitInformation exit) {
        int vector = exit.vector();
        int type = exit.interruption() & VmxControls.TYPE_MASK;
        if (type == VmxControls.TYPE_SOFTWARE_INTERRUPT) {
            softwareInterrupt(vector, exit.instructionLength());
            return;
        }
        switch (vector) {
            case ExceptionVector.PF -> pageFault(exit.qualification(), exit.interruptionErrorCode());
            case ExceptionVector.GP -> {
                if (domain.mode.kernel() && exit.interruptionErrorCode() == 0 && domain.privileged.emulate()) {
                    counters.count(CountedEvent.EMULATED_INSTRUCTIONS);
                } else {
                    bounce(vector, exit.interruptionErrorCode(), true);
                }
            }
            case ExceptionVector.UD -> {
                if (domain.privileged.prefixedCpuid()) {
                    counters.count(CountedEvent.EMULATED_INSTRUCTIONS);
                } else {
                    bounce(vector, 0, false);
                }
            }
            case ExceptionVector.NM -> {
                registers.cr(0, registers.cr(0) & ~Cr0.TS);
                bounce(vector, 0, false);
            }
            case ExceptionVector.DB -> {
                registers.dr(6, registers.dr(6) | exit.qualification());
                bounce(vector, 0, false);
            }
            case ExceptionVector.BP, ExceptionVector.OF -> {
                if (type == VmxControls.TYPE_SOFTWARE_EXCEPTION) {
                    softwareInterrupt(vector, exit.instructionLength());
                } else {
                    bounce(vector, 0, false);
                }
            }
            default -> bounce(vector, exit.interruptionErrorCode(), ExceptionVector.pushesErrorCode(vector));
        }
    }

    /** INT n, INT3, INTO: the privilege of the table decides, as that of a gate does. */
    private void softwareInterrupt(int vector, int length) {
        if (vector == HypercallPage.VECTOR && !domain.space.width().wide() && domain.mode.kernel()) {
            registers.rip(registers.rip() + length);
            domain.hypercalls.call();
        } else if (domain.traps.mayCall(vector, domain.mode.kernel())) {
            registers.rip(registers.rip() + length);
            bounce(vector, 0, false);
        } else {
            bounce(ExceptionVector.GP, vector << 3 | ExceptionVector.ERROR_IDT, true);
        }
    }

    private void pageFault(long address, int errorCode) {
        boolean kernel = domain.mode.kernel();
        boolean write = (errorCode & ExceptionVector.PF_WRITE) != 0;
        if (!domain.space.width().hypervisors(address)) {
            if (allowed(address, errorCode)) {
                // The TLB knew less than the tables say.
                processor.invalidatePage(address);
                counters.count(CountedEvent.HIDDEN_FAULTS);
                return;
            }
            if (kernel && write && (errorCode & ExceptionVector.PF_PRESENT) != 0 && domain.writes.emulate(address)) {
                return;
            }
        }
        counters.count(CountedEvent.TRUE_FAULTS);
        domain.shared.cr2(address);
        bounce(ExceptionVector.PF, kernel ? errorCode & ~ExceptionVector.PF_USER : errorCode, true);
    }

    private boolean allowed(long address, int errorCode) {
        boolean fetch = (errorCode & ExceptionVector.PF_FETCH) != 0;
        return (errorCode & ExceptionVector.PF_RESERVED) == 0
                && !(fetch && (errorCode & ExceptionVector.PF_PRESENT) != 0)
                && domain.space.find(address, (errorCode & ExceptionVector.PF_WRITE) != 0, (errorCode & ExceptionVector.PF_USER) != 0) >= 0;
    }

    private void bounce(int vector, int errorCode, boolean hasErrorCode) {
        domain.mode.exception(vector, errorCode, hasErrorCode);
    }

    @Override
    public long guestTsc() {
        return processor.tsc();
    }

    @Override
    public String failure() {
        return failure;
    }

    @Override
    public ArchState exportState() {
        return processor.save();
    }

    /** Starts a domain: the state is a builder's, RSI leads to the start information. */
    @Override
    public void importState(ArchState state) {
        ArchState.Control c = state.control();
        ArchState.Control control = new ArchState.Control(CR0, 0, c.cr3(), CR4, 0, 1, c.dr(), new long[4]);
        java.util.Map<Integer, Long> msrs = new java.util.HashMap<>(state.msrs());
        msrs.put(Msr.IA32_EFER, EFER);
        ArchState.General g = state.general();
        ArchState.General general = new ArchState.General(g.gpr(), g.rip(), g.rflags() | Rflags.IF);
        processor.load(new ArchState(general, state.segments(), control, state.fpu(), msrs, new ArchState.Events(0, 0, 0, 0, 0, 0), processor.tsc()));
        failure = "";
        if (domain != null) {
            domain.close();
            domain = null;
        }
        try {
            Width width = state.segments().registers().get(CpuRegisters.CS).longMode() ? Width.WIDE : Width.NARROW;
            domain = new Domain(context, memory, services, timer, periodic, width, c.cr3() & PageTable.FRAME, g.gpr()[CpuRegisters.RSI]);
        } catch (Refusal refusal) {
            throw new IllegalArgumentException("the state is not the start of a paravirtual domain: RSI does not lead to its start information, or its page tables break the rules");
        }
    }

    @Override
    public void close() {
        timer.cancel();
        periodic.cancel();
        if (domain != null) {
            domain.close();
        }
    }
}
