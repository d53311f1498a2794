package proteus.backend.file;

import java.io.IOException;

/** The bytes of an image file, however they are kept: of a file, or in a test of one that loses power. */
public interface Storage extends AutoCloseable {
    /** Bytes there are now; writes beyond make it longer. */
    long size() throws IOException;

    boolean writable();

    /** Reads; what lies beyond the end reads as zeros. */
    void read(long offset, byte[] target, int at, int length) throws IOException;

    void write(long offset, byte[] source, int at, int length) throws IOException;

    /** All that was written is on stable storage when this returns. */
    void force() throws IOException;

    @Override
    void close() throws IOException;
}
