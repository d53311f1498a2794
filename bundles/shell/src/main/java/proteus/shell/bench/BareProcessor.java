package proteus.shell.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import proteus.api.vm.VmException;

/** The bare processor: the loops' own object files in a process of the host, which must be Linux on x86-64. */
final class BareProcessor implements Contender {
    private final WorkDirectory work;
    private final Map<Integer, Path> programs = new HashMap<>();

    BareProcessor(WorkDirectory work) {
        this.work = work;
    }

    @Override
    public String name() {
        return "host";
    }

    @Override
    public Optional<String> absence() throws InterruptedException {
        if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
            return Optional.of("this host is not Linux on x86-64");
        }
        for (int bits : new int[] {64, 32}) {
            Path file = work.write("bench" + bits + ".host", WorkDirectory.resource("bench" + bits + ".host"));
            if (!file.toFile().setExecutable(true)) {
                return Optional.of("programs cannot be made executable in " + work.path());
            }
            try {
                if (Child.run(List.of(file.toString(), "only=crc32"), work.path(), Duration.ofSeconds(30)).status() == 0) {
                    programs.put(bits, file);
                }
            } catch (VmException e) {
                // The width is missing; that is told below.
            }
        }
        return programs.isEmpty() ? Optional.of("this host runs no programs from " + work.path()) : Optional.empty();
    }

    @Override
    public boolean suits(Loop loop) {
        return loop.kind() != Loop.Kind.BARE && programs.containsKey(loop.bits());
    }

    @Override
    public Sample run(Loop loop, int scale) throws InterruptedException {
        // The start of a program without libraries is less than a millisecond.
        return PeerProcess.measure(name(), loop, List.of(programs.get(loop.bits()).toString(), "only=" + loop.name(), "scale=" + scale), work.path(), 0);
    }
}
