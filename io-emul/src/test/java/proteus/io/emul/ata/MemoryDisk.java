package proteus.io.emul.ata;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import proteus.api.io.BlockBackend;

/** A disk image in an array whose sectors begin with their number; it can be made to fail. */
final class MemoryDisk implements BlockBackend {
    final byte[] bytes;
    boolean readOnly;
    boolean broken;
    int flushes;
    /** First sector and number of sectors of each discard. */
    final List<String> trimmed = new ArrayList<>();

    MemoryDisk(int sectors) {
        bytes = new byte[512 * sectors];
        for (int i = 0; i < sectors; i++) {
            bytes[512 * i] = (byte) i;
            bytes[512 * i + 1] = (byte) (i >> 8);
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
        check();
        System.arraycopy(bytes, Math.toIntExact(offset), target, at, length);
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) throws IOException {
        check();
        System.arraycopy(source, at, bytes, Math.toIntExact(offset), length);
    }

    @Override
    public void discard(long offset, long length) {
        trimmed.add(offset / 512 + "+" + length / 512);
    }

    private void check() throws IOException {
        if (broken) {
            throw new IOException("broken");
        }
    }

    @Override
    public void flush() throws IOException {
        check();
        flushes++;
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
