package proteus.backend;

import java.io.EOFException;
import java.io.IOException;
import proteus.api.io.BlockBackend;
import proteus.api.io.DiskImage.Format;
import proteus.backend.file.Ranges;
import proteus.backend.file.Storage;

/** A file whose bytes are the disk's. */
final class RawImage implements BlockBackend {
    private final Storage file;
    private final long size;
    private final boolean probed;

    /**
     * @param probed whether the format was guessed from the first bytes: then the guest may not write there what would make it another
     *     format, in which it could name any file of the host as its backing file
     * @throws IOException in one sentence when the size will not do
     */
    RawImage(Storage file, String name, boolean probed) throws IOException {
        this.file = file;
        this.probed = probed;
        size = file.size();
        if (size == 0 || size % Ranges.SECTOR != 0) {
            throw new IOException("The disk image %s has %d bytes, which is no whole number of sectors.".formatted(name, size));
        }
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return !file.writable();
    }

    @Override
    public void read(long offset, byte[] target, int at, int length) throws IOException {
        Ranges.check(offset, length, size);
        if (offset + length > file.size()) {
            throw new EOFException("The disk image has become shorter than its %d bytes.".formatted(size));
        }
        file.read(offset, target, at, length);
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) throws IOException {
        Ranges.checkWritable(this);
        Ranges.check(offset, length, size);
        if (probed && offset == 0 && Formats.probe(source, at, length) != Format.RAW) {
            throw new IOException("The guest wrote the signature of an image format to its first sector: give format=raw to allow that.");
        }
        file.write(offset, source, at, length);
    }

    @Override
    public void flush() throws IOException {
        if (file.writable()) {
            file.force();
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
