package proteus.silicon.processor;

import static proteus.api.silicon.VmxControls.INTERRUPTION_ERROR_CODE;
import static proteus.api.silicon.VmxControls.INTERRUPTION_VALID;
import static proteus.api.silicon.VmxControls.TYPE_HARDWARE_EXCEPTION;

import java.util.Optional;
import proteus.api.event.CountedEvent;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.Exit;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.TranslationCounts;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VpidInvalidation;
import proteus.api.silicon.WalkReport;
import proteus.api.state.ArchState;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.Intercepts;
import proteus.silicon.exec.Interpreter;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.system.Cpuid;
import proteus.silicon.system.Events;
import proteus.silicon.translate.TranslationCache;
import proteus.silicon.vmx.DeprivilegedIntercepts;
import proteus.silicon.vmx.EmulatorIntercepts;
import proteus.silicon.vmx.ExitRecord;
import proteus.silicon.vmx.OpenIntercepts;
import proteus.silicon.vmx.RingZeroIntercepts;
import proteus.silicon.vmx.VmxUnit;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/** One modelled processor: the units put together, and the contract in front of them. */
public final class ModelProcessor implements Processor {
    /** Address space for translated code; touched as it is used. */
    private static final long TRANSLATED_BYTES = 64 << 20;

    /** An outcome beside those of {@link Interpreter}: the preemption timer has fired. */
    private static final int PREEMPTED = -1;
    private static final int LAST_VPID = 0xffff;

    private final ProcessorSettings settings;
    private final String engine;
    private final Cpu cpu;
    private final Interpreter interpreter;
    private final RegisterView registers;
    private final ExitRecord record = new ExitRecord();
    /** Null unless in VMX non-root mode. */
    private final VmxUnit vmx;
    private final Intercepts intercepts;
    private final Intercepts emulatorsIntercepts;
    private final Intercepts deliverysIntercepts;
    /** Null: the emulator walks the tables in force. */
    private EmulatorView emulatorView;

    public ModelProcessor(ProcessorSettings settings, CpuFeatures features, ModelHostMemory memory) {
        this.settings = settings;
        TranslationCache.Opened opened = settings.engine() == ExecutionEngine.INTERPRETER
            ? new TranslationCache.Opened(Optional.empty(), "")
            : TranslationCache.open(TRANSLATED_BYTES);
        Optional<TranslationCache> translations = opened.cache();
        if (translations.isEmpty() && settings.engine() == ExecutionEngine.NATIVE) {
            throw new IllegalArgumentException("the native engine cannot run here: " + opened.refusal());
        }
        engine = translations.isPresent() ? "native" : opened.refusal().isEmpty() ? "interpreter" : "interpreter, since " + opened.refusal();
        cpu = new Cpu(settings.counters(), features, settings.wallClock(), c -> new Mmu(c, memory), translations.map(TranslationCache::struct).orElse(0L));
        cpu.units = new Events();
        Cpuid.apply(cpu, settings.cpu());
        cpu.bus = settings.bus();
        vmx = settings.mode() == ExecutionMode.VMX_NON_ROOT ? new VmxUnit(cpu, record) : null;
        intercepts = switch (settings.mode()) {
            case NATIVE -> new OpenIntercepts(cpu, record);
            case DEPRIVILEGED -> new DeprivilegedIntercepts(cpu, record);
            case VMX_NON_ROOT -> vmx;
        };
        emulatorsIntercepts = vmx != null ? new EmulatorIntercepts(cpu, record) : new RingZeroIntercepts(cpu, record);
        deliverysIntercepts = new OpenIntercepts(cpu, record);
        cpu.intercepts = intercepts;
        registers = new RegisterView(cpu);
        interpreter = new Interpreter(cpu, InstructionSet.handlers(), translations);
        StateTransfer.reset(cpu, registers);
    }

    @Override
    public ExecutionMode mode() {
        return settings.mode();
    }

    @Override
    public String engine() {
        return engine;
    }

    @Override
    public ExitReason run(long budget) {
        if (budget < 1) {
            throw new IllegalArgumentException("a budget of " + budget + " instructions");
        }
        long end = cpu.retired + budget;
        try {
            if (vmx != null) {
                ExitReason entry = vmx.enter();
                if (entry != ExitReason.NONE) {
                    return entry;
                }
                if (vmx.timed()) {
                    return exited(runTimed(end));
                }
            } else {
                record.begin(ExitReason.NONE);
            }
        } catch (ExitSignal signal) {
            return exited(Interpreter.EXIT); // an exit during event injection
        }
        // a software interrupt that was injected is an instruction
        return exited(cpu.retired >= end ? Interpreter.BUDGET : interpreter.run(end - cpu.retired));
    }

    /** Runs until the preemption timer fires. It counts as the TSC does; by the host's clock it is approached in steps, each a part of what is left. */
    private int runTimed(long end) {
        while (true) {
            long ticks = vmx.timerTicks();
            if (ticks <= 0) {
                return PREEMPTED;
            }
            if (cpu.retired >= end) {
                return Interpreter.BUDGET;
            }
            int outcome = interpreter.run(Math.min(end - cpu.retired, settings.wallClock() ? Math.max(1, ticks >> 4) : ticks));
            if (outcome != Interpreter.BUDGET) {
                return outcome;
            }
        }
    }

    private ExitReason exited(int outcome) {
        ExitReason reason = switch (outcome) {
            case PREEMPTED -> plain(ExitReason.PREEMPTION_TIMER);
            case Interpreter.BUDGET -> plain(ExitReason.BUDGET);
            case Interpreter.KICKED -> plain(ExitReason.KICKED);
            case Interpreter.IDLE -> plain(ExitReason.HLT);
            case Interpreter.DEBUG -> plain(ExitReason.DEBUG);
            default -> finish();
        };
        if (vmx != null) {
            vmx.exited();
        }
        return reason;
    }

