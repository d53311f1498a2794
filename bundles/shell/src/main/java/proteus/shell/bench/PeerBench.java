package proteus.shell.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.text.Table;

/** The comparison as the program asks for it. */
public final class PeerBench {
    private final VirtualMachineManager manager;
    private final Guests guests;
    private final Consumer<String> say;

    public PeerBench(VirtualMachineManager manager, Guests guests, Consumer<String> say) {
        this.manager = manager;
        this.guests = guests;
        this.say = say;
    }

    /**
     * What is asked for.
     *
     * @param engines of ours, at least one
     * @param peers whether others are measured too
     * @param widths 32, 64 or both
     * @param linux loops under Linux instead of those of the kit
     * @param only names of loops, empty for all
     * @param rounds at least one
     */
    public record Wish(Composition composition, List<ExecutionEngine> engines, boolean peers, boolean linux, List<Integer> widths, List<String> only, int rounds) {}

    /**
     * What came out.
     *
     * @param tree for JSON
     */
    public record Answer(Table table, Map<String, Object> tree) {}

    /** @throws VmException when there is no such loop */
    public Answer compare(Wish wish) throws InterruptedException {
        List<Loop> loops = wish.widths().stream()
                .flatMap(bits -> loops(wish, bits).stream())
                .filter(loop -> wish.only().isEmpty() || wish.only().contains(loop.name()))
                .toList();
        if (loops.isEmpty()) {
            throw new VmException("there is no loop %s; there are: %s".formatted(
                    String.join(",", wish.only()), String.join(", ", loops(wish, 64).stream().map(Loop::name).toList())));
        }
        try (WorkDirectory work = new WorkDirectory()) {
            List<Contender> invited = new ArrayList<>();
            wish.engines().forEach(engine -> invited.add(new OwnEngine(manager, guests, wish.composition(), engine)));
            if (wish.peers()) {
                invited.add(new QemuTcg(guests, work));
                if (!wish.linux()) {
                    invited.add(new Bochs(guests, work)); // it takes no Linux kernel
                }
                invited.add(new BareProcessor(work));
            }
            List<Contender> present = new ArrayList<>();
            Map<String, String> absent = new LinkedHashMap<>();
            for (Contender contender : invited) {
                Optional<String> why = contender.absence();
                if (why.isEmpty()) {
                    present.add(contender);
                } else {
                    absent.put(contender.name(), why.get());
                    say.accept("%s is absent: %s".formatted(contender.name(), why.get()));
                }
            }
            Comparison comparison = new Comparison(present, wish.rounds(), say);
            Map<Loop, Map<String, Comparison.Measured>> measured = new LinkedHashMap<>();
            if (wish.linux()) {
                for (int bits : wish.widths()) {
                    measured.putAll(comparison.underLinux(loops.stream().filter(loop -> loop.bits() == bits).toList()));
                }
            } else {
                measured.putAll(comparison.of(loops));
            }
            ComparisonReport report = new ComparisonReport(present, absent, measured);
            return new Answer(report.table(), report.tree());
        }
    }

    private static List<Loop> loops(Wish wish, int bits) {
        return wish.linux() ? Loop.ofLinux(bits) : Loop.ofKit(bits);
    }
}
