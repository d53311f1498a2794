package proteus.backend.net.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers as they are on the wire, most significant byte first, and the places of what Ethernet (IEEE 802.3), IPv4 (RFC 791) and TCP (RFC 9293) put there. */
public final class Wire {
    public static final int ETHERNET = 14;
    public static final int ETHERTYPE = 12;
    public static final int IPV4 = 0x0800;
    public static final int ARP = 0x0806;
    public static final int ADDRESS = 6;

    /** Offsets in an IP header. */
    public static final int IP_TOTAL = 2, IP_ID = 4, IP_FRAGMENT = 6, IP_TTL = 8, IP_PROTOCOL = 9, IP_CHECKSUM = 10, IP_SOURCE = 12, IP_TARGET = 16, IP_HEADER = 20;

    public static final int ICMP = 1, TCP = 6, UDP = 17;

    /** Offsets in a TCP header. */
    public static final int TCP_SEQUENCE = 4, TCP_ACKNOWLEDGEMENT = 8, TCP_OFFSET = 12, TCP_FLAGS = 13, TCP_WINDOW = 14, TCP_CHECKSUM = 16, TCP_HEADER = 20;

    public static final int FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;

    public static final int UDP_LENGTH = 4, UDP_CHECKSUM = 6, UDP_HEADER = 8;

    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private Wire() {}

    public static int u8(byte[] bytes, int at) {
        return bytes[at] & 0xff;
    }

    public static int u16(byte[] bytes, int at) {
        return (short) SHORTS.get(bytes, at) & 0xffff;
    }

    public static int i32(byte[] bytes, int at) {
        return (int) INTS.get(bytes, at);
    }

    public static void u8(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
    }

    public static void u16(byte[] bytes, int at, int value) {
        SHORTS.set(bytes, at, (short) value);
    }

    public static void i32(byte[] bytes, int at, int value) {
        INTS.set(bytes, at, value);
    }

    /** The sum of 16-bit words that checksums are made of (RFC 1071), begun with another sum. */
    public static int sum(byte[] bytes, int at, int length, int begun) {
        long sum = begun & 0xffff_ffffL;
        int end = at + length;
        int i = at;
        for (; i + 4 <= end; i += 4) {
            sum += i32(bytes, i) & 0xffff_ffffL;
        }
        if (i + 2 <= end) {
            sum += u16(bytes, i);
            i += 2;
        }
        if (i < end) {
            sum += (long) u8(bytes, i) << 8;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }

    /** The checksum of a sum: 0 where it is right already. */
    public static int checksum(int sum) {
        return ~sum & 0xffff;
    }

    /** The sum of the pseudo header of TCP and UDP (RFC 9293, 3.1). */
    public static int pseudo(byte[] bytes, int ip, int protocol, int length) {
        return sum(bytes, ip + IP_SOURCE, 8, protocol + length);
    }

    /** Length of the IP header. */
    public static int ipHeader(byte[] bytes, int ip) {
        return (bytes[ip] & 0xf) * 4;
    }

    /** Fills in the checksum of an IP header. */
    public static void completeIp(byte[] bytes, int ip) {
        u16(bytes, ip + IP_CHECKSUM, 0);
        u16(bytes, ip + IP_CHECKSUM, checksum(sum(bytes, ip, ipHeader(bytes, ip), 0)));
    }

    /** Fills in the checksum of a TCP segment. */
    public static void completeTcp(byte[] bytes, int ip, int tcp, int length) {
        u16(bytes, tcp + TCP_CHECKSUM, 0);
        u16(bytes, tcp + TCP_CHECKSUM, checksum(sum(bytes, tcp, length, pseudo(bytes, ip, TCP, length))));
    }
}
