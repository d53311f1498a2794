package proteus.backend.qcow2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.api.io.BlockBackend;
import proteus.api.io.BlockBackends.Report;
import proteus.api.io.DiskImage;
import proteus.api.io.DiskImage.Access;
import proteus.api.io.DiskImage.Format;
import proteus.api.io.DiskImage.Medium;
import proteus.backend.Images;

class Qcow2ImageTest {
    private static final int SIZE = 3 << 20;

    private final Images images = new Images();

    @TempDir
    private Path directory;

    private Path path(String name) {
        return directory.resolve(name);
    }

    private static DiskImage with(Path file, Access access) {
        return new DiskImage(file, Medium.DISK, Format.PROBE, access, "");
    }

    private static byte[] content(long seed, int length) {
        byte[] content = new byte[length];
        new SplittableRandom(seed).nextBytes(content);
        return content;
    }

    private static byte[] all(BlockBackend disk) throws IOException {
        byte[] content = new byte[(int) disk.size()];
        disk.read(0, content, 0, content.length);
        return content;
    }

    /** Random requests, on a disk and on an array at the same time. */
    private static void play(BlockBackend disk, byte[] model, SplittableRandom random, int operations) throws IOException {
        for (int i = 0; i < operations; i++) {
            int offset = random.nextInt(model.length / 512) * 512;
            int length = Math.min(model.length - offset, random.nextInt(1, 1 << random.nextInt(1, 9)) * 512);
            switch (random.nextInt(8)) {
                case 0 -> {
                    disk.writeZeroes(offset, length, random.nextBoolean());
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                }
                case 1 -> disk.flush();
                case 2, 3 -> {
                    byte[] got = new byte[length + 2];
                    disk.read(offset, got, 1, length);
                    assertArrayEquals(Arrays.copyOfRange(model, offset, offset + length), Arrays.copyOfRange(got, 1, length + 1), "operation " + i);
                }
                default -> {
                    byte[] bytes = content(random.nextLong(), length);
                    disk.write(offset, bytes, 0, length);
                    System.arraycopy(bytes, 0, model, offset, length);
                }
            }
        }
    }

    private void sound(Path image) throws IOException {
        Report report = images.check(DiskImage.of(image));
        assertEquals(List.of(), report.errors());
        assertEquals(0, report.leaks());
        QemuImg.check(image);
    }

    @ParameterizedTest
    @CsvSource({"9, false", "9, true", "12, true", "16, false", "16, true", "21, true"})
    void anImageIsTheDiskThatWasWritten(int clusterBits, boolean backed) throws IOException {
        byte[] model = backed ? Arrays.copyOf(content(1, SIZE / 2), SIZE) : new byte[SIZE];
        Path base = Files.write(path("base.raw"), Arrays.copyOf(model, SIZE / 2));
        Path image = path("disk.qcow2");
        try (VolatileStorage file = new VolatileStorage(new byte[0])) {
            Qcow2Image.format(file, SIZE, clusterBits, backed ? Optional.of("base.raw") : Optional.empty(), Optional.of("raw"));
            Files.write(image, file.afterwards(new SplittableRandom(0)));
        }
        SplittableRandom random = new SplittableRandom(clusterBits);
        for (int opening = 0; opening < 4; opening++) {
            try (BlockBackend disk = images.open(DiskImage.of(image))) {
                assertEquals(SIZE, disk.size());
                play(disk, model, random, 100);
                assertArrayEquals(model, all(disk));
            }
            sound(image);
        }
        assertArrayEquals(Arrays.copyOf(content(1, SIZE / 2), SIZE / 2), backed ? Files.readAllBytes(base) : content(1, SIZE / 2), "nobody writes to what is behind");
        if (QemuImg.there()) {
            Path raw = Files.write(path("model.raw"), model);
            QemuImg.must("compare", "-f", "qcow2", "-F", "raw", image.toString(), raw.toString());
        }
    }

