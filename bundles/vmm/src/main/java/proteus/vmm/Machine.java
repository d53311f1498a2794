package proteus.vmm;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.cpu.RunOutcome;
import proteus.api.event.CountedEvent;
import proteus.api.silicon.ExecutionMode;
import proteus.api.io.Balloon;
import proteus.api.io.NetBackend;
import proteus.api.io.TextScreen;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.api.silicon.Silicon;
import proteus.api.state.ArchState;
import proteus.api.vm.DebugAttachment;
import proteus.api.vm.DebugListener;
import proteus.api.vm.GuestContract;
import proteus.api.vm.HandOverReport;
import proteus.api.vm.HostMemoryManager;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmConsole;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmSpec.Clock;
import proteus.api.vm.VmState;
import proteus.api.vm.VmStatistics;
import proteus.x86.format.Rflags;

/**
 * A virtual machine: its life cycle and its run loop. State changes happen on the VM's thread, between two instructions of
 * the guest, whoever asks for them.
 */
final class Machine implements VirtualMachine {
    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);
    private static final int LAST_LINES = 5;
    private static final long BREATH_NANOS = 1_000_000;

    private final Parts parts;
    private final VmThread thread;
    private final Vcpu vcpu;
    private final VirtualClock clock;
    private final MachineSchedule schedule;
    private final Consumer<Machine> closed;
    private final KeyTyping keys;
    private volatile CountDownLatch ended = new CountDownLatch(1);
    private final List<VmStatistics.Mark> marks = new CopyOnWriteArrayList<>();

    private volatile VmState state = VmState.CREATED;
    private volatile String reason = "";
    private volatile VmEnd end;
    private volatile long retired;
    private volatile long virtualNanos;
    private volatile long runNanos;
    private volatile long cpuNanos = -1;
    private boolean stepping;
    private boolean resetWanted;
    /** The guest has halted since it ran last. */
    private boolean idled;
    /** Parked for want of a frame: it can go on once there is one. */
    private boolean hungry;
    private final MachineDebugging debugging;
    private final HandOver handOver;
    private final Watches watches = new Watches();
    /** What it did before it was parked for want of a technique. */
    private VmState before;

    /** @param closed told when the VM is gone */
    Machine(Parts parts, HandOver handOver, Consumer<Machine> closed) {
        this.parts = parts;
        this.vcpu = parts.vcpu();
        this.handOver = handOver;
        this.clock = parts.clock();
        this.schedule = parts.schedule();
        this.closed = closed;
        this.keys = new KeyTyping(parts.devices(), parts.clock());
        this.debugging = new MachineDebugging(parts);
        this.thread = new VmThread(parts.spec().name(), vcpu::kick, this::turn);
        parts.link().connect(this);
        thread.start();
    }

    // --- the run loop, on the VM's thread

    private boolean turn() {
        if (state != VmState.RUNNING) {
            return false;
        }
        long from = System.nanoTime();
        try {
            slice();
        } catch (OutOfHostMemoryException e) {
            starve();
        } catch (RuntimeException | Error e) {
            // Contained: this VM is parked, others go on.
            LOG.error("VM {} parked: a technique or device failed", name(), e);
            park(VmEnd.Kind.FAILED, "a technique or device failed with " + e + where());
        } finally {
            parts.console().flush();
            account();
            runNanos += System.nanoTime() - from;
        }
        return state == VmState.RUNNING;
    }

    /** The guest needs a frame and the host has none: it is at the instruction that does, which has done nothing yet. */
    private void starve() {
        if (!parts.frames().host().relieve(this, parts.frames().own().host())) {
            hungry = true;
            park(VmEnd.Kind.FAILED, ("the host has no memory left for VM %s, only %s, though pages are shared and balloons were asked: close another VM or "
                    + "blow up its balloon (mem:balloon), then resume this one").formatted(name(), MemorySize.format(parts.frames().own().host().memory().free())));
        }
    }

    /** Works for others until a condition holds or the time is over; on the VM's thread, between two instructions. */
    void serveUntil(BooleanSupplier condition, long nanos) {
        long until = System.nanoTime() + nanos;
        while (!condition.getAsBoolean() && System.nanoTime() < until && state == VmState.RUNNING) {
            thread.doWork();
            thread.idle(BREATH_NANOS);
        }
    }

    /** One round of page sharing; on the VM's thread. */
    HostMemoryManager.Sharing share() {
        GuestFrames frames = parts.frames().own();
        if (state == VmState.CLOSED) {
            return new HostMemoryManager.Sharing(0, 0);
        }
        long scanned = frames.count().own() * HostMemory.FRAME_SIZE;
        return new HostMemoryManager.Sharing(frames.share() * HostMemory.FRAME_SIZE, scanned);
    }

    HostMemoryManager.VmUse memoryUse() {
        return call(() -> {
            GuestFrames.Count count = parts.frames().own().count();
            return new HostMemoryManager.VmUse(
                    spec().memoryBytes(),
                    count.own() * HostMemory.FRAME_SIZE,
                    count.shared() * HostMemory.FRAME_SIZE,
                    balloonDevice().map(Balloon::held).orElse(0L));
        });
    }

    private Optional<Balloon> balloonDevice() {
        return parts.devices().stream().filter(Balloon.class::isInstance).map(Balloon.class::cast).findFirst();
    }

    void balloon(long bytes) {
        call(() -> {
            Balloon balloon = balloonDevice().orElseThrow(() -> new VmException(
                    "VM %s has no balloon: its I/O technique '%s' has none, 'virtio' has one".formatted(name(), spec().composition().io())));
            if (!balloon.driven()) {
                throw new VmException("the guest of VM %s has no balloon driver at work".formatted(name()));
            }
            if (bytes < 0 || bytes > spec().memoryBytes()) {
                throw new VmException("a balloon of %s does not fit into the %s of VM %s"
                        .formatted(MemorySize.format(bytes), MemorySize.format(spec().memoryBytes()), name()));
            }
            balloon.ask(bytes);
            return null;
        });
    }

    /** Whether its guest could give so much more, as far as another thread can tell. */
    boolean inflatable(long bytes) {
        return state == VmState.RUNNING && balloonDevice().filter(balloon -> balloon.driven() && balloon.asked() + bytes < spec().memoryBytes() / 2).isPresent();
    }

    /** On the VM's thread. */
    void inflate(long bytes) {
        balloonDevice().ifPresent(balloon -> balloon.ask(Math.max(balloon.asked(), balloon.held()) + bytes));
    }

    private void account() {
        retired = vcpu.retired();
        virtualNanos = clock.now();
        parts.counters().set(CountedEvent.INSTRUCTIONS, retired);
    }

    /** Runs the guest until its thread has something else to do, and does what follows from how it came out. */
    private void slice() {
        schedule.localWork(false);
        if (watches.due() <= vcpu.retired()) {
            account();
            watches.act(retired);
            if (state != VmState.RUNNING) {
                return;
            }
        }
        if (clock.fire() && !idled) {
            // The host's timer, which is what makes ours, has interrupted the VMM.
            parts.hostProcess().bounce();
        }
        idled = false;
        if (schedule.stopRequested()) {
            stopped();
            return;
        }
        schedule.beginSlice(watches.due());
        debugging.begin();
        RunOutcome[] outcome = new RunOutcome[1];
        if (!thread.enterGuest(() -> outcome[0] = vcpu.cpu().run())) {
            return;
        }
        switch (outcome[0]) {
            case LIMIT, KICKED -> { }
            case HALTED -> halted();
            case DEBUG -> {
                state = VmState.PAUSED;
                reason = debugging.hit();
                tellDebugger();
            }
            case STOP_REQUESTED -> stopped();
            case TRIPLE_FAULT -> tripleFault();
            case FAILED -> park(VmEnd.Kind.FAILED, vcpu.cpu().failure() + lastLines());
        }
    }

    /** An end was asked for, or a reset. */
    private void stopped() {
        if (end == null && resetWanted) {
            restart();
        } else {
            finish();
        }
    }

    /**
     * The chip set of a PC makes a reset of the processor's shutdown. An operating system that wants one empties its interrupt
     * table and raises an exception; any other triple fault is a crash.
     */
    private void tripleFault() {
        if (spec().reboot() == VmSpec.Reboot.RESET) {
            restart();
        } else if (vcpu.cpu().exportState().segments().idtrLimit() == 0) {
            finish(reset("the guest reset the machine by a triple fault"));
        } else {
            finish(new VmEnd(VmEnd.Kind.TRIPLE_FAULT, 0, "the guest shut down by a triple fault" + where()));
        }
    }

    private void restart() {
        resetWanted = false;
        schedule.requestStop(false);
        parts.restart().run();
    }

    static VmEnd reset(String how) {
        return new VmEnd(VmEnd.Kind.RESET, 0, how);
    }

    /** The guest pulled the reset line; called on the VM's thread. */
    void requestReset(String how) {
        if (spec().reboot() == VmSpec.Reboot.EXIT) {
            requestEnd(reset(how));
        } else {
            resetWanted = true;
            schedule.requestStop(true);
        }
    }

    /** HLT: time passes until the next timer, or until somebody outside acts. */
    private void halted() {
        if (!interruptsEnabled()) {
            finish(new VmEnd(VmEnd.Kind.FAILED, 0, "the guest halted with interrupts off and can never wake" + where()));
            return;
        }
        parts.hostProcess().idle();
        idled = true;
        long next = clock.nextDeadline();
        if (next == Long.MAX_VALUE && stepping) {
            state = VmState.PAUSED;
            return;
        }
        if (next == Long.MAX_VALUE) {
            parts.console().flush();
            thread.idle(Long.MAX_VALUE);
            return;
        }
        long ticks = Math.max(0, next - clock.now());
        if (clock.kind() == Clock.COUNT) {
            long passed = parts.networks().stream().anyMatch(NetBackend::expecting) ? idle(ticks) : ticks;
            clock.pass(passed);
            vcpu.processor().advanceTsc(passed);
            parts.counters().add(CountedEvent.IDLE_TICKS, passed);
        } else {
            parts.console().flush();
            long before = clock.now();
            thread.idle(ticks);
            parts.counters().add(CountedEvent.IDLE_TICKS, clock.now() - before);
        }
    }

    /** Waits for the world outside, which lives at the host's pace; gives how much time has passed. */
    private long idle(long most) {
        parts.console().flush();
        long from = System.nanoTime();
        thread.idle(most);
        return Math.min(most, System.nanoTime() - from);
    }

    private boolean interruptsEnabled() {
        long rflags = vcpu.processor().mode() == ExecutionMode.VMX_NON_ROOT
                ? vcpu.processor().registers().rflags()
                : vcpu.cpu().exportState().general().rflags();
        return (rflags & Rflags.IF) != 0;
    }

    /** A device, the console or a user asked for the end; called on the VM's thread. */
    void requestEnd(VmEnd wanted) {
        if (end == null) {
            end = wanted;
            schedule.requestStop(true);
        }
    }

    private void finish(VmEnd how) {
        end = how;
        finish();
    }

    private void finish() {
        state = VmState.ENDED;
        reason = end.message();
        atRest();
    }

    private void park(VmEnd.Kind kind, String why) {
        end = new VmEnd(kind, 0, why);
        state = VmState.PARKED;
        reason = why;
        atRest();
    }

    private void atRest() {
        parts.console().flush();
        account();
        cpuNanos = threadTime();
        ended.countDown();
        tellDebugger();
    }

    /** Steps are the debugger's own. */
    private void tellDebugger() {
        if (!stepping) {
            debugging.tell(state);
        }
    }

    private String where() {
        try {
            ArchState at = handOver.cpu().exportState();
            return ", at RIP 0x%x, CR3 0x%x".formatted(at.general().rip(), at.control().cr3()) + lastLines();
        } catch (RuntimeException e) {
            // it is a failed technique that was asked
            return lastLines();
        }
    }

    private String lastLines() {
        String lines = parts.console().lastLines(LAST_LINES);
        return lines.isEmpty()
                ? "; its console is empty"
                : "; its console ends with:\n    " + lines.replace("\r", "").replace("\n", "\n    ");
    }

    /** The lab port: remembers the counts of this moment. */
    void mark(int value) {
        account();
        marks.add(new VmStatistics.Mark(value, retired, virtualNanos, threadTime(), parts.counters().snapshot(), vcpu.processor().translation()));
    }

    void post(Runnable action) {
        thread.post(action);
        if (thread.isCurrent()) {
            schedule.localWork(true);
        }
    }

    // --- requests

    private <T> T call(Supplier<T> action) {
        if (state == VmState.CLOSED) {
            throw new VmException("VM " + name() + " is closed");
        }
        return thread.call(action);
    }

    private void require(String what, VmState... allowed) {
        if (!List.of(allowed).contains(state)) {
            throw new VmException("VM %s cannot %s: it is %s%s".formatted(
                    name(), what, state.name().toLowerCase(java.util.Locale.ROOT), reason.isEmpty() ? "" : " (" + reason + ")"));
        }
    }

    @Override
    public void start() {
        call(() -> {
            require("start", VmState.CREATED);
            state = VmState.RUNNING;
            return null;
        });
    }

    @Override
    public void pause() {
        call(() -> {
            require("pause", VmState.RUNNING);
            state = VmState.PAUSED;
            debugging.begin();
            tellDebugger();
            return null;
        });
    }

    @Override
    public void resume() {
        call(() -> {
            if (hungry && state == VmState.PARKED) {
                if (handOver.homeless() && !handOver.settle()) {
                    throw new VmException("VM %s has no technique to run on: %s".formatted(name(), handOver.missing()));
                }
                hungry = false;
                end = null;
                ended = new CountDownLatch(1);
                cpuNanos = -1;
                state = VmState.PAUSED;
            }
            require("resume", VmState.PAUSED);
            state = VmState.RUNNING;
            reason = "";
            return null;
        });
    }

    @Override
    public void stop() {
        call(() -> {
            require("stop", VmState.CREATED, VmState.RUNNING, VmState.PAUSED, VmState.PARKED);
            VmEnd stopped = new VmEnd(VmEnd.Kind.STOPPED, 0, "stopped by the user");
            if (state == VmState.RUNNING) {
                requestEnd(stopped);
            } else {
                finish(stopped);
            }
            return null;
        });
        if (!thread.isCurrent()) {
            try {
                ended.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public HandOverReport swap(VmShape wish) {
        call(this::requireSwappable);
        try (Successor next = handOver.prepare(wish)) {
            return call(() -> {
                requireSwappable();
                HandOverReport done = handOver.commit(next);
                unpark();
                return done;
            });
        }
    }

    private Void requireSwappable() {
        require("swap", VmState.CREATED, VmState.RUNNING, VmState.PAUSED, VmState.PARKED);
        if (state == VmState.PARKED && !handOver.homeless()) {
            throw new VmException("VM %s cannot swap: it failed (%s)".formatted(name(), reason));
        }
        return null;
    }

    @Override
    public void snapshot(Path file) {
        call(() -> {
            require("be saved", VmState.CREATED, VmState.RUNNING, VmState.PAUSED, VmState.PARKED);
            Snapshot.save(parts, handOver, file);
            return null;
        });
    }

    /** It has a past and waits to be resumed. */
    void restored() {
        account();
        state = VmState.PAUSED;
    }

    @Override
    public Optional<String> objection(Composition wish) {
        return call(() -> handOver.objection(wish));
    }

    @Override
    public List<HandOverReport> handOvers() {
        return call(handOver::reports);
    }

    @Override
    public VmShape shape() {
        return handOver.shape();
    }

    /** A part of its hypervisor goes away: another takes the guest, or it is kept safe until one comes. */
    void partLeaves(Object part, String bundle) {
        if (parts.uses(part) && state != VmState.CLOSED) {
            thread.call(() -> {
                if (state != VmState.RUNNING && state != VmState.PAUSED && state != VmState.CREATED) {
                    handOver.keep();
                } else if (!parts.replaceable(part)) {
                    park(VmEnd.Kind.FAILED, "bundle " + bundle + ", a part of its hypervisor, was stopped");
                } else if (handOver.evade()) {
                    // the guest runs on
                } else if (part instanceof Silicon) {
                    handOver.keep();
                    finish(new VmEnd(VmEnd.Kind.FAILED, 0, "bundle " + bundle + " was stopped, and with its silicon the guest's memory is gone"));
                } else {
                    handOver.keep();
                    before = state;
                    state = VmState.PARKED;
                    reason = "bundle %s was stopped; its state is safe, and it goes on when this is no longer so: %s".formatted(bundle, handOver.missing());
                    parts.console().flush();
                    tellDebugger();
                }
                return null;
            });
        }
    }

    /** A part of some hypervisor came. */
    void partArrived() {
        if (state != VmState.CLOSED && state != VmState.ENDED) {
            thread.call(() -> {
                if (state != VmState.ENDED && state != VmState.CLOSED && (state != VmState.PARKED || handOver.homeless()) && handOver.settle()) {
                    unpark();
                }
                return null;
            });
        }
    }

    /** It has a technique again. */
    private void unpark() {
        if (state == VmState.PARKED && !hungry) {
            state = before;
            reason = "";
        }
    }

    @Override
    public void close() {
        if (state == VmState.CLOSED) {
            return;
        }
        thread.call(() -> {
            if (state == VmState.CLOSED) {
                return null;
            }
            if (end == null) {
                end = new VmEnd(VmEnd.Kind.STOPPED, 0, "closed by the user");
            }
            atRest();
            state = VmState.CLOSED;
            tellDebugger();
            thread.end();
            parts.close();
            return null;
        });
        closed.accept(this);
    }

    // --- what can be asked

    @Override
    public String name() {
        return parts.spec().name();
    }

    @Override
    public VmSpec spec() {
        return parts.spec();
    }

    @Override
    public VmState state() {
        return state;
    }

    @Override
    public String reason() {
        return reason;
    }

    @Override
    public CompositionReport composition() {
        return handOver.report();
    }

    @Override
    public GuestContract contract() {
        return parts.contract();
    }

    @Override
    public Optional<VmEnd> awaitEnd(Duration timeout) throws InterruptedException {
        return ended.await(timeout.toNanos(), TimeUnit.NANOSECONDS) ? Optional.of(end) : Optional.empty();
    }

    @Override
    public VmConsole console() {
        return parts.console();
    }

    @Override
    public Optional<TextScreen.Snapshot> screen() {
        return keys.screen().map(display -> call(display::snapshot));
    }

    @Override
    public void pressKeys(String after, String text) {
        call(() -> {
            keys.press(after, text);
            return null;
        });
    }

    @Override
    public String firmwareLog() {
        return parts.firmwareLog().text();
    }

    @Override
    public VmStatistics statistics() {
        Map<String, Long> counters = parts.counters().snapshot();
        return new VmStatistics(retired, virtualNanos, runNanos, cpuNanos >= 0 ? cpuNanos : threadTime(), counters, marks);
    }

    private long threadTime() {
        return Math.max(0, ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.id()));
    }

    @Override
    public Watch watch(long instructions, Runnable action) {
        return call(() -> watches.add(instructions, action, vcpu.retired()));
    }

    @Override
    public List<String> describe() {
        return parts.describe();
    }

    @Override
    public <T> T inspect(Function<Inspection, T> function) {
        return call(() -> function.apply(parts.inspection(handOver, this::step, this::stepInstruction, debugging::lastHit)));
    }

    @Override
    public DebugAttachment attachDebugger(DebugListener listener) {
        return call(() -> debugging.attach(listener, this::call));
    }

    /** Runs exactly so many instructions; on the VM's thread. */
    private void step(long instructions) {
        stepTo(vcpu.retired() + instructions, () -> false);
    }

    private void stepInstruction() {
        long rip = vcpu.processor().registers().rip();
        schedule.singleInstruction(true);
        try {
            stepTo(vcpu.retired() + 1, () -> vcpu.processor().registers().rip() != rip);
        } finally {
            schedule.singleInstruction(false);
        }
    }

    private void stepTo(long target, BooleanSupplier done) {
        if (state == VmState.CREATED) {
            state = VmState.PAUSED;
        }
        require("step", VmState.PAUSED);
        state = VmState.RUNNING;
        reason = "";
        schedule.stepLimit(target);
        stepping = true;
        try {
            while (state == VmState.RUNNING && vcpu.retired() < target && !done.getAsBoolean()) {
                turn();
                if (state == VmState.RUNNING && thread.workWaits()) {
                    thread.doWork();
                }
            }
        } finally {
            stepping = false;
            schedule.stepLimit(Long.MAX_VALUE);
            if (state == VmState.RUNNING) {
                state = VmState.PAUSED;
            }
        }
    }
}
