package proteus.shell.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.vm.VmConsole;
import proteus.api.vm.VmException;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SerialEndTest {
    @TempDir
    private Path directory;

    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();
    private final BlockingQueue<String> typed = new LinkedBlockingQueue<>();

    private final VmConsole console = new VmConsole() {
        @Override
        public String text() {
            return "";
        }

        @Override
        public void type(String text) {
            typed.add(text);
        }

        @Override
        public void typeAfter(String trigger, String text) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void typeAfterAny(List<String> triggers, String text) {
            throw new UnsupportedOperationException();
        }

        @Override
        public AutoCloseable subscribe(Consumer<String> listener) {
            listeners.add(listener);
            return () -> listeners.remove(listener);
        }

        @Override
        public void stopAfter(String text) {
            throw new UnsupportedOperationException();
        }
    };

    private void print(String text) {
        listeners.forEach(listener -> listener.accept(text));
    }

    @Test
    void aFileHasWhatWasPrinted() throws IOException {
        Path file = directory.resolve("console.log");
        try (SerialEnd end = SerialEnd.open(console, "file:" + file)) {
            assertEquals("file", end.name());
            print("one\r\n");
            print("two \u00ff\n");
        }
        assertEquals("one\r\ntwo \u00ff\n", Files.readString(file, java.nio.charset.StandardCharsets.ISO_8859_1));
        assertTrue(listeners.isEmpty());
    }

    @Test
    void aUnixSocketIsTheOtherEnd() throws Exception {
        Path path = directory.resolve("s");
        try (SerialEnd end = SerialEnd.open(console, "unix:" + path)) {
            speaks(UnixDomainSocketAddress.of(path));
            speaks(UnixDomainSocketAddress.of(path));
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void aTcpPortIsTheOtherEnd() throws Exception {
        try (SerialEnd end = SerialEnd.open(console, "tcp::0")) {
            int port = Integer.parseInt(end.name().substring("tcp:".length()));
            speaks(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
    }

    private void speaks(SocketAddress at) throws Exception {
        try (SocketChannel client = SocketChannel.open(at)) {
            client.write(ByteBuffer.wrap("typed".getBytes()));
            // What was typed has arrived: the client is known.
            assertEquals("typed", typed.poll(30, TimeUnit.SECONDS));
            print("printed");
            ByteBuffer bytes = ByteBuffer.allocate(7);
            while (bytes.hasRemaining()) {
                assertTrue(client.read(bytes) > 0);
            }
            assertEquals("printed", new String(bytes.array()));
        }
    }

    @Test
    void whatWillNotDoIsToldInASentence() throws Exception {
        for (String where : List.of("", "pipe:x", "file:", "tcp:1", "tcp::x", "file:" + directory.resolve("no/such"), "unix:" + directory.resolve("no/such"))) {
            String message = assertThrows(VmException.class, () -> SerialEnd.open(console, where)).getMessage();
            assertTrue(message.contains(" "), message);
        }
        try (SerialEnd end = SerialEnd.open(console, "tcp::0")) {
            String taken = "tcp::" + end.name().substring("tcp:".length());
            assertTrue(assertThrows(VmException.class, () -> SerialEnd.open(console, taken)).getMessage().contains(taken));
        }
    }
}
