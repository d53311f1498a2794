package proteus.board.part;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** Encodes the state of parts: big-endian, in the order of the calls. */
public final class StateWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    public StateWriter putBoolean(boolean value) {
        out.write(value ? 1 : 0);
        return this;
    }

    public StateWriter putByte(int value) {
        out.write(value);
        return this;
    }

    public StateWriter putInt(int value) {
        out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
        return this;
    }

    public StateWriter putLong(long value) {
        out.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
        return this;
    }

    public StateWriter putInts(int[] values) {
        putInt(values.length);
        for (int value : values) {
            putInt(value);
        }
        return this;
    }

    public StateWriter putLongs(long[] values) {
        putInt(values.length);
        for (long value : values) {
            putLong(value);
        }
        return this;
    }

    public StateWriter putBytes(byte[] values) {
        putInt(values.length);
        out.writeBytes(values);
        return this;
    }

    public byte[] toBytes() {
        return out.toByteArray();
    }
}
