package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.io.Device;
import proteus.api.io.DeviceRole;
import proteus.api.io.Keyboard;
import proteus.api.io.TextScreen;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec.Clock;

class KeyTypingTest {
    private static final long INSTANT = 10_000_000;

    private long retired;
    private final VirtualClock clock = new VirtualClock(Clock.COUNT, () -> retired);
    private final Screen screen = new Screen();
    private final Keys keyboard = new Keys();
    private final KeyTyping typing = new KeyTyping(List.of(screen, keyboard), clock);

    private void look() {
        retired += INSTANT;
        clock.fire();
    }

    @Test
    void keysAreServedInTheirOrderEachAfterItsText() {
        typing.press("menu", "a");
        typing.press("prompt", "b");
        screen.text = "prompt";
        look();
        assertEquals(List.of(), keyboard.pressed, "the first has not been seen");
        screen.text = "menu";
        look();
        assertEquals(List.of("a"), keyboard.pressed);
        screen.text = "prompt";
        look();
        assertEquals(List.of("a", "b"), keyboard.pressed);
    }

    @Test
    void withoutATextKeysArePressedAtOnceAndNobodyLooksAtTheScreen() {
        typing.press("", "a");
        assertEquals(List.of("a"), keyboard.pressed);
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void aKeyThatThereIsNotIsRefusedBeforeTheMachineRuns() {
        var refused = assertThrows(VmException.class, () -> typing.press("later", "?"));
        assertEquals("there is no ?", refused.getMessage());
        screen.text = "later";
        look();
        assertEquals(List.of(), keyboard.pressed);
    }

    @Test
    void aMachineWithoutKeyboardOrDisplaySaysSo() {
        var noKeyboard = assertThrows(VmException.class, () -> new KeyTyping(List.of(screen), clock).press("", "a"));
        assertTrue(noKeyboard.getMessage().contains("no keyboard"), noKeyboard.getMessage());
        var noScreen = assertThrows(VmException.class, () -> new KeyTyping(List.of(keyboard), clock).press("text", "a"));
        assertTrue(noScreen.getMessage().contains("no display on which 'text'"), noScreen.getMessage());
    }

    private static final class Keys extends Plugged implements Keyboard {
        private final List<String> pressed = new ArrayList<>();

        @Override
        public Runnable typing(String keys) {
            if (keys.equals("?")) {
                throw new IllegalArgumentException("there is no ?");
            }
            return () -> pressed.add(keys);
        }
    }

    private static final class Screen extends Plugged implements TextScreen {
        private String text = "";

        @Override
        public Snapshot snapshot() {
            return new Snapshot(80, 1, List.of(text), -1, -1);
        }
    }

    private abstract static class Plugged implements Device {
        @Override
        public String name() {
            return "fake";
        }

        @Override
        public DeviceRole role() {
            return DeviceRole.KEYBOARD;
        }

        @Override
        public void reset() { }

        @Override
        public byte[] exportState() {
            return new byte[0];
        }

        @Override
        public void importState(byte[] state) { }

        @Override
        public void close() { }
    }
}
