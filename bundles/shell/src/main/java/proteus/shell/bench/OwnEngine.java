package proteus.shell.bench;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import proteus.api.compose.Composition;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.guests.Guests;
import proteus.shell.guests.KitRun;

/** An engine of ours, in this process: the CPU time of the VM's thread between the guest's two marks. */
final class OwnEngine implements Contender {
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final VirtualMachineManager manager;
    private final Guests guests;
    private final Composition composition;
    private final String engine;

    OwnEngine(VirtualMachineManager manager, Guests guests, Composition composition, String engine) {
        this.manager = manager;
        this.guests = guests;
        this.composition = composition;
        this.engine = engine;
    }

    @Override
    public String name() {
        return engine;
    }

    @Override
    public boolean ours() {
        return true;
    }

    @Override
    public Optional<String> absence() {
        return Optional.empty();
    }

    @Override
    public boolean suits(Loop loop) {
        return loop.kind() != Loop.Kind.LINUX;
    }

    @Override
    public Sample run(Loop loop, int scale) throws InterruptedException {
        GuestImage image = guests.image("bench" + loop.bits(), sentence -> {});
        KitRun run = KitRun.of(manager, "bench", composition, image, "only=%s scale=%d".formatted(loop.name(), scale), PATIENCE);
        if (!run.end().success() || run.measured().size() != 1) {
            throw new VmException("%s: the guest bench%d did not measure %s: %s".formatted(name(), loop.bits(), loop.name(), run.end().message()));
        }
        KitRun.Measured measured = run.measured().getFirst();
        List<String[]> rows = run.rows();
        return new Sample(Long.parseLong(rows.getFirst()[1]), measured.cpuNanos(), measured.instructions(), rows.getFirst()[2]);
    }
}
