package proteus.shell.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import proteus.shell.guests.Guests;

/** QEMU with its translator, TCG, on the same images. */
final class QemuTcg implements Contender {
    private static final String PROGRAM = "qemu-system-x86_64";
    private static final Duration SOON = Duration.ofSeconds(60);
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
        return "qemu-tcg";
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

    private static List<String> command(Path kernel, String append) {
        return List.of(
                PROGRAM, "-accel", "tcg", "-m", "64", "-display", "none", "-monitor", "none", "-no-reboot", "-nodefaults",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-serial", "stdio", "-kernel", kernel.toString(), "-append", append);
    }
}
