package proteus.backend.net.wire;

import static proteus.backend.net.wire.Wire.*;

/** Cuts a TCP segment that stands for several into those (what cards call TCP segmentation offload). */
public final class Segments {
    /** Takes a frame; the array is used again for the next one. */
    public interface Sink {
        void frame(byte[] frame, int length);
    }

    private Segments() {}

    /** Whether it is TCP over IPv4 with whole headers, so that {@link #cut} can do it. */
    public static boolean possible(byte[] frame, int length) {
        if (length < ETHERNET + IP_HEADER + TCP_HEADER || u16(frame, ETHERTYPE) != IPV4 || frame[ETHERNET] >> 4 != 4 || u8(frame, ETHERNET + IP_PROTOCOL) != TCP) {
            return false;
        }
        int tcp = ETHERNET + ipHeader(frame, ETHERNET);
        return ipHeader(frame, ETHERNET) >= IP_HEADER && tcp + TCP_HEADER <= length && offset(frame, tcp) >= TCP_HEADER && tcp + offset(frame, tcp) <= length;
    }

    private static int offset(byte[] frame, int tcp) {
        return (u8(frame, tcp + TCP_OFFSET) >> 4) * 4;
    }

    /** Fills in the lengths of the whole: some drivers leave them out. */
    public static void complete(byte[] frame, int length) {
        u16(frame, ETHERNET + IP_TOTAL, length - ETHERNET);
        completeIp(frame, ETHERNET);
    }

    public static void cut(byte[] frame, int length, int segment, Sink sink) {
        int tcp = ETHERNET + ipHeader(frame, ETHERNET);
        int data = tcp + offset(frame, tcp);
        int sequence = i32(frame, tcp + TCP_SEQUENCE);
        int id = u16(frame, ETHERNET + IP_ID);
        int flags = u8(frame, tcp + TCP_FLAGS);
        byte[] out = new byte[data + segment];
        int at = data;
        do {
            int now = Math.min(segment, length - at);
            System.arraycopy(frame, 0, out, 0, data);
            System.arraycopy(frame, at, out, data, now);
            boolean last = at + now == length;
            u16(out, ETHERNET + IP_TOTAL, data + now - ETHERNET);
            u16(out, ETHERNET + IP_ID, id++);
            completeIp(out, ETHERNET);
            i32(out, tcp + TCP_SEQUENCE, sequence + at - data);
            u8(out, tcp + TCP_FLAGS, last ? flags : flags & ~(FIN | PSH));
            completeTcp(out, ETHERNET, tcp, data + now - tcp);
            sink.frame(out, data + now);
            at += now;
        } while (at < length);
    }
}
