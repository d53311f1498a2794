package proteus.shell.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.text.Table;

/**
 * A Linux guest that works like a build, process after process, for as long as wished: whether the memory of translations, of the
 * JVM and of the whole process stays where it is.
 */
public final class Soak {
    private static final long MEMORY = 128L << 20;
    private static final int SAMPLES = 24;
    private static final Duration PATIENCE = Duration.ofMinutes(15), POLL = Duration.ofMillis(50);
    private static final double MIB = 1 << 20;
    /** New programs all the time, each with pages, files and pipes of its own; a line a round. */
    private static final String WORK = "while true; do gzip -c /bin/busybox | gunzip -c | sha256sum > /dev/null; "
            + "for n in 1 2 3 4 5 6 7 8 9; do sh -c :; ls -l /bin | sort | awk '{n+=$5} END {print n}' > /dev/null; done; echo round; done";
    private static final String ROUND = "round";

    private final VirtualMachineManager manager;
    private final Guests guests;
    private final Consumer<String> say;

    public Soak(VirtualMachineManager manager, Guests guests, Consumer<String> say) {
        this.manager = manager;
        this.guests = guests;
        this.say = say;
    }

    /** @param flat whether nothing grew from the third quarter to the last */
    public record Answer(Table table, Map<String, Object> tree, boolean flat, String verdict) {}

    /** How long a guest works: for a time, or for so many instructions, which is the same work on any host; the other is zero. */
    public record Length(Duration time, long instructions) {}

    public Answer run(Composition composition, ExecutionEngine engine, Length length) throws InterruptedException {
        GuestImage image = LinuxGuest.withMemory(guests.image(LinuxGuest.of(64), say), MEMORY);
        String words = image.commandLine() + " proteus.run=\"" + WORK + "\"";
        VirtualMachine vm = manager.create(new VmSpec("soak", composition, MEMORY, 1, VmSpec.Clock.COUNT, "max", true,
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), words), List.of(), engine));
        try {
            vm.start();
            awaitFirstRound(vm);
            return watch(vm, length);
        } finally {
            vm.close();
        }
    }

    private void awaitFirstRound(VirtualMachine vm) throws InterruptedException {
        long patience = System.nanoTime() + PATIENCE.toNanos();
        while (rounds(vm) == 0) {
            lives(vm, Duration.ofMillis(200));
            if (System.nanoTime() > patience) {
                throw new VmException("the guest did not begin to work within %d minutes".formatted(PATIENCE.toMinutes()));
            }
        }
    }

    /** Waits; the guest must not end meanwhile. */
    private static void lives(VirtualMachine vm, Duration time) throws InterruptedException {
        Optional<VmEnd> end = vm.awaitEnd(time);
        if (end.isPresent()) {
            throw new VmException("the guest ended: " + end.get().message());
        }
    }

    private static long rounds(VirtualMachine vm) {
        return vm.console().text().lines().filter(line -> line.strip().equals(ROUND)).count();
    }

    /** Until a sample is due. */
    private static void awaitSample(VirtualMachine vm, Length length, long from, int sample) throws InterruptedException {
        if (length.instructions == 0) {
            lives(vm, length.time.dividedBy(SAMPLES)); // between two collections, however long they take
            return;
        }
        while (vm.statistics().retired() - from < length.instructions / SAMPLES * sample) {
            lives(vm, POLL);
        }
    }

    private Answer watch(VirtualMachine vm, Length length) throws InterruptedException {
        Table table = new Table("minutes", "rounds", "instructions", "heap after GC MiB", "JVM code MiB", "translations MiB", "process MiB");
        Map<String, List<Double>> series = new LinkedHashMap<>();
        long start = System.nanoTime();
        long from = vm.statistics().retired();
        for (int sample = 1; sample <= SAMPLES; sample++) {
            awaitSample(vm, length, from, sample);
            Map<String, Double> sizes = sizes();
            sizes.forEach((name, size) -> series.computeIfAbsent(name, n -> new ArrayList<>()).add(size));
            double minutes = (System.nanoTime() - start) / 60e9;
            List<Object> row = new ArrayList<>(List.of(minutes, rounds(vm), vm.statistics().retired()));
            row.addAll(sizes.values());
            table.row(row.toArray());
            say.accept("%.1f minutes, %s".formatted(minutes, sizes));
        }
        List<String> grown = series.entrySet().stream().filter(each -> Flatness.grows(each.getValue())).map(Map.Entry::getKey).toList();
        String verdict = grown.isEmpty() ? "memory stays flat" : "grows still: " + String.join(", ", grown);
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("samples", table.rows());
        tree.put("flat", grown.isEmpty());
        tree.put("verdict", verdict);
        return new Answer(table, tree, grown.isEmpty(), verdict);
    }

    /** MiB of what may grow. Translations lie in a memory file, which the kernel counts as shared; it is mapped twice. */
    private static Map<String, Double> sizes() {
        System.gc();
        Map<String, Double> sizes = new LinkedHashMap<>();
        sizes.put("heap", ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MIB);
        sizes.put("JVM code", ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getName().startsWith("Code"))
                .map(MemoryPoolMXBean::getUsage).mapToLong(usage -> usage.getUsed()).sum() / MIB);
        sizes.put("translations", kernelCounts("RssShmem:") / 2);
        sizes.put("process", kernelCounts("VmRSS:"));
        sizes.replaceAll((name, size) -> Math.round(size * 10) / 10.0);
        return sizes;
    }

    /** A size in MiB of this process as Linux counts it; 0 elsewhere. */
    private static double kernelCounts(String name) {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(name))
                    .mapToDouble(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024.0).findFirst().orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
