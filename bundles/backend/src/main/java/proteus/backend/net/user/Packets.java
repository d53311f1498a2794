package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import proteus.api.io.NetBackend;
import proteus.backend.net.wire.Cable;

/** Makes the frames that go to the guest, in one array: their data is put into it first, at {@link #TCP_DATA} or {@link #UDP_DATA}. */
final class Packets {
    static final int IP = ETHERNET;
    static final int PAYLOAD = ETHERNET + IP_HEADER;
    static final int UDP_DATA = PAYLOAD + UDP_HEADER;
    /** Behind a header without options. */
    static final int TCP_DATA = PAYLOAD + TCP_HEADER;
    /** The most that a frame which is not cut has room for. */
    static final int MOST_UDP_DATA = 1500 - IP_HEADER - UDP_HEADER;

    private static final int TIME_TO_LIVE = 64;

    final byte[] frame = new byte[NetBackend.LONGEST_LARGE];
    private final Cable cable;
    private final byte[] guest;
    private int id;

    /** @param guest address of the card until it is heard of */
    Packets(Cable cable, byte[] guest) {
        this.cable = cable;
        this.guest = guest.clone();
    }

    /** The guest's card has sent from this address. */
    void heard(byte[] bytes, int at) {
        if ((bytes[at] & 1) == 0) {
            System.arraycopy(bytes, at, guest, 0, ADDRESS);
        }
    }

    Cable cable() {
        return cable;
    }

    /** Sends what stands behind the Ethernet header. */
    void ethernet(int type, int length) {
        System.arraycopy(guest, 0, frame, 0, ADDRESS);
        System.arraycopy(Addresses.GATEWAY_ETHERNET, 0, frame, ADDRESS, ADDRESS);
        u16(frame, ETHERTYPE, type);
        cable.send(frame, ETHERNET + length, 0);
    }

    /** Sends what stands behind the IP header. */
    void ip(int protocol, int source, int target, int length) {
        header(protocol, source, target, length);
        ethernet(IPV4, IP_HEADER + length);
    }

    private void header(int protocol, int source, int target, int length) {
        u16(frame, IP, 0x4500);
        u16(frame, IP + IP_TOTAL, IP_HEADER + length);
        u16(frame, IP + IP_ID, id++);
        u16(frame, IP + IP_FRAGMENT, 0);
        u8(frame, IP + IP_TTL, TIME_TO_LIVE);
        u8(frame, IP + IP_PROTOCOL, protocol);
        i32(frame, IP + IP_SOURCE, source);
        i32(frame, IP + IP_TARGET, target);
        completeIp(frame, IP);
    }

    /** Sends a datagram whose data stands at {@link #UDP_DATA}. */
    void udp(int source, int sourcePort, int target, int targetPort, int data) {
        int length = UDP_HEADER + data;
        u16(frame, PAYLOAD, sourcePort);
        u16(frame, PAYLOAD + 2, targetPort);
        u16(frame, PAYLOAD + UDP_LENGTH, length);
        u16(frame, PAYLOAD + UDP_CHECKSUM, 0);
        header(UDP, source, target, length);
        int sum = checksum(sum(frame, PAYLOAD, length, pseudo(frame, IP, UDP, length)));
        u16(frame, PAYLOAD + UDP_CHECKSUM, sum == 0 ? 0xffff : sum);
        ethernet(IPV4, IP_HEADER + length);
    }

    /**
     * Sends a TCP segment.
     *
     * @param header bytes of the header; options stand behind its fixed part already
     * @param data bytes behind the header
     * @param segment 0, or how much data each of the frames may have for which this one stands
     */
    void tcp(int source, int sourcePort, int target, int targetPort, int sequence, int acknowledgement, int flags, int window, int header, int data, int segment) {
        int length = header + data;
        u16(frame, PAYLOAD, sourcePort);
        u16(frame, PAYLOAD + 2, targetPort);
        i32(frame, PAYLOAD + TCP_SEQUENCE, sequence);
        i32(frame, PAYLOAD + TCP_ACKNOWLEDGEMENT, acknowledgement);
        u8(frame, PAYLOAD + TCP_OFFSET, header / 4 << 4);
        u8(frame, PAYLOAD + TCP_FLAGS, flags);
        u16(frame, PAYLOAD + TCP_WINDOW, window);
        i32(frame, PAYLOAD + TCP_CHECKSUM, 0);
        header(TCP, source, target, length);
        if (segment == 0) {
            completeTcp(frame, IP, PAYLOAD, length);
        }
        System.arraycopy(guest, 0, frame, 0, ADDRESS);
        System.arraycopy(Addresses.GATEWAY_ETHERNET, 0, frame, ADDRESS, ADDRESS);
        u16(frame, ETHERTYPE, IPV4);
        cable.send(frame, PAYLOAD + length, segment);
    }

    /** Tells of a packet that goes nowhere (RFC 792): its header and the first eight bytes behind it come back. */
    void unreachable(byte[] packet, int ip, int code) {
        int quoted = ipHeader(packet, ip) + 8;
        System.arraycopy(packet, ip, frame, PAYLOAD + 8, quoted);
        int source = i32(packet, ip + IP_SOURCE);
        u16(frame, PAYLOAD, 3 << 8 | code);
        i32(frame, PAYLOAD + 2, 0);
        u16(frame, PAYLOAD + 6, 0);
        u16(frame, PAYLOAD + 2, checksum(sum(frame, PAYLOAD, 8 + quoted, 0)));
        ip(ICMP, Addresses.GATEWAY, source, 8 + quoted);
    }
}
