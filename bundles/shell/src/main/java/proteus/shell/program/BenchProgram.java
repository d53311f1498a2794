package proteus.shell.program;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.TranslationCounts;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.shell.bench.BootBench;
import proteus.shell.bench.PeerBench;
import proteus.shell.bench.ScalingBench;
import proteus.shell.bench.Soak;
import proteus.shell.guests.Guests;
import proteus.shell.guests.KitRun;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Json;
import proteus.shell.text.Output;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code ./proteus bench}: how fast the engine is, in millions of guest instructions per second of each bench loop. */
@Component(service = ToIntFunction.class, property = "proteus.command=bench")
public final class BenchProgram implements ToIntFunction<String[]>, Program {
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    /** Enough work that compiling the interpreter, the first second or two of it, does not decide the figure. */
    private static final int SCALE = 10;
    private static final int ROUNDS = 3;
    private static final String DEFAULT_ENGINE = word(VmSpec.DEFAULT_ENGINE);
    /** Loops that stay among integer instructions: those that our promise of speed is about. */
    private static final Set<String> INTEGER =
            Set.of("collatz", "sieve", "crc32", "sha256", "qsort", "copy", "fib", "matmul", "strings", "chase", "interp", "branchy");

    private final VirtualMachineManager manager;
    private final Guests guests;

    @Activate
    public BenchProgram(@Reference VirtualMachineManager manager, @Reference Guests guests) {
        this.manager = manager;
        this.guests = guests;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return "bench";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus bench [flags]
                Runs the bench guests and says millions of guest instructions per second of CPU time for each loop, and as
                geometric mean over the integer ones. With --peers the same loops run on QEMU (TCG), Bochs and the bare processor
                too, as far as they are here: CPU time of an iteration, median of interleaved rounds, and the others' times by ours.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags()
                .option("--guest", "NAME", "bench32 or bench64 (default both)")
                .option("--only", "LOOP", "one loop; with --peers also several, with commas")
                .option("--peers", "", "compare with QEMU, Bochs and the bare processor")
                .option("--linux", "", "loops that need an operating system, under stock Linux guests")
                .option("--boot", "", "what booting stock Linux guests costs, from the start of a process")
                .option("--scaling", "", "a large guest against a small one, two VMs against one")
                .option("--soak", "LENGTH", "a Linux guest that works like a build for so long (90s, 30m, 2h, or 20G instructions): status 0 only if memory stays flat")
                .option("--engine", "NAME", "native, interpreter or auto, or several with commas, which are compared (default %s)".formatted(DEFAULT_ENGINE))
                .option("--rounds", "N", "rounds of the comparison (default %d)".formatted(ROUNDS))
                .option("--json", "FILE", "writes what was found as JSON")
                .option("--scale", "N", "so many times the work (default %d)".formatted(SCALE))
                .option("--exits", "", "also what leaves translated code, and how often in a million instructions")
                .option("--cold", "", "no run before the measured one: with the time the JVM takes to compile the engine")
                .option("--cpu", "NAME", "CPU technique (default hwassist)")
                .option("--mem", "NAME", "memory technique (default ept)")
                .option(Output.FLAG, "FORMAT", "text or json");
    }

    @Override
    public int run(Flags flags) throws InterruptedException {
        if (!flags.words().isEmpty()) {
            throw new UsageException("it takes flags only; --help lists them");
        }
        Output output = Output.of(flags.value(Output.FLAG).orElse(Output.DEFAULT));
        Composition composition = new Composition(
                Composition.DEFAULT.silicon(),
                flags.value("--cpu").orElse(Composition.DEFAULT.cpu()),
                flags.value("--mem").orElse(Composition.DEFAULT.memory()),
                Composition.DEFAULT.io());
        List<ExecutionEngine> engines = Stream.of(flags.value("--engine").orElse(DEFAULT_ENGINE).split(",")).map(BenchProgram::engine).distinct().toList();
        if (Stream.of("--linux", "--boot", "--scaling", "--soak").filter(flags::has).count() > 1) {
            throw new UsageException("give one of --linux, --boot, --scaling and --soak");
        }
        if (flags.has("--scaling")) {
            return scale(flags, output, composition, engines.getFirst());
        }
        if (flags.has("--soak")) {
            return soak(flags, output, composition, engines.getFirst());
        }
        boolean compares = engines.size() > 1 || Stream.of("--peers", "--linux", "--boot").anyMatch(flags::has);
        return compares ? compare(flags, output, composition, engines) : measure(flags, output, composition, engines.getFirst());
    }

    private static ExecutionEngine engine(String name) {
        return Stream.of(ExecutionEngine.values()).filter(engine -> word(engine).equals(name)).findFirst()
                .orElseThrow(() -> new UsageException("--engine %s will not do: give %s"
                        .formatted(name, Stream.of(ExecutionEngine.values()).map(BenchProgram::word).collect(Collectors.joining(", ")))));
    }

    private static String word(ExecutionEngine engine) {
        return engine.name().toLowerCase(Locale.ROOT);
    }

    private int compare(Flags flags, Output output, Composition composition, List<ExecutionEngine> engines) throws InterruptedException {
        List<Integer> widths = switch (flags.choice("--guest", "both", "bench32", "bench64", "both")) {
            case "bench32" -> List.of(32);
            case "bench64" -> List.of(64);
            default -> List.of(32, 64);
        };
        int rounds = number(flags, "--rounds", ROUNDS);
        PeerBench.Answer answer;
        if (flags.has("--boot")) {
            Path launcher = Path.of(System.getProperty("proteus.home", "."), "bin", "proteus");
            answer = new BootBench(guests, launcher, Program::say).boot(composition, engines, flags.has("--peers"), widths, rounds);
        } else {
            List<String> only = flags.value("--only").map(list -> List.of(list.split(","))).orElse(List.of());
            answer = new PeerBench(manager, guests, Program::say)
                    .compare(new PeerBench.Wish(composition, engines, flags.has("--peers"), flags.has("--linux"), widths, only, rounds));
        }
        write(flags, answer.tree());
        StandardStreams.out().println(output == Output.JSON ? Json.of(answer.tree()) : answer.table().text());
        StandardStreams.out().flush();
        return Status.SUCCESS;
    }

