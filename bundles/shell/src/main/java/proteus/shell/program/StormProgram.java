package proteus.shell.program;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo.Kind;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.lockstep.Storm;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code ./proteus storm}: experiment E13, a guest handed from technique to technique at random moments beside its twin that nobody touches. */
@Component(service = ToIntFunction.class, property = "proteus.command=storm")
public final class StormProgram implements ToIntFunction<String[]>, Program {
    private static final Set<String> EDGES = Set.of("cpu", "mem", "engine", "host", "silicon");
    /** Those that were found to be without differences. */
    private static final String USUAL_EDGES = "cpu,mem,engine,host";
    private static final long SWAPS = 1000;
    private static final long MEMORY_EVERY = 100;

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final Guests guests;
    private final Settings settings;

    @Activate
    public StormProgram(@Reference VirtualMachineManager manager, @Reference Composer composer, @Reference Guests guests, @Reference Settings settings) {
        this.manager = manager;
        this.composer = composer;
        this.guests = guests;
        this.settings = settings;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return "storm";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus storm --guest NAME [--swaps N] [--seed S] [--edges cpu,mem,engine,host,silicon] [flags]
                Experiment E13: runs a guest twice under the instruction-count clock. One run is handed to other techniques at N random moments; before
                and after each, its registers, devices and console are compared with those of the other, memory now and then and at the end.
                Exit status: 0 when nothing differs and nothing was refused; 1 otherwise; 64 for a wrong command line.
                """;
    }

    @Override
    public Flags flags() {
        return LockstepFlags.declare(new Flags())
                .option("--swaps", "N", "hand-overs (default 1000)")
                .option("--seed", "S", "of the moments and of what is changed then (default 1)")
                .option("--edges", "LIST", "what may change: cpu, mem, engine, host, silicon (default all but silicon)")
                .option("--mem", "NAME", "memory technique of both at the start (default " + Composition.DEFAULT.memory() + ")")
                .option("--io", "NAME", "I/O technique of both (default " + Composition.DEFAULT.io() + ")")
                .option("--engine", "NAME", "of both at the start: native, interpreter or auto (default auto)")
                .option("--model", "NAME", "CPU model the guest sees (default max)")
                .repeatable("--set", "PID:KEY=VALUE", "a setting of a bundle, such as proteus.silicon~second:memory_mib=1024; may be given again")
                .option("--memory-every", "N", "compares memory after each so many hand-overs (default 100)");
    }

    @Override
    public int run(Flags flags) throws InterruptedException {
        GuestImage image = LockstepFlags.image(flags, guests);
        int swaps = (int) Math.min(1_000_000, LockstepFlags.count(flags, "--swaps", SWAPS));
        long seed = LockstepFlags.count(flags, "--seed", 1);
        Set<String> edges = Set.copyOf(List.of(flags.value("--edges").orElse(USUAL_EDGES).split(",")));
        if (!EDGES.containsAll(edges)) {
            throw new UsageException("--edges %s will not do: give some of cpu, mem, engine, host, silicon".formatted(flags.value("--edges").orElse("")));
        }
        Composition composition = new Composition(
                Composition.DEFAULT.silicon(),
                Composition.DEFAULT.cpu(),
                flags.value("--mem").orElse(Composition.DEFAULT.memory()),
                flags.value("--io").orElse(Composition.DEFAULT.io()));
        VmSpec spec = LockstepFlags.spec(
                flags, image, "storm-untouched", composition, flags.value("--model").orElse("max"), flags.value("--engine").map(LockstepFlags::engine).orElse(VmSpec.DEFAULT_ENGINE));
        settings.apply(flags.values("--set"), () -> composer.examine(composition).possible());
        List<VmShape> shapes = shapes(spec.shape(), edges);
        if (shapes.size() < 2) {
            throw new VmException("there is nothing to change between: only %s can be composed with these edges".formatted(shapes));
        }
        Program.say("changing between " + String.join("; ", shapes.stream().map(VmShape::toString).toList()));
        Storm storm = new Storm(
                LockstepFlags.play(flags, manager, image), spec, shapes, (int) LockstepFlags.count(flags, "--memory-every", MEMORY_EVERY), Program::say);
        Storm.Result result = storm.run(swaps, seed, LockstepFlags.count(flags, "--instructions", Long.MAX_VALUE));
        show(StandardStreams.out(), result);
        flags.value("--json").ifPresent(file -> ResultFile.write(file, result.values()));
        return result.differences().isEmpty() && result.refused().isEmpty() ? Status.SUCCESS : Status.FAILURE;
    }

    private List<VmShape> shapes(VmShape from, Set<String> edges) {
        Composition wish = from.composition();
        List<VmShape> shapes = new ArrayList<>();
        for (String silicon : edges.contains("silicon") ? composer.silicons() : List.of(wish.silicon())) {
            for (String cpu : edges.contains("cpu") ? offered(Kind.CPU) : List.of(wish.cpu())) {
                List<Composition> possible = Stream.concat(Stream.of(wish.memory()), offered(Kind.MEMORY).stream())
                        .distinct()
                        .map(memory -> new Composition(silicon, cpu, memory, wish.io()))
                        .filter(candidate -> composer.examine(candidate).possible())
                        .toList();
                // A CPU technique that cannot do with the memory technique of the start brings its own.
                for (Composition candidate : edges.contains("mem") ? possible : possible.subList(0, Math.min(1, possible.size()))) {
                    addVariants(shapes, from.with(candidate), edges);
                }
            }
        }
        return shapes;
    }

    /** What no technique is asked about. */
    private static void addVariants(List<VmShape> shapes, VmShape shape, Set<String> edges) {
        for (ExecutionEngine engine : edges.contains("engine") ? List.of(ExecutionEngine.INTERPRETER, ExecutionEngine.NATIVE) : List.of(shape.engine())) {
            for (DeviceSetting.Host host : edges.contains("host") ? List.of(DeviceSetting.Host.values()) : List.of(shape.host())) {
                shapes.add(shape.with(engine).with(host));
            }
        }
    }

    private List<String> offered(Kind kind) {
        return composer.techniques().stream()
                .filter(technique -> technique.kind() == kind && technique.offered())
                .map(Composer.TechniqueStatus::name)
                .toList();
    }

    private static void show(PrintStream out, Storm.Result result) {
        Table table = new Table("edge", "hand-overs", "pause p50 (us)", "p99 (us)", "longest (us)");
        for (Storm.Edge edge : result.edges()) {
            table.row(edge.name(), edge.nanos().length, edge.percentile(0.5) / 1000, edge.percentile(0.99) / 1000, edge.longest() / 1000);
        }
        out.println(table.text());
        out.println("%s hand-overs over %s instructions: %d refused, %d differences".formatted(
                Quantities.grouped(result.swaps()), Quantities.grouped(result.instructions()), result.refused().size(), result.differences().size()));
        result.refused().stream().limit(10).forEach(sentence -> out.println("  refused " + sentence));
        result.differences().forEach(sentence -> out.println("  " + sentence));
        out.flush();
    }
}
