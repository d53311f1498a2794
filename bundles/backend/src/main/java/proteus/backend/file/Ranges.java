package proteus.backend.file;

import java.io.IOException;
import java.util.Objects;
import proteus.api.io.BlockBackend;

/** What every image checks before it touches its file. */
public final class Ranges {
    public static final int SECTOR = 512;

    private Ranges() {}

    /** Writing past the end would make the disk grow. */
    public static void check(long offset, long length, long size) throws IOException {
        try {
            Objects.checkFromIndexSize(offset, length, size);
        } catch (IndexOutOfBoundsException e) {
            throw new IOException("The disk ends at byte %d; %d bytes at %d are beyond.".formatted(size, length, offset), e);
        }
    }

    public static void checkWritable(BlockBackend disk) throws IOException {
        if (disk.readOnly()) {
            throw new IOException("The disk image is read-only.");
        }
    }
}
