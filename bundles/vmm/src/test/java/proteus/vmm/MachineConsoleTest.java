package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MachineConsoleTest {
    private final List<Runnable> posted = new ArrayList<>();
    private final List<String> stops = new ArrayList<>();
    private final MachineConsole console = new MachineConsole(posted::add, stops::add);

    private void prints(String text) {
        text.chars().forEach(console::output);
    }

    private String typed() {
        StringBuilder text = new StringBuilder();
        for (int c = console.input(); c >= 0; c = console.input()) {
            text.append((char) c);
        }
        return text.toString();
    }

    @Test
    void outputIsKept() {
        prints("hello\n");
        assertEquals("hello\n", console.text());
    }

    @Test
    void onlyTheLastMebibyteIsKept() {
        prints("begin");
        prints("x".repeat(1 << 20));
        assertEquals(1 << 20, console.text().length());
        assertFalse(console.text().contains("begin"));
    }

    @Test
    void typedBytesArriveAndAreAnnouncedOnTheVmsThread() {
        List<String> announced = new ArrayList<>();
        console.onInput(() -> announced.add("input"));
        console.type("ls\n");
        assertEquals(List.of(), announced);
        posted.forEach(Runnable::run);
        assertEquals(List.of("input"), announced);
        assertTrue(console.inputAvailable());
        assertEquals("ls\n", typed());
        assertEquals(-1, console.input());
    }

    @Test
    void triggerTypesAtTheByteThatCompletesIt() {
        console.typeAfter("login: ", "root\n");
        prints("login:");
        assertFalse(console.inputAvailable());
        prints(" ");
        assertEquals("root\n", typed());
    }

    @Test
    void triggersAreServedInOrderEachFromItsOwnText() {
        console.typeAfter("# ", "one\n");
        console.typeAfter("# ", "two\n");
        prints("# ");
        assertEquals("one\n", typed());
        prints("one\nanswer\n");
        assertEquals("", typed());
        prints("# ");
        assertEquals("two\n", typed());
    }

    @Test
    void aTextUsedByOneTriggerDoesNotCompleteTheNext() {
        console.typeAfter("ab", "1");
        console.typeAfter("ba", "2");
        prints("ab");
        assertEquals("1", typed());
        prints("a");
        assertEquals("", typed(), "the b belongs to the first trigger");
        prints("ba");
        assertEquals("2", typed());
    }

    @Test
    void anyOfSeveralTextsTriggers() {
        console.typeAfterAny(List.of("READY", "$ "), "go\n");
        prints("READY");
        assertEquals("go\n", typed());
    }

    @Test
    void stopTextEndsTheRunOnceItIsThere() {
        console.stopAfter("done");
        prints("don't\n");
        assertEquals(List.of(), stops);
        prints("done");
        assertEquals(List.of("done"), stops);
    }

    @Test
    void listenersGetLinesAndTheRestAtAFlush() throws Exception {
        List<String> heard = new ArrayList<>();
        AutoCloseable subscription = console.subscribe(heard::add);
        prints("a line\nno line");
        assertEquals(List.of("a line\n"), heard);
        console.flush();
        assertEquals(List.of("a line\n", "no line"), heard);
        subscription.close();
        prints("unheard\n");
        assertEquals(2, heard.size());
    }

    @Test
    void lastLinesLeaveBlankOnesOut() {
        prints("a\nb\n\n  \nc");
        assertEquals("b\nc", console.lastLines(2));
    }
}