    private ExitReason plain(ExitReason reason) {
        record.begin(reason);
        return finish();
    }

    private ExitReason finish() {
        settings.counters().set(CountedEvent.INSTRUCTIONS, cpu.retired);
        return record.reason();
    }

    @Override
    public ExitInformation exitInformation() {
        return record;
    }

    @Override
    public Exit exit() {
        return record.value();
    }

    @Override
    public ExitReason emulate(MachineBus bus) {
        MachineBus ownBus = cpu.bus;
        boolean boundaryWork = cpu.boundaryWork;
        cpu.intercepts = emulatorsIntercepts;
        cpu.bus = bus;
        cpu.boundaryWork = false;
        cpu.mmu.emulationBus(bus);
        record.begin(ExitReason.NONE);
        enterView();
        try {
            if (!interpreter.one()) {
                GuestFault fault = interpreter.lastFault();
                boolean hasErrorCode = ExceptionVector.pushesErrorCode(fault.vector) && cpu.protectedMode();
                record.begin(ExitReason.EXCEPTION);
                record.interruption(INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION | fault.vector | (hasErrorCode ? INTERRUPTION_ERROR_CODE : 0),
                    hasErrorCode ? fault.errorCode : 0, fault.detail, 0);
            }
        } catch (ExitSignal signal) {
            // recorded by whoever threw it
        } finally {
            leaveView();
            cpu.mmu.emulationBus(null);
            cpu.intercepts = intercepts;
            cpu.bus = ownBus;
            cpu.boundaryWork = boundaryWork;
        }
        return finish();
    }

    @Override
    public ExitReason emulateDelivery(int interruption, int errorCode, int instructionLength) {
        cpu.intercepts = deliverysIntercepts;
        record.begin(ExitReason.NONE);
        enterView();
        try {
            cpu.units.inject(cpu, interruption, errorCode, instructionLength);
        } catch (ExitSignal signal) {
            // recorded by whoever threw it
        } finally {
            leaveView();
            cpu.intercepts = intercepts;
        }
        return finish();
    }

    @Override
    public long takePendingDebug() {
        long met = cpu.pendingDebug;
        cpu.pendingDebug = 0;
        return met;
    }

    @Override
    public void emulatorPaging(GuestPaging paging) {
        emulatorView = paging == null ? null : new EmulatorView(cpu, paging);
    }

    private void enterView() {
        if (emulatorView != null) {
            emulatorView.enter();
        }
    }

    private void leaveView() {
        if (emulatorView != null) {
            emulatorView.leave();
        }
    }

    @Override
    public void kick() {
        interpreter.kick();
    }

    @Override
    public CpuRegisters registers() {
        return registers;
    }

    @Override
    public Vmcs vmcs() {
        if (vmx == null) {
            throw new IllegalStateException("a processor in " + mode() + " mode has no VMCS");
        }
        return vmx.vmcs();
    }

    @Override
    public long retired() {
        return cpu.retired;
    }

    @Override
    public TranslationCounts translation() {
        return interpreter.translation();
    }

    @Override
    public void retire() {
        cpu.retired++;
    }

    @Override
    public void correctRetired(long instructions) {
        cpu.retired += instructions;
        settings.counters().set(CountedEvent.INSTRUCTIONS, cpu.retired);
    }

    @Override
    public long tsc() {
        return cpu.tsc();
    }

    @Override
    public void advanceTsc(long ticks) {
        cpu.tscBase += ticks;
    }

    @Override
    public ArchState save() {
        return StateTransfer.save(cpu, registers);
    }

    @Override
    public void load(ArchState state) {
        StateTransfer.load(cpu, registers, state);
    }

    @Override
    public WalkReport walk(long gva) {
        return cpu.mmu.inspect(gva);
    }

    @Override
    public void debugPoints(DebugPoints points) {
        if (cpu.debug.points(points)) {
            cpu.mmu.flushAll();
        }
        interpreter.debugPointsChanged();
    }

    @Override
    public Optional<DebugHit> debugHit() {
        return cpu.debug.hit();
    }

    @Override
    public void invalidateEpt() {
        cpu.mmu.flushAll();
    }

    @Override
    public void invalidateTlb() {
        cpu.mmu.flushAll();
    }

    @Override
    public void invalidateVpid(VpidInvalidation type, int vpid, long gva) {
        if (vmx == null) {
            throw new IllegalStateException("a processor in " + mode() + " mode has no VPIDs");
        }
        if (type != VpidInvalidation.ALL_CONTEXTS && (vpid < 1 || vpid > LAST_VPID)) {
            throw new IllegalArgumentException("INVVPID of VPID " + vpid);
        }
        switch (type) {
            case INDIVIDUAL_ADDRESS -> {
                if (!PageTable.canonical(gva, 48)) {
                    throw new IllegalArgumentException("INVVPID of address 0x%x, which is not canonical".formatted(gva));
                }
                cpu.mmu.invalidateVpid(vpid, gva);
            }
            case SINGLE_CONTEXT -> cpu.mmu.flushVpids(vpid, vpid, true);
            case ALL_CONTEXTS -> cpu.mmu.flushVpids(1, LAST_VPID, true);
            case SINGLE_CONTEXT_RETAINING_GLOBALS -> cpu.mmu.flushVpids(vpid, vpid, false);
        }
    }

    @Override
    public void invalidatePage(long gva) {
        cpu.mmu.invalidatePage(gva);
    }

    @Override
    public void close() {
        cpu.close();
        interpreter.close();
    }
}
