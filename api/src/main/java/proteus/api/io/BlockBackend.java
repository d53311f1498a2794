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

    /** What was written before is on stable storage when this returns. */
    void flush() throws IOException;

    @Override
    void close() throws IOException;
}
