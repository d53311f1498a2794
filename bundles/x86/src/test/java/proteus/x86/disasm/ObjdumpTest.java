package proteus.x86.disasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.x86.decode.TableSamples;

/** Every instruction that objdump finds in real programs, and samples of every line of the opcode table. Skipped where there is no objdump. */
class ObjdumpTest {
    /** What objdump 2.40 says of some samples, and why we say something else. */
    private static final Map<String, Pattern> QUIRKS = Map.of(
        "it takes a 66 before F2 or F3 for the mandatory prefix, or for an operand size that does not exist",
        Pattern.compile(".*movq2dq xmm.*|.*movdq2q xmm.*|(rd|wr)[fg]sbase (cx|r8w)|movsxd (cx|r8w),.*"),
        "it shows W where W does nothing", Pattern.compile("(tpause|umwait|v?movmskp[sd]|v?pmovmskb) r(8|cx).*|v?pcmpestr[im]q .*"),
        "it does not know 16:64 pointers", Pattern.compile("(l[fgs]s r|rex\\.W\\w* (call|jmp) ).*FWORD PTR.*"),
        "REX.B makes an exchange of PAUSE, and a REX before a prefix does not count", Pattern.compile(".*rex\\.W?B pause|rex\\.W"),
        "it is older than PREFETCHIT", Pattern.compile("(addr32 )?nop DWORD PTR .*"),
        "it takes the unused rounding of a 32-bit source for an error", Pattern.compile("vcvtu?si2sd .*\\{r.-bad}"));
    private static final int SLOT = 16;
    private static final int MAX_BAD_PERCENT = 1;
    private static final byte NOP = (byte) 0x90;

    /** What differs, by mnemonic. */
    private static final class Differences {
        final Map<String, Integer> counts = new TreeMap<>();
        final List<String> examples = new ArrayList<>();
        /** Slots of samples in which objdump sees no instruction. */
        final Set<Long> badSlots = new HashSet<>();
        long instructions;

        void add(String theirs, String example) {
            if (counts.merge(theirs.split(" ")[0], 1, Integer::sum) <= 3) {
                examples.add(example);
            }
        }
    }

    private static Differences compare(int mode, boolean samples, String... command) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("objdump", "-w", "-M", "intel"));
        all.addAll(List.of(command));
        Process process;
        try {
            process = new ProcessBuilder(all).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            System.err.println("NOT TESTED: comparison with objdump, there is no objdump on the path");
            assumeTrue(false, "objdump is not installed");
            throw e;
        }
        Differences differences = new Differences();
        List<String[]> parsed = new ArrayList<>();
        Disassembler disassembler = new Disassembler();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] fields = line.split("\t");
                if (fields.length == 3 && fields[0].endsWith(":") && samples) {
                    parsed.add(fields);
                } else if (fields.length == 3 && fields[0].endsWith(":")) {
                    compareLine(mode, fields, disassembler, differences);
                }
            }
        }
        parsed.stream().filter(fields -> fields[2].contains("(bad)")).forEach(fields -> differences.badSlots.add(address(fields) / SLOT));
        for (String[] fields : parsed) {
            if (!differences.badSlots.contains(address(fields) / SLOT) && QUIRKS.values().stream().noneMatch(quirk -> quirk.matcher(ObjdumpNormal.plain(fields[2])).matches())) {
                compareLine(mode, fields, disassembler, differences);
            }
        }
        assertEquals(0, process.waitFor(), "status of objdump");
        return differences;
    }

    private static long address(String[] fields) {
        return Long.parseUnsignedLong(fields[0].strip().replace(":", ""), 16);
    }

    private static void compareLine(int mode, String[] fields, Disassembler disassembler, Differences differences) {
        byte[] bytes = HexFormat.of().parseHex(fields[1].replace(" ", ""));
        if (bytes[0] == (byte) 0x9B && bytes.length > 1) {
            return; // objdump takes FWAIT and what follows for one instruction
        }
        differences.instructions++;
        byte[] padded = Arrays.copyOf(bytes, Math.max(bytes.length, SLOT));
        Disassembler.Line ours = disassembler.line(at -> padded[at] & 0xFF, mode, address(fields));
        String theirs = fields[2];
        boolean bad = theirs.contains("(bad)");
        boolean same = bad ? ours.text().equals("(bad)") : ours.length() == bytes.length
            && (ObjdumpNormal.plain(ours.text()).equals(ObjdumpNormal.plain(theirs)) || ObjdumpNormal.of(ours.text()).equals(ObjdumpNormal.of(theirs)));
        if (!same) {
            differences.add(ObjdumpNormal.of(theirs), fields[0].strip() + " " + fields[1].strip() + " | " + theirs + " | " + ours.text() + " (" + ours.length() + ")");
        }
    }

    private static void assertSame(Differences differences) {
        assertEquals("", String.join("\n", differences.examples), () -> differences.counts.toString());
    }

    @Test
    void busyboxOfThisSystem() throws IOException, InterruptedException {
        Path busybox = Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":")).map(directory -> Path.of(directory, "busybox")).filter(Files::isExecutable)
            .findFirst().orElse(null);
        program(busybox);
    }

    @Test
    void busyboxOfThe686Guest() throws IOException, InterruptedException {
        program(Path.of(System.getProperty("user.home"), ".cache", "proteus", "guests", "debian-686", "busybox"));
    }

    private static void program(Path file) throws IOException, InterruptedException {
        if (file == null || !Files.isReadable(file)) {
            System.err.println("NOT TESTED: comparison with objdump, there is no " + (file == null ? "busybox on the path" : file.getFileName() + " of that guest"));
        }
        assumeTrue(file != null && Files.isReadable(file), "no such program");
        byte[] head = Files.readAllBytes(file);
        int mode = head[4] == 1 ? 32 : 64;
        Differences differences = compare(mode, false, "-d", file.toString());
        assertTrue(differences.instructions > 100_000, "only " + differences.instructions + " instructions");
        assertSame(differences);
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void samplesOfEveryLineOfTheTable(int mode, @TempDir Path directory) throws IOException, InterruptedException {
        ByteArrayOutputStream code = new ByteArrayOutputStream();
        for (List<TableSamples.Sample> samples : TableSamples.all(mode).values()) {
            for (TableSamples.Sample sample : samples) {
                byte[] slot = Arrays.copyOf(sample.bytes(), SLOT);
                Arrays.fill(slot, sample.bytes().length, SLOT, NOP);
                code.write(slot);
            }
        }
        Path file = directory.resolve("samples.bin");
        Files.write(file, code.toByteArray());
        String machine = mode == 16 ? "i8086" : mode == 32 ? "i386" : "i386:x86-64";
        Differences differences = compare(mode, true, "-D", "-b", "binary", "-m", machine, file.toString());
        assertSame(differences);
        int slots = code.size() / SLOT;
        assertTrue(differences.badSlots.size() * 100 < slots * MAX_BAD_PERCENT, differences.badSlots.size() + " of " + slots + " samples are unknown to objdump");
    }
}
