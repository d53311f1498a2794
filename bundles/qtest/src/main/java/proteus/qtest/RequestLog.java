package proteus.qtest;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** What is said on the test's socket, with seconds since the start: R for received, S for sent. */
final class RequestLog implements AutoCloseable {
    private static final double NANOS = 1e9;

    private final PrintStream out;
    private final long start = System.nanoTime();

    /** @param file empty, {@code none} and {@code /dev/null} for no log */
    RequestLog(Optional<String> file) throws IOException {
        boolean wanted = file.isPresent() && !file.get().equals("none") && !file.get().equals("/dev/null");
        out = wanted ? new PrintStream(new FileOutputStream(file.get()), true, StandardCharsets.ISO_8859_1) : null;
    }

    void received(String line) {
        say('R', line);
    }

    void sent(String line) {
        say('S', line);
    }

    private void say(char direction, String line) {
        if (out != null) {
            out.println("[%c +%.6f] %s".formatted(direction, (System.nanoTime() - start) / NANOS, line));
        }
    }

    @Override
    public void close() {
        if (out != null) {
            out.close();
        }
    }
}
