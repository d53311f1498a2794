package proteus.shell.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.guests.KitRun;

/** QEMU with its translator, TCG, on the same images. */
final class QemuTcg implements LinuxContender {
    static final String NAME = "qemu-tcg";
    private static final String PROGRAM = "qemu-system-x86_64";
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final long KIT_MIB = 64;
    private static final String MARK = "mark ";
    /** From the last character to the moment the guest idles. */
    private static final Duration SETTLED = Duration.ofMillis(20);
    /** What isa-debug-exit makes of the guest's 0: (value << 1) | 1. */
    private static final int GOOD = 1;

    private final Guests guests;
    private final WorkDirectory work;
    private final Map<Integer, Long> startNanos = new HashMap<>();

    QemuTcg(Guests guests, WorkDirectory work) {
        this.guests = guests;
        this.work = work;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Optional<String> absence() throws InterruptedException {
        if (PeerProcess.find(PROGRAM).isEmpty()) {
            return Optional.of(PROGRAM + " is not installed");
        }
        for (int bits : new int[] {32, 64}) {
            work.write("bench%d.elf".formatted(bits), guests.image("bench" + bits, sentence -> {}).kernel());
            Path hello = work.write("hello%d.elf".formatted(bits), guests.image("hello" + bits, sentence -> {}).kernel());
            List<Long> starts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Child child = Child.run(command(hello, ""), work.path(), SOON);
                if (child.status() != GOOD) {
                    return Optional.of("%s runs no guest (%s)".formatted(PROGRAM, child.output().lines().findFirst().orElse("status " + child.status())));
                }
                starts.add(child.used().nanos());
            }
            startNanos.put(bits, Statistics.median(starts));
        }
        return Optional.empty();
    }

    @Override
    public boolean suits(Loop loop) {
        return loop.kind() != Loop.Kind.LINUX;
    }

    @Override
    public Sample run(Loop loop, int scale) throws InterruptedException {
        Path kernel = work.path().resolve("bench%d.elf".formatted(loop.bits()));
        return PeerProcess.measure(
                name(), loop, command(kernel, "only=%s scale=%d".formatted(loop.name(), scale)), work.path(), startNanos.get(loop.bits()));
    }

    /**
     * The program in the guest says where it is and waits for Enter; while it waits the guest idles, and what QEMU's threads have used
     * until then stands still.
     */
    @Override
    public Map<Loop, Sample> runUnderLinux(List<Loop> loops, int scale) throws InterruptedException {
        GuestImage image = guests.image(LinuxGuest.of(loops.getFirst().bits()), sentence -> {});
        List<Long> marks = new ArrayList<>();
        Child child = Child.converse(linux(image, LinuxGuest.words(loops, scale, "pause=1")), work.path(), PATIENCE, (line, process) -> {
            if (line.startsWith(MARK)) {
                Thread.sleep(SETTLED);
                marks.add(threadNanos(process));
                process.getOutputStream().write('\n');
                process.getOutputStream().flush();
            }
        });
        List<String[]> rows = KitRun.rows(child.output());
        if (rows.size() != loops.size() || marks.size() != 2 * loops.size()) {
            throw new VmException("%s: %s did not get through the loops".formatted(name(), image.info().name()));
        }
        Map<Loop, Sample> samples = new HashMap<>();
        for (int i = 0; i < loops.size(); i++) {
            long nanos = marks.get(2 * i + 1) - marks.get(2 * i);
            samples.put(loops.get(i), new Sample(Long.parseLong(rows.get(i)[1]), nanos, 0, rows.get(i)[2]));
        }
        return samples;
    }

    /** What the threads of a process have run so far: the first number of schedstat (Linux Documentation/scheduler/sched-stats.rst). */
    private static long threadNanos(Process process) throws IOException {
        long nanos = 0;
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(process.pid()), "task"))) {
            for (Path thread : threads.toList()) {
                nanos += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
            }
        }
        return nanos;
    }

    /** Boots a stock guest with its own memory; it ends by powering off. */
    static List<String> linux(GuestImage image, String append) {
        List<String> command = new ArrayList<>(
                command(Path.of(image.kernelPath()), (image.commandLine() + " " + append).strip(), image.info().memoryBytes() >> 20));
        command.addAll(List.of("-initrd", image.initrdPath()));
        return command;
    }

    private static List<String> command(Path kernel, String append) {
        return command(kernel, append, KIT_MIB);
    }

    private static List<String> command(Path kernel, String append, long mib) {
        return List.of(
                PROGRAM, "-accel", "tcg", "-m", Long.toString(mib), "-display", "none", "-monitor", "none", "-no-reboot", "-nodefaults",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-serial", "stdio", "-kernel", kernel.toString(), "-append", append);
    }
}
