package proteus.shell.program;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.compositions.Cell;
import proteus.shell.compositions.Everything;
import proteus.shell.guests.Guests;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Output;
import proteus.shell.text.Table;

/** {@code ./proteus compositions}: each composition with each guest: what came of it, exits, time. */
@Component(service = ToIntFunction.class, property = "proteus.command=compositions")
public final class CompositionsProgram implements ToIntFunction<String[]>, Program {
    private static final String SMALL = "hello32,hello64,rings,nano,storm,pv32,pv64";
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final Guests guests;

    @Activate
    public CompositionsProgram(@Reference VirtualMachineManager manager, @Reference Composer composer, @Reference Guests guests) {
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
        return "compositions";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus compositions [flags]
                Runs guests under every composition that can be built and says for each cell what came of it, how many exits and which CPU
                time it took, and whether the console is that of the first composition. Compositions that cannot be built are listed with
                the reason; a guest runs where it can be started: a PC's on PCs, a paravirtual one in domains. A stock Linux guest boots to
                its shell, answers some commands and powers off. Exit status 1 when a cell failed.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags()
                .option("--guests", "NAMES", "with commas between them (default %s)".formatted(SMALL))
                .option("--cpu", "NAMES", "CPU techniques, with commas between them (default each)")
                .option("--mem", "NAMES", "memory techniques, with commas between them (default each)")
                .option("--io", "NAMES", "I/O techniques, with commas between them (default each)")
                .option("--engine", "NAME", "native, interpreter or auto (default auto)")
                .option(Output.FLAG, "FORMAT", "text or json");
    }

    @Override
    public int run(Flags flags) throws InterruptedException {
        if (!flags.words().isEmpty()) {
            throw new UsageException("it takes flags only; --help lists them");
        }
        Output output = Output.of(flags.value(Output.FLAG).orElse(Output.DEFAULT));
        ExecutionEngine engine = ExecutionEngine.valueOf(flags.choice("--engine", "auto", "auto", "native", "interpreter").toUpperCase(java.util.Locale.ROOT));
        List<GuestImage> images = Stream.of(flags.value("--guests").orElse(SMALL).split(",")).map(name -> guests.image(name, Program::say)).toList();
        Table table = new Table("cpu", "mem", "io", "known as", "guest", "result", "exits", "CPU time", "console");
        Map<String, String> consoles = new LinkedHashMap<>();
        List<String> refused = new ArrayList<>();
        boolean good = true;
        for (Composition composition : Everything.all(
                composer, flags.value("--cpu").orElse(""), flags.value("--mem").orElse(""), flags.value("--io").orElse(""))) {
            CompositionReport report = composer.examine(composition);
            if (!report.possible()) {
                refused.add("%s (%s): %s".formatted(composition, report.historicalName(), report.findings().getFirst()));
                continue;
            }
            GuestAbi abi = composer.abi(composition);
            for (GuestImage image : images) {
                if (!image.info().abis().contains(abi)) {
                    // Says nothing of the composition: the guest is made for something else.
                    continue;
                }
                Cell cell = Cell.of(manager, composition, image, engine, PATIENCE);
                String first = consoles.putIfAbsent(image.info().name(), cell.console());
                boolean same = first == null || first.equals(cell.console());
                good &= cell.good() && same;
                Program.say("%s: %s: %s; %s exits, %s, console %s".formatted(
                        composition, image.info().name(), cell.good() ? "works" : cell.message(), cell.exits(), cell.time(), same ? "the same" : "differs"));
                table.row(composition.cpu(), composition.memory(), composition.io(), report.historicalName(), image.info().name(), cell.good() ? "works" : cell.message(),
                        cell.exits(), cell.time(), first == null ? "the first" : same ? "the same" : "DIFFERS");
            }
        }
        if (table.isEmpty() && refused.isEmpty()) {
            throw new VmException("there are no such techniques: tech:list shows which there are");
        }
        StandardStreams.out().println(output.show(table, "no composition can be built"));
        refused.forEach(sentence -> Program.say("not run: " + sentence));
        return good && !table.isEmpty() ? Status.SUCCESS : Status.FAILURE;
    }
}
