package proteus.qtest.wire;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** Waits for bytes on all connections and has them received, until it is stopped or nobody is connected any more. */
public final class EventLoop implements AutoCloseable {
    private final Selector selector;
    private final List<Connection> connections = new ArrayList<>();
    private boolean stopped;

    public EventLoop() throws IOException {
        selector = Selector.open();
    }

    /** Connects to a Unix socket on which somebody listens. */
    public Connection connect(String path) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(path));
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            Connection connection = new Connection(channel, key);
            key.attach(connection);
            connections.add(connection);
            return connection;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Works on the calling thread. */
    public void run() throws IOException {
        while (!stopped && connections.stream().anyMatch(Connection::open)) {
            selector.select(key -> ((Connection) key.attachment()).ready());
        }
    }

    /** Ends the work behind what is being received; on the loop's thread. */
    public void stop() {
        stopped = true;
    }

    @Override
    public void close() throws IOException {
        connections.forEach(Connection::close);
        selector.close();
    }
}
