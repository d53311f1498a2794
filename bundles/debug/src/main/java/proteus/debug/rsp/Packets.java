package proteus.debug.rsp;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Packets: {@code $data#checksum}, the checksum being the sum of the data modulo 256 as two digits. In the data the bytes
 * <code>}</code>, {@code $}, {@code #} and (in answers) {@code *} are written as <code>}</code> and the byte with bit 5 inverted. Data are
 * strings with a byte in each character.
 */
public final class Packets {
    /** Most bytes of a packet's data, as they are on the wire. */
    public static final int MOST = 0x4000;

    private static final int START = '$', END = '#', ESCAPE = '}', RUN = '*', ESCAPED = 0x20, INTERRUPT = 3;

    private Packets() {}

    /** What comes from a debugger. */
    public sealed interface Item {}

    /** A packet with the right checksum, escapes resolved. */
    public record Packet(String data) implements Item {}

    /** A packet that came damaged or is too long. */
    public record Damaged() implements Item {}

    /** An acknowledgment: whether the last answer arrived well. */
    public record Acknowledgment(boolean good) implements Item {}

    /** Ctrl-C. */
    public record Interrupt() implements Item {}

    /** The bytes of an answer. */
    public static byte[] frame(String data) {
        ByteArrayOutputStream wire = new ByteArrayOutputStream(data.length() + 8);
        wire.write(START);
        int sum = 0;
        for (byte b : data.getBytes(StandardCharsets.ISO_8859_1)) {
            if (b == START || b == END || b == ESCAPE || b == RUN) {
                wire.write(ESCAPE);
                wire.write(b ^ ESCAPED);
                sum += ESCAPE + (b ^ ESCAPED);
            } else {
                wire.write(b);
                sum += b;
            }
        }
        wire.write(END);
        wire.writeBytes("%02x".formatted(sum & 0xff).getBytes(StandardCharsets.US_ASCII));
        return wire.toByteArray();
    }

    /**
     * The next item; bytes outside of packets that mean nothing are skipped.
     *
     * @return null at the end of the stream
     */
    public static Item read(InputStream in) throws IOException {
        while (true) {
            int b = in.read();
            switch (b) {
                case -1 -> {
                    return null;
                }
                case '+' -> {
                    return new Acknowledgment(true);
                }
                case '-' -> {
                    return new Acknowledgment(false);
                }
                case INTERRUPT -> {
                    return new Interrupt();
                }
                case START -> {
                    return packet(in);
                }
                default -> { }
            }
        }
    }

    private static Item packet(InputStream in) throws IOException {
        StringBuilder data = new StringBuilder();
        int sum = 0;
        int length = 0;
        boolean escaped = false;
        while (true) {
            int b = in.read();
            if (b < 0) {
                return null;
            }
            if (b == START) {
                // the rest of a packet was lost and this is the next one
                data.setLength(0);
                sum = length = 0;
                escaped = false;
                continue;
            }
            if (b == END) {
                int high = Character.digit(in.read(), 16);
                int low = Character.digit(in.read(), 16);
                boolean good = high >= 0 && low >= 0 && (high << 4 | low) == (sum & 0xff) && !escaped && length <= MOST;
                return good ? new Packet(data.toString()) : new Damaged();
            }
            sum += b;
            if (++length > MOST) {
                continue; // read to its end, and not kept
            }
            if (b == ESCAPE && !escaped) {
                escaped = true;
            } else {
                data.append((char) (escaped ? b ^ ESCAPED : b));
                escaped = false;
            }
        }
    }
}
