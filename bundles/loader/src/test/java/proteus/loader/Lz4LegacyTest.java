package proteus.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** LZ4's legacy frame by the letter of its format. */
class Lz4LegacyTest {
    private final ByteArrayOutputStream frame = new ByteArrayOutputStream();

    Lz4LegacyTest() {
        frame.writeBytes(Lz4Legacy.MAGIC);
    }

    private void block(int... bytes) {
        for (int i = 0; i < Integer.BYTES; i++) {
            frame.write(bytes.length >>> 8 * i);
        }
        for (int value : bytes) {
            frame.write(value);
        }
    }

    private String unpack(int size) throws IOException {
        byte[] packed = frame.toByteArray();
        return new String(Lz4Legacy.unpack(packed, 0, packed.length, size), StandardCharsets.ISO_8859_1);
    }

    @Test
    void literalsAndAMatchThatOverlapsItself() throws IOException {
        block(0x26, 'a', 'b', 2, 0, 0x10, '!');
        assertEquals("ab" + "ababababab" + "!", unpack(13));
    }

    @Test
    void lengthsGoOnInFurtherBytes() throws IOException {
        int[] bytes = new int[1 + 2 + 273 + 2 + 2 + 1 + 1];
        bytes[0] = 0xff;
        bytes[1] = 255;
        bytes[2] = 3;
        java.util.Arrays.fill(bytes, 3, 3 + 273, 'x');
        bytes[276] = 1;
        bytes[278] = 255;
        bytes[279] = 0;
        bytes[280] = 0x10;
        bytes[281] = 'y';
        block(bytes);
        assertEquals("x".repeat(273 + 274) + "y", unpack(273 + 274 + 1));
    }

    @Test
    void blocksFollowEachOtherAndDoNotReachIntoEachOther() throws IOException {
        block(0x10, 'a');
        block(0x20, 'b', 'c');
        assertEquals("abc", unpack(3));
        block(0x10, 'd', 2, 0, 0x10, 'e');
        assertThrows(IOException.class, () -> unpack(20));
    }

    @Test
    void damageIsAnErrorAndNothingElse() {
        block(0x26, 'a', 'b', 2, 0, 0xf4, 8, '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '0', '1', '2', 4, 0, 0x10, '!');
        byte[] good = frame.toByteArray();
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = good.clone();
            bad[4 + random.nextInt(bad.length - 4)] ^= (byte) (1 + random.nextInt(255));
            int length = random.nextInt(4) == 0 ? 4 + random.nextInt(bad.length - 4) : bad.length;
            try {
                Lz4Legacy.unpack(bad, 0, length, 64);
            } catch (IOException expected) {
                continue;
            }
        }
        assertThrows(IOException.class, () -> unpack(12), "more than announced");
    }
}
