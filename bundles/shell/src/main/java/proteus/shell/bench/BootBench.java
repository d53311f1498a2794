package proteus.shell.bench;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.text.Table;

/**
 * What booting a stock Linux to its shell and powering off costs, as its user pays it: a whole process from its start, with all threads,
 * the JVM's compilers among them.
 */
public final class BootBench {
    private static final Duration PATIENCE = Duration.ofMinutes(15);
    /** The test system says so when its first process is there (bundles/loader, initramfs/init). */
    private static final String UP = "READY";

    private static final double NANOS_PER_SECOND = 1e9;
    /** Of the times: how many columns, and which is the one that engines are compared by. */
    private static final int COLUMNS = 6, USER = 4;

    private final Guests guests;
    private final Consumer<String> say;
    private final Path launcher;

    /** @param launcher the program that starts this image */
    public BootBench(Guests guests, Path launcher, Consumer<String> say) {
        this.guests = guests;
        this.launcher = launcher;
        this.say = say;
    }

    /** How to start a guest in another process. */
    private record Boot(String guest, String who, boolean ours, List<String> command) {}

    /** Nanoseconds of one boot; CPU time until the first line is known to 10 ms. */
    private record Times(long firstLine, long firstLineCpu, long up, long wall, ChildTime.Used used) {}

    /**
     * @param engines of ours
     * @param peers whether QEMU boots them too
     * @param widths 32, 64 or both
     */
    public PeerBench.Answer boot(Composition composition, List<ExecutionEngine> engines, boolean peers, List<Integer> widths, int rounds)
            throws InterruptedException {
        try (WorkDirectory work = new WorkDirectory()) {
            Map<String, String> absent = new LinkedHashMap<>();
            if (peers) {
                new QemuTcg(guests, work).absence().ifPresent(why -> {
                    absent.put(QemuTcg.NAME, why);
                    say.accept(QemuTcg.NAME + " is absent: " + why);
                });
            }
            Map<Boot, List<Times>> all = new LinkedHashMap<>();
            for (int bits : widths) {
                GuestImage image = guests.image(LinuxGuest.of(bits), say);
                for (ExecutionEngine engine : engines) {
                    all.put(new Boot(image.info().name(), OwnEngine.name(engine), true, own(composition, engine, image)), new ArrayList<>());
                }
                if (peers && absent.isEmpty()) {
                    all.put(new Boot(image.info().name(), QemuTcg.NAME, false, QemuTcg.linux(image, LinuxGuest.POWER_OFF)), new ArrayList<>());
                }
            }
            for (int round = 1; round <= rounds; round++) {
                say.accept("round %d of %d ...".formatted(round, rounds));
                for (Map.Entry<Boot, List<Times>> entry : all.entrySet()) {
                    entry.getValue().add(once(entry.getKey(), work));
                }
            }
            return answer(all, absent);
        }
    }

    private List<String> own(Composition composition, ExecutionEngine engine, GuestImage image) {
        List<String> command = new ArrayList<>(List.of(
                launcher.toString(), "run", "--guest", image.info().name(), "--cpu", composition.cpu(), "--mem", composition.memory(),
                "--append", LinuxGuest.POWER_OFF));
        command.addAll(OwnEngine.flags(engine));
        return command;
    }

    private static Times once(Boot boot, WorkDirectory work) throws InterruptedException {
        long from = System.nanoTime();
        long[] firstLine = new long[1];
        long[] firstLineCpu = new long[1];
        long[] up = new long[1];
        Child child = Child.converse(boot.command, work.path(), PATIENCE, (line, process) -> {
            if (firstLine[0] == 0) {
                firstLine[0] = System.nanoTime() - from;
                firstLineCpu[0] = process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos();
            }
            if (up[0] == 0 && line.strip().equals(UP)) {
                up[0] = System.nanoTime() - from;
            }
        });
        if (up[0] == 0) {
            throw new VmException("%s does not bring %s to its shell: %s".formatted(
                    boot.who, boot.guest, child.output().lines().reduce((a, b) -> b).orElse(WorkDirectory.read(work.path().resolve("errors")).strip())));
        }
        return new Times(firstLine[0], firstLineCpu[0], up[0], System.nanoTime() - from, child.used());
    }

    private static PeerBench.Answer answer(Map<Boot, List<Times>> all, Map<String, String> absent) {
        Table table = new Table("guest", "engine", "first line s", "first line CPU s", "shell s", "whole s", "user CPU s", "system CPU s", "ours:" + QemuTcg.NAME);
        List<Map<String, Object>> boots = new ArrayList<>();
        all.forEach((boot, times) -> {
            double[] medians = IntStream.range(0, COLUMNS).mapToDouble(i -> median(times, i)).toArray();
            Double ratio = boot.ours
                    ? all.keySet().stream().filter(other -> !other.ours && other.guest.equals(boot.guest)).findFirst()
                            .map(other -> median(all.get(other), USER) / medians[USER]).orElse(null)
                    : null;
            List<Object> cells = new ArrayList<>(List.of(boot.guest, boot.who));
            for (double median : medians) {
                cells.add(shown(median));
            }
            cells.add(ratio == null ? "" : shown(ratio));
            table.row(cells.toArray());
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("guest", boot.guest);
            one.put("contender", boot.who);
            one.put("boots", times.size());
            one.put("firstLineSeconds", medians[0]);
            one.put("firstLineCpuSeconds", medians[1]);
            one.put("shellSeconds", medians[2]);
            one.put("wallSeconds", medians[3]);
            one.put("userCpuSeconds", medians[USER]);
            one.put("systemCpuSeconds", medians[5]);
            if (ratio != null) {
                one.put("ratio", ratio);
            }
            boots.add(one);
        });
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("absent", absent);
        tree.put("boots", boots);
        return new PeerBench.Answer(table, tree);
    }

    /** Seconds, by column of the table. */
    private static double median(List<Times> times, int column) {
        return Statistics.median(times.stream().mapToDouble(one -> switch (column) {
            case 0 -> one.firstLine;
            case 1 -> one.firstLineCpu;
            case 2 -> one.up;
            case 3 -> one.wall;
            case USER -> one.used.userNanos();
            default -> one.used.systemNanos();
        }).toArray()) / NANOS_PER_SECOND;
    }

    private static BigDecimal shown(double value) {
        return new BigDecimal(value).setScale(2, RoundingMode.HALF_UP);
    }
}
