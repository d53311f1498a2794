package proteus.board.firmware;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Bytes of a table in the making, little-endian. */
final class LittleEndian {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    LittleEndian u8(int... values) {
        for (int value : values) {
            out.write(value);
        }
        return this;
    }

    LittleEndian u16(int value) {
        return u8(value, value >> 8);
    }

    LittleEndian u32(long value) {
        return u16((int) value).u16((int) (value >> 16));
    }

    LittleEndian u64(long value) {
        return u32(value).u32(value >> 32);
    }

    LittleEndian bytes(byte[] values) {
        out.writeBytes(values);
        return this;
    }

    /** Text in a field, cut or filled with a byte. */
    LittleEndian text(String text, int length, int fill) {
        byte[] raw = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < length; i++) {
            out.write(i < raw.length ? raw[i] : fill);
        }
        return this;
    }

    LittleEndian zeros(int count) {
        return bytes(new byte[count]);
    }

    int size() {
        return out.size();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    /** Makes all bytes from one position on sum up to 0 modulo 256 by setting one of them. */
    static void checksum(byte[] table, int from, int to, int at) {
        table[at] = 0;
        int sum = 0;
        for (int i = from; i < to; i++) {
            sum += table[i];
        }
        table[at] = (byte) -sum;
    }
}
