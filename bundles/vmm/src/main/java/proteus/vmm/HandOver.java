package proteus.vmm;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.io.Device;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.Processor;
import proteus.api.state.ArchState;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.HandOverReport;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;

/**
 * Gives the vCPU of one VM from a core to another: validate, build, export, import, commit, close the old one. A failure before
 * the commit leaves the old one in charge, as it was. The successor is built, and what was left is closed, while the guest runs; all
 * between happens on the VM's thread, where every moment is an instruction boundary.
 */
final class HandOver {
    private static final Logger LOG = LoggerFactory.getLogger(HandOver.class);
    /** Reports that are kept. */
    private static final int KEPT = 1000;

    private final Parts parts;
    private final Composer composer;
    private final Deque<HandOverReport> reports = new ArrayDeque<>();
    private volatile CompositionReport report;
    private volatile VmShape shape;
    /** What its user wants; differs from what it has while a part is away. */
    private Composition wish;
    /** The guest's state while no core has it. */
    private ArchState kept;

    HandOver(Parts parts, CompositionReport report, Composer composer) {
        this.parts = parts;
        this.composer = composer;
        this.report = report;
        this.wish = report.composition();
        this.shape = parts.spec().shape();
    }

    /** Any thread. */
    CompositionReport report() {
        return report;
    }

    /** Any thread. */
    VmShape shape() {
        return shape;
    }

    List<HandOverReport> reports() {
        return List.copyOf(reports);
    }

    /** Whether no technique has the guest now. */
    boolean homeless() {
        return parts.vcpu().core().isEmpty();
    }

    /** The state of a guest that no technique has. */
    CpuVirtualization keeper() {
        return new Keeper(this);
    }

    /**
     * Builds what the guest would go to; any thread, while the guest runs on where it is.
     *
     * @throws VmException when the hand-over is refused
     */
    Successor prepare(VmShape next) {
        objection(next.composition()).ifPresent(why -> {
            throw new VmException("VM %s stays with %s: %s".formatted(name(), report.composition(), why));
        });
        boolean sameCore = !homeless() && next.host() != shape.host() && next.with(shape.host()).equals(shape);
        return sameCore ? new Successor(report, next, null, 0) : build(composer.examine(next.composition()), next);
    }

    /** Gives it the guest, and makes it what the user wishes; on the VM's thread. */
    HandOverReport commit(Successor next) {
        HandOverReport done = move(next);
        wish = next.shape().composition();
        return done;
    }

    /** Why a swap to this would be refused. */
    Optional<String> objection(Composition next) {
        CompositionReport examined = composer.examine(next);
        return examined.possible() ? visible(next) : Optional.of(objections(examined));
    }

    /** Why the guest would see the change. */
    private Optional<String> visible(Composition next) {
        Composition now = report.composition();
        if (!next.io().equals(now.io())) {
            return Optional.of("its guest found %s when it started, and nothing tells it that others have come: its machine has no hot-plug."
                    .formatted(parts.devices().stream().map(Device::name).collect(Collectors.joining(", "))));
        }
        if (parts.abi() != GuestAbi.PC) {
            return Optional.of("a Xen domain's event channels, page types and timers are kept by CPU technique '%s' and cannot be moved.".formatted(now.cpu()));
        }
        if (parts.cores().registry().cpu(next.cpu()).map(technique -> technique.abi() != GuestAbi.PC).orElse(false)) {
            return Optional.of("its guest was started on a PC, and CPU technique '%s' is for guests started as Xen domains.".formatted(next.cpu()));
        }
        return next.silicon().equals(now.silicon()) ? Optional.empty() : promise(next.silicon());
    }

    /** What the guest was promised that another silicon does not give it. */
    private Optional<String> promise(String silicon) {
        try {
            return parts.cores().registry().silicon(silicon)
                    .flatMap(other -> Contracts.broken(parts.contract().cpuid(), Contracts.of(other, parts.spec().cpu())))
                    .map(leaf -> "its guest was promised a CPUID whose leaf 0x%x silicon '%s' does not give it for CPU model '%s'.".formatted(leaf, silicon, parts.spec().cpu()));
        } catch (IllegalArgumentException e) {
            return Optional.of(e.getMessage());
        }
    }

    private Successor build(CompositionReport examined, VmShape wanted) {
        int generation = parts.cores().map().generation();
        try {
            return new Successor(examined, wanted.with(examined.composition()), parts.cores().build(examined.composition(), wanted.engine()), generation);
        } catch (RuntimeException e) {
            throw stays(e);
        }
    }

    private HandOverReport moveTo(CompositionReport examined) {
        try (Successor next = build(examined, shape)) {
            return move(next);
        }
    }

