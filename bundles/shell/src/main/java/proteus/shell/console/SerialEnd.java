package proteus.shell.console;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import proteus.api.vm.VmConsole;
import proteus.api.vm.VmException;

/**
 * Where a VM's serial console goes besides the ring buffer that it always has: a file, or whoever connects to a socket, whose bytes are
 * typed. One client at a time; what is printed while there is none is in the ring buffer only. A client that does not read loses output,
 * the machine does not wait for it.
 */
public final class SerialEnd implements AutoCloseable {
    private static final int CHUNKS = 1024;
    private static final int PIECE = 4096;
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final byte[] END = new byte[0];

    private final BlockingQueue<byte[]> printed = new ArrayBlockingQueue<>(CHUNKS);
    private final AutoCloseable subscription;
    private final ServerSocketChannel server;
    private final Path socket;
    private final Thread writer;
    private final String name;
    private volatile SocketChannel client;

    private SerialEnd(VmConsole console, OutputStream file) throws IOException {
        server = null;
        socket = null;
        name = "file";
        writer = Thread.ofVirtual().start(() -> write(file));
        subscription = subscribe(console);
    }

    private SerialEnd(VmConsole console, SocketAddress at, Path socket) throws IOException {
        this.socket = socket;
        server = ServerSocketChannel.open(socket == null ? StandardProtocolFamily.INET : StandardProtocolFamily.UNIX);
        try {
            server.bind(at);
            name = socket == null ? "tcp:%d".formatted(((InetSocketAddress) server.getLocalAddress()).getPort()) : "unix:" + socket;
        } catch (IOException e) {
            server.close();
            throw e;
        }
        Thread.ofVirtual().start(() -> serve(console));
        writer = Thread.ofVirtual().start(() -> write(null));
        subscription = subscribe(console);
    }

    /**
     * Opens it.
     *
     * @param where {@code file:FILE}, {@code unix:PATH} or {@code tcp:[HOST]:PORT}; a port 0 is any free one
     * @throws VmException in one sentence
     */
    public static SerialEnd open(VmConsole console, String where) {
        int colon = where.indexOf(':');
        String rest = where.substring(colon + 1);
        try {
            return switch (colon < 0 || rest.isEmpty() ? "" : where.substring(0, colon)) {
                case "file" -> new SerialEnd(console, new BufferedOutputStream(Files.newOutputStream(Path.of(rest))));
                case "unix" -> new SerialEnd(console, UnixDomainSocketAddress.of(rest), Path.of(rest));
                case "tcp" -> new SerialEnd(console, address(where, rest), null);
                default -> throw new VmException("--serial %s will not do: give stdio, unix:PATH, tcp:[HOST]:PORT or file:FILE".formatted(where));
            };
        } catch (IOException e) {
            throw new VmException("the serial console cannot go to %s: %s".formatted(where, e.getMessage()), e);
        }
    }

    private static SocketAddress address(String where, String rest) throws UnknownHostException {
        int colon = rest.lastIndexOf(':');
        try {
            int port = Integer.parseInt(rest.substring(colon + 1));
            if (colon >= 0 && port >= 0 && port <= 0xffff) {
                return new InetSocketAddress(colon == 0 ? InetAddress.getLoopbackAddress() : InetAddress.getByName(rest.substring(0, colon)), port);
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new VmException("--serial %s will not do: a TCP port is given as tcp:[HOST]:PORT".formatted(where));
    }

    /** Where it is, with the port that was found. */
    public String name() {
        return name;
    }

    private AutoCloseable subscribe(VmConsole console) {
        // On the VM's thread: never wait.
        return console.subscribe(text -> printed.offer(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private void serve(VmConsole console) {
        ByteBuffer bytes = ByteBuffer.allocate(PIECE);
        try {
            while (true) {
                try (SocketChannel connected = server.accept()) {
                    client = connected;
                    while (connected.read(bytes.clear()) >= 0) {
                        console.type(new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8));
                    }
                } catch (IOException e) {
                    if (!server.isOpen()) {
                        return;
                    }
                    // That client is gone; the next one may come.
                } finally {
                    client = null;
                }
            }
        } finally {
            client = null;
        }
    }

    private void write(OutputStream file) {
        try {
            for (byte[] next = printed.take(); next != END; next = printed.take()) {
                if (file != null) {
                    file.write(next);
                    if (printed.isEmpty()) {
                        file.flush();
                    }
                } else {
                    send(next);
                }
            }
            if (file != null) {
                file.close();
            }
        } catch (IOException e) {
            // A full disk: the ring buffer still has the output.
            printed.clear();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(byte[] bytes) {
        SocketChannel to = client;
        if (to != null) {
            try {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining()) {
                    to.write(buffer);
                }
            } catch (IOException e) {
                // It has hung up; who serves it sees that too.
            }
        }
    }

    /** Writes what was printed and ends. */
    @Override
    public void close() {
        try {
            subscription.close();
            // A client that does not read is not waited for.
            if (printed.offer(END, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                writer.join(PATIENCE);
            }
            if (server != null) {
                server.close();
                SocketChannel last = client;
                if (last != null) {
                    last.close();
                }
            }
            if (socket != null) {
                Files.deleteIfExists(socket);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            throw new VmException("the serial console %s was not closed well: %s".formatted(name, e.getMessage()), e);
        }
    }
}
