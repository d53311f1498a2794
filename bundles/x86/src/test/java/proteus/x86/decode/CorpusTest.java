package proteus.x86.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Two examples of every instruction form in stock kernels and a C library, as objdump reads them ({@link CorpusWriter}). */
class CorpusTest {
    @Test
    void everyFormIsReadAsObjdumpReadsIt() throws IOException {
        List<String> differences = new ArrayList<>();
        int lines = 0;
        try (InputStream file = Objects.requireNonNull(CorpusTest.class.getResourceAsStream("corpus.txt"));
            BufferedReader reader = new BufferedReader(new InputStreamReader(file, StandardCharsets.US_ASCII))) {
            Instruction in = new Instruction();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String[] fields = line.split("\t");
                byte[] bytes = ObjdumpComparison.bytes(fields[2]);
                // The source holds exactly the bytes: to fetch one more is an error
                int length = Decoder.decode(at -> bytes[at] & 0xFF, Integer.parseInt(fields[0]), in);
                String text = ObjdumpComparison.text(in, bytes, Long.parseUnsignedLong(fields[1], 16));
                if (length != bytes.length || !text.equals(fields[3])) {
                    differences.add(line + " here: " + text + " " + length);
                }
                lines++;
            }
        }
        assertEquals(List.of(), differences);
        assertTrue(lines > 2_000, "the corpus is whole");
    }
}
