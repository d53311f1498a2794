package proteus.backend.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import proteus.api.io.BlockBackends.Report;
import proteus.backend.file.Storage;

/** The host loses power, again and again, at any write: the image stays whole, and what was flushed stays there. */
class PowerLossTest {
    private static final int FAILURES = Integer.getInteger("proteus.power.failures", 40);

    @ParameterizedTest
    @CsvSource({"9, 2097152, 1", "12, 4194304, 2", "16, 8388608, 3"})
    void theImageStaysWholeAndFlushedDataStaysThere(int clusterBits, long bytes, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        VolatileStorage made = new VolatileStorage(new byte[0]);
        Qcow2Image.format(made, bytes, clusterBits, Optional.empty(), Optional.empty());
        byte[] content = made.afterwards(random);
        TaggedDisk expected = new TaggedDisk(bytes);
        int operation = 0;
        int failed = 0;
        for (int round = 0; round < FAILURES; round++) {
            VolatileStorage storage = new VolatileStorage(content);
            Qcow2Image image = new Qcow2Image(storage, "image", Optional.empty());
            storage.failAfter(random.nextInt(300));
            try {
                for (int i = 0; i < 60; i++) {
                    expected.begun(seed, ++operation);
                    TaggedDisk.perform(image, seed, operation);
                    if (random.nextInt(4) == 0) {
                        image.flush();
                        expected.flushed();
                    }
                }
            } catch (VolatileStorage.PowerFailure now) {
                failed++;
            }
            content = storage.afterwards(random);
            Report report = Checker.check(new VolatileStorage(content), "image");
            assertEquals(List.of(), report.errors(), "round " + round);
            expected.verify(new Qcow2Image(new VolatileStorage(content), "image", Optional.empty()));
        }
        assertTrue(failed > FAILURES / 4, "the power failed only %d times".formatted(failed));
    }

    /** The order of the writes is what the other test is about: without forces between them it must find damage. */
    @ParameterizedTest
    @CsvSource({"9, 2097152, 1"})
    void withoutTheForcesItWouldBeDamaged(int clusterBits, long bytes, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] content = new byte[0];
        VolatileStorage made = new VolatileStorage(content);
        Qcow2Image.format(made, bytes, clusterBits, Optional.empty(), Optional.empty());
        content = made.afterwards(random);
        boolean damaged = false;
        for (int round = 0; round < 50 && !damaged; round++) {
            VolatileStorage storage = new VolatileStorage(content);
            Qcow2Image image = new Qcow2Image(new Unforced(storage), "image", Optional.empty());
            for (int operation = 1; operation < 20; operation++) {
                TaggedDisk.perform(image, seed + round, operation);
            }
            image.flush();
            damaged = Checker.check(new VolatileStorage(storage.afterwards(random)), "image").errorCount() > 0;
        }
        assertTrue(damaged, "no order of the writes did any harm");
    }

    /** Says it did, and did not. */
    private record Unforced(VolatileStorage storage) implements Storage {
        @Override
        public long size() {
            return storage.size();
        }

        @Override
        public boolean writable() {
            return true;
        }

        @Override
        public void read(long offset, byte[] target, int at, int length) {
            storage.read(offset, target, at, length);
        }

        @Override
        public void write(long offset, byte[] source, int at, int length) {
            storage.write(offset, source, at, length);
        }

        @Override
        public void force() {}

        @Override
        public void close() {}
    }
}
