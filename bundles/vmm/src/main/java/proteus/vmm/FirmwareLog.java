package proteus.vmm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** What firmware writes to its debug port: the first part of it, which tells how the machine came up. */
final class FirmwareLog {
    private static final int LIMIT = 1 << 20;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    synchronized void add(int value) {
        if (bytes.size() < LIMIT) {
            bytes.write(value);
        }
    }

    synchronized String text() {
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }
}
