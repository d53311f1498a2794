package proteus.guests;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/**
 * The computing loops of the bench guests as a static program for Linux on x86-64, linked from the guests' own object files: what the
 * bare processor makes of the same instructions. Its words are the guest's options, its output is the guest's, status 0 is success.
 */
public final class HostBench {
    private HostBench() {}

    /**
     * The program.
     *
     * @param bits 32 or 64
     */
    public static byte[] program(int bits) {
        String resource = "/proteus/guests/bench" + bits + ".host";
        try (InputStream in = Objects.requireNonNull(HostBench.class.getResourceAsStream(resource), resource)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the bundle's own resource " + resource + " cannot be read", e);
        }
    }
}
