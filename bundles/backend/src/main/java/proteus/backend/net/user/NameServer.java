package proteus.backend.net.user;

import static proteus.backend.net.wire.Wire.*;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import proteus.api.io.DeviceContext;

/** Answers questions for addresses (RFC 1035) with what the host's resolver knows, names of its own files included. */
final class NameServer {
    static final int PORT = 53;

    private static final int HEADER = 12;
    private static final int TYPE_A = 1;
    private static final int CLASS_INTERNET = 1;
    private static final int RESPONSE = 0x8180;
    private static final int RECURSION = 0x0100;
    private static final int NO_SUCH_NAME = 3, NOT_IMPLEMENTED = 4;
    private static final int SECONDS_TO_LIVE = 60;
    private static final int MOST_ANSWERS = 16;
    private static final int MOST_WAITING = 64;

    private final Packets packets;
    private final DeviceContext machine;
    private int waiting;

    NameServer(Packets packets, DeviceContext machine) {
        this.packets = packets;
        this.machine = machine;
    }

    boolean busy() {
        return waiting > 0;
    }

    /** @param name in words
     *  @param end of the question */
    private record Question(String name, int end) {}

    void datagram(byte[] bytes, int at, int length, int client, int port) {
        if (length < HEADER || (u16(bytes, at + 2) & 0xf800) != 0 || u16(bytes, at + 4) != 1 || waiting == MOST_WAITING) {
            return;
        }
        byte[] query = Arrays.copyOfRange(bytes, at, at + length);
        Optional<Question> question = question(query);
        if (question.isEmpty()) {
            return;
        }
        int type = u16(query, question.get().end - 4);
        if (u16(query, question.get().end - 2) != CLASS_INTERNET) {
            answer(query, question.get(), NOT_IMPLEMENTED, new InetAddress[0], client, port);
            return;
        }
        waiting++;
        Thread.ofVirtual().start(() -> {
            InetAddress[] found;
            int code = 0;
            try {
                found = InetAddress.getAllByName(question.get().name);
            } catch (UnknownHostException e) {
                found = new InetAddress[0];
                code = NO_SUCH_NAME;
            }
            InetAddress[] addresses = type == TYPE_A ? found : new InetAddress[0];
            int result = code;
            machine.post(() -> {
                waiting--;
                answer(query, question.get(), result, addresses, client, port);
            });
        });
    }

    private static Optional<Question> question(byte[] query) {
        StringBuilder name = new StringBuilder();
        int at = HEADER;
        while (at < query.length && query[at] != 0) {
            int label = u8(query, at);
            if (label > 63 || at + 1 + label >= query.length) {
                return Optional.empty();
            }
            name.append(name.isEmpty() ? "" : ".").append(new String(query, at + 1, label, StandardCharsets.ISO_8859_1));
            at += 1 + label;
        }
        return name.isEmpty() || at + 5 > query.length ? Optional.empty() : Optional.of(new Question(name.toString(), at + 5));
    }

    private void answer(byte[] query, Question question, int code, InetAddress[] found, int client, int port) {
        byte[] out = packets.frame;
        int to = Packets.UDP_DATA;
        System.arraycopy(query, 0, out, to, question.end);
        InetAddress[] addresses = Stream.of(found).filter(Inet4Address.class::isInstance).limit(MOST_ANSWERS).toArray(InetAddress[]::new);
        u16(out, to + 2, RESPONSE | u16(query, 2) & RECURSION | code);
        u16(out, to + 6, addresses.length);
        i32(out, to + 8, 0);
        int at = to + question.end;
        for (InetAddress address : addresses) {
            // A pointer to the question's name.
            u16(out, at, 0xc000 | HEADER);
            u16(out, at + 2, TYPE_A);
            u16(out, at + 4, CLASS_INTERNET);
            i32(out, at + 6, SECONDS_TO_LIVE);
            u16(out, at + 10, 4);
            System.arraycopy(address.getAddress(), 0, out, at + 12, 4);
            at += 16;
        }
        packets.udp(Addresses.NAME_SERVER, PORT, client, port, at - to);
    }
}
