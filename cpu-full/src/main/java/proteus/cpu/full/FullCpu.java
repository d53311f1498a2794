package proteus.cpu.full;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.cpu.RunOutcome;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.silicon.ExitInformation;
import proteus.api.silicon.ExitReason;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.api.silicon.VmxControls;
import proteus.api.state.ArchState;
import proteus.cpu.full.Deprivileging.Form;
import proteus.cpu.full.Translator.Treatment;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;

/** One vCPU without hardware assistance: chooses how the guest's next instructions run, and gives each exception its meaning. */
final class FullCpu implements CpuVirtualization {
    private static final int ACTIVITY_HLT = 1;
    private static final int SHADOWS = VmxControls.BLOCKING_BY_STI | VmxControls.BLOCKING_BY_MOV_SS;
    /** An instruction that faults into the VMM so often gets a translation that calls the VMM at once. */
    private static final int FAULTS_BEFORE_RETRANSLATION = 4;

    private final CpuContext context;
    private final Processor processor;
    private final CpuRegisters registers;
    private final MemoryVirtualization memory;
    private final InterruptController interrupts;
    private final EventCounters counters;
    private final RunSchedule schedule;
    private final VirtualCpu guest;
    private final Monitor monitor;
    private final GuestCode code;
    private final Deprivileging deprivileging;
    private final Emulator emulator;
    private final TranslationCache cache;
    private final Translator translator;
    private final boolean translation;
    private final Instruction instruction = new Instruction();
    private final Map<Long, Integer> faults = new HashMap<>();

    private int pending;
    private int pendingErrorCode;
    private int pendingLength;
    private boolean nmiPending;
    private DebugPoints points = DebugPoints.NONE;
    private DebugHit hit;
    /** A debugger stopped in front of this instruction and goes on with it, or -1. */
    private long passing = -1;
    /** The cache has translations of 64-bit code. */
    private boolean wideCache;
    /** The translated instruction at RIP must be carried through before anything else. */
    private boolean carryThrough;

