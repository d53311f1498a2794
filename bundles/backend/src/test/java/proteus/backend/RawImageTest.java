package proteus.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.io.BlockBackend;
import proteus.api.io.DiskImage;

class RawImageTest {
    @TempDir
    private Path directory;

    private Path image;

    @BeforeEach
    void create() throws IOException {
        image = Files.write(directory.resolve("disk.img"), new byte[4096]);
    }

    @Test
    void whatIsWrittenIsReadAndIsInTheFile() throws IOException {
        byte[] text = "sector".getBytes();
        try (BlockBackend disk = new Images().open(DiskImage.of(image))) {
            assertEquals(4096, disk.size());
            disk.write(512, text, 0, text.length);
            disk.flush();
            byte[] back = new byte[text.length];
            disk.read(512, back, 0, back.length);
            assertArrayEquals(text, back);
        }
        assertEquals('s', Files.readAllBytes(image)[512]);
    }

    @Test
    void aSecondUserIsRefusedUntilTheFirstLeaves() throws IOException {
        try (BlockBackend first = new Images().open(DiskImage.of(image))) {
            var refused = assertThrows(IOException.class, () -> new Images().open(DiskImage.of(image)));
            assertTrue(refused.getMessage().endsWith("is in use by another virtual machine."), refused.getMessage());
            assertEquals(4096, first.size());
        }
        new Images().open(DiskImage.of(image)).close();
    }

    @Test
    void aReadOnlyDiskRefusesWrites() throws IOException {
        try (BlockBackend disk = new Images().open(new DiskImage(image, DiskImage.Medium.DISK, DiskImage.Format.PROBE, DiskImage.Access.READ_ONLY, ""))) {
            assertTrue(disk.readOnly());
            assertThrows(IOException.class, () -> disk.write(0, new byte[512], 0, 512));
        }
    }

    @Test
    void nothingIsReadOrWrittenBeyondTheEnd() throws IOException {
        try (BlockBackend disk = new Images().open(DiskImage.of(image))) {
            assertThrows(IOException.class, () -> disk.write(4096 - 256, new byte[512], 0, 512));
            assertThrows(IOException.class, () -> disk.read(-1, new byte[512], 0, 512));
        }
        assertEquals(4096, Files.size(image));
    }

    @Test
    void missingAndOddImagesAreRefusedWithASentence() throws IOException {
        assertThrows(IOException.class, () -> new Images().open(DiskImage.of(directory.resolve("none.img"))));
        Path odd = Files.write(directory.resolve("odd.img"), new byte[513]);
        var refused = assertThrows(IOException.class, () -> new Images().open(DiskImage.of(odd)));
        assertTrue(refused.getMessage().contains("no whole number of sectors"), refused.getMessage());
    }
}
