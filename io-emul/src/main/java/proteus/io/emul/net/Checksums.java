package proteus.io.emul.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What a card computes over frames: the Internet checksum (RFC 1071) and where TCP/IP headers lie. */
final class Checksums {
    static final int ETHERNET = 14;
    static final int IPV4 = 0x0800;
    static final int TCP = 6;
    static final int UDP = 17;

    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private Checksums() {}

    static int u16(byte[] bytes, int at) {
        return (short) SHORTS.get(bytes, at) & 0xffff;
    }

    static int sum(byte[] bytes, int from, int end, int begun) {
        long sum = begun;
        int i = from;
        for (; i + 4 <= end; i += 4) {
            sum += (int) INTS.get(bytes, i) & 0xffff_ffffL;
        }
        if (i + 2 <= end) {
            sum += u16(bytes, i);
            i += 2;
        }
        if (i < end) {
            sum += (bytes[i] & 0xff) << 8;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }

    /** Computes a checksum over what lies there, an old value at its place included, and puts it to that place. Nothing happens where it cannot be. */
    static void put(byte[] frame, int length, int start, int end, int place) {
        int last = end == 0 || end >= length ? length : end + 1;
        if (start < last && place + 2 <= length) {
            int sum = ~sum(frame, start, last, 0) & 0xffff;
            SHORTS.set(frame, place, (short) sum);
        }
    }

    /** Length of the IPv4 header, or 0 if the frame has none that is whole. */
    static int ipHeader(byte[] frame, int length) {
        if (length < ETHERNET + 20 || u16(frame, 12) != IPV4 || frame[ETHERNET] >> 4 != 4) {
            return 0;
        }
        int header = (frame[ETHERNET] & 0xf) * 4;
        int total = u16(frame, ETHERNET + 2);
        return header < 20 || total < header || ETHERNET + total > length ? 0 : header;
    }

    static boolean ipRight(byte[] frame, int header) {
        return sum(frame, ETHERNET, ETHERNET + header, 0) == 0xffff;
    }

    /** Whether it is TCP or UDP and no fragment, so that there is a checksum over all of it. */
    static boolean transport(byte[] frame, int header) {
        int protocol = frame[ETHERNET + 9];
        boolean whole = (u16(frame, ETHERNET + 6) & 0x3fff) == 0;
        int least = ETHERNET + header + (protocol == UDP ? 8 : 20);
        boolean none = protocol == UDP && least <= frame.length && u16(frame, ETHERNET + header + 6) == 0;
        return whole && (protocol == TCP || protocol == UDP) && ETHERNET + u16(frame, ETHERNET + 2) >= least && !none;
    }

    static boolean transportRight(byte[] frame, int header) {
        int end = ETHERNET + u16(frame, ETHERNET + 2);
        int from = ETHERNET + header;
        int pseudo = sum(frame, ETHERNET + 12, ETHERNET + 20, (frame[ETHERNET + 9] & 0xff) + end - from);
        return sum(frame, from, end, pseudo) == 0xffff;
    }
}
