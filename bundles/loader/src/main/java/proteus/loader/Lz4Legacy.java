package proteus.loader;

import java.io.IOException;
import java.util.Arrays;

/**
 * Unpacks LZ4's legacy frame, which Linux's build makes ({@code lz4 -l}): a magic number, then blocks, each behind its packed size (lz4_Frame_format.md,
 * "Legacy frame"; lz4_Block_format.md).
 */
final class Lz4Legacy {
    static final byte[] MAGIC = {0x02, 0x21, 0x4c, 0x18};

    private static final int MORE_LENGTH = 15, MORE_BYTES = 255, LEAST_MATCH = 4, BYTE = 0xff;
    /** A byte of a match's length stands for so many at most. */
    private static final int MOST_GROWTH = 256;

    private final byte[] packed;
    private final byte[] plain;
    private int at;
    private int end;
    private int filled;

    private Lz4Legacy(byte[] packed, int start, int end, byte[] plain) {
        this.packed = packed;
        this.at = start;
        this.end = end;
        this.plain = plain;
    }

    /**
     * @param start offset of the magic number
     * @param length bytes of the frame
     * @param size of what it unpacks to
     * @return at most so many bytes: fewer when the frame ends before
     * @throws IOException when the frame breaks the rules, or holds more
     */
    static byte[] unpack(byte[] packed, int start, int length, int size) throws IOException {
        if (size > (long) length * MOST_GROWTH) {
            throw new IOException("so few bytes never become so many");
        }
        byte[] plain = new byte[size];
        Lz4Legacy frame = new Lz4Legacy(packed, start + MAGIC.length, start + length, plain);
        int frameEnd = frame.end;
        while (frame.at < frameEnd) {
            frame.end = frameEnd;
            frame.need(Integer.BYTES);
            int bytes = 0;
            for (int i = 0; i < Integer.BYTES; i++) {
                bytes |= frame.next() << 8 * i;
            }
            frame.need(bytes);
            frame.end = frame.at + bytes;
            frame.block();
        }
        return frame.filled == size ? plain : Arrays.copyOf(plain, frame.filled);
    }

    /** Sequences of literals and a match each; the last one is literals only. */
    private void block() throws IOException {
        int blockStart = filled;
        while (at < end) {
            need(1);
            int token = next();
            int literals = length(token >>> 4);
            need(literals);
            room(literals);
            System.arraycopy(packed, at, plain, filled, literals);
            at += literals;
            filled += literals;
            if (at == end) {
                return;
            }
            need(2);
            int distance = next() | next() << 8;
            int match = length(token & MORE_LENGTH) + LEAST_MATCH;
            if (distance == 0 || distance > filled - blockStart) {
                throw new IOException("a match reaches back before its block");
            }
            room(match);
            for (int i = 0; i < match; i++, filled++) {
                // One by one: it may overlap what it makes.
                plain[filled] = plain[filled - distance];
            }
        }
    }

    private int length(int first) throws IOException {
        long length = first;
        if (first == MORE_LENGTH) {
            int more;
            do {
                need(1);
                more = next();
                length += more;
            } while (more == MORE_BYTES);
        }
        if (length > plain.length) {
            throw new IOException("a length is greater than the whole");
        }
        return (int) length;
    }

    private int next() {
        return packed[at++] & BYTE;
    }

    private void need(int bytes) throws IOException {
        if (bytes < 0 || bytes > end - at) {
            throw new IOException("the packed data end early");
        }
    }

    private void room(int bytes) throws IOException {
        if (bytes > plain.length - filled) {
            throw new IOException("there is more than was announced");
        }
    }
}
