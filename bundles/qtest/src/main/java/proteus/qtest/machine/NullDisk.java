package proteus.qtest.machine;

import java.util.Arrays;
import proteus.api.io.BlockBackend;

/**
 * QEMU's {@code null-co}: reads as zeros and forgets what is written.
 *
 * @param size in bytes
 */
record NullDisk(long size) implements BlockBackend {
    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, byte[] target, int at, int length) {
        Arrays.fill(target, at, at + length, (byte) 0);
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) {
        // Forgotten.
    }

    @Override
    public void flush() {
        // There is nothing to lose.
    }

    @Override
    public void close() {
        // There is nothing to close.
    }
}
