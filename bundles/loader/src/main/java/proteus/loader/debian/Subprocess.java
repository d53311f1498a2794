package proteus.loader.debian;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import proteus.api.vm.GuestLoadException;

/** Runs a program of the system with a time limit and collects what it says. */
final class Subprocess {
    private static final int TAIL = 400;

    private Subprocess() {}

    /**
     * @param status exit status
     * @param output standard output
     * @param errors standard error
     */
    record Result(int status, String output, String errors) {
        boolean ok() {
            return status == 0;
        }

        /** The last words, in one line. */
        String reason() {
            String text = (errors.isBlank() ? output : errors).strip().replaceAll("\\s+", " ");
            return text.length() <= TAIL ? text : "..." + text.substring(text.length() - TAIL);
        }
    }

    /** Whether a program is on the search path. */
    static boolean exists(String program) {
        String path = System.getenv().getOrDefault("PATH", "");
        for (String directory : path.split(":")) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    /** Runs it in a directory; it is ended when it takes longer than the limit. Output goes through files, so that it can never block on a full pipe. */
    static Result run(Path directory, Duration limit, List<String> command) {
        try {
            Path output = Files.createTempFile("proteus-", ".out");
            Path errors = Files.createTempFile("proteus-", ".err");
            try {
                ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
                builder.environment().put("LC_ALL", "C.UTF-8");
                builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
                builder.redirectOutput(output.toFile()).redirectError(errors.toFile());
                Process process = builder.start();
                try {
                    if (!process.waitFor(limit.toSeconds(), TimeUnit.SECONDS)) {
                        throw new GuestLoadException("'%s' did not end within %d s; try again, or see whether the network is there."
                                .formatted(String.join(" ", command.subList(0, Math.min(2, command.size()))), limit.toSeconds()));
                    }
                } finally {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly();
                }
                return new Result(process.exitValue(), text(output), text(errors));
            } finally {
                Files.deleteIfExists(output);
                Files.deleteIfExists(errors);
            }
        } catch (IOException e) {
            throw new GuestLoadException("'%s' cannot be run: %s".formatted(command.getFirst(), e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new GuestLoadException("'%s' was interrupted.".formatted(command.getFirst()));
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
