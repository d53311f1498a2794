package proteus.x86.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** All of a large real program, as objdump reads it. Whole kernels are for {@link ObjdumpComparison#main}. */
class StockCodeTest {
    @Test
    void everyInstructionOfBusyboxIsReadAsObjdumpReadsIt() throws IOException, InterruptedException {
        Optional<Path> objdump = onPath("objdump");
        Optional<Path> busybox = onPath("busybox");
        if (objdump.isEmpty() || busybox.isEmpty()) {
            System.err.println("SKIPPED: the decoder is not compared with objdump over busybox; one of them is not on the PATH");
        }
        assumeTrue(objdump.isPresent() && busybox.isPresent(), "objdump and busybox are needed");
        ObjdumpComparison comparison = new ObjdumpComparison();
        comparison.compare(64, List.of("objdump", "-d", "-w", "-M", "intel", busybox.get().toString()));
        assertEquals(List.of(), comparison.samples);
        assertTrue(comparison.instructions > 100_000);
    }

    private static Optional<Path> onPath(String program) {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)).map(directory -> Path.of(directory, program))
            .filter(Files::isExecutable).findFirst();
    }
}
