package proteus.shell.program;

import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composition;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.lockstep.Divergence;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Quantities;

/** {@code ./proteus diff}: the same guest under two hypervisors or engines side by side, up to the first instruction after which they differ. */
@Component(service = ToIntFunction.class, property = "proteus.command=diff")
public final class DiffProgram implements ToIntFunction<String[]>, Program {
    private static final long EVERY = 1_000_000;

    private final VirtualMachineManager manager;
    private final Guests guests;

    @Activate
    public DiffProgram(@Reference VirtualMachineManager manager, @Reference Guests guests) {
        this.manager = manager;
        this.guests = guests;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return "diff";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus diff --guest NAME [--engine A,B] [--cpu A,B] [--mem A,B] [--io A,B] [--model A,B] [flags]
                Runs a guest twice side by side under the instruction-count clock and compares registers, devices and console after each stride,
                memory at the end; then looks for the first instruction after which they differ. Of a flag with one value both have it.
                Exit status: 0 when nothing differs; 1 when something does; 64 for a wrong command line.
                """;
    }

    @Override
    public Flags flags() {
        return LockstepFlags.declare(new Flags())
                .option("--cpu", "A[,B]", "CPU technique (default " + Composition.DEFAULT.cpu() + ")")
                .option("--mem", "A[,B]", "memory technique (default " + Composition.DEFAULT.memory() + ")")
                .option("--io", "A[,B]", "I/O technique (default " + Composition.DEFAULT.io() + ")")
                .option("--model", "A[,B]", "CPU model the guest sees (default max)")
                .option("--engine", "A[,B]", "native, interpreter or auto (default interpreter)")
                .option("--every", "N", "instructions in a stride (default 1 000 000)")
                .option("--with-memory", "", "compares all memory after each stride");
    }

    @Override
    public int run(Flags flags) {
        GuestImage image = LockstepFlags.image(flags, guests);
        long every = LockstepFlags.count(flags, "--every", EVERY);
        long until = LockstepFlags.count(flags, "--instructions", Long.MAX_VALUE);
        VmSpec left = spec(flags, image, "diff-a", 0);
        VmSpec right = spec(flags, image, "diff-b", 1);
        Program.say("%s, engine %s".formatted(left.composition(), left.engine()).toLowerCase(java.util.Locale.ROOT) + " against "
                + "%s, engine %s".formatted(right.composition(), right.engine()).toLowerCase(java.util.Locale.ROOT));
        Divergence divergence = new Divergence(LockstepFlags.play(flags, manager, image), left, right, flags.has("--with-memory"), Program::say);
        Divergence.Result result = divergence.search(every, until);
        PrintStream out = StandardStreams.out();
        if (result.found().isEmpty()) {
            out.println("equal over %s instructions, compared %s times, and in memory at the end".formatted(
                    Quantities.grouped(result.instructions()), Quantities.grouped(result.checks())));
        } else {
            Divergence.Found found = result.found().get();
            out.println("equal after %s instructions, different after %s".formatted(Quantities.grouped(found.equal()), Quantities.grouped(found.different())));
            out.println("between them, from " + found.instruction());
            found.differences().forEach(difference -> out.println("  " + difference));
        }
        out.flush();
        flags.value("--json").ifPresent(file -> ResultFile.write(file, result.values()));
        return result.found().isEmpty() ? Status.SUCCESS : Status.FAILURE;
    }

    private static VmSpec spec(Flags flags, GuestImage image, String name, int side) {
        Composition composition = new Composition(
                Composition.DEFAULT.silicon(),
                pick(flags, "--cpu", Composition.DEFAULT.cpu(), side),
                pick(flags, "--mem", Composition.DEFAULT.memory(), side),
                pick(flags, "--io", Composition.DEFAULT.io(), side));
        return LockstepFlags.spec(flags, image, name, composition, pick(flags, "--model", "max", side), LockstepFlags.engine(pick(flags, "--engine", "interpreter", side)));
    }

    private static String pick(Flags flags, String name, String otherwise, int side) {
        Optional<String> given = flags.value(name);
        List<String> words = List.of(given.orElse(otherwise).split(","));
        if (words.size() > 2) {
            throw new UsageException("%s %s will not do: give one name, or two with a comma between".formatted(name, given.orElse("")));
        }
        return words.get(Math.min(side, words.size() - 1));
    }
}
