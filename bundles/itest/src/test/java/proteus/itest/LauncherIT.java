package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image as its users start it: a process with arguments, two streams and a status. */
class LauncherIT {
    private static final Path IMAGE = Path.of(System.getProperty("proteus.image")).normalize();

    @TempDir
    private Path directory;

    private record Outcome(int status, String out, String err) { }

    @Test
    void aScriptPrintsItsResultsAndSucceeds() throws Exception {
        Outcome outcome = proteus("-c", "echo one; x = 2; echo two $x; each [3 4] { echo n $it } | tail -n 1");
        assertEquals(new Outcome(0, "one\ntwo 2\nn 4\n", ""), outcome);
    }

    @Test
    void aFailingStatementEndsTheScriptWithOneSentence() throws Exception {
        Outcome outcome = proteus("-c", "echo one; nosuch; echo two");
        assertEquals(1, outcome.status());
        assertEquals("one\n", outcome.out());
        assertEquals("proteus: nosuch: Command not found: nosuch\n", outcome.err());
    }

    @Test
    void aScriptMayBeAFile() throws Exception {
        Path script = Files.writeString(directory.resolve("script"), "# comment\necho from a file\n");
        assertEquals(new Outcome(0, "from a file\n", ""), proteus("-f", script.toString()));
    }

    @Test
    void aMissingScriptIsNamed() throws Exception {
        Outcome outcome = proteus("-f", directory.resolve("absent").toString());
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("absent") && outcome.err().lines().count() == 1, outcome.err());
    }

    @Test
    void wrongUsageHasItsOwnStatus() throws Exception {
        for (List<String> wrong : List.of(List.of("-c"), List.of("--nosuch"), List.of("shell", "x"))) {
            Outcome outcome = proteus(wrong.toArray(String[]::new));
            assertEquals(64, outcome.status(), outcome::err);
            assertEquals("", outcome.out());
            assertEquals(1, outcome.err().lines().count(), outcome::err);
        }
    }

    @Test
    void theShellEndsWithItsInput() throws Exception {
        assertEquals(0, proteus("shell").status());
    }

    /** As the image's script does it: with the bundles on the class path. */
    @Test
    void bundlesOnTheClassPathRunAGuest() throws Exception {
        String classPath;
        try (var jars = Files.walk(IMAGE)) {
            classPath = jars.map(Path::toString).filter(jar -> jar.endsWith(".jar")).sorted().collect(Collectors.joining(File.pathSeparator));
        }
        Outcome outcome = start(List.of("-cp", classPath, "proteus.launcher.Main"), "run", "--guest", "hello64");
        assertEquals(0, outcome.status(), outcome::err);
        assertTrue(outcome.out().stripTrailing().endsWith("hello64: done"), outcome::out);
    }

    private Outcome proteus(String... arguments) throws IOException, InterruptedException {
        return start(List.of("-jar", IMAGE.resolve("launcher.jar").toString()), arguments);
    }

    private Outcome start(List<String> program, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "--sun-misc-unsafe-memory-access=allow", "-Dproteus.home=" + IMAGE, "-Djava.io.tmpdir=" + directory,
                "-Duser.home=" + directory, "--enable-native-access=ALL-UNNAMED"));
        command.addAll(program);
        command.addAll(List.of(arguments));
        Path out = directory.resolve("out");
        Path err = directory.resolve("err");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile())
                .redirectInput(Files.writeString(directory.resolve("in"), "").toFile()).start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IllegalStateException("still running after a minute: " + List.of(arguments) + "\n" + Files.readString(err));
        }
        try (var left = Files.list(directory)) {
            assertEquals(List.of(), left.filter(file -> file.getFileName().toString().startsWith("proteus-")).toList(), "the cache is gone");
        }
        return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    }
}
