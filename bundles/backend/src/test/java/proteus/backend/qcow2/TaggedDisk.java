package proteus.backend.qcow2;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import proteus.api.io.BlockBackend;

/**
 * A seeded run of writes whose sectors say which operation wrote them, so that after a crash one can tell for each sector whether what
 * is there is allowed: the last flushed content, or that of an operation after the flush.
 */
final class TaggedDisk {
    private static final int SECTOR = 512;

    private record Span(int operation, int from, int to) {}

    private final int sectors;
    private final int[] flushed;
    private final List<Span> pending = new ArrayList<>();

    TaggedDisk(long bytes) {
        sectors = (int) (bytes / SECTOR);
        flushed = new int[sectors];
    }

    /** Carries an operation out on a disk; one in eight writes zeros. */
    static void perform(BlockBackend disk, long seed, int operation) throws IOException {
        Span span = span(seed, operation, (int) (disk.size() / SECTOR));
        long offset = (long) span.from * SECTOR;
        int length = (span.to - span.from) * SECTOR;
        if (zeroes(operation)) {
            disk.writeZeroes(offset, length, true);
        } else {
            byte[] content = new byte[length];
            for (int sector = span.from; sector < span.to; sector++) {
                System.arraycopy(content(operation, sector), 0, content, (sector - span.from) * SECTOR, SECTOR);
            }
            disk.write(offset, content, 0, length);
        }
    }

    private static boolean zeroes(int operation) {
        return operation % 8 == 0;
    }

    private static Span span(long seed, int operation, int sectors) {
        SplittableRandom random = new SplittableRandom(seed + operation * 0x9e37_79b9_7f4a_7c15L);
        int length = 1 << random.nextInt(10);
        int from = random.nextInt(sectors);
        return new Span(operation, from, Math.min(sectors, from + random.nextInt(1, length + 1)));
    }

    private static byte[] content(int operation, int sector) {
        byte[] content = new byte[SECTOR];
        if (operation != 0 && !zeroes(operation)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                bytes.putInt(operation).putInt(sector);
            }
        }
        return content;
    }

    /** The operation may have begun. */
    void begun(long seed, int operation) {
        pending.add(span(seed, operation, sectors));
    }

    /** All that began is on stable storage. */
    void flushed() {
        for (Span span : pending) {
            Arrays.fill(flushed, span.from, span.to, span.operation);
        }
        pending.clear();
    }

    /** Compares a disk after a crash; what it has is what is expected from now on. */
    void verify(BlockBackend disk) throws IOException {
        byte[] content = new byte[SECTOR];
        for (int sector = 0; sector < sectors; sector++) {
            disk.read((long) sector * SECTOR, content, 0, SECTOR);
            int survived = flushed[sector];
            boolean allowed = Arrays.equals(content, content(survived, sector));
            for (Span span : pending) {
                if (!allowed && span.from <= sector && sector < span.to && Arrays.equals(content, content(span.operation, sector))) {
                    allowed = true;
                    survived = span.operation;
                }
            }
            int tag = ByteBuffer.wrap(content).getInt();
            assertTrue(allowed, "sector %d has the content of operation %d; flushed was %d, %d operations came later".formatted(sector, tag, flushed[sector], pending.size()));
            flushed[sector] = survived;
        }
        pending.clear();
    }
}
