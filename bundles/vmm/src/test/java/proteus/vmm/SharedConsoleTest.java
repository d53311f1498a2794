package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import proteus.api.io.CharacterBackend;

class SharedConsoleTest {
    private final MachineConsole console = new MachineConsole(Runnable::run, text -> { });
    private final SharedConsole shared = new SharedConsole(console);
    private final CharacterBackend device = shared.device();
    private final CharacterBackend serial = shared.serial();

    @Test
    void outputOfBothAppears() {
        device.output('a');
        serial.output('b');
        assertEquals("ab", console.text());
    }

    @Test
    void serialPortHasTheInputUntilTheDeviceIsDriven() {
        console.type("abc");
        assertTrue(serial.inputAvailable());
        assertEquals('a', serial.input());
        assertTrue(device.inputAvailable());
        assertFalse(serial.inputAvailable());
        assertEquals(-1, serial.input());
        assertEquals('b', device.input());
        assertEquals('c', device.input());
        assertEquals(-1, device.input());
    }

    @Test
    void bothHearOfInput() {
        StringBuilder heard = new StringBuilder();
        device.onInput(() -> heard.append('d'));
        serial.onInput(() -> heard.append('s'));
        console.type("x");
        assertEquals("ds", heard.toString());
    }
}
