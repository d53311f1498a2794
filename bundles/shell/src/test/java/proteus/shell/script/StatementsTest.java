package proteus.shell.script;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatementsTest {
    @Test
    void semicolonsAndLinesSeparate() {
        assertEquals(List.of("a b", "c", "d"), Statements.of("a b; c\nd\n"));
    }

    @Test
    void pipesConditionsAndClosuresStayTogether() {
        assertEquals(List.of("a | b && c", "each [1 2] { x; y }"), Statements.of("a | b && c; each [1 2] { x; y }"));
    }

    @Test
    void commentsAndBlankLinesAreNoStatements() {
        assertEquals(List.of("a"), Statements.of("# first\n\n  a\n"));
    }

    @Test
    void quotedSeparatorsDoNotSeparate() {
        assertEquals(List.of("echo 'a; b'"), Statements.of("echo 'a; b'"));
    }

    @Test
    void anUnfinishedProgramIsRefused() {
        assertThrows(RuntimeException.class, () -> Statements.of("echo ("));
    }
}
