package proteus.io.emul.ps2;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import proteus.tck.fake.FakePc;

/** IBM PS/2 Hardware Interface Technical Reference, keyboard: commands and scan code set 2. */
class Ps2KeyboardTest {
    private final FakePc pc = new FakePc();
    private final Ps2Keyboard keyboard = new Ps2Keyboard(pc);

    private List<Integer> sent() {
        List<Integer> all = List.copyOf(pc.keyboardBytes);
        pc.keyboardBytes.clear();
        return all;
    }

    private List<Integer> answerTo(int... bytes) {
        for (int value : bytes) {
            keyboard.receive(value);
        }
        return sent();
    }

    @Test
    void resetIsAcknowledgedAndTested() {
        assertEquals(List.of(0xfa, 0xaa), answerTo(0xff));
    }

    @Test
    void commandsAreAnswered() {
        assertEquals(List.of(0xfa, 0xab, 0x83), answerTo(0xf2));
        assertEquals(List.of(0xee), answerTo(0xee));
        assertEquals(List.of(0xfa, 0xfa), answerTo(0xed, 7));
        assertEquals(List.of(0xfa, 0xfa), answerTo(0xf3, 0x20));
        assertEquals(List.of(0xfa, 0xfa, 2), answerTo(0xf0, 0));
        assertEquals(List.of(0xfe), answerTo(0x12));
        assertEquals(List.of(0xfe), answerTo(0xfe), "again");
    }

    @Test
    void aCommandWhereAParameterWasDueIsACommand() {
        assertEquals(List.of(0xfa, 0xee), answerTo(0xed, 0xee));
    }

    @Test
    void keysGoDownAndUpWithShiftAroundThem() {
        keyboard.typing("a").run();
        assertEquals(List.of(0x1c, 0xf0, 0x1c), sent());
        pc.pass(20_000_000);
        keyboard.typing("?").run();
        assertEquals(List.of(0x12, 0x4a, 0xf0, 0x4a, 0xf0, 0x12), sent());
        keyboard.typing("<up>").run();
        assertEquals(List.of(0xe0, 0x75, 0xe0, 0xf0, 0x75), sent());
        keyboard.typing("<ctrl-alt-delete>").run();
        assertEquals(List.of(0x14, 0x11, 0xe0, 0x71, 0xe0, 0xf0, 0x71, 0xf0, 0x11, 0xf0, 0x14), sent());
    }

    @Test
    void keysWaitUntilTheHostHasTakenTheOnesBefore() {
        keyboard.typing("ab").run();
        assertEquals(3, pc.keyboardBytes.size());
        pc.pass(20_000_000);
        assertEquals(3, pc.keyboardBytes.size());
        sent();
        pc.pass(20_000_000);
        assertEquals(List.of(0x32, 0xf0, 0x32), sent());
    }

    @Test
    void aDisabledKeyboardDoesNotScan() {
        answerTo(0xf5);
        keyboard.typing("x").run();
        assertEquals(List.of(), sent());
        assertEquals(List.of(0xfa), answerTo(0xf4));
        pc.pass(20_000_000);
        assertEquals(List.of(0x22, 0xf0, 0x22), sent());
    }

    @Test
    void keysThatAreNotThereAreRefusedWithASentence() {
        var letter = assertThrows(IllegalArgumentException.class, () -> keyboard.typing("ä"));
        assertEquals("A US keyboard has no key for 'ä'.", letter.getMessage());
        assertThrows(IllegalArgumentException.class, () -> keyboard.typing("<nokey>"));
        assertThrows(IllegalArgumentException.class, () -> keyboard.typing("<hyper-x>"));
    }

    @Test
    void everyCharacterOfAsciiHasAKey() {
        for (char c = ' '; c < 0x7f; c++) {
            keyboard.typing(c == '<' ? "<lt>" : String.valueOf(c)).run();
        }
    }

    @Test
    void stateTravels() {
        answerTo(0xf5, 0xed);
        byte[] state = keyboard.exportState();
        Ps2Keyboard other = new Ps2Keyboard(new FakePc());
        other.importState(state);
        assertArrayEquals(state, other.exportState());
        assertThrows(IllegalArgumentException.class, () -> other.importState(new byte[] {1}));
    }

    @Test
    void noHostMakesAnException() {
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            keyboard.receive(random.nextInt(256));
            if (i % 50 == 0) {
                keyboard.typing("k").run();
                pc.pass(30_000_000);
                sent();
            }
        }
    }
}
