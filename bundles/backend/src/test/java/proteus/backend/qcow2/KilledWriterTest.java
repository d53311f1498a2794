package proteus.backend.qcow2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.io.BlockBackend;
import proteus.api.io.DiskImage;
import proteus.backend.Images;

/** A process that writes is killed, again and again: the image stays whole, and what was flushed stays there. */
class KilledWriterTest {
    private static final int KILLS = Integer.getInteger("proteus.power.kills", 4);
    private static final long SEED = 20_261_123;
    private static final long BYTES = 64 << 20;
    private static final int FLUSH_EVERY = 5;

    @TempDir
    private Path directory;

    /** The process: performs operations from the one given on, and says what it begins and what it has flushed. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws IOException {
            PrintStream out = System.out;
            try (BlockBackend disk = new Images().open(DiskImage.of(Path.of(arguments[0])))) {
                for (int operation = Integer.parseInt(arguments[1]); ; operation++) {
                    out.println(operation);
                    TaggedDisk.perform(disk, SEED, operation);
                    if (operation % FLUSH_EVERY == 0) {
                        disk.flush();
                        out.println("flushed");
                    }
                }
            }
        }
    }

    @Test
    void theImageStaysWholeAndFlushedDataStaysThere() throws Exception {
        Path image = directory.resolve("disk.qcow2");
        new Images().create(image, DiskImage.Format.QCOW2, BYTES, Optional.empty());
        TaggedDisk expected = new TaggedDisk(BYTES);
        SplittableRandom random = new SplittableRandom(SEED);
        int operation = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            operation = writeAndKill(image, expected, operation, random.nextInt(40, 400));
            var report = new Images().check(DiskImage.of(image));
            assertEquals(List.of(), report.errors(), "after kill " + kill);
            QemuImg.check(image);
            try (BlockBackend disk = new Images().open(DiskImage.of(image))) {
                expected.verify(disk);
            }
        }
        assertTrue(operation > 0);
    }

    /** @return the last operation that may have begun */
    private static int writeAndKill(Path image, TaggedDisk expected, int from, int lines) throws Exception {
        Process writer = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(), "-cp", System.getProperty("java.class.path"), Writer.class.getName(),
                        image.toString(), Integer.toString(from + 1))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        int operation = from;
        try (BufferedReader said = writer.inputReader()) {
            int seen = 0;
            for (String line = said.readLine(); line != null; line = said.readLine()) {
                if (line.equals("flushed")) {
                    expected.flushed();
                } else {
                    operation = Integer.parseInt(line);
                    expected.begun(SEED, operation);
                }
                if (++seen == lines) {
                    // Not by the process itself, which would close its streams with what was said and not read yet.
                    writer.toHandle().destroyForcibly();
                }
            }
            assertTrue(seen >= lines, "the writer ended by itself after %d lines".formatted(seen));
        } finally {
            writer.destroyForcibly();
        }
        assertTrue(writer.waitFor(60, TimeUnit.SECONDS));
        return operation;
    }
}
