package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.x86.asm.Assembler;

/** {@code run}, {@code demo} and {@code guest} as their users see them: streams and statuses of a process. */
class RunIT {
    private static final Path IMAGE = Path.of(System.getProperty("proteus.image")).normalize();

    @TempDir
    private Path directory;

    /**
     * Counts its starts in memory beside itself and prints the count; resets itself by the keyboard controller, the reset register, a
     * triple fault on purpose, and a crash, and at the fifth start ends the run.
     */
    private static final String RESETTING_GUEST = """
            header:
                dd 0x1badb002, 0x10000, 0 - 0x1badb002 - 0x10000
                dd header, header, 0, 0, start
            nothing:
                dw 0
                dd 0
            start:
                inc dword [0x200000]
                mov ecx, [0x200000]
                add ecx, FIRST
                lea eax, [ecx + '0']
                out 0xe9, al
                cmp ecx, 1
                jne second
                mov al, 0xfe
                out 0x64, al
            second:
                cmp ecx, 2
                jne third
                mov al, 6
                mov dx, 0xcf9
                out dx, al
            third:
                cmp ecx, 3
                jne fourth
                lidt [nothing]
                int3
            fourth:
                cmp ecx, 4
                jne fifth
                ud2
            fifth:
                mov al, 0
                out 0xf4, al
            """;

    private record Outcome(int status, String out, String err) {}

    private Outcome proteus(String... arguments) throws Exception {
        return proteusWith(Map.of(), arguments);
    }