    FullCpu(CpuContext context, boolean translation) {
        this.context = context;
        this.processor = context.processor();
        this.registers = processor.registers();
        this.memory = context.memory();
        this.interrupts = context.interrupts();
        this.counters = context.counters();
        this.schedule = context.schedule();
        this.translation = translation;
        this.guest = new VirtualCpu(context);
        GuestTables tables = new GuestTables(guest, context.guestMemory().map(), context.silicon().hostMemory());
        this.code = new GuestCode(tables, context.guestMemory().map(), context.silicon().hostMemory());
        memory.attach(processor);
        this.monitor = new Monitor(context, tables);
        this.deprivileging = new Deprivileging(context, guest, monitor);
        this.emulator = new Emulator(context, guest, code);
        this.cache = new TranslationCache(monitor, memory, tables, counters);
        this.translator = new Translator(cache, code);
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
            if (emulator.halted) {
                if (!wakes()) {
                    return RunOutcome.HALTED;
                }
                emulator.halted = false;
            }
            RunOutcome outcome = deliverPending();
            if (outcome == null) {
                boolean single = schedule.singleInstruction() || interrupts.pending() && shadow() != 0;
                long before = processor.retired();
                outcome = turn(single ? 1 : budget);
                if (outcome == null && schedule.singleInstruction() && processor.retired() != before) {
                    return RunOutcome.LIMIT;
                }
            }
            if (outcome != null) {
                return outcome;
            }
        }
    }

    // ---- events

    private boolean wakes() {
        return pending != 0 || nmi() || interrupts.pending() && interruptible();
    }

    private boolean nmi() {
        if (!nmiPending) {
            nmiPending = interrupts.takeNmi();
        }
        return nmiPending;
    }

    private boolean interruptible() {
        return deprivileging.form() == Form.TRANSLATED ? monitor.interruptFlag() : (deprivileging.rflags() & Rflags.IF) != 0;
    }

    /** How the instruction before holds off interrupts, or 0. */
    private int shadow() {
        boolean bySti = deprivileging.form() == Form.TRANSLATED && here() && behindSti() && monitor.enabledBySti();
        return registers.interruptibility() & SHADOWS | (bySti ? VmxControls.BLOCKING_BY_STI : 0);
    }

    /** Puts the shadow of a translated STI where those of all others are. */
    private void keepShadow() {
        registers.interruptibility(registers.interruptibility() | shadow());
    }

    private boolean behindSti() {
        // A translation is entered at its start, or behind an instruction that the VMM has carried out.
        int before = cache.exit == null ? cache.index - 1 : cache.exit.displacementAt < 0 ? cache.at.count - 1 : -1;
        return before >= 0 && Translator.treatment(cache.at.treatments[before]) == Treatment.STI;
    }

    /** Delivers what waits, in the order of SDM 3A, 7.9. */
    private RunOutcome deliverPending() {
        if (pending == 0 && emulator.traps == 0 && !nmi() && !interrupts.pending()) {
            monitor.protectFlag(false);
            return null;
        }
        if (pending != 0) {
            toVirtual();
            int event = pending;
            pending = 0;
            return emulator.deliver(event, pendingErrorCode, pendingLength);
        }
        if (emulator.traps != 0) {
            return emulator.trap();
        }
        if (nmiPending && (registers.interruptibility() & VmxControls.BLOCKING_BY_NMI) == 0 && shadow() == 0) {
            nmiPending = false;
            toVirtual();
            return emulator.deliver(VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_NMI | ExceptionVector.NMI, 0, 0);
        }
        if (!interrupts.pending()) {
            return null;
        }
        if (!interruptible()) {
            monitor.protectFlag(true);
            return null;
        }
        if (shadow() != 0) {
            return null;
        }
        monitor.protectFlag(false);
        int vector = interrupts.acknowledge();
        if (vector < 0) {
            return null;
        }
        toVirtual();
        return emulator.deliver(VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_EXTERNAL_INTERRUPT | vector, 0, 0);
    }

    // ---- how the guest goes on

    /** Lets the guest run until something comes up, and deals with it. */
    private RunOutcome turn(long budget) {
        if (deprivileging.form() == Form.VIRTUAL) {
            Form form = choose();
            if (form == Form.VIRTUAL) {
                return step();
            }
            if (!enter(form)) {
                return step();
            }
        }
        RunOutcome outcome = null;
        long count = budget;
        long before = processor.retired();
        while (true) {
            if (deprivileging.form() == Form.UNTRANSLATED) {
                count = 1;
                census();
            }
            ExitReason reason = processor.run(count);
            if (deprivileging.form() == Form.TRANSLATED && (reason == ExitReason.EXCEPTION || reason == ExitReason.SYSTEM_CALL || atBoundary())) {
                // Not elsewhere: a sequence may be about to write the counter that it has read.
                // A 64-bit kernel could write to it: it cannot be ahead of what was executed by more than one sequence.
                processor.correctRetired(-Math.min(monitor.takeOverhead(), processor.retired() - before + Templates.LONGEST_SURPLUS));
                before = processor.retired();
            }
            RunOutcome now = dispatch(reason);
            outcome = outcome == null ? now : outcome;
            if (deprivileging.form() != Form.TRANSLATED || atBoundary() && !carryThrough || outcome == RunOutcome.FAILED) {
                return outcome;
            }
            // Amid a sequence that stands for one instruction.
            carryThrough = false;
            count = 1;
        }
    }

    /** Notes which sensitive instructions a kernel executes that is only deprivileged: without a trap, and with another result. */
    private void census() {
        if (code.decode(emulator.linear(), registers.codeSize(), instruction)) {
            Sensitivity.Family family = Sensitivity.family(instruction);
            if (family != null) {
                counters.count(family.event());
            }
        }
    }

    /** How the guest's next instruction is to run. */
    private Form choose() {
        long rflags = registers.rflags();
        if (!guest.protectedMode() || (rflags & Rflags.VM) != 0 || emulator.traps != 0) {
            return Form.VIRTUAL;
        }
        int cpl = registers.cpl();
        if (cpl == 3) {
            // With IOPL it may change IF, and I/O instructions do not trap. Under a 32-bit kernel only processes of an operating system run
            // directly: they do not mind that LSL shows where segments are cut.
            boolean process = guest.longMode() || (rflags & Rflags.IF) != 0;
            return process && (rflags & Rflags.IOPL) == 0 ? Form.USER : Form.VIRTUAL;
        }
        boolean debugged = !points.instructions().isEmpty() || schedule.singleInstruction() || emulator.watchesInstructions();
        SegmentRegister cs = registers.segment(CpuRegisters.CS);
        boolean wide = guest.longMode();
        boolean flat = wide ? cs.longMode() : cs.base() == 0 && cs.limit() == 0xffffffffL && cs.big();
        boolean plain = cpl == 0 && flat && !debugged && (rflags & Rflags.TF) == 0 && deprivileging.representable(wide);
        return !plain ? Form.VIRTUAL : translation ? Form.TRANSLATED : Form.UNTRANSLATED;
    }

    /** Gives the processor the outfit; false if there is no code to be translated. */
    private boolean enter(Form form) {
        if (form != Form.TRANSLATED) {
            deprivileging.leaveVirtual(form);
            return true;
        }
        boolean wide = guest.longMode();
        if (wide != wideCache) {
            cache.clear();
            wideCache = wide;
        }
        Translation to = translated(registers.rip());
        if (to == null) {
            return false;
        }
        deprivileging.leaveVirtual(form);
        go(to.entry);
        monitor.protectFlag(interrupts.pending() && !monitor.interruptFlag());
        return true;
    }

    private Translation translated(long source) {
        Translation found = cache.find(source);
        return found != null ? found : translator.translate(source, wideCache);
    }

    private void go(int offset) {
        registers.rip(Monitor.address(offset, wideCache));
    }

    /** One instruction by the VMM's emulator. */
    private RunOutcome step() {
        if (!points.instructions().isEmpty() && registers.cpl() != 3) {
            long rip = registers.rip();
            if (points.instructions().contains(rip) && passing != rip) {
                passing = rip;
                hit = new DebugHit(DebugHit.Kind.INSTRUCTION, rip);
                return RunOutcome.DEBUG;
            }
            passing = -1;
        }
        RunOutcome outcome = emulator.step();
        flushes();
        return outcome;
    }

    /** The guest has flushed translations: code may lie elsewhere now. */
    private void flushes() {
        if (emulator.flushedPage != -1) {
            cache.flushedPage(emulator.flushedPage);
            emulator.flushedPage = -1;
        }
        if (emulator.flushed || emulator.flushedAll) {
            cache.flushed(emulator.flushedAll);
            emulator.flushed = false;
            emulator.flushedAll = false;
        }
    }

    // ---- where translated code is

    private boolean here() {
        int offset = Monitor.offset(registers.rip(), wideCache);
        return offset >= 0 && cache.locate(offset);
    }

    private boolean atBoundary() {
        int offset = Monitor.offset(registers.rip(), wideCache);
        return offset >= 0 && cache.boundary(offset);
    }

    /** Puts on the guest's own state; the processor stands at the beginning of an instruction of the guest. */
    private void toVirtual() {
        if (deprivileging.form() == Form.TRANSLATED) {
            keepShadow();
            long rip = cache.exit != null ? cache.exit.target : cache.at.guest(cache.index);
            deprivileging.enterVirtual(rip);
        } else {
            deprivileging.enterVirtual(registers.rip());
        }
    }

    /** The same amid a sequence, none of whose effects can be seen yet: as if its instruction had not begun. */
    private void rollBack() {
        if (deprivileging.form() != Form.TRANSLATED) {
            deprivileging.enterVirtual(registers.rip());
            return;
        }
        here();
        int offset = Monitor.offset(registers.rip(), wideCache);
        int executed = 0;
        for (int at = cache.at.offsets[cache.index]; at < offset; executed++) {
            int start = at;
            at += Decoder.decode(i -> monitor.byteAt(start + i), wideCache ? 64 : 32, instruction);
        }
        int saved = switch (Translator.treatment(cache.at.treatments[cache.index])) {
            case CALL, RETURN, JUMP_INDIRECT, CALL_INDIRECT, STI -> 1;
            case POPF -> 3;
            default -> Integer.MAX_VALUE;
        };
        if (executed >= saved) {
            registers.gpr(CpuRegisters.RCX, monitor.read(Monitor.RCX, wideCache));
        }
        processor.correctRetired(-executed);
        deprivileging.enterVirtual(cache.at.guest(cache.index));
    }

    // ---- exits

    private RunOutcome dispatch(ExitReason reason) {
        switch (reason) {
            case BUDGET, EXTERNAL_INTERRUPT -> {
                return null;
            }
            case KICKED -> {
                counters.exit(reason);
                return RunOutcome.KICKED;
            }
            case DEBUG -> {
                hit = null;
                return RunOutcome.DEBUG;
            }
            case SYSTEM_CALL -> {
                counters.exit(reason);
                rollBack();
                return step();
            }
            case EXCEPTION -> {
                return exception(processor.exitInformation());
            }
            case TRIPLE_FAULT -> {
                return RunOutcome.TRIPLE_FAULT;
            }
            default -> {
                return emulator.fail("a deprivileged guest does not exit by " + reason.label());
            }
        }
    }

    private RunOutcome exception(ExitInformation exit) {
        int type = exit.interruption() & VmxControls.TYPE_MASK;
        int vector = exit.vector();
        boolean translated = deprivileging.form() == Form.TRANSLATED;
        if (translated && type == VmxControls.TYPE_SOFTWARE_EXCEPTION && vector == ExceptionVector.BP) {
            return trap();
        }
        counters.exit(ExitReason.EXCEPTION);
        if (type != VmxControls.TYPE_HARDWARE_EXCEPTION) {
            int interruption = exit.interruption();
            int length = exit.instructionLength();
            toVirtual();
            return emulator.deliver(interruption, 0, length);
        }
        switch (vector) {
            case ExceptionVector.PF -> {
                return pageFault(exit.qualification(), exit.interruptionErrorCode());
            }
            case ExceptionVector.GP, ExceptionVector.UD, ExceptionVector.SS, ExceptionVector.NP, ExceptionVector.TS -> {
                // Of the deprivileged guest, or of any: the emulator knows.
                rollBack();
                return step();
            }
            default -> {
                int errorCode = exit.interruptionErrorCode();
                long detail = exit.qualification();
                rollBack();
                counters.count(CountedEvent.TRUE_FAULTS);
                return emulator.exception(vector, errorCode, detail);
            }
        }
    }

    private RunOutcome pageFault(long gva, int hardwareErrorCode) {
        boolean kernel = deprivileging.form() != Form.USER;
        int offset = Monitor.offset(gva, guest.longMode());
        if (offset >= 0) {
            if (deprivileging.form() == Form.TRANSLATED && monitor.flagProtected() && (offset & -0x1000) == Monitor.FLAG_PAGE && here() && flagWriter()) {
                // The guest may be about to enable interrupts, and one waits.
                monitor.protectFlag(false);
                carryThrough = true;
                return null;
            }
            // The guest has something else there.
            rollBack();
            return step();
        }
        int errorCode = kernel ? hardwareErrorCode & ~ExceptionVector.PF_USER : hardwareErrorCode;
        FaultOutcome outcome = memory.onPageFault(processor, gva, errorCode);
        switch (outcome) {
            case RESUME -> {
                if (deprivileging.form() == Form.TRANSLATED && here() && cache.at.dead) {
                    // It has written over its own source.
                    rollBack();
                }
                return null;
            }
            case REFLECT -> {
                rollBack();
                counters.count(CountedEvent.TRUE_FAULTS);
                return emulator.exception(ExceptionVector.PF, memory.reflectedErrorCode(), gva);
            }
            case MMIO, EMULATE -> {
                adapt();
                rollBack();
                return step();
            }
        }
        throw new IllegalStateException("a fault without outcome");
    }

    private boolean flagWriter() {
        return cache.index >= 0 && cache.exit == null && switch (Translator.treatment(cache.at.treatments[cache.index])) {
            case CLI, STI, POPF -> true;
            default -> false;
        };
    }

    /** An instruction that has faulted into the VMM often enough is translated to a call of it. */
    private void adapt() {
        if (deprivileging.form() != Form.TRANSLATED || !here() || cache.index < 0 || cache.exit != null) {
            return;
        }
        long source = cache.at.guest(cache.index);
        if (faults.merge(source, 1, Integer::sum) >= FAULTS_BEFORE_RETRANSLATION) {
            faults.remove(source);
            if (translator.trapAt(source)) {
                counters.count(CountedEvent.RETRANSLATIONS);
            }
            Translation old = cache.at;
            rollBack();
            cache.drop(old);
        }
    }

    /** Translated code has come to a trap: a branch that is not chained, an indirect one, or an instruction for the VMM. */
    private RunOutcome trap() {
        int offset = Monitor.offset(registers.rip(), wideCache);
        if (offset == TranslationCache.MISS) {
            return lookUp(Templates.ARRIVAL);
        }
        if (offset < 0 || !cache.locate(offset)) {
            return emulator.fail("the translation cache has no code there");
        }
        if (cache.exit != null) {
            return follow(cache.exit);
        }
        if (cache.index < 0) {
            return lookUp(Templates.ARRIVAL - Templates.ARRIVAL_TO_TRAP);
        }
        counters.count(CountedEvent.CALLOUTS);
        Translation from = cache.at;
        int index = cache.index;
        rollBack();
        RunOutcome outcome = step();
        if (outcome == null && !from.dead && deprivileging.form() == Form.VIRTUAL && choose() == Form.TRANSLATED && wideCache == guest.longMode()
                && registers.rip() == from.guest(index + 1) && index + 1 < from.count && shadow() == 0 && !emulator.halted) {
            deprivileging.leaveVirtual(Form.TRANSLATED);
            go(from.offsets[index + 1]);
        }
        return outcome;
    }

    /** The target of an indirect branch is in the monitor's data. */
    private RunOutcome lookUp(int notExecuted) {
        long target = monitor.read(Monitor.TARGET, wideCache);
        registers.gpr(CpuRegisters.RCX, monitor.read(Monitor.RCX, wideCache));
        processor.correctRetired(notExecuted);
        counters.count(CountedEvent.TRANSLATION_LOOKUPS);
        Translation to = translated(target);
        if (to == null) {
            deprivileging.enterVirtual(target);
            return null;
        }
        cache.arrive(to);
        go(to.entry);
        return null;
    }

    private RunOutcome follow(Translation.Exit exit) {
        keepShadow();
        Translation to = translated(exit.target);
        if (to == null) {
            deprivileging.enterVirtual(exit.target);
            return null;
        }
        cache.chain(exit, to);
        go(to.entry);
        return null;
    }

    // ---- state

    @Override
    public ArchState exportState() {
        toVirtual();
        ArchState real = processor.save();
        Map<Integer, Long> msrs = new HashMap<>(real.msrs());
        msrs.putAll(emulator.msrs.export());
        msrs.put(Msr.IA32_EFER, guest.efer());
        ArchState.Events e = real.events();
        boolean waits = pending != 0 || nmiPending;
        int event = pending != 0 || !nmiPending ? pending : VmxControls.INTERRUPTION_VALID | VmxControls.TYPE_NMI | ExceptionVector.NMI;
        return new ArchState(
                real.general(),
                real.segments(),
                guest.export(real.control(), interrupts.taskPriority()),
                real.fpu(),
                msrs,
                new ArchState.Events(e.interruptibility(), emulator.halted ? ACTIVITY_HLT : e.activity(), emulator.traps, waits ? event : e.pending(),
                        pending != 0 ? pendingErrorCode : e.pendingErrorCode(), pending != 0 ? pendingLength : e.pendingInstructionLength()),
                guestTsc());
    }

    @Override
    public void importState(ArchState state) {
        deprivileging.enterVirtual(registers.rip());
        ArchState.Events e = state.events();
        ArchState.Control c = state.control();
        ArchState.Control real =
                new ArchState.Control(registers.cr(0), c.cr2(), registers.cr(3), registers.cr(4), c.cr8(), c.xcr0(), c.dr(), c.pdptes());
        Map<Integer, Long> msrs = new HashMap<>(state.msrs());
        long efer = msrs.getOrDefault(Msr.IA32_EFER, 0L);
        msrs.remove(Msr.IA32_EFER);
        ArchState.Events quiet = new ArchState.Events(e.interruptibility(), 0, 0, 0, 0, 0);
        processor.load(new ArchState(state.general(), state.segments(), real, state.fpu(), msrs, quiet, state.tsc()));
        emulator.msrs.adopt(state.msrs());
        guest.adopt(c, efer);
        guest.pagingChanged = false;
        memory.onPagingModeChange(processor, guest);
        cache.clear();
        emulator.halted = e.activity() == ACTIVITY_HLT;
        emulator.traps = e.pendingDebug();
        pending = e.pending();
        pendingErrorCode = e.pendingErrorCode();
        pendingLength = e.pendingInstructionLength();
        nmiPending = false;
        emulator.failure = "";
        processor.invalidateTlb();
    }

    @Override
    public long guestTsc() {
        return processor.tsc();
    }

    @Override
    public void debugPoints(DebugPoints wanted) {
        points = wanted;
        toVirtual();
    }

    @Override
    public Optional<DebugHit> debugHit() {
        return Optional.ofNullable(hit).or(processor::debugHit);
    }

    @Override
    public String failure() {
        return emulator.failure;
    }

    @Override
    public void close() {
        memory.detach(processor);
        processor.emulatorPaging(null);
        monitor.close();
    }
}
