package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LegacyTest {
    private static final int DATA = 0x60;
    private static final int STATUS = 0x64;
    private final FakeMachine machine = new FakeMachine();

    private int answer() {
        assertEquals(1, machine.in(STATUS) & 1, "output buffer full");
        return machine.in(DATA);
    }

    @Test
    void theKeyboardControllerPassesItsSelfTests() {
        machine.out(STATUS, 0xaa);
        assertEquals(0x55, answer());
        machine.out(STATUS, 0xab);
        assertEquals(0x00, answer());
        machine.out(STATUS, 0xa9);
        assertEquals(0x00, answer());
        assertEquals(0, machine.in(STATUS) & 1);
    }

    @Test
    void theCommandByteIsWrittenAndReadBack() {
        machine.out(STATUS, 0x60);
        machine.out(DATA, 0x77);
        machine.out(STATUS, 0x20);
        assertEquals(0x77, answer());
    }

    @Test
    void theAuxiliaryLoopComesBackAsMouseData() {
        machine.out(STATUS, 0xd3);
        machine.out(DATA, 0x5a);
        assertEquals(0x20, machine.in(STATUS) & 0x20);
        assertEquals(0x5a, answer());
    }

    @Test
    void aKeyboardThatIsNotThereTimesOut() {
        machine.out(DATA, 0xf2);
        assertEquals(0x41, machine.in(STATUS) & 0x41);
        assertEquals(0xfe, answer());
    }

    @Test
    void a20ReadsAsEnabled() {
        machine.out(STATUS, 0xd0);
        assertEquals(2, answer() & 2);
        assertEquals(2, machine.in(0x92));
    }

    @Test
    void everyWayToResetAsksForOne() {
        machine.out(STATUS, 0xfe);
        machine.out(0x92, 0x03);
        machine.out(0xcf9, 0x02);
        machine.out(0xcf9, 0x06);
        assertEquals(List.of("reset", "reset", "reset"), machine.events);
    }

    @Test
    void debugPortsReachTheMachine() {
        machine.out(0xe9, 'x');
        machine.out(0xf4, 5);
        assertEquals(0xe9, machine.in(0xe9));
        assertEquals(List.of("debug character x", "debug exit 5"), machine.events);
    }

    @Test
    void dmaRegistersAreSixteenBitsThroughAFlipFlop() {
        machine.out(0x0d, 0);
        machine.out(0x02, 0x34);
        machine.out(0x02, 0x12);
        machine.out(0x0c, 0);
        assertEquals(0x34, machine.in(0x02));
        assertEquals(0x12, machine.in(0x02));
        machine.out(0xd8, 0);
        machine.out(0xc4, 0x78);
        machine.out(0xc4, 0x56);
        assertEquals(0x78, machine.in(0xc4));
    }

    @Test
    void thePostCodeIsKept() {
        machine.out(0x80, 0x42);
        assertEquals(0x42, machine.in(0x80));
        assertTrue(machine.board.describe().stream().anyMatch(s -> s.contains("POST code 0x42")));
    }
}
