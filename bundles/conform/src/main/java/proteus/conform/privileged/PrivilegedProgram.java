package proteus.conform.privileged;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import proteus.api.silicon.Silicon;
import proteus.conform.privileged.Comparison.Difference;

/** {@code ./proteus conform --privileged}: families of cases on the model and on the oracles, and the figures. */
public final class PrivilegedProgram {
    private static final int SUCCESS = 0, FAILURE = 1;
    /** EX_USAGE and EX_UNAVAILABLE of BSD's sysexits.h. */
    private static final int USAGE = 64, UNAVAILABLE = 69;
    /** Cases in an image: as many as fit in what Bochs takes for firmware. */
    private static final int BATCH = 400;
    private static final int EXAMPLES = 3;
    private static final String ROW = "%-6s %-20s %7s %7s %8s %9s %9s  %s%n";

    private final Machine model;
    private final PrivilegedOptions options;
    private final PrintStream out, err;

    private PrivilegedProgram(Machine model, PrivilegedOptions options, PrintStream out, PrintStream err) {
        this.model = model;
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /** Runs the command and returns its status. */
    public static int run(Silicon silicon, String[] arguments, PrintStream out, PrintStream err) {
        try {
            PrivilegedOptions options = PrivilegedOptions.parse(arguments);
            if (options.help()) {
                out.print(PrivilegedOptions.HELP);
                return SUCCESS;
            }
            try (Machine model = new ModelMachine(silicon)) {
                return new PrivilegedProgram(model, options, out, err).all();
            }
        } catch (PrivilegedOptions.UsageException e) {
            err.println("proteus conform: " + e.getMessage());
            return USAGE;
        } catch (IOException | IllegalStateException e) {
            err.println("proteus conform: " + e.getMessage());
            return FAILURE;
        }
    }

    private int all() throws IOException {
        boolean compared = false;
        long differences = 0;
        for (String name : options.oracles()) {
            Optional<Machine> found = Oracles.find(name);
            if (found.isEmpty()) {
                err.printf("proteus conform: SKIPPED, nothing was compared with %s: %s%n", name, Oracles.absence(name));
                continue;
            }
            try (Machine oracle = found.get()) {
                String obstacle = Oracles.obstacle(oracle, model);
                if (!obstacle.isEmpty()) {
                    err.printf("proteus conform: SKIPPED, nothing was compared with %s: %s%n", name, obstacle);
                    continue;
                }
                compared = true;
                differences += against(oracle);
            }
        }
        return !compared ? UNAVAILABLE : differences == 0 ? SUCCESS : FAILURE;
    }

    private long against(Machine oracle) throws IOException {
        Excuses excuses = new Excuses();
        out.printf(ROW, "oracle", "family", "cases", "agree", "excused", "different", "seconds", "ended with");
        long different = 0;
        for (int i = 0; i < options.families().size(); i++) {
            int share = options.cases() / options.families().size() + (i < options.cases() % options.families().size() ? 1 : 0);
            if (share > 0) {
                different += family(oracle, options.families().get(i), share, excuses);
            }
        }
        out.printf("%,d cases with seed %d against %s: %,d differ%n", options.cases(), options.seed(), oracle.description(), different);
        excuses.used().forEach((reason, count) -> out.printf("  excused %6d: %s%n", count, reason.text));
        return different;
    }

    private long family(Machine oracle, Family family, int count, Excuses excuses) throws IOException {
        long start = System.nanoTime();
        SplittableRandom random = new SplittableRandom(options.seed() * 0x9e37_79b9_7f4a_7c15L + family.label().hashCode());
        long agree = 0;
        long excused = 0;
        long different = 0;
        Map<String, Integer> endings = new TreeMap<>();
        StringBuilder examples = new StringBuilder();
        for (int done = 0; done < count; done += BATCH) {
            List<Case> cases = new ArrayList<>();
            for (int i = 0; i < Math.min(BATCH, count - done); i++) {
                cases.add(family.next(random.split()));
            }
            err.printf("proteus: %s, %s, %,d of %,d cases%n", oracle.name(), family.label(), done, count);
            List<Outcome> ours = Runner.run(model, cases);
            List<Outcome> theirs = Runner.run(oracle, cases);
            for (int i = 0; i < cases.size(); i++) {
                endings.merge(ending(theirs.get(i)), 1, Integer::sum);
                List<Difference> all = Comparison.compare(cases.get(i), theirs.get(i), ours.get(i));
                List<Difference> left = excuses.remaining(oracle, cases.get(i), theirs.get(i), ours.get(i), all);
                agree += all.isEmpty() ? 1 : 0;
                excused += !all.isEmpty() && left.isEmpty() ? 1 : 0;
                if (!left.isEmpty() && ++different <= EXAMPLES) {
                    examples.append(example(oracle, cases.get(i)));
                }
            }
        }
        out.print(examples);
        out.printf(ROW, oracle.name(), family.label(), count, agree, excused, different, String.format(Locale.ROOT, "%.1f", (System.nanoTime() - start) / 1e9), endings);
        return different;
    }

    private static String ending(Outcome outcome) {
        return outcome.after() == null ? outcome.ending().name().toLowerCase(Locale.ROOT) : "#" + outcome.after().getInt(Registers.VECTOR);
    }

    /** A difference for people: the minimised case and what became of it on both machines. */
    private String example(Machine oracle, Case original) throws IOException {
        Excuses again = new Excuses();
        Case c = new CaseMinimizer(oracle, model, (each, theirs, ours) -> again.remaining(oracle, each, theirs, ours, Comparison.compare(each, theirs, ours)))
            .minimize(original);
        Outcome theirs = Runner.run(oracle, List.of(c)).get(0);
        Outcome ours = Runner.run(model, List.of(c)).get(0);
        StringBuilder text = new StringBuilder();
        Registers r = c.before();
        text.append("%s: %s%n".formatted(c.family().label(), c.text().replace("\n", "; ")));
        text.append("    %d-bit code at %x:%x, flags %x, stack %x:%x, cr0 %x, cr4 %x, efer %x%n".formatted(c.bits(), r.get(Registers.CS), r.get(Registers.RIP), r.get(Registers.RFLAGS),
            r.get(Registers.SS), r.get(Registers.RSP), r.get(Registers.CR0), r.get(Registers.CR4), r.get(Registers.EFER)));
        for (Case.Patch patch : c.patches()) {
            if (!patch.what().isEmpty()) {
                text.append("    0x%x: %s%n".formatted(patch.address(), patch.what()));
            }
        }
        text.append("    oracle: %s%n    model:  %s%n".formatted(describe(theirs), describe(ours)));
        for (Difference difference : again.remaining(oracle, c, theirs, ours, Comparison.compare(c, theirs, ours))) {
            text.append("      ").append(difference).append(System.lineSeparator());
        }
        return text.toString();
    }

    private static String describe(Outcome outcome) {
        Registers r = outcome.after();
        return r == null ? outcome.ending().name().toLowerCase(Locale.ROOT) : "vector %d, error %x, at %x:%x, flags %x, stack %x:%x".formatted(r.getInt(Registers.VECTOR),
            r.get(Registers.ERROR), r.get(Registers.CS), r.get(Registers.RIP), r.get(Registers.RFLAGS), r.get(Registers.SS), r.get(Registers.RSP));
    }
}
