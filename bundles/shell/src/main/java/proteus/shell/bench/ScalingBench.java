package proteus.shell.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.text.Table;

/** Whether a large guest is as fast as a small one, and whether two VMs on two processors do twice the work of one. */
public final class ScalingBench {
    private static final long SMALL = 128L << 20, LARGE = 1L << 30;
    private static final int BITS = 64;
    /** One that stays in the caches, one that walks memory, one that takes page faults. */
    private static final List<String> TOGETHER = List.of("coremix", "chase", "pgfault");

    private final VirtualMachineManager manager;
    private final Guests guests;
    private final Consumer<String> say;

    public ScalingBench(VirtualMachineManager manager, Guests guests, Consumer<String> say) {
        this.manager = manager;
        this.guests = guests;
        this.say = say;
    }

    /** Loops under Linux in a guest of 128 MiB and in one of 1 GiB; the ratio is the large one's time by the small one's. */
    public PeerBench.Answer memory(Composition composition, ExecutionEngine engine, int rounds) throws InterruptedException {
        List<Contender> sizes = List.of(
                new OwnEngine(manager, guests, composition, engine, "128M", true, SMALL),
                new OwnEngine(manager, guests, composition, engine, "1G", false, LARGE));
        ComparisonReport report =
                new ComparisonReport(sizes, Map.of(), new Comparison(sizes, rounds, say).underLinux(Loop.ofLinux(BITS)));
        return new PeerBench.Answer(report.table(), report.tree());
    }

    /** How long a loop took: CPU time of the VMs' threads for an iteration, wall time until all were done. */
    private record Done(double cpuNanosEach, long wallNanos) {}

    /**
     * The same loop in one VM and in two at once. Scaling is twice the time of one by the time of two: 2 is perfect. By CPU time it shows
     * what the VMs cost each other; by wall time it is worth something only on a host that has two processors free.
     */
    public PeerBench.Answer twoVms(Composition composition, ExecutionEngine engine, int rounds) throws InterruptedException {
        Table table = new Table("loop", "one VM us", "two VMs us", "scaling by CPU time", "scaling by wall time");
        List<OwnEngine> vms = List.of(
                new OwnEngine(manager, guests, composition, engine, "first", true, 0),
                new OwnEngine(manager, guests, composition, engine, "second", true, 0));
        try (ExecutorService threads = Executors.newFixedThreadPool(vms.size())) {
            for (String name : TOGETHER) {
                Loop loop = Loop.ofKit(BITS).stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
                int scale = Comparison.scale(vms.getFirst().run(loop, 1).cpuNanos());
                List<Done> alone = new ArrayList<>();
                List<Done> both = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    alone.add(together(threads, vms.subList(0, 1), loop, scale));
                    both.add(together(threads, vms, loop, scale));
                }
                double one = cpu(alone);
                double two = cpu(both);
                table.row(name, Shown.threeDigits(one / 1000), Shown.threeDigits(two / 1000), Shown.threeDigits(2 * one / two),
                        Shown.threeDigits(2 * wall(alone) / wall(both)));
            }
        }
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("twoVms", table.rows());
        return new PeerBench.Answer(table, tree);
    }

    private static Done together(ExecutorService threads, List<OwnEngine> vms, Loop loop, int scale) throws InterruptedException {
        long from = System.nanoTime();
        List<Future<Sample>> running = threads.invokeAll(vms.stream().map(vm -> (Callable<Sample>) () -> vm.run(loop, scale)).toList());
        long wall = System.nanoTime() - from;
        double sum = 0;
        for (Future<Sample> one : running) {
            try {
                sum += one.get().nanosEach();
            } catch (ExecutionException e) {
                throw e.getCause() instanceof VmException known ? known : new VmException("a VM failed: " + e.getCause(), e.getCause());
            }
        }
        return new Done(sum / vms.size(), wall);
    }

    private static double cpu(List<Done> rounds) {
        return Statistics.median(rounds.stream().mapToDouble(Done::cpuNanosEach).toArray());
    }

    private static double wall(List<Done> rounds) {
        return Statistics.median(rounds.stream().mapToDouble(Done::wallNanos).toArray());
    }
}