    /** Moves the guest between two of its instructions; what it leaves is the successor's to close. */
    private HandOverReport move(Successor next) {
        long from = System.nanoTime();
        Optional<Core> old = parts.vcpu().core();
        if (next.core().isEmpty()) {
            if (!next.shape().with(shape.host()).equals(shape) || homeless()) {
                throw stays(new VmException("it has been handed over meanwhile; try again"));
            }
            return become(next, from, List.of());
        }
        Core core = next.core().get();
        List<String> steps = new ArrayList<>();
        Removal removal = Removal.NONE;
        try {
            parts.cores().stillOffered(core);
            if (!core.composition().silicon().equals(report.composition().silicon())) {
                removal = Removal.to(parts, CoreFactory.gone(parts.cores().registry().silicon(core.composition().silicon())), steps);
            }
            if (parts.cores().map().generation() != next.generation()) {
                core.memory().onMapChange(0, AddressLine20.SPACE);
            }
            core.cpu().importState(old.map(before -> before.cpu().exportState()).orElse(kept));
            parts.vcpu().carry(core);
        } catch (RuntimeException | Error e) {
            removal.undo();
            throw stays(e);
        }
        kept = null;
        steps.add("built a processor for CPU technique '%s' (%s) and empty tables for memory technique '%s'"
                .formatted(core.composition().cpu(), core.processor().engine(), core.composition().memory()));
        steps.add(old.isPresent() ? "moved the guest's state" : "gave it the guest's state that was kept");
        old.ifPresent(before -> steps.add("left the processor, tables and translations of before, to be dropped"));
        next.leave(old, Optional.ofNullable(removal.left()));
        return become(next, from, steps);
    }

    /** The end of a hand-over, which nothing prevents any more. */
    private HandOverReport become(Successor successor, long from, List<String> before) {
        VmShape next = successor.shape();
        List<String> steps = new ArrayList<>(before);
        if (next.host() != shape.host()) {
            parts.hostProcess().work(next.host());
            steps.add("gave the work of the devices to %s; their state stayed".formatted(next.host() == DeviceSetting.Host.HOSTED ? "the process of a host" : "the VMM"));
        }
        HandOverReport done = new HandOverReport(shape, next, parts.vcpu().retired(), System.nanoTime() - from, steps);
        report = successor.examined();
        shape = next;
        if (reports.size() == KEPT) {
            reports.removeFirst();
        }
        reports.addLast(done);
        return done;
    }

    private VmException stays(Throwable why) {
        LOG.debug("VM {}: hand-over failed", name(), why);
        return new VmException("VM %s stays with %s: the hand-over failed with: %s".formatted(name(), report.composition(), why.getMessage()), why);
    }

    /**
     * A part of the core goes away: gives the guest to the best match that remains.
     *
     * @return whether there was one
     */
    boolean evade() {
        for (CompositionReport candidate : candidates()) {
            try {
                moveTo(candidate);
                return true;
            } catch (VmException e) {
                LOG.warn("{}", e.getMessage());
            }
        }
        return false;
    }

    /** What could carry the guest now, the fewest changes against the user's wish first. */
    private List<CompositionReport> candidates() {
        List<CompositionReport> all = new ArrayList<>();
        for (String silicon : parts.cores().registry().siliconNames()) {
            for (String cpu : names(TechniqueInfo.Kind.CPU)) {
                for (String memory : names(TechniqueInfo.Kind.MEMORY)) {
                    Composition candidate = new Composition(silicon, cpu, memory, wish.io());
                    CompositionReport examined = composer.examine(candidate);
                    if (examined.possible() && visible(candidate).isEmpty()) {
                        all.add(examined);
                    }
                }
            }
        }
        all.sort(Comparator.comparingInt(examined -> distance(examined.composition())));
        return all;
    }

    private int distance(Composition candidate) {
        return (candidate.silicon().equals(wish.silicon()) ? 0 : 4) + (candidate.cpu().equals(wish.cpu()) ? 0 : 2) + (candidate.memory().equals(wish.memory()) ? 0 : 1);
    }

    private List<String> names(TechniqueInfo.Kind kind) {
        return composer.techniques().stream()
                .filter(technique -> technique.kind() == kind && technique.offered())
                .map(Composer.TechniqueStatus::name)
                .toList();
    }

    /** Takes the guest away from its core, which is closed: nothing of a bundle that leaves is held any more. */
    void keep() {
        parts.vcpu().core().ifPresent(core -> {
            kept = core.cpu().exportState();
            parts.vcpu().carry(null);
            core.close();
        });
    }

    /**
     * A part has come: if the guest has none, or not the ones its user wished for, it may have a better home now.
     *
     * @return whether it was moved
     */
    boolean settle() {
        if (!homeless() && report.composition().equals(wish)) {
            return false;
        }
        CompositionReport wished = composer.examine(wish);
        if (!wished.possible()) {
            return homeless() && evade();
        }
        try {
            moveTo(wished);
            return true;
        } catch (VmException e) {
            LOG.warn("{}", e.getMessage());
            return false;
        }
    }

    /** What its user would have to bring back. */
    String missing() {
        return objections(composer.examine(wish));
    }

    private static String objections(CompositionReport examined) {
        return examined.findings().stream().filter(finding -> !finding.contains(" fits ")).collect(Collectors.joining(" "));
    }

    private String name() {
        return parts.spec().name();
    }

    /** Shows and changes the kept state as a technique would. */
    private record Keeper(HandOver from) implements CpuVirtualization {
        @Override
        public proteus.api.cpu.RunOutcome run() {
            throw new VmException("VM " + from.name() + " has no technique to run on");
        }

        @Override
        public ArchState exportState() {
            return from.kept;
        }

        @Override
        public void importState(ArchState state) {
            from.kept = state;
        }

        @Override
        public long guestTsc() {
            return from.kept.tsc();
        }

        @Override
        public String failure() {
            return "";
        }

        @Override
        public void close() {}
    }

    /** The processor for inspection. */
    Processor processor() {
        return parts.vcpu().core().map(Core::processor).orElseThrow(() -> new VmException(
                "VM " + name() + " is parked without a processor: its registers are kept, what needs the processor waits until it has a technique again"));
    }

    CpuVirtualization cpu() {
        return homeless() ? keeper() : parts.vcpu().cpu();
    }
}
