package proteus.shell.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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

    /** Told each line of a child's standard output as it comes, without its end. */
    interface Listener {
        void line(String line, Process process) throws IOException, InterruptedException;
    }

    /**
     * The same with someone who listens, and may answer on the child's standard input.
     *
     * @throws VmException when it cannot be started or does not end in time; it is killed then
     */
    static Child converse(List<String> command, Path directory, Duration limit, Listener listener) throws InterruptedException {
        ChildTime.Used before = ChildTime.now();
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.redirectError(directory.resolve("errors").toFile());
        Process process = start(builder);
        AtomicBoolean late = new AtomicBoolean();
        process.onExit().orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS).exceptionally(timeOut -> {
            late.set(true);
            return process.destroyForcibly();
        });
        StringBuilder text = new StringBuilder();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                text.append(line).append('\n');
                listener.line(line, process);
            }
            process.waitFor();
        } catch (IOException e) {
            throw new VmException("the console of " + command.getFirst() + " breaks off (" + e.getMessage() + ")", e);
        } finally {
            end(process);
        }
        if (late.get()) {
            throw new VmException("%s did not end within %d s".formatted(command.getFirst(), limit.toSeconds()));
        }
        return new Child(process.exitValue(), text.toString(), ChildTime.now().since(before));
    }

    private static Process start(List<String> command, Path directory, Path output) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        // Bochs' text display asks for the terminal's abilities.
        builder.environment().put("TERM", "dumb");
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        return start(builder);
    }

    private static Process start(ProcessBuilder builder) {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new VmException(builder.command().getFirst() + " cannot be started (" + e.getMessage() + ")", e);
        }
    }

    /** Kills it if it still runs, and leaves it waited for. */
    static void end(Process process) throws InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
    }
}
