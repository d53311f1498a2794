package proteus.backend;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Objects;
import proteus.api.io.BlockBackend;

/** A file whose bytes are the disk's. The channel holds the lock and gives it back as it closes. */
final class RawImage implements BlockBackend {
    private final FileChannel channel;
    private final long size;
    private final boolean readOnly;

    RawImage(FileChannel channel, long size, boolean readOnly) {
        this.channel = channel;
        this.size = size;
        this.readOnly = readOnly;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, byte[] target, int at, int length) throws IOException {
        check(offset, length);
        ByteBuffer into = ByteBuffer.wrap(target, at, length);
        long position = offset;
        while (into.hasRemaining()) {
            int got = channel.read(into, position);
            if (got < 0) {
                throw new EOFException("The disk image has become shorter than its %d bytes.".formatted(size));
            }
            position += got;
        }
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) throws IOException {
        if (readOnly) {
            throw new IOException("The disk image is read-only.");
        }
        check(offset, length);
        ByteBuffer from = ByteBuffer.wrap(source, at, length);
        long position = offset;
        while (from.hasRemaining()) {
            position += channel.write(from, position);
        }
    }

    @Override
    public void flush() throws IOException {
        if (!readOnly) {
            channel.force(false);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Writing past the end would make the disk grow. */
    private void check(long offset, int length) throws IOException {
        try {
            Objects.checkFromIndexSize(offset, length, size);
        } catch (IndexOutOfBoundsException e) {
            throw new IOException("The disk ends at byte %d; %d bytes at %d are beyond.".formatted(size, length, offset), e);
        }
    }
}
