package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongConsumer;
import proteus.api.io.DeviceContext;

/** The TCP connections of the guest and the ports of the host that lead to it. */
final class TcpFlows {
    private static final int MOST = 512;
    private static final int FIRST_PORT = 0xc000;

    private final Packets packets;
    private final HostSockets sockets;
    private final DeviceContext machine;
    private final LongConsumer armed;
    private final Map<TcpConnection.Key, TcpConnection> connections = new LinkedHashMap<>();
    private final List<Listener> listeners = new ArrayList<>();
    private final Set<TcpConnection> dirty = new LinkedHashSet<>();
    /** Initial sequence numbers: nobody but the guest could make use of guessing them. */
    private final SplittableRandom sequences = new SplittableRandom(1);
    private boolean posted;
    private int nextPort;

    /** @param armed told of deadlines */
    TcpFlows(Packets packets, HostSockets sockets, DeviceContext machine, LongConsumer armed) {
        this.packets = packets;
        this.sockets = sockets;
        this.machine = machine;
        this.armed = armed;
    }

    Packets packets() {
        return packets;
    }

    HostSockets sockets() {
        return sockets;
    }

    long now() {
        return machine.timers().now();
    }

    void armed(long deadline) {
        armed.accept(deadline);
    }

    boolean any() {
        return !connections.isEmpty() || !listeners.isEmpty();
    }

    int connections() {
        return connections.size();
    }

    /** A segment of the guest's; the IP header is good, {@code length} goes from the TCP header on. */
    void segment(byte[] frame, int ip, int tcp, int length, boolean checked) {
        int header = length < TCP_HEADER ? 0 : (u8(frame, tcp + TCP_OFFSET) >> 4) * 4;
        if (header < TCP_HEADER || header > length || !checked && checksum(sum(frame, tcp, length, pseudo(frame, ip, TCP, length))) != 0) {
            return;
        }
        TcpConnection.Key key = new TcpConnection.Key(i32(frame, ip + IP_SOURCE), u16(frame, tcp), i32(frame, ip + IP_TARGET), u16(frame, tcp + 2));
        TcpConnection connection = connections.get(key);
        int flags = u8(frame, tcp + TCP_FLAGS);
        if (connection != null) {
            connection.segment(frame, tcp, tcp + header, length - header);
        } else if ((flags & (SYN | ACK | RST)) == SYN && connections.size() < MOST && (Addresses.outside(key.peer()) || key.peer() == Addresses.GATEWAY)) {
            connect(key, frame, tcp);
        } else if ((flags & RST) == 0) {
            refuse(key, frame, tcp, length - header, flags);
        }
    }

    private void connect(TcpConnection.Key key, byte[] frame, int tcp) {
        try {
            SocketChannel channel = SocketChannel.open();
            try {
                channel.configureBlocking(false);
                channel.connect(new InetSocketAddress(Addresses.host(key.peer()), key.peerPort()));
                connections.put(key, TcpConnection.outgoing(key, this, channel, sequences.nextInt(), frame, tcp));
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            refuse(key, frame, tcp, 0, SYN);
        }
    }

    /** There is no such connection (RFC 9293, 3.10.7.1). */
    private void refuse(TcpConnection.Key key, byte[] frame, int tcp, int data, int flags) {
        if ((flags & ACK) != 0) {
            reset(key, i32(frame, tcp + TCP_ACKNOWLEDGEMENT), 0, 0);
        } else {
            int size = data + ((flags & SYN) != 0 ? 1 : 0) + ((flags & FIN) != 0 ? 1 : 0);
            reset(key, 0, i32(frame, tcp + TCP_SEQUENCE) + size, ACK);
        }
    }

    /** @param flags ACK if there is something to acknowledge */
    void reset(TcpConnection.Key key, int sequence, int acknowledgement, int flags) {
        packets.tcp(key.peer(), key.peerPort(), key.guest(), key.guestPort(), sequence, acknowledgement, RST | flags, 0, TCP_HEADER, 0, 0);
    }

    /** @throws IOException when the port cannot be had */
    void forward(SocketAddress at, int guest, int guestPort) throws IOException {
        listeners.add(new Listener(at, guest, guestPort));
    }

    /** What becomes of a connection is done once for all that happens to it in one go of the machine's thread: acknowledgements are saved so. */
    void dirty(TcpConnection connection) {
        dirty.add(connection);
        if (!posted) {
            posted = true;
            machine.post(this::work);
        }
    }

    private void work() {
        posted = false;
        List<TcpConnection> now = List.copyOf(dirty);
        dirty.clear();
        now.forEach(TcpConnection::work);
    }

    /** There is room on the way to the guest. */
    void resume() {
        connections.values().forEach(this::dirty);
    }

    void gone(TcpConnection connection) {
        connections.remove(connection.key(), connection);
    }

    /** Does what is due; gives when the next thing is. */
    long expire() {
        long now = now();
        List.copyOf(connections.values()).stream().filter(connection -> connection.deadline() <= now).forEach(TcpConnection::expire);
        return connections.values().stream().mapToLong(TcpConnection::deadline).min().orElse(Long.MAX_VALUE);
    }

    void close() {
        List.copyOf(connections.values()).forEach(TcpConnection::close);
        listeners.forEach(Listener::close);
        listeners.clear();
    }

    /** A port of the host. */
    private final class Listener implements HostSockets.Owner {
        private final ServerSocketChannel channel;
        private final SelectionKey selection;
        private final int guest;
        private final int guestPort;

        Listener(SocketAddress at, int guest, int guestPort) throws IOException {
            this.guest = guest;
            this.guestPort = guestPort;
            channel = ServerSocketChannel.open();
            try {
                channel.bind(at);
                selection = sockets.register(channel, this);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            sockets.await(selection, SelectionKey.OP_ACCEPT);
        }

        @Override
        public void ready() {
            try {
                for (SocketChannel accepted = channel.accept(); accepted != null; accepted = channel.accept()) {
                    take(accepted);
                }
            } catch (IOException e) {
                // A client that went away, or no more files: the next one may come.
            }
            sockets.await(selection, SelectionKey.OP_ACCEPT);
        }

        private void take(SocketChannel accepted) throws IOException {
            if (connections.size() >= MOST) {
                accepted.close();
                return;
            }
            TcpConnection.Key key;
            do {
                key = new TcpConnection.Key(guest, guestPort, Addresses.GATEWAY, FIRST_PORT + (nextPort++ & 0x3fff));
            } while (connections.containsKey(key));
            connections.put(key, TcpConnection.incoming(key, TcpFlows.this, accepted, sequences.nextInt()));
        }

        void close() {
            sockets.release(channel);
        }
    }
}