    private Outcome proteusWith(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(IMAGE.resolve("bin/proteus").toString()));
        command.addAll(List.of(arguments));
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        Process process = builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile())).start();
        assertTrue(process.waitFor(600, TimeUnit.SECONDS), "it ends by itself");
        return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private void refused(int status, String sentence, String... arguments) throws Exception {
        Outcome outcome = proteus(arguments);
        String last = outcome.err().lines().reduce((a, b) -> b).orElse("");
        assertEquals(status, outcome.status(), outcome::err);
        assertTrue(last.contains(sentence), outcome::err);
        assertTrue(outcome.err().lines().noneMatch(line -> line.startsWith("\tat ") || line.contains("Exception")), outcome::err);
        assertEquals("", outcome.out());
    }

    @Test
    void guestsConsoleIsOnStandardOutputAndOurWordsAreNot() throws Exception {
        Path statistics = directory.resolve("statistics.json");
        Outcome outcome = proteus("run", "--guest", "hello32", "--stats", statistics.toString());
        assertEquals(0, outcome.status(), outcome::err);
        assertTrue(outcome.out().startsWith("hello32: a guest of Proteus") && outcome.out().stripTrailing().endsWith("hello32: done"), outcome::out);
        assertTrue(outcome.err().contains("defaults for --cpu --mem --io --memory --clock"), outcome::err);
        String json = Files.readString(statistics);
        assertTrue(json.contains("\"exit.io-instruction\"") && json.contains("\"kind\": \"debug-exit\""), json);
    }

    @Test
    void awaitedTextIsSuccess() throws Exception {
        assertEquals(0, proteus("run", "--guest", "hello64", "--until", "long mode").status());
    }

    @Test
    void timeOutHasItsOwnStatus() throws Exception {
        Outcome outcome = proteus("run", "--guest", "bench64", "--timeout", "0.2");
        assertEquals(2, outcome.status(), outcome::err);
        assertTrue(outcome.err().contains("time-out after") && outcome.err().contains("RIP"), outcome::err);
    }

    @Test
    void badInputIsAnsweredInOneSentence() throws Exception {
        Path garbage = Files.write(directory.resolve("garbage"), new byte[] {0x0f, 0x0b});
        refused(1, "does not exist", "run", "--kernel", directory.resolve("absent").toString());
        refused(1, "no format that can be started", "run", "--kernel", garbage.toString());
        refused(1, "there is no guest 'nosuch'", "run", "--guest", "nosuch");
        refused(1, "at least", "run", "--guest", "hello32", "--memory", "1M");
        refused(64, "give one of --guest NAME, --kernel FILE and --bios FILE", "run");
        refused(64, "--cpu magic will not do", "run", "--guest", "hello32", "--cpu", "magic");
        refused(64, "no flag --nosuch", "run", "--nosuch");
    }

    @Test
    void imagesAreMadeDescribedAndExamined() throws Exception {
        String disk = directory.resolve("disk.qcow2").toString();
        assertEquals(0, proteus("image", "create", disk, "1G").status());
        Outcome info = proteus("image", "info", disk);
        assertTrue(info.out().contains("format   qcow2") && info.out().contains("1,073,741,824 bytes"), info::out);
        assertTrue(proteus("image", "check", disk).out().startsWith("0 errors, 0 leaked clusters"));
        refused(1, "There is a file", "image", "create", disk, "1G");
        refused(1, "There is no disk image", "image", "check", disk + ".absent");
        refused(64, "say how large the disk shall be", "image", "create", disk + "2");
        refused(64, "say create FILE SIZE, info FILE or check FILE", "image", "burn");
        refused(64, "is no option of a disk image", "run", "--guest", "hello32", "--disk", disk + ",speed=high");
        refused(1, "there is no I/O technique 'magic'", "run", "--guest", "hello32", "--disk", disk + ",io=magic");
    }

    @Test
    void guestThatTripleFaultsAtOnceFailsWithTheplace() throws Exception {
        // Multiboot, flat: magic, flags with address fields, checksum, addresses; then UD2 without an IDT.
        java.nio.ByteBuffer image = java.nio.ByteBuffer.allocate(64).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        int magic = 0x1badb002;
        int flags = 1 << 16;
        int base = 0x10_0000;
        image.putInt(magic).putInt(flags).putInt(-(magic + flags)).putInt(base).putInt(base).putInt(base + 64).putInt(base + 64).putInt(base + 32);
        image.putShort(32, (short) 0x0b0f);
        Path file = Files.write(directory.resolve("fault"), image.array());
        Outcome outcome = proteus("run", "--kernel", file.toString());
        assertEquals(1, outcome.status(), outcome::err);
        assertTrue(outcome.err().contains("triple fault, at RIP 0x100020"), outcome::err);
    }

    @Test
    void guestThatResetsItselfStartsAgainIfWished() throws Exception {
        Outcome outcome = proteus("run", "--kernel", resettingFrom(1), "--reboot", "reset", "--timeout", "60");
        assertEquals(0, outcome.status(), outcome::err);
        assertEquals("12345", outcome.out().strip());
    }

    @Test
    void resetEndsTheRunWellAndACrashDoesNot() throws Exception {
        Outcome wished = proteus("run", "--kernel", resettingFrom(3));
        assertEquals(0, wished.status(), wished::err);
        assertTrue(wished.err().contains("the guest reset the machine by a triple fault\n"), wished::err);
        Outcome crash = proteus("run", "--kernel", resettingFrom(4));
        assertEquals(1, crash.status(), crash::err);
        assertTrue(crash.err().contains("the guest shut down by a triple fault, at RIP 0x1000"), crash::err);
    }

    private String resettingFrom(int first) throws Exception {
        byte[] image = Assembler.assemble("FIRST equ " + (first - 1) + "\n" + RESETTING_GUEST, 32, 0x100000).bytes();
        return Files.write(directory.resolve("resetting" + first), image).toString();
    }

    @Test
    void demoShowsWhatTechniquesDid() throws Exception {
        Outcome outcome = proteus("demo");
        assertEquals(0, outcome.status(), outcome::err);
        assertTrue(outcome.out().contains("=== hwassist + ept + emul on model"), outcome::out);
        assertTrue(outcome.out().contains("exit.io-instruction"), outcome::out);
    }

    @Test
    void guestsAreListed() throws Exception {
        Outcome outcome = proteus("guest", "list", "-o", "json");
        assertEquals(0, outcome.status(), outcome::err);
        for (String name : List.of("hello32", "hello64", "rings", "nano", "bench32", "bench64", "debian-cloud-amd64", "debian-amd64", "debian-686")) {
            assertTrue(outcome.out().contains("\"name\": \"" + name + "\""), outcome::out);
        }
    }

    /** A PATH with all that is on ours, except programs that begin with one of these names. */
    private String pathWithout(String... names) throws Exception {
        Path links = Files.createDirectory(directory.resolve("path"));
        for (String each : System.getenv("PATH").split(":")) {
            if (!Files.isDirectory(Path.of(each))) {
                continue;
            }
            try (Stream<Path> programs = Files.list(Path.of(each))) {
                for (Path program : programs.toList()) {
                    Path link = links.resolve(program.getFileName());
                    if (Stream.of(names).noneMatch(program.getFileName().toString()::startsWith) && !Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
                        Files.createSymbolicLink(link, program);
                    }
                }
            }
        }
        return links.toString();
    }

    @Test
    void benchComparesWithWhoIsThereAndNamesWhoIsNot() throws Exception {
        Path json = directory.resolve("bench.json");
        Outcome outcome = proteusWith(Map.of("PATH", pathWithout("qemu", "bochs")),
                "bench", "--peers", "--guest", "bench64", "--only", "fib", "--rounds", "1", "--json", json.toString());
        assertEquals(0, outcome.status(), outcome::err);
        assertTrue(outcome.err().contains("qemu-tcg is absent: qemu-system-x86_64 is not installed"), outcome::err);
        assertTrue(outcome.err().contains("bochs is absent: bochs is not installed"), outcome::err);
        assertTrue(outcome.out().lines().anyMatch(line -> line.strip().startsWith("64  fib")), outcome::out);
        String found = Files.readString(json);
        assertTrue(found.contains("\"qemu-tcg\": \"qemu-system-x86_64 is not installed\"") && found.contains("\"instructionsPerIteration\""), found);
        refused(1, "there is no loop nosuch", "bench", "--peers", "--only", "nosuch");
        refused(64, "--engine warp will not do", "bench", "--engine", "warp");
        refused(64, "give one of --linux, --boot, --scaling and --soak", "bench", "--boot", "--linux");
        refused(64, "--rounds 0 will not do", "bench", "--peers", "--rounds", "0");
    }

    /** The guest has forked some thousand processes by then, about as long as it took to warm up. */
    @Test
    void memoryStaysFlatUnderABuildLikeGuest() throws Exception {
        Outcome guest = proteus("guest", "fetch", "debian-cloud-amd64");
        assumeTrue(guest.status() == 0, guest::err);
        Path json = directory.resolve("soak.json");
        Outcome outcome = proteus("bench", "--soak", "10G", "--json", json.toString());
        assertEquals(0, outcome.status(), outcome::err);
        assertTrue(Files.readString(json).contains("\"verdict\": \"memory stays flat\""), outcome::out);
        refused(64, "--soak 10 will not do", "bench", "--soak", "10");
    }
}
