package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What a real processor did in 32,500 cases of real mode (SingleStepTests/80286), as far as an 80386 agrees. */
class RealModeVectorsTest {
    private static final String FILE = "shared/vectors/realmode-80286.jsonl.gz";

    private static Path file() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at.resolve(FILE))) {
                return at.resolve(FILE);
            }
        }
        return null;
    }

    @Test
    void allCasesEndAsOnTheRealProcessor() throws IOException {
        Path file = file();
        Assumptions.assumeTrue(file != null, () -> "SKIPPED: no " + FILE + " beside the repository; semantics are not checked against hardware");
        RealModeVectors vectors = new RealModeVectors();
        vectors.run(file, name -> true);
        int passed = 0;
        StringBuilder failures = new StringBuilder();
        for (var entry : vectors.outcomes.entrySet()) {
            passed += entry.getValue().passed;
            entry.getValue().failures.forEach(f -> failures.append(entry.getKey()).append(' ').append(f).append('\n'));
        }
        assertEquals("", failures.toString());
        assertEquals(32_500, passed);
    }
}
