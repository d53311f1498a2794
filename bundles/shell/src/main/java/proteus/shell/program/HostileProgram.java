package proteus.shell.program;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.Silicon;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.compositions.Everything;
import proteus.shell.hostile.HostileRun;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Output;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code ./proteus hostile}: thousands of guests that mean harm, under each composition. */
@Component(service = ToIntFunction.class, property = "proteus.command=hostile")
public final class HostileProgram implements ToIntFunction<String[]>, Program {
    private static final int GUESTS = 10_000;
    private static final long INSTRUCTIONS = 20_000;
    private static final int SHOWN = 20;
    private static final int PORTION = 500;

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final Silicon silicon;

    @Activate
    public HostileProgram(
            @Reference VirtualMachineManager manager,
            @Reference Composer composer,
            @Reference(target = "(" + Silicon.NAME_PROPERTY + "=model)", policyOption = ReferencePolicyOption.GREEDY) Silicon silicon) {
        this.manager = manager;
        this.composer = composer;
        this.silicon = silicon;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return "hostile";
    }

    @Override
    public String synopsis() {
        return """
                ./proteus hostile [flags]
                Generates guests that attack their hypervisor (wild writes, forged page tables, nested faults, registers and devices with
                values without sense), runs each in a VM of its own, and looks whether anything got out: memory of others changed, frames
                lost, an exception of ours. Exit status 1 if so. A seed that is named runs alone with --seed N --guests 1.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags()
                .option("--guests", "N", "guests for each composition (default %d)".formatted(GUESTS))
                .option("--seed", "N", "seed of the first (default 1)")
                .option("--instructions", "N", "after which a guest is stopped (default %d)".formatted(INSTRUCTIONS))
                .option("--cpu", "NAME", "CPU technique (default each)")
                .option("--mem", "NAME", "memory technique (default each)")
                .option("--io", "NAME", "I/O technique (default emul)")
                .option("--engine", "NAME", "native, interpreter or auto (default auto)")
                .option(Output.FLAG, "FORMAT", "text or json");
    }

    @Override
    public int run(Flags flags) throws InterruptedException {
        if (!flags.words().isEmpty()) {
            throw new UsageException("it takes flags only; --help lists them");
        }
        int guests = (int) number(flags, "--guests", GUESTS);
        long seed = number(flags, "--seed", 1);
        long instructions = number(flags, "--instructions", INSTRUCTIONS);
        ExecutionEngine engine = ExecutionEngine.valueOf(flags.choice("--engine", "auto", "auto", "native", "interpreter").toUpperCase(java.util.Locale.ROOT));
        List<Composition> compositions = Everything.possible(
                composer, flags.value("--cpu").orElse(""), flags.value("--mem").orElse(""), flags.value("--io").orElse(Composition.DEFAULT.io()));
        if (compositions.isEmpty()) {
            throw new VmException("no such composition can be built for guests of a PC: tech:why says why");
        }
        Table table = new Table("cpu", "mem", "io", "guests", "instructions", "exits", "ends", "found", "time");
        List<String> findings = new ArrayList<>();
        for (Composition composition : compositions) {
            HostileRun run = new HostileRun(manager, silicon.hostMemory(), composition, engine, instructions);
            long from = System.nanoTime();
            for (int done = 0; done < guests; done += PORTION) {
                run.run(seed + done, Math.min(PORTION, guests - done));
                if (guests > PORTION) {
                    Program.say("%s: %d of %d guests, %d findings".formatted(composition, Math.min(done + PORTION, guests), guests, run.findings().size()));
                }
            }
            String ends = run.ends().entrySet().stream().map(end -> end.getValue() + " " + end.getKey()).collect(Collectors.joining(", "));
            table.row(composition.cpu(), composition.memory(), composition.io(), guests, run.retired(), run.exits(), ends, run.findings().size(),
                    Quantities.time(System.nanoTime() - from));
            run.findings().forEach(finding -> findings.add(composition + ", " + finding));
        }
        StandardStreams.out().println(Output.of(flags.value(Output.FLAG).orElse(Output.DEFAULT)).show(table, "nothing ran"));
        findings.stream().limit(SHOWN).forEach(Program::say);
        return findings.isEmpty() ? Status.SUCCESS : Status.FAILURE;
    }

    private static long number(Flags flags, String flag, long usual) {
        try {
            long value = flags.value(flag).map(Long::parseLong).orElse(usual);
            if (value > 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UsageException(flag + " " + flags.value(flag).orElse("") + " will not do: give a number above 0");
    }
}
