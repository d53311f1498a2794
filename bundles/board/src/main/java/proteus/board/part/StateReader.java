package proteus.board.part;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/** Decodes what {@link StateWriter} wrote. Every fault of the data is an {@link IllegalArgumentException} with a sentence. */
public final class StateReader {
    private final ByteBuffer in;
    private final String owner;

    public StateReader(byte[] state, String owner) {
        this.in = ByteBuffer.wrap(state);
        this.owner = owner;
    }

    public boolean takeBoolean() {
        return takeByte() != 0;
    }

    public int takeByte() {
        try {
            return in.get() & 0xff;
        } catch (BufferUnderflowException e) {
            throw tooShort(e);
        }
    }

    public int takeInt() {
        try {
            return in.getInt();
        } catch (BufferUnderflowException e) {
            throw tooShort(e);
        }
    }

    public long takeLong() {
        try {
            return in.getLong();
        } catch (BufferUnderflowException e) {
            throw tooShort(e);
        }
    }

    /** Fills an array whose length must be the one that was saved. */
    public void takeInts(int[] target) {
        expectLength(target.length);
        for (int i = 0; i < target.length; i++) {
            target[i] = takeInt();
        }
    }

    /** An array of the length that was saved. */
    public int[] takeInts() {
        int length = takeInt();
        if (length < 0 || length > in.remaining() / 4) {
            throw tooShort(null);
        }
        int[] values = new int[length];
        for (int i = 0; i < length; i++) {
            values[i] = takeInt();
        }
        return values;
    }

    public void takeLongs(long[] target) {
        expectLength(target.length);
        for (int i = 0; i < target.length; i++) {
            target[i] = takeLong();
        }
    }

    public void takeBytes(byte[] target) {
        expectLength(target.length);
        System.arraycopy(takeRaw(target.length), 0, target, 0, target.length);
    }

    /** An array of the length that was saved. */
    public byte[] takeBytes() {
        return takeRaw(takeInt());
    }

    /** All has been read. */
    public void expectEnd() {
        if (in.hasRemaining()) {
            throw new IllegalArgumentException("The state of %s has %d bytes too many.".formatted(owner, in.remaining()));
        }
    }

    private byte[] takeRaw(int length) {
        if (length < 0 || length > in.remaining()) {
            throw tooShort(null);
        }
        byte[] values = new byte[length];
        in.get(values);
        return values;
    }

    private void expectLength(int length) {
        int saved = takeInt();
        if (saved != length) {
            throw new IllegalArgumentException("The state of %s has %d elements where %d belong.".formatted(owner, saved, length));
        }
    }

    private IllegalArgumentException tooShort(Throwable cause) {
        return new IllegalArgumentException("The state of %s ends too early.".formatted(owner), cause);
    }
}
