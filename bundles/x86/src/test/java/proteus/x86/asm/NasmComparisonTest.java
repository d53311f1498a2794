package proteus.x86.asm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.x86.decode.TableSamples;

/** The same bytes as NASM, for samples of every line of the opcode table and for small programs. Skipped where there is no NASM. */
class NasmComparisonTest {
    /** Where the bytes may differ, and why. */
    private static final Map<String, Pattern> FREEDOMS = Map.of(
        "either operand can be the one in ModRM.rm", Pattern.compile("^xchg .*"),
        "NASM writes the 32-bit register, whose upper half becomes zero, as the immediate's or selector's would", Pattern.compile("^(mov r\\w+,(ds|0x.*)|sldt r.*)"),
        "NASM measures from the end that the instruction would have without o16 or o32", Pattern.compile("^o(16|32) \\w+ \\$.*"),
        "NASM has a REX.W that does nothing, and outside 64-bit mode a wrong address size", Pattern.compile("^(enqcmds?|invpcid) .*"),
        "NASM takes EVEX where VEX will do", Pattern.compile("^(vpdp|vpmadd52).*"),
        "the store form has a shorter VEX prefix, or is as long", Pattern.compile("^(vmov\\w+ [xy]mm1,[xy]mm10|vpextrw ).*"),
        "NASM does not shorten the immediate", Pattern.compile("^o16 push 0xfffd"),
        "NASM cuts the immediate to 16 bits", Pattern.compile("^o32 push 0x12345678"),
        "NASM writes a prefix 66 that does nothing", Pattern.compile("^(rdsspd|incsspd) .*"),
        "NASM 2.16 writes nothing, or half of it", Pattern.compile("^(ptwrite|vcvtneps2bf16|vmgexit|vcvtusi2ss .*sae).*"));
    private static final int MAX_REFUSED_PERCENT = 10;

    @BeforeEach
    void needsNasm() {
        if (!Nasm.present()) {
            System.err.println("NOT TESTED: comparison with NASM, there is no nasm on the path");
        }
        assumeTrue(Nasm.present(), "nasm is not installed");
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void samplesOfEveryLineOfTheTable(int mode, @TempDir Path directory) throws IOException, InterruptedException {
        List<String> lines = TableSamples.all(mode).values().stream().flatMap(List::stream).map(sample -> NasmText.of(sample.bytes(), mode)).distinct().toList();
        List<byte[]> theirs = Nasm.assemble(lines, mode, directory);
        List<String> wrong = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            byte[] expected = theirs.get(i);
            if (expected == null) {
                refused++;
                continue;
            }
            byte[] ours = Arrays.copyOf(Assembler.assemble(line, mode, (long) i * Nasm.SLOT).bytes(), Nasm.SLOT);
            if (!Arrays.equals(expected, ours) && FREEDOMS.values().stream().noneMatch(freedom -> freedom.matcher(line).matches())) {
                wrong.add(line + ": ours " + HexFormat.of().formatHex(ours) + ", NASM's " + HexFormat.of().formatHex(expected));
            }
        }
        assertEquals(List.of(), wrong, wrong.size() + " of " + lines.size());
        assertTrue(refused * 100 < lines.size() * MAX_REFUSED_PERCENT, refused + " of " + lines.size() + " lines are refused by NASM");
    }

    @ParameterizedTest
    @ValueSource(strings = {"boot16.asm", "system32.asm", "long64.asm"})
    void programs(String name, @TempDir Path directory) throws IOException, InterruptedException {
        String source;
        try (var stream = NasmComparisonTest.class.getResourceAsStream(name)) {
            source = new String(stream.readAllBytes());
        }
        Path file = directory.resolve(name);
        Path binary = directory.resolve("nasm.bin");
        Files.writeString(file, source);
        Process nasm = new ProcessBuilder("nasm", "-f", "bin", "-w-all", "-o", binary.toString(), file.toString()).redirectErrorStream(true).start();
        String output = new String(nasm.getInputStream().readAllBytes());
        assertEquals(0, nasm.waitFor(), output);
        Assembly ours = Assembler.assemble(source, 16, 0);
        byte[] theirs = Files.readAllBytes(binary);
        int differs = Arrays.mismatch(theirs, ours.bytes());
        assertEquals(-1, differs, () -> "first difference at offset 0x" + Integer.toHexString(differs) + "\n" + String.join("\n", ours.listing()));
    }
}
