package proteus.api.io;

import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/** Where a disk's data goes. */
@ConsumerType
public interface BlockBackend extends AutoCloseable {
    /** Size in bytes, a multiple of 512. */
    long size();

    boolean readOnly();

    void read(long offset, byte[] target, int at, int length) throws IOException;

    void write(long offset, byte[] source, int at, int length) throws IOException;

    /** The range need not be kept: what it reads as afterwards is open. */
    default void discard(long offset, long length) throws IOException {}

    /**
     * The range reads as zeros afterwards.
     *
     * @param unmap whether its space in the image may be given up
     */
    default void writeZeroes(long offset, long length, boolean unmap) throws IOException {
        byte[] zeros = new byte[(int) Math.min(length, 1 << 16)];
        for (long done = 0; done < length; ) {
            int now = (int) Math.min(zeros.length, length - done);
            write(offset + done, zeros, 0, now);
            done += now;
        }
    }

    /** What was written before is on stable storage when this returns. */
    void flush() throws IOException;

    @Override
    void close() throws IOException;
}
