package proteus.shell.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import proteus.api.vm.VmException;
import proteus.shell.guests.KitRun;

/** What the peers share: a process for a loop, its CPU time less that of a process that starts and does nothing. */
final class PeerProcess {
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private PeerProcess() {}

    /** Runs a bench program once and takes its only row. */
    static Sample measure(String who, Loop loop, List<String> command, Path directory, long startNanos) throws InterruptedException {
        return measure(who, loop, command, directory, startNanos, Optional.empty());
    }

    /** The same where the output is in a file, not on the standard stream. */
    static Sample measure(String who, Loop loop, List<String> command, Path directory, long startNanos, Optional<Path> console)
            throws InterruptedException {
        Child child = Child.run(command, directory, PATIENCE);
        String text = console.map(WorkDirectory::read).orElse(child.output());
        List<String[]> rows = KitRun.rows(text.replace("\r", ""));
        if (rows.size() != 1 || !rows.getFirst()[0].equals(loop.name()) || !text.contains("bench" + loop.bits() + ": done")) {
            throw new VmException("%s did not run the loop %s of bench%d: %s"
                    .formatted(who, loop.name(), loop.bits(), text.lines().reduce((a, b) -> b).orElse("it printed nothing")));
        }
        long nanos = Math.max(1, child.used().nanos() - startNanos);
        return new Sample(Long.parseLong(rows.getFirst()[1]), nanos, 0, rows.getFirst()[2]);
    }

    /** A program on the PATH. */
    static Optional<Path> find(String program) {
        String path = System.getenv("PATH");
        return Stream.of((path == null ? "" : path).split(":"))
                .filter(directory -> !directory.isEmpty())
                .map(directory -> Path.of(directory, program))
                .filter(java.nio.file.Files::isExecutable)
                .findFirst();
    }
}
