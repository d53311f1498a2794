package proteus.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class RequestTest {
    @Test
    void nothingMeansTheShell() {
        assertEquals(Request.parse(List.of("shell")), Request.parse(List.of()));
        assertTrue(Request.parse(List.of()).interactive());
    }

    @Test
    void aSubcommandGetsItsArgumentsAndNeedsNoGogo() {
        assertEquals(new Request("run", List.of("--cpu", "full"), Request.COMMANDS), Request.parse(List.of("run", "--cpu", "full")));
    }

    @Test
    void scriptsNeedGogoButNoTerminal() {
        assertEquals(new Request("script", List.of("-c", "a; b"), Request.GOGO), Request.parse(List.of("-c", "a; b")));
        assertEquals(new Request("script", List.of("-f", "file"), Request.GOGO), Request.parse(List.of("-f", "file")));
    }

    @Test
    void wrongUsageIsRefused() {
        for (List<String> wrong : List.of(List.of("-c"), List.of("-c", "a", "b"), List.of("-f"), List.of("--nosuch"), List.of("shell", "x"))) {
            assertThrows(UsageException.class, () -> Request.parse(wrong), wrong::toString);
        }
    }
}