    @Test
    void whatIsNotWrittenTakesNoSpace() throws IOException {
        Path image = path("sparse.qcow2");
        images.create(image, Format.QCOW2, 1L << 40, Optional.empty());
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            disk.write((1L << 40) - 512, content(7, 512), 0, 512);
            disk.write(1L << 39, content(8, 512), 0, 512);
        }
        assertTrue(Files.size(image) < 2 << 20, Files.size(image) + " bytes");
        try (BlockBackend disk = images.open(with(image, Access.READ_ONLY))) {
            byte[] got = new byte[512];
            disk.read((1L << 40) - 512, got, 0, 512);
            assertArrayEquals(content(7, 512), got);
            assertTrue(disk.readOnly());
            assertThrows(IOException.class, () -> disk.write(0, got, 0, 512));
        }
        sound(image);
    }

    @Test
    void spaceThatWasDiscardedIsUsedAgain() throws IOException {
        Path image = path("disk.qcow2");
        images.create(image, Format.QCOW2, 64 << 20, Optional.empty());
        byte[] bytes = content(3, 1 << 20);
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            for (int round = 0; round < 8; round++) {
                disk.write((long) round << 20, bytes, 0, bytes.length);
                disk.flush();
                disk.discard((long) round << 20, 1 << 20);
                disk.flush();
            }
        }
        assertTrue(Files.size(image) < 2 << 20, Files.size(image) + " bytes");
        sound(image);
    }

    @Test
    void aSnapshotOfADiskTakesTheWritesAndLeavesTheImageAlone() throws IOException {
        Path raw = Files.write(path("disk.raw"), content(4, SIZE));
        try (BlockBackend first = images.open(with(raw, Access.SNAPSHOT)); BlockBackend second = images.open(with(raw, Access.SNAPSHOT))) {
            byte[] model = content(4, SIZE);
            play(first, model, new SplittableRandom(5), 100);
            assertArrayEquals(model, all(first));
            assertArrayEquals(content(4, SIZE), all(second));
            var refused = assertThrows(IOException.class, () -> images.open(DiskImage.of(raw)));
            assertTrue(refused.getMessage().endsWith("is in use by another virtual machine."), refused.getMessage());
        }
        assertArrayEquals(content(4, SIZE), Files.readAllBytes(raw));
        images.open(DiskImage.of(raw)).close();
    }

    @Test
    void anImageInUseIsRefusedAndSoIsWhatIsBehindIt() throws IOException {
        Path base = path("base.qcow2");
        Path image = path("disk.qcow2");
        images.create(base, Format.QCOW2, SIZE, Optional.empty());
        images.create(image, Format.QCOW2, 0, Optional.of(with(Path.of("base.qcow2"), Access.READ_ONLY)));
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            assertEquals(SIZE, disk.size());
            assertThrows(IOException.class, () -> images.open(DiskImage.of(image)));
            assertThrows(IOException.class, () -> images.open(with(image, Access.READ_ONLY)));
            assertThrows(IOException.class, () -> images.open(DiskImage.of(base)));
            images.open(with(base, Access.READ_ONLY)).close();
            assertThrows(IOException.class, () -> images.open(DiskImage.of(base)), "a reader that leaves takes no lock along");
        }
        images.open(DiskImage.of(base)).close();
    }

    @Test
    void circlesAndWrongImagesAreRefusedWithASentence() throws IOException {
        Path image = path("disk.qcow2");
        images.create(path("other.qcow2"), Format.QCOW2, SIZE, Optional.empty());
        images.create(image, Format.QCOW2, SIZE, Optional.of(with(Path.of("other.qcow2"), Access.READ_ONLY)));
        Files.delete(path("other.qcow2"));
        images.create(path("other.qcow2"), Format.QCOW2, SIZE, Optional.empty());
        Files.copy(image, path("other.qcow2"), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        sentence("some name themselves", () -> images.open(with(image, Access.READ_ONLY)));
        sentence("There is a file", () -> images.create(image, Format.RAW, SIZE, Optional.empty()));
        sentence("has no backing file", () -> images.create(path("x"), Format.RAW, SIZE, Optional.of(DiskImage.of(image))));
        sentence("whole number of sectors", () -> images.create(path("x"), Format.RAW, 1000, Optional.empty()));
        assertFalse(Files.exists(path("x")));
        sentence("no qcow2 image of version 2 or 3", () -> images.open(new DiskImage(Files.write(path("zeros"), new byte[4096]), Medium.DISK, Format.QCOW2, Access.WRITE, "")));
    }

    private interface Opening {
        void run() throws IOException;
    }

    private static void sentence(String part, Opening opening) {
        var refused = assertThrows(IOException.class, opening::run);
        assertTrue(refused.getMessage().contains(part) && refused.getMessage().endsWith("."), refused.getMessage());
    }

    @Test
    void aGuestCannotTurnARawImageIntoOneThatNamesOtherFiles() throws IOException {
        Path raw = Files.write(path("disk.raw"), new byte[SIZE]);
        byte[] header = Files.readAllBytes(Files.copy(emptyImage(), path("copy")));
        try (BlockBackend disk = images.open(DiskImage.of(raw))) {
            sentence("format=raw", () -> disk.write(0, header, 0, 4096));
        }
        try (BlockBackend disk = images.open(new DiskImage(raw, Medium.DISK, Format.RAW, Access.WRITE, ""))) {
            disk.write(0, header, 0, 4096);
        }
    }

    private Path emptyImage() throws IOException {
        Path image = path("empty.qcow2");
        images.create(image, Format.QCOW2, SIZE, Optional.empty());
        return image;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "compat=0.10", "compat=1.1", "cluster_size=512", "cluster_size=2M", "refcount_bits=1", "refcount_bits=2", "refcount_bits=64", "preallocation=metadata",
        "preallocation=full"
    })
    void imagesOfQemuAreReadAndWritten(String option) throws IOException {
        assumeTrue(QemuImg.there(), "qemu-img is not installed");
        Path image = path("disk.qcow2");
        QemuImg.must("create", "-q", "-f", "qcow2", "-o", option, image.toString(), Integer.toString(SIZE));
        written(image, new byte[SIZE]);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-c", "-S4k"})
    void imagesThatQemuConvertedAreReadAndWritten(String how) throws IOException {
        assumeTrue(QemuImg.there(), "qemu-img is not installed");
        byte[] model = new byte[SIZE];
        for (int at = 0; at < SIZE; at += 300_000) {
            Arrays.fill(model, at, Math.min(SIZE, at + 200_000), (byte) at);
            model[at] = (byte) (at / 300_000);
        }
        Path raw = Files.write(path("from.raw"), model);
        Path image = path("disk.qcow2");
        QemuImg.must("convert", how, "-f", "raw", "-O", "qcow2", raw.toString(), image.toString());
        written(image, model);
    }

    @Test
    void internalSnapshotsStayAsTheyAre() throws IOException {
        assumeTrue(QemuImg.there(), "qemu-img is not installed");
        Path image = emptyImage();
        byte[] model = new byte[SIZE];
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            play(disk, model, new SplittableRandom(11), 60);
        }
        QemuImg.must("snapshot", "-c", "before", image.toString());
        byte[] later = model.clone();
        written(image, later);
        QemuImg.must("snapshot", "-a", "before", image.toString());
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            assertArrayEquals(model, all(disk));
        }
    }

    private void written(Path image, byte[] model) throws IOException {
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            assertArrayEquals(model, all(disk));
            play(disk, model, new SplittableRandom(9), 150);
            assertArrayEquals(model, all(disk));
        }
        sound(image);
        Path raw = Files.write(path("model.raw"), model);
        QemuImg.must("compare", "-f", "qcow2", "-F", "raw", image.toString(), raw.toString());
    }

    @Test
    void theCheckerFindsWhatIsWrong() throws IOException {
        Path image = emptyImage();
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            disk.write(0, content(1, 1 << 18), 0, 1 << 18);
        }
        byte[] good = Files.readAllBytes(image);
        Header header = Header.read(new VolatileStorage(good), "image");
        long l2 = java.nio.ByteBuffer.wrap(good).getLong((int) header.l1Offset()) & Entries.OFFSET;
        long block = java.nio.ByteBuffer.wrap(good).getLong((int) header.refcountTableOffset());
        assertEquals(0, damaged(good, (int) l2, 0L).errorCount());
        assertEquals(1, damaged(good, (int) l2, 0L).leaks(), "a cluster that nobody refers to");
        assertTrue(damaged(good, (int) l2, 1L << 63 | 1L << 40).errorCount() > 0, "beyond the end");
        assertTrue(damaged(good, (int) l2, java.nio.ByteBuffer.wrap(good).getLong((int) l2 + 8)).errorCount() > 0, "two references to one cluster");
        assertTrue(damaged(good, (int) block, 0L).errorCount() > 0, "counts of the first clusters");
    }

    private static Report damaged(byte[] good, int at, long value) throws IOException {
        byte[] bad = good.clone();
        java.nio.ByteBuffer.wrap(bad).putLong(at, value);
        return Checker.check(new VolatileStorage(bad), "image");
    }

    /** Whoever made the image meant us harm: an image is at worst refused with an I/O error. */
    @Test
    void nothingInAnImageIsAnExceptionOfAnotherKind() throws IOException {
        Path image = path("disk.qcow2");
        try (VolatileStorage file = new VolatileStorage(new byte[0])) {
            Qcow2Image.format(file, 1 << 18, 9, Optional.empty(), Optional.empty());
            Files.write(image, file.afterwards(new SplittableRandom(0)));
        }
        try (BlockBackend disk = images.open(DiskImage.of(image))) {
            play(disk, new byte[1 << 18], new SplittableRandom(2), 30);
        }
        byte[] good = Files.readAllBytes(image);
        SplittableRandom random = new SplittableRandom(3);
        int refused = 0;
        for (int round = 0; round < 3000; round++) {
            byte[] bad = good.clone();
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                int at = random.nextInt(4) == 0 ? random.nextInt(112) : random.nextInt(bad.length / 8) * 8 + random.nextInt(8);
                bad[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (bad[at] ^ 1 << random.nextInt(8));
            }
            refused += survives(new VolatileStorage(bad), random) ? 0 : 1;
        }
        assertTrue(refused > 100, "only %d images were found to be damaged".formatted(refused));
    }

    private static boolean survives(VolatileStorage storage, SplittableRandom random) {
        boolean survived = true;
        try {
            Checker.check(storage, "image");
        } catch (IOException said) {
            survived = false;
        }
        try (Qcow2Image disk = new Qcow2Image(storage, "image", Optional.empty())) {
            byte[] bytes = new byte[8192];
            for (int i = 0; i < 12; i++) {
                long offset = random.nextLong(Math.max(1, disk.size() - bytes.length) / 512 + 1) * 512 % Math.max(512, disk.size() - bytes.length);
                if (random.nextBoolean()) {
                    disk.read(offset, bytes, 0, bytes.length);
                } else {
                    disk.write(offset, bytes, 0, bytes.length);
                }
            }
        } catch (IOException said) {
            survived = false;
        }
        return survived;
    }
}
