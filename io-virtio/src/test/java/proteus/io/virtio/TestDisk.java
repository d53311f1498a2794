package proteus.io.virtio;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import proteus.api.io.BlockBackend;

/** A disk in memory that counts what reaches it and can be made to fail. */
public final class TestDisk implements BlockBackend {
    public final byte[] bytes;
    public boolean readOnly;
    public boolean broken;
    public int flushes;
    /** Ranges that were discarded, as offset and length. */
    public final List<String> discards = new ArrayList<>();

    public TestDisk(int size) {
        bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (i / 512 + i);
        }
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, byte[] target, int at, int length) throws IOException {
        work();
        System.arraycopy(bytes, (int) offset, target, at, length);
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) throws IOException {
        work();
        System.arraycopy(source, at, bytes, (int) offset, length);
    }

    @Override
    public void flush() throws IOException {
        work();
        flushes++;
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        work();
        discards.add(offset + "+" + length);
    }

    private void work() throws IOException {
        if (broken) {
            throw new IOException("broken");
        }
    }

    @Override
    public void close() {
        // Nothing to release.
    }
}
