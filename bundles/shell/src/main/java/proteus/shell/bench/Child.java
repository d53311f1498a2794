package proteus.shell.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import proteus.api.vm.VmException;

/**
 * One run of another program to its end: what it said and what it used. One at a time, as the children's time is counted together.
 *
 * @param status its exit status
 * @param output standard output and error
 * @param used CPU time
 */
record Child(int status, String output, ChildTime.Used used) {

    /** @throws VmException when it cannot be started or does not end in time; it is killed then */
    static Child run(List<String> command, Path directory, Duration limit) throws InterruptedException {
        ChildTime.Used before = ChildTime.now();
        Path output = directory.resolve("output");
        Process process = start(command, directory, output);
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new VmException("%s did not end within %d s".formatted(command.getFirst(), limit.toSeconds()));
            }
        } finally {
            end(process);
        }
        try {
            // Guests may print any byte.
            return new Child(process.exitValue(), Files.readString(output, StandardCharsets.ISO_8859_1), ChildTime.now().since(before));
        } catch (IOException e) {
            throw new VmException("the output of " + command.getFirst() + " cannot be read", e);
        }
    }

    private static Process start(List<String> command, Path directory, Path output) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        // Bochs' text display asks for the terminal's abilities.
        builder.environment().put("TERM", "dumb");
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        try {
            return builder.start();
        } catch (IOException e) {
            throw new VmException(command.getFirst() + " cannot be started (" + e.getMessage() + ")", e);
        }
    }

    /** Kills it if it still runs, and leaves it waited for. */
    static void end(Process process) throws InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
    }
}
