package proteus.shell.program;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composition;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Output;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code ./proteus bench}: how fast the engine is, in millions of guest instructions per second of each bench loop. */
@Component(service = ToIntFunction.class, property = "proteus.command=bench")
public final class BenchProgram implements ToIntFunction<String[]>, Program {
    private static final Duration PATIENCE = Duration.ofMinutes(30);
    /** Enough work that compiling the interpreter, the first second or two of it, does not decide the figure. */
    private static final int SCALE = 10;
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
                geometric mean over the integer ones.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags()
                .option("--guest", "NAME", "bench32 or bench64 (default both)")
                .option("--only", "LOOP", "one loop")
                .option("--scale", "N", "so many times the work (default %d)".formatted(SCALE))
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
        String only = flags.value("--only").map(loop -> " only=" + loop).orElse("");
        String words = "scale=" + flags.value("--scale").orElse(Integer.toString(SCALE)) + only;
        List<String> names = flags.value("--guest").map(List::of).orElse(List.of("bench32", "bench64"));
        Table table = new Table("guest", "loop", "instructions", "CPU seconds", "MIPS", "checksum");
        double logarithms = 0;
        int integers = 0;
        for (String name : names) {
            Program.say(name + " on " + composition + " ...");
            GuestImage image = guests.image(name, Program::say);
            if (!flags.has("--cold")) {
                KitRun.of(manager, "warm-" + name, composition, image, only.strip(), PATIENCE);
            }
            KitRun run = KitRun.of(manager, "bench-" + name, composition, image, words, PATIENCE);
            if (!run.end().success()) {
                throw new VmException(name + ": " + run.end().message());
            }
            List<String[]> rows = run.rows();
            List<KitRun.Measured> loops = run.measured();
            for (int i = 0; i < Math.min(rows.size(), loops.size()); i++) {
                KitRun.Measured loop = loops.get(i);
                double mips = Quantities.mips(loop.instructions(), loop.cpuNanos());
                table.row(name, rows.get(i)[0], loop.instructions(), loop.cpuNanos() / 1e9, mips, rows.get(i)[2]);
                if (INTEGER.contains(rows.get(i)[0]) && mips > 0) {
                    logarithms += Math.log(mips);
                    integers++;
                }
            }
        }
        PrintStream out = StandardStreams.out();
        out.println(output.show(table, "no loops"));
        out.flush();
        if (integers > 0) {
            Program.say("integer loops: %.1f MIPS (geometric mean of %d)".formatted(Math.exp(logarithms / integers), integers));
        }
        return Status.SUCCESS;
    }
}
