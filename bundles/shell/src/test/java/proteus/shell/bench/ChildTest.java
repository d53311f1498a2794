package proteus.shell.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.vm.VmException;

@EnabledOnOs(value = OS.LINUX, disabledReason = "the comparison measures children as Linux tells their time")
final class ChildTest {
    @TempDir
    private Path directory;

    private List<String> java;

    @BeforeEach
    void java() {
        java = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    }

    @Test
    void outputStatusAndTimeOfAChild() throws Exception {
        Child child = Child.run(List.of(java.getFirst(), "-Xshare:auto", "-version"), directory, Duration.ofMinutes(2));
        assertEquals(0, child.status());
        assertTrue(child.output().contains("version"), child::output);
        assertTrue(child.used().nanos() > 0);
    }

    @Test
    void childThatDoesNotEndIsKilled() {
        long before = ProcessHandle.current().children().count();
        VmException late = assertThrows(VmException.class, () -> Child.run(List.of("sleep", "1000"), directory, Duration.ofMillis(1)));
        assertEquals("sleep did not end within 0 s", late.getMessage());
        assertEquals(before, ProcessHandle.current().children().count());
    }

    @Test
    void programThatIsNotThereIsASentence() {
        assertThrows(VmException.class, () -> Child.run(List.of("no-such-program-here"), directory, Duration.ofSeconds(1)));
    }

    @Test
    void listenerHearsEachLineAndCanAnswer() throws Exception {
        Child child = Child.converse(List.of("sh", "-c", "echo name?; read name; echo hello $name"), directory, Duration.ofMinutes(2), (line, process) -> {
            if (line.equals("name?")) {
                process.getOutputStream().write("bench\n".getBytes(StandardCharsets.US_ASCII));
                process.getOutputStream().flush();
            }
        });
        assertEquals(0, child.status());
        assertEquals("name?\nhello bench\n", child.output());
    }

    @Test
    void conversationThatDoesNotEndIsBrokenOff() {
        VmException late = assertThrows(
                VmException.class, () -> Child.converse(List.of("sleep", "1000"), directory, Duration.ofMillis(1), (line, process) -> {}));
        assertEquals("sleep did not end within 0 s", late.getMessage());
    }
}
