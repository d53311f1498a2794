package proteus.shell.program;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composer;
import proteus.api.compose.Composer.TechniqueStatus;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.compose.TechniqueInfo.Kind;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.guests.KitRun;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code ./proteus demo}: boots the guests of the kit on every hypervisor that can be composed, and shows what each did. */
@Component(service = ToIntFunction.class, property = "proteus.command=demo")
public final class DemoProgram implements ToIntFunction<String[]>, Program {
    private static final List<String> GUESTS = List.of("hello32", "hello64", "rings", "nano");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String EXIT = "exit.";

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final Guests guests;

    @Activate
    public DemoProgram(@Reference VirtualMachineManager manager, @Reference Composer composer, @Reference Guests guests) {
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
        return "demo";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus demo
                Boots the embedded guests on every hypervisor that can be composed now, and shows what each technique did.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags();
    }

    @Override
    public int run(Flags flags) throws InterruptedException {
        if (!flags.words().isEmpty()) {
            throw new UsageException("it takes no words");
        }
        PrintStream out = StandardStreams.out();
        List<CompositionReport> possible = possible();
        if (possible.isEmpty()) {
            throw new VmException("no hypervisor can be composed: " + String.join(" ", composer.examine(Composition.DEFAULT).findings()));
        }
        Map<String, Map<String, KitRun>> all = new LinkedHashMap<>();
        boolean good = true;
        for (CompositionReport report : possible) {
            Map<String, KitRun> runs = new LinkedHashMap<>();
            out.println("=== " + report.composition() + ": " + report.historicalName());
            for (String name : GUESTS) {
                GuestImage image = guests.image(name, Program::say);
                KitRun run = KitRun.of(manager, "demo-" + name, report.composition(), VmSpec.DEFAULT_ENGINE, image, "", PATIENCE);
                runs.put(name, run);
                boolean ended = run.end().success();
                good &= ended;
                // One composition shows what the guests say; they say the same on the others.
                if (all.isEmpty() || !ended) {
                    out.println("\n--- " + name + ": " + image.info().title());
                    run.console().lines().forEach(line -> out.println("  | " + line));
                }
                if (!ended) {
                    out.println("  ! " + run.end().message());
                }
            }
            all.put(report.composition().toString(), runs);
            out.println("\n--- what the hypervisor did");
            out.println(counts(runs).text());
            out.println("\n--- what one operation of 'nano' costs in events");
            out.println(nano(runs.get("nano")).text());
            out.println();
            out.flush();
        }
        Program.say(good ? "all guests ended well" : "a guest failed; see above");
        return good ? Status.SUCCESS : Status.FAILURE;
    }

    private List<CompositionReport> possible() {
        List<CompositionReport> reports = new ArrayList<>();
        for (String cpu : offered(Kind.CPU)) {
            for (String memory : offered(Kind.MEMORY)) {
                for (String io : offered(Kind.IO)) {
                    CompositionReport report = composer.examine(new Composition(Composition.DEFAULT.silicon(), cpu, memory, io));
                    // The kit's guests are made for a PC.
                    if (report.possible() && composer.abi(report.composition()) == GuestAbi.PC) {
                        reports.add(report);
                    }
                }
            }
        }
        return reports;
    }

    private List<String> offered(Kind kind) {
        return composer.techniques().stream()
                .filter(status -> status.kind() == kind && status.offered())
                .map(TechniqueStatus::name)
                .toList();
    }

    /** Events by guest. */
    private static Table counts(Map<String, KitRun> runs) {
        List<String> columns = new ArrayList<>(List.of("event"));
        columns.addAll(runs.keySet());
        Table table = new Table(columns.toArray(String[]::new));
        Map<String, Boolean> events = new TreeMap<>();
        runs.values().forEach(run -> run.statistics().counters().keySet().forEach(event -> events.put(event, true)));
        for (String event : events.keySet()) {
            Object[] row = new Object[runs.size() + 1];
            row[0] = event;
            int i = 1;
            for (KitRun run : runs.values()) {
                row[i++] = run.statistics().counters().getOrDefault(event, 0L);
            }
            table.row(row);
        }
        return table;
    }

    private static Table nano(KitRun run) {
        Table table = new Table("operation", "iterations", "instructions each", "exits each", "by reason");
        List<String[]> rows = run.rows();
        for (KitRun.Measured loop : run.measured()) {
            if (loop.number() > rows.size()) {
                continue;
            }
            String[] row = rows.get(loop.number() - 1);
            double iterations = Double.parseDouble(row[1]);
            Map<String, Long> exits = new TreeMap<>(loop.counters());
            exits.keySet().removeIf(event -> !event.startsWith(EXIT));
            long sum = exits.values().stream().mapToLong(Long::longValue).sum();
            List<String> reasons = new ArrayList<>();
            exits.forEach((event, count) -> {
                if (count >= iterations / 100) {
                    reasons.add(event.substring(EXIT.length()) + " " + Quantities.decimal(count / iterations));
                }
            });
            table.row(row[0], (long) iterations, loop.instructions() / iterations, sum / iterations, String.join(", ", reasons));
        }
        return table;
    }
}
