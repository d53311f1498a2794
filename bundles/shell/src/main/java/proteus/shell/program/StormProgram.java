package proteus.shell.program;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo.Kind;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.lockstep.Shape;
import proteus.shell.lockstep.Storm;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code ./proteus storm}: experiment E13, a guest handed from technique to technique at random moments beside its twin that nobody touches. */
@Component(service = ToIntFunction.class, property = "proteus.command=storm")
public final class StormProgram implements ToIntFunction<String[]>, Program {
    private static final Set<String> EDGES = Set.of("cpu", "mem", "engine");
    /** Those that were found to be without differences. */
    private static final String USUAL_EDGES = "mem,engine";
    private static final long SWAPS = 1000;
    private static final long MEMORY_EVERY = 100;

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final Guests guests;

    @Activate
    public StormProgram(@Reference VirtualMachineManager manager, @Reference Composer composer, @Reference Guests guests) {
        this.manager = manager;
        this.composer = composer;
        this.guests = guests;
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
                ./proteus storm --guest NAME [--swaps N] [--seed S] [--edges cpu,mem,engine] [flags]
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
                .option("--edges", "LIST", "what may change: cpu, mem, engine (default mem,engine)")
                .option("--io", "NAME", "I/O technique of both (default " + Composition.DEFAULT.io() + ")")
                .option("--model", "NAME", "CPU model the guest sees (default max)")
                .option("--memory-every", "N", "compares memory after each so many hand-overs (default 100)");
    }

    @Override
    public int run(Flags flags) {
        GuestImage image = LockstepFlags.image(flags, guests);
        int swaps = (int) Math.min(1_000_000, LockstepFlags.count(flags, "--swaps", SWAPS));
        long seed = LockstepFlags.count(flags, "--seed", 1);
        Set<String> edges = Set.copyOf(List.of(flags.value("--edges").orElse(USUAL_EDGES).split(",")));
        if (!EDGES.containsAll(edges)) {
            throw new UsageException("--edges %s will not do: give some of cpu, mem, engine".formatted(flags.value("--edges").orElse("")));
        }
        Composition composition = new Composition(
                Composition.DEFAULT.silicon(), Composition.DEFAULT.cpu(), Composition.DEFAULT.memory(), flags.value("--io").orElse(Composition.DEFAULT.io()));
        List<Shape> shapes = shapes(composition, edges);
        if (shapes.size() < 2) {
            throw new VmException("there is nothing to change between: only %s can be composed with these edges".formatted(shapes));
        }
        Program.say("changing between " + String.join("; ", shapes.stream().map(Shape::toString).toList()));
        VmSpec spec = LockstepFlags.spec(flags, image, "storm-untouched", composition, flags.value("--model").orElse("max"), VmSpec.DEFAULT_ENGINE);
        Storm storm = new Storm(
                LockstepFlags.play(flags, manager, image), spec, shapes, (int) LockstepFlags.count(flags, "--memory-every", MEMORY_EVERY), Program::say);
        Storm.Result result = storm.run(swaps, seed, LockstepFlags.count(flags, "--instructions", Long.MAX_VALUE));
        show(StandardStreams.out(), result);
        flags.value("--json").ifPresent(file -> ResultFile.write(file, result.values()));
        return result.differences().isEmpty() && result.refused().isEmpty() ? Status.SUCCESS : Status.FAILURE;
    }

    private List<Shape> shapes(Composition from, Set<String> edges) {
        List<Shape> shapes = new ArrayList<>();
        List<ExecutionEngine> engines = edges.contains("engine") ? List.of(ExecutionEngine.INTERPRETER, ExecutionEngine.NATIVE) : List.of(VmSpec.DEFAULT_ENGINE);
        for (String cpu : edges.contains("cpu") ? offered(Kind.CPU) : List.of(from.cpu())) {
            for (String memory : edges.contains("mem") ? offered(Kind.MEMORY) : List.of(from.memory())) {
                Composition candidate = new Composition(from.silicon(), cpu, memory, from.io());
                if (composer.examine(candidate).possible()) {
                    engines.forEach(engine -> shapes.add(new Shape(candidate, engine)));
                }
            }
        }
        return shapes;
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
