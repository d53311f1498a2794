package proteus.qtest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import proteus.qtest.wire.Connection;

/** A connection that carries lines. */
final class Lines {
    private final Connection connection;
    private final RequestLog log;
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    Lines(Connection connection, RequestLog log) {
        this.connection = connection;
        this.log = log;
    }

    void send(String line) {
        log.sent(line);
        connection.send((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    void received(byte[] bytes, Consumer<String> request) {
        int from = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                begun.write(bytes, from, i - from);
                from = i + 1;
                String line = begun.toString(StandardCharsets.ISO_8859_1);
                begun.reset();
                log.received(line);
                request.accept(line);
            }
        }
        begun.write(bytes, from, bytes.length - from);
    }
}
