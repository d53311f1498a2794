package proteus.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BiosSourceTest {
    private static final Path SOURCE = Path.of("src/main/asm/bios.asm");
    @TempDir
    Path directory;

    @Test
    void committedBiosIsWhatItsSourceAssemblesTo() throws IOException, InterruptedException {
        Path built = directory.resolve("bios.bin");
        Process process;
        try {
            process = new ProcessBuilder("nasm", "-f", "bin", "-o", built.toString(), SOURCE.toString()).inheritIO().start();
        } catch (IOException e) {
            System.err.println("SKIPPED: bios.bin is not compared with its source, there is no nasm on this machine");
            assumeTrue(false, "no nasm");
            return;
        }
        assertEquals(true, process.waitFor(30, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue());
        try (InputStream committed = BiosStub.class.getResourceAsStream("bios.bin")) {
            assertArrayEquals(committed.readAllBytes(), Files.readAllBytes(built), "assemble it again: see the head of " + SOURCE);
        }
    }
}
