package proteus.debug.rsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PacketsTest {
    private static ByteArrayInputStream wire(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static List<Packets.Item> all(String text) throws IOException {
        ByteArrayInputStream in = wire(text);
        List<Packets.Item> items = new ArrayList<>();
        for (Packets.Item item = Packets.read(in); item != null; item = Packets.read(in)) {
            items.add(item);
        }
        return items;
    }

    @Test
    void anAnswerHasItsChecksum() {
        assertEquals("$OK#9a", new String(Packets.frame("OK"), StandardCharsets.ISO_8859_1));
        assertEquals("$#00", new String(Packets.frame(""), StandardCharsets.ISO_8859_1));
    }

    @Test
    void bytesThatMeanSomethingAreEscaped() {
        assertEquals("$}\u0003}\u0004}]}\n#", new String(Packets.frame("#$}*"), StandardCharsets.ISO_8859_1).replaceFirst("..$", ""));
    }

    @Test
    void everyByteComesThrough() throws IOException {
        StringBuilder every = new StringBuilder();
        for (int i = 0; i < 256; i++) {
            every.append((char) i);
        }
        assertEquals(List.of(new Packets.Packet(every.toString())),
                all(new String(Packets.frame(every.toString()), StandardCharsets.ISO_8859_1)));
    }

    @Test
    void packetsAcknowledgmentsAndInterruptsComeInOrder() throws IOException {
        assertEquals(List.of(new Packets.Acknowledgment(true), new Packets.Packet("g"), new Packets.Interrupt(), new Packets.Acknowledgment(false)),
                all("+$g#67xyz\u0003-"));
    }

    @Test
    void aWrongChecksumDamages() throws IOException {
        assertEquals(List.of(new Packets.Damaged(), new Packets.Packet("g")), all("$g#68$g#67"));
        assertEquals(List.of(new Packets.Damaged()), all("$g#zz"));
    }

    @Test
    void aPacketInAPacketIsTheNextOne() throws IOException {
        assertEquals(List.of(new Packets.Packet("g")), all("$m1234,$g#67"));
    }

    @Test
    void anEndlessPacketIsReadAndNotKept() throws IOException {
        String data = "m".repeat(1 << 20);
        assertInstanceOf(Packets.Damaged.class, all("$" + data + "#00").getFirst());
    }

    @Test
    void aCutPacketIsTheEnd() throws IOException {
        for (String cut : List.of("$", "$g", "$g}", "")) {
            assertNull(Packets.read(wire(cut)));
        }
    }

    @Test
    void noiseNeverFails() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 2000; i++) {
            byte[] noise = new byte[random.nextInt(60)];
            random.nextBytes(noise);
            all("$" + new String(noise, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void numbersAreHexadecimalAndFitInto64Bits() {
        assertEquals(-1, Hex.number("ffffffffffffffff"));
        for (String wrong : List.of("", "-1", "+1", "0x1", "10000000000000000", "g")) {
            assertThrows(MalformedPacketException.class, () -> Hex.number(wrong));
        }
        assertThrows(MalformedPacketException.class, () -> Hex.decode("abc"));
    }
}
