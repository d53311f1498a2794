package proteus.shell.script;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ScriptRunnerTest {
    private final ThreadIOImpl threadIo = new ThreadIOImpl();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private ScriptRunner runner;

    /** The commands of the test. */
    public static final class Sample {
        public String hello(String name) {
            return "hello " + name;
        }

        public void nothing() { }

        public void fail() {
            throw new IllegalStateException("the disk is full");
        }
    }

    @BeforeEach
    void offerCommands() {
        threadIo.start();
        CommandProcessorImpl processor = new CommandProcessorImpl(threadIo);
        processor.addCommand("t", new Sample());
        runner = new ScriptRunner(processor, InputStream.nullInputStream(), new PrintStream(out, true), new PrintStream(err, true));
    }

    @AfterEach
    void stopThreadIo() {
        threadIo.stop();
    }

    @Test
    void resultsArePrintedAndNothingIsNot() {
        assertTrue(runner.run("t:hello a; t:nothing; t:hello b"));
        assertEquals("hello a\nhello b\n", text(out));
        assertEquals("", text(err));
    }

    @Test
    void theFirstFailureStopsTheScriptWithOneSentence() {
        assertFalse(runner.run("t:hello a; t:fail; t:hello b"));
        assertEquals("hello a\n", text(out));
        assertEquals("proteus: t:fail: the disk is full\n", text(err));
    }

    @Test
    void aResultWithANameIsNotPrinted() {
        assertTrue(runner.run("x = (t:hello a); t:hello $x"));
        assertEquals("hello hello a\n", text(out));
    }

    @Test
    void anUnknownCommandFails() {
        assertFalse(runner.run("t:nosuch"));
        assertTrue(text(err).startsWith("proteus: t:nosuch: "), text(err));
        assertEquals(1, text(err).lines().count());
    }

    private static String text(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
