package proteus.backend;

import java.io.IOException;
import java.nio.ByteBuffer;
import proteus.api.io.DiskImage.Format;
import proteus.backend.file.Storage;

/** Formats by their first bytes. */
final class Formats {
    private static final int QCOW_MAGIC = 0x514649fb;

    private Formats() {}

    static Format probe(byte[] bytes, int at, int length) {
        return length >= 4 && ByteBuffer.wrap(bytes, at, length).getInt() == QCOW_MAGIC ? Format.QCOW2 : Format.RAW;
    }

    static Format probe(Storage file) throws IOException {
        byte[] first = new byte[4];
        file.read(0, first, 0, first.length);
        return probe(first, 0, first.length);
    }
}
