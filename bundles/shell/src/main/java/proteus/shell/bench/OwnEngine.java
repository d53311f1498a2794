package proteus.shell.bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.guests.KitRun;

/** An engine of ours, in this process: the CPU time of the VM's thread between the guest's two marks. */
final class OwnEngine implements LinuxContender {
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final VirtualMachineManager manager;
    private final Guests guests;
    private final Composition composition;
    private final ExecutionEngine engine;
    private final String name;
    private final boolean ours;
    private final long memoryBytes;

    /** With the memory that each guest likes. */
    OwnEngine(VirtualMachineManager manager, Guests guests, Composition composition, ExecutionEngine engine) {
        this(manager, guests, composition, engine, name(engine), true, 0);
    }

    /**
     * @param name unique among contenders
     * @param ours whether others are compared with it
     * @param memoryBytes what Linux guests get, 0 for what they like
     */
    OwnEngine(
            VirtualMachineManager manager,
            Guests guests,
            Composition composition,
            ExecutionEngine engine,
            String name,
            boolean ours,
            long memoryBytes) {
        this.manager = manager;
        this.guests = guests;
        this.composition = composition;
        this.engine = engine;
        this.name = name;
        this.ours = ours;
        this.memoryBytes = memoryBytes;
    }

    /** What makes {@code ./proteus run} take this engine. */
    static List<String> flags(ExecutionEngine engine) {
        return List.of("--engine", name(engine));
    }

    /** As users type it. */
    static String name(ExecutionEngine engine) {
        return engine.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean ours() {
        return ours;
    }

    @Override
    public Optional<String> absence() throws InterruptedException {
        try {
            KitRun.of(manager, "bench-" + name, composition, engine, guests.image("hello64", sentence -> {}), "", PATIENCE);
            return Optional.empty();
        } catch (VmException e) {
            return Optional.of(e.getMessage());
        }
    }

    @Override
    public boolean suits(Loop loop) {
        return loop.kind() != Loop.Kind.LINUX;
    }

    @Override
    public Sample run(Loop loop, int scale) throws InterruptedException {
        GuestImage image = guests.image("bench" + loop.bits(), sentence -> {});
        KitRun run = KitRun.of(manager, "bench-" + name, composition, engine, image, "only=%s scale=%d".formatted(loop.name(), scale), PATIENCE);
        if (!run.end().success() || run.measured().size() != 1) {
            throw new VmException("%s: the guest bench%d did not measure %s: %s".formatted(name(), loop.bits(), loop.name(), run.end().message()));
        }
        KitRun.Measured measured = run.measured().getFirst();
        return sample(run.rows().getFirst(), measured);
    }

    @Override
    public Map<Loop, Sample> runUnderLinux(List<Loop> loops, int scale) throws InterruptedException {
        GuestImage image = LinuxGuest.withMemory(guests.image(LinuxGuest.of(loops.getFirst().bits()), sentence -> {}), memoryBytes);
        KitRun run = KitRun.of(manager, "bench-" + name, composition, engine, image, LinuxGuest.words(loops, scale, "mark=1"), PATIENCE);
        List<String[]> rows = run.rows();
        List<KitRun.Measured> measured = run.measured();
        if (!run.end().success() || rows.size() != loops.size() || measured.size() != loops.size()) {
            throw new VmException("%s: %s did not get through the loops: %s".formatted(name(), image.info().name(), run.end().message()));
        }
        Map<Loop, Sample> samples = new HashMap<>();
        for (int i = 0; i < loops.size(); i++) {
            samples.put(loops.get(i), sample(rows.get(i), measured.get(i)));
        }
        return samples;
    }

    private static Sample sample(String[] row, KitRun.Measured measured) {
        return new Sample(Long.parseLong(row[1]), measured.cpuNanos(), measured.instructions(), row[2]);
    }
}
