package proteus.backend.net.user;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static proteus.backend.net.wire.Wire.*;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.IntPredicate;
import proteus.api.io.NetBackend;
import proteus.backend.net.TestMachine;

/** A guest with a card and just enough of a network stack: it checks each frame's lengths and checksums and speaks one TCP connection. */
final class TestGuest implements NetBackend.Card {
    static final byte[] CARD = {0x52, 0x54, 0, 0x12, 0x34, 0x56};

    final TestMachine machine;
    final NetBackend net;
    /** IP packets and ARP messages that came, without Ethernet header; TCP of the connection is not among them. */
    final Deque<byte[]> arrived = new ArrayDeque<>();
    /** Frames that the card has room for now; what comes beyond is refused. */
    int room = Integer.MAX_VALUE;
    boolean large;

    // The one TCP connection.
    int port = 40_000;
    int peer = Addresses.GATEWAY;
    int peerPort;
    int sequence = 1000;
    int acknowledged;
    int expected;
    int window = 0xffff;
    boolean open;
    boolean ended;
    boolean reset;
    int longest;
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    /** By the number of the data segment that came: whether it is lost. */
    IntPredicate lost = number -> false;
    private int number;

    TestGuest(TestMachine machine, NetBackend net) {
        this.machine = machine;
        this.net = net;
        net.connect(this);
    }

    @Override
    public boolean large() {
        return large;
    }

    @Override
    public boolean receive(byte[] frame, int length, int segment) {
        if (room == 0) {
            return false;
        }
        room--;
        assertEquals(0, Arrays.compare(CARD, 0, 6, frame, 0, 6) & ~1, "to the card");
        if (u16(frame, ETHERTYPE) != IPV4) {
            arrived.add(Arrays.copyOfRange(frame, ETHERNET, length));
            return true;
        }
        int ip = ETHERNET;
        int total = u16(frame, ip + IP_TOTAL);
        assertEquals(length, ETHERNET + total, "length of the packet");
        assertEquals(0, checksum(sum(frame, ip, 20, 0)), "checksum of the IP header");
        int bytes = total - 20;
        int protocol = u8(frame, ip + IP_PROTOCOL);
        if (protocol == ICMP) {
            assertEquals(0, checksum(sum(frame, ip + 20, bytes, 0)), "ICMP");
        } else if (segment == 0) {
            assertEquals(0, checksum(sum(frame, ip + 20, bytes, pseudo(frame, ip, protocol, bytes))), "checksum of protocol " + protocol);
        }
        if (protocol == TCP && u16(frame, ip + 22) == port) {
            segment(frame, ip + 20, bytes);
        } else {
            arrived.add(Arrays.copyOfRange(frame, ETHERNET, length));
        }
        return true;
    }

    private void segment(byte[] frame, int tcp, int bytes) {
        int flags = u8(frame, tcp + TCP_FLAGS);
        int header = (u8(frame, tcp + TCP_OFFSET) >> 4) * 4;
        int number = i32(frame, tcp + TCP_SEQUENCE);
        if ((flags & RST) != 0) {
            reset = true;
            return;
        }
        if ((flags & ACK) != 0) {
            acknowledged = i32(frame, tcp + TCP_ACKNOWLEDGEMENT);
        }
        if ((flags & SYN) != 0) {
            peerPort = u16(frame, tcp);
            expected = number + 1;
            open = true;
            if ((flags & ACK) == 0) {
                answer(SYN | ACK, sequence++);
            } else {
                answer(ACK, sequence);
            }
            return;
        }
        int size = bytes - header;
        longest = Math.max(longest, size);
        if (size > 0 && lost.test(this.number++)) {
            return;
        }
        if (number == expected) {
            received.write(frame, tcp + header, size);
            expected += size;
            if ((flags & FIN) != 0) {
                expected++;
                ended = true;
            }
        }
        if (size > 0 || (flags & FIN) != 0) {
            answer(ACK, sequence);
        }
    }

    /** As a guest does: later, not from within the card. */
    private void answer(int flags, int number) {
        machine.post(() -> tcp(flags, number, new byte[0], 0, 0));
    }

    void connect(int to) {
        peerPort = to;
        tcp(SYN, sequence++, new byte[0], 0, 0);
    }

    /** Sends all of it, segment by segment, as the peer's acknowledgements come. */
    void send(byte[] data) {
        int from = sequence;
        for (int at = 0; at < data.length; ) {
            int now = Math.min(1460, data.length - at);
            tcp(ACK | PSH, from + at, data, at, now);
            at += now;
            sequence = from + at;
            int wanted = sequence;
            machine.until("acknowledgement of " + at, () -> acknowledged == wanted || reset);
        }
    }

    void finish() {
        tcp(FIN | ACK, sequence++, new byte[0], 0, 0);
    }

    void tcp(int flags, int number, byte[] data, int at, int length) {
        byte[] frame = new byte[ETHERNET + 40 + length];
        int tcp = ip(frame, TCP, peer, 20 + length);
        u16(frame, tcp, port);
        u16(frame, tcp + 2, peerPort);
        i32(frame, tcp + TCP_SEQUENCE, number);
        i32(frame, tcp + TCP_ACKNOWLEDGEMENT, expected);
        u8(frame, tcp + TCP_OFFSET, 0x50);
        u8(frame, tcp + TCP_FLAGS, flags);
        u16(frame, tcp + TCP_WINDOW, window);
        System.arraycopy(data, at, frame, tcp + 20, length);
        completeTcp(frame, ETHERNET, tcp, 20 + length);
        net.transmit(frame, frame.length, 0);
    }

    /** Headers in front of what the caller puts behind them. */
    static int ip(byte[] frame, int protocol, int target, int length) {
        System.arraycopy(CARD, 0, frame, ADDRESS, ADDRESS);
        u16(frame, ETHERTYPE, IPV4);
        u16(frame, ETHERNET, 0x4500);
        u16(frame, ETHERNET + IP_TOTAL, 20 + length);
        u8(frame, ETHERNET + IP_TTL, 64);
        u8(frame, ETHERNET + IP_PROTOCOL, protocol);
        i32(frame, ETHERNET + IP_SOURCE, Addresses.GUEST);
        i32(frame, ETHERNET + IP_TARGET, target);
        completeIp(frame, ETHERNET);
        return ETHERNET + 20;
    }

    void udp(int from, int target, int to, byte[] data) {
        byte[] frame = new byte[ETHERNET + 28 + data.length];
        int udp = ip(frame, UDP, target, 8 + data.length);
        u16(frame, udp, from);
        u16(frame, udp + 2, to);
        u16(frame, udp + UDP_LENGTH, 8 + data.length);
        System.arraycopy(data, 0, frame, udp + 8, data.length);
        u16(frame, udp + UDP_CHECKSUM, checksum(sum(frame, udp, 8 + data.length, pseudo(frame, ETHERNET, UDP, 8 + data.length))));
        net.transmit(frame, frame.length, 0);
    }

    /** The data of the datagram that came next. */
    byte[] datagram() {
        machine.until("a datagram", () -> !arrived.isEmpty());
        byte[] packet = arrived.remove();
        assertEquals(UDP, u8(packet, IP_PROTOCOL));
        return Arrays.copyOfRange(packet, 28, packet.length);
    }
}
