package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import proteus.api.io.NetSetting;
import proteus.api.io.Timers;

/** Datagrams between the guest and the host: a socket for each pair of a guest's port and a target, and one for each forwarded port. */
final class UdpFlows {
    private static final int MOST = 256;
    private static final long IDLE_NANOS = 60_000_000_000L;
    private static final int PORT_UNREACHABLE = 3;
    /** Ports of the gateway that stand for clients of a forwarded port. */
    private static final int FIRST_CLIENT_PORT = 0x8000;
    private static final int CLIENT_PORTS = 0x4000;
    private static final int READS_AT_ONCE = 64;

    private record Key(int source, int sourcePort, int target, int targetPort) {}

    private final Packets packets;
    private final HostSockets sockets;
    private final Timers clock;
    private final Map<Key, Flow> flows = new LinkedHashMap<>(16, 0.75f, true);
    private final List<Forwarded> forwards = new ArrayList<>();

    UdpFlows(Packets packets, HostSockets sockets, Timers clock) {
        this.packets = packets;
        this.sockets = sockets;
        this.clock = clock;
    }

    boolean any() {
        return !flows.isEmpty() || !forwards.isEmpty();
    }

    /** A datagram of the guest's for outside. */
    void datagram(byte[] frame, int ip, int udp, int length) {
        Key key = new Key(i32(frame, ip + IP_SOURCE), u16(frame, udp), i32(frame, ip + IP_TARGET), u16(frame, udp + 2));
        ByteBuffer data = ByteBuffer.wrap(frame, udp + UDP_HEADER, length - UDP_HEADER);
        try {
            for (Forwarded forward : forwards) {
                if (forward.answer(key, data)) {
                    return;
                }
            }
            Flow flow = flows.get(key);
            if (flow == null) {
                makeRoom();
                flow = new Flow(key, java.util.Arrays.copyOfRange(frame, ip, udp + UDP_HEADER));
                flows.put(key, flow);
            }
            flow.last = clock.now();
            flow.channel.write(data);
        } catch (PortUnreachableException e) {
            packets.unreachable(frame, ip, PORT_UNREACHABLE);
        } catch (IOException e) {
            packets.unreachable(frame, ip, 0);
        }
    }

    private void makeRoom() {
        Iterator<Flow> oldest = flows.values().iterator();
        while (oldest.hasNext()) {
            Flow flow = oldest.next();
            if (flows.size() < MOST && clock.now() - flow.last < IDLE_NANOS) {
                return;
            }
            flow.close();
            oldest.remove();
        }
    }

    /** Ends what has been silent for long; gives when to look again, {@link Long#MAX_VALUE} for never. */
    long expire() {
        flows.values().removeIf(flow -> {
            boolean old = clock.now() - flow.last >= IDLE_NANOS;
            if (old) {
                flow.close();
            }
            return old;
        });
        return flows.values().stream().mapToLong(flow -> flow.last + IDLE_NANOS).min().orElse(Long.MAX_VALUE);
    }

    /** @throws IOException when the port cannot be had */
    void forward(NetSetting.Forward wish, SocketAddress at, int guest) throws IOException {
        forwards.add(new Forwarded(at, guest, wish.guestPort()));
    }

    void close() {
        flows.values().forEach(Flow::close);
        flows.clear();
        forwards.forEach(Forwarded::close);
        forwards.clear();
    }

    /** One of the guest's. */
    private final class Flow implements HostSockets.Owner {
        private final Key key;
        private final byte[] header;
        private final DatagramChannel channel;
        private final SelectionKey selection;
        private long last;

        Flow(Key key, byte[] header) throws IOException {
            this.key = key;
            this.header = header;
            channel = DatagramChannel.open();
            try {
                channel.connect(new InetSocketAddress(Addresses.host(key.target), key.targetPort));
                selection = sockets.register(channel, this);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e instanceof IOException ? (IOException) e : new IOException(e);
            }
            sockets.await(selection, SelectionKey.OP_READ);
        }

        @Override
        public void ready() {
            last = clock.now();
            try {
                for (int i = 0; i < READS_AT_ONCE; i++) {
                    int count = channel.read(ByteBuffer.wrap(packets.frame, Packets.UDP_DATA, Packets.MOST_UDP_DATA));
                    if (count <= 0) {
                        break;
                    }
                    packets.udp(key.target, key.targetPort, key.source, key.sourcePort, count);
                }
            } catch (PortUnreachableException e) {
                packets.unreachable(header, 0, PORT_UNREACHABLE);
            } catch (IOException e) {
                // Closed, or the host's trouble: datagrams may be lost.
                return;
            }
            sockets.await(selection, SelectionKey.OP_READ);
        }

        void close() {
            sockets.release(channel);
        }
    }

    /** A port of the host that leads to the guest: each client outside is a port of the gateway to the guest. */
    private final class Forwarded implements HostSockets.Owner {
        private final int guest;
        private final int guestPort;
        private final DatagramChannel channel;
        private final SelectionKey selection;
        private final List<SocketAddress> clients = new ArrayList<>();
        private final int firstPort;

        Forwarded(SocketAddress at, int guest, int guestPort) throws IOException {
            this.guest = guest;
            this.guestPort = guestPort;
            firstPort = FIRST_CLIENT_PORT + MOST * forwards.size() % CLIENT_PORTS;
            channel = DatagramChannel.open();
            try {
                channel.bind(at);
                selection = sockets.register(channel, this);
            } catch (IOException e) {
                channel.close();
                throw e;
            }
            sockets.await(selection, SelectionKey.OP_READ);
        }

        @Override
        public void ready() {
            try {
                for (int i = 0; i < READS_AT_ONCE; i++) {
                    ByteBuffer data = ByteBuffer.wrap(packets.frame, Packets.UDP_DATA, Packets.MOST_UDP_DATA);
                    SocketAddress client = channel.receive(data);
                    if (client == null) {
                        break;
                    }
                    int known = clients.indexOf(client);
                    if (known < 0 && clients.size() < MOST) {
                        known = clients.size();
                        clients.add(client);
                    }
                    if (known >= 0) {
                        packets.udp(Addresses.GATEWAY, firstPort + known, guest, guestPort, data.position() - Packets.UDP_DATA);
                    }
                }
            } catch (IOException e) {
                return;
            }
            sockets.await(selection, SelectionKey.OP_READ);
        }

        boolean answer(Key key, ByteBuffer data) throws IOException {
            int client = key.targetPort - firstPort;
            if (key.target != Addresses.GATEWAY || key.sourcePort != guestPort || client < 0 || client >= clients.size()) {
                return false;
            }
            channel.send(data, clients.get(client));
            return true;
        }

        void close() {
            sockets.release(channel);
        }
    }
}
