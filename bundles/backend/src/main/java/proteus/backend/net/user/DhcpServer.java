package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import java.util.Arrays;

/** Gives the one guest its address (RFC 2131, RFC 2132). */
final class DhcpServer {
    static final int SERVER_PORT = 67;
    private static final int CLIENT_PORT = 68;

    private static final int TRANSACTION = 4, CLIENT_ADDRESS = 12, YOUR_ADDRESS = 16, SERVER_ADDRESS = 20, HARDWARE = 28, COOKIE_AT = 236, OPTIONS = 240;
    private static final int COOKIE = 0x6382_5363;
    private static final int DISCOVER = 1, OFFER = 2, REQUEST = 3, ACKNOWLEDGE = 5, REFUSE = 6, INFORM = 8;
    private static final int MASK = 1, ROUTER = 3, NAME_SERVER = 6, WISHED_ADDRESS = 50, LEASE = 51, MESSAGE = 53, SERVER = 54, END = 255;
    private static final int LEASE_SECONDS = 86_400;
    /** What a client must be able to take; some take no less (RFC 951). */
    private static final int LEAST = 300;

    private final Packets packets;

    DhcpServer(Packets packets) {
        this.packets = packets;
    }

    /** A datagram to the server's port. */
    void datagram(byte[] bytes, int at, int length) {
        if (length < OPTIONS || bytes[at] != 1 || i32(bytes, at + COOKIE_AT) != COOKIE) {
            return;
        }
        int message = option(bytes, at, length, MESSAGE, 1);
        int wished = option(bytes, at, length, WISHED_ADDRESS, 4);
        int current = i32(bytes, at + CLIENT_ADDRESS);
        switch (message) {
            case DISCOVER -> answer(bytes, at, OFFER);
            case REQUEST -> answer(bytes, at, (wished == 0 ? current : wished) == Addresses.GUEST ? ACKNOWLEDGE : REFUSE);
            case INFORM -> answer(bytes, at, ACKNOWLEDGE);
            default -> {
                // DECLINE and RELEASE: the address is this guest's whatever it says.
            }
        }
    }

    /** The value of an option, or 0. */
    private static int option(byte[] bytes, int at, int length, int wanted, int size) {
        int i = at + OPTIONS;
        int end = at + length;
        while (i < end && u8(bytes, i) != END) {
            if (bytes[i] == 0) {
                i++;
                continue;
            }
            if (i + 2 > end || i + 2 + u8(bytes, i + 1) > end) {
                return 0;
            }
            if (u8(bytes, i) == wanted && u8(bytes, i + 1) == size) {
                return size == 1 ? u8(bytes, i + 2) : i32(bytes, i + 2);
            }
            i += 2 + u8(bytes, i + 1);
        }
        return 0;
    }

    private void answer(byte[] question, int at, int message) {
        byte[] out = packets.frame;
        int to = Packets.UDP_DATA;
        Arrays.fill(out, to, to + LEAST, (byte) 0);
        out[to] = 2;
        out[to + 1] = 1;
        out[to + 2] = ADDRESS;
        System.arraycopy(question, at + TRANSACTION, out, to + TRANSACTION, 4);
        System.arraycopy(question, at + 10, out, to + 10, 2);
        System.arraycopy(question, at + HARDWARE, out, to + HARDWARE, 16);
        i32(out, to + COOKIE_AT, COOKIE);
        int end = to + OPTIONS;
        end = put(out, end, MESSAGE, 1, message);
        end = put(out, end, SERVER, 4, Addresses.GATEWAY);
        if (message != REFUSE) {
            i32(out, to + YOUR_ADDRESS, Addresses.GUEST);
            i32(out, to + SERVER_ADDRESS, Addresses.GATEWAY);
            end = put(out, end, LEASE, 4, LEASE_SECONDS);
            end = put(out, end, MASK, 4, Addresses.MASK);
            end = put(out, end, ROUTER, 4, Addresses.GATEWAY);
            end = put(out, end, NAME_SERVER, 4, Addresses.NAME_SERVER);
        }
        u8(out, end, END);
        packets.udp(Addresses.GATEWAY, SERVER_PORT, message == REFUSE ? -1 : Addresses.GUEST, CLIENT_PORT, LEAST);
    }

    private static int put(byte[] out, int at, int code, int size, int value) {
        u8(out, at, code);
        u8(out, at + 1, size);
        if (size == 1) {
            u8(out, at + 2, value);
        } else {
            i32(out, at + 2, value);
        }
        return at + 2 + size;
    }
}