    private int scale(Flags flags, Output output, Composition composition, ExecutionEngine engine) throws InterruptedException {
        int rounds = number(flags, "--rounds", ROUNDS);
        ScalingBench bench = new ScalingBench(manager, guests, Program::say);
        PeerBench.Answer vms = bench.twoVms(composition, engine, rounds);
        PeerBench.Answer memory = bench.memory(composition, engine, rounds);
        Map<String, Object> tree = new LinkedHashMap<>(vms.tree());
        tree.put("memory", memory.tree());
        write(flags, tree);
        StandardStreams.out().println(output == Output.JSON ? Json.of(tree) : vms.table().text() + "\n\n" + memory.table().text());
        StandardStreams.out().flush();
        return Status.SUCCESS;
    }

    private int soak(Flags flags, Output output, Composition composition, ExecutionEngine engine) throws InterruptedException {
        Soak.Answer answer = new Soak(manager, guests, Program::say).run(composition, engine, length(flags.value("--soak").orElseThrow()));
        write(flags, answer.tree());
        StandardStreams.out().println(output == Output.JSON ? Json.of(answer.tree()) : answer.table().text());
        StandardStreams.out().flush();
        Program.say(answer.verdict());
        return answer.flat() ? Status.SUCCESS : Status.FAILURE;
    }

    private static Soak.Length length(String text) {
        if (!text.matches("[1-9][0-9]{0,4}[smhG]")) {
            throw new UsageException("--soak %s will not do: give a time such as 90s, 30m or 2h, or instructions such as 20G".formatted(text));
        }
        if (text.endsWith("G")) {
            return new Soak.Length(Duration.ZERO, Long.parseLong(text.substring(0, text.length() - 1)) * 1_000_000_000);
        }
        return new Soak.Length(Duration.parse("PT" + text), 0);
    }

    private static void write(Flags flags, Object tree) {
        flags.value("--json").ifPresent(file -> {
            try {
                Files.writeString(Path.of(file), Json.of(tree) + "\n");
            } catch (IOException e) {
                throw new VmException("the figures cannot be written to " + file + " (" + e.getClass().getSimpleName() + ")", e);
            }
        });
    }

    private static int number(Flags flags, String name, int otherwise) {
        String text = flags.value(name).orElse(Integer.toString(otherwise));
        if (!text.matches("[1-9][0-9]{0,5}")) {
            throw new UsageException("%s %s will not do: give a number from 1 on".formatted(name, text));
        }
        return Integer.parseInt(text);
    }

    /** What translated code executed, in hundredths, and its exits by reason in a million instructions. */
    private static List<Object> exits(KitRun.Measured loop) {
        TranslationCounts t = loop.translation();
        double millions = loop.instructions() / 1e6;
        return List.of(t.instructions() / millions / 1e4, t.memory() / millions, t.untranslated() / millions, t.branches() / millions, t.slices() / millions);
    }

    private int measure(Flags flags, Output output, Composition composition, ExecutionEngine engine) throws InterruptedException {
        String only = flags.value("--only").map(loop -> " only=" + loop).orElse("");
        String words = "scale=" + number(flags, "--scale", SCALE) + only;
        List<String> names = flags.value("--guest").map(List::of).orElse(List.of("bench32", "bench64"));
        boolean exits = flags.has("--exits");
        List<String> columns = new ArrayList<>(List.of("guest", "loop", "instructions", "CPU seconds", "MIPS", "checksum"));
        if (exits) {
            columns.addAll(List.of("in code %", "memory", "untranslated", "branches", "slices"));
        }
        Table table = new Table(columns.toArray(String[]::new));
        double logarithms = 0;
        int integers = 0;
        for (String name : names) {
            Program.say("%s on %s, engine %s ...".formatted(name, composition, word(engine)));
            GuestImage image = guests.image(name, Program::say);
            if (!flags.has("--cold")) {
                KitRun.of(manager, "warm-" + name, composition, engine, image, only.strip(), PATIENCE);
            }
            KitRun run = KitRun.of(manager, "bench-" + name, composition, engine, image, words, PATIENCE);
            if (!run.end().success()) {
                throw new VmException(name + ": " + run.end().message());
            }
            List<String[]> rows = run.rows();
            List<KitRun.Measured> loops = run.measured();
            for (int i = 0; i < Math.min(rows.size(), loops.size()); i++) {
                KitRun.Measured loop = loops.get(i);
                double mips = Quantities.mips(loop.instructions(), loop.cpuNanos());
                List<Object> row = new ArrayList<>(List.of(name, rows.get(i)[0], loop.instructions(), loop.cpuNanos() / 1e9, mips, rows.get(i)[2]));
                if (exits) {
                    row.addAll(exits(loop));
                }
                table.row(row.toArray());
                if (INTEGER.contains(rows.get(i)[0]) && mips > 0) {
                    logarithms += Math.log(mips);
                    integers++;
                }
            }
        }
        write(flags, table.rows());
        PrintStream out = StandardStreams.out();
        out.println(output.show(table, "no loops"));
        out.flush();
        if (integers > 0) {
            Program.say("integer loops: %.1f MIPS (geometric mean of %d)".formatted(Math.exp(logarithms / integers), integers));
        }
        return Status.SUCCESS;
    }
}
