package proteus.backend.qcow2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** qemu-img, the reference, where it is installed. */
final class QemuImg {
    private static final int CHECK_LEAKS = 3;

    private record Result(int status, String said) {}

    private static Boolean there;

    private QemuImg() {}

    static synchronized boolean there() {
        if (there == null) {
            try {
                there = run("--version").status == 0;
            } catch (IOException e) {
                there = false;
                System.err.println("qemu-img is not installed: images are examined by our own checker alone");
            }
        }
        return there;
    }

    /** Runs a command that must succeed. */
    static void must(String... arguments) throws IOException {
        Result result = run(arguments);
        assertTrue(result.status == 0, "qemu-img " + String.join(" ", arguments) + ": " + result.said);
    }

    /** An image must have no errors; leaks are what a crash leaves. */
    static void check(Path image) throws IOException {
        if (there()) {
            Result result = run("check", "-f", "qcow2", image.toString());
            assertTrue(result.status == 0 || result.status == CHECK_LEAKS, result.said);
        }
    }

    private static Result run(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("qemu-img"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        return new Result(process.exitValue(), said);
    }
}
