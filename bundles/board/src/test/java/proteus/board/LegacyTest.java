package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.io.Ps2Port;

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

    private void command(int value) {
        machine.out(STATUS, 0x60);
        machine.out(DATA, value);
    }

    @Test
    void aKeyboardHearsWhatIsWrittenToTheDataPort() {
        List<Integer> heard = new ArrayList<>();
        Ps2Port port = machine.board.keyboardPort().orElseThrow();
        port.connect(heard::add);
        machine.out(DATA, 0xf2);
        assertEquals(List.of(0xf2), heard);
        assertEquals(0, machine.in(STATUS) & 1, "no time-out");
        assertThrows(IllegalArgumentException.class, () -> port.connect(heard::add));
    }

    @Test
    void setTwoIsTranslatedToSetOneUnlessTheModeSaysNo() {
        Ps2Port port = machine.board.keyboardPort().orElseThrow();
        port.send(0x1c);
        port.send(0xf0);
        port.send(0x1c);
        port.send(0x83);
        assertEquals(0x1e, answer());
        assertEquals(0x9e, answer());
        assertEquals(0x41, answer());
        command(0x04);
        port.send(0xf0);
        assertEquals(0xf0, answer());
    }

    @Test
    void anInhibitedKeyboardKeepsItsBytes() {
        Ps2Port port = machine.board.keyboardPort().orElseThrow();
        machine.out(STATUS, 0xad);
        port.send(0x1c);
        assertEquals(0, machine.in(STATUS) & 1);
        assertEquals(1, port.waiting());
        machine.out(STATUS, 0xae);
        assertEquals(0x1e, answer());
    }

    @Test
    void bytesThatWaitInTheKeyboardPortTravelWithTheBoard() {
        machine.out(STATUS, 0xad);
        machine.board.keyboardPort().orElseThrow().send(0x76);
        FakeMachine other = new FakeMachine();
        other.board.importState(machine.board.exportState());
        other.out(STATUS, 0xae);
        assertEquals(0x01, other.in(DATA));
    }

    @Test
    void a20ReadsAsEnabled() {
        machine.out(STATUS, 0xd0);
        assertEquals(2, answer() & 2);
        assertEquals(2, machine.in(0x92));
    }

    private void outputPort(int value) {
        machine.out(STATUS, 0xd1);
        machine.out(DATA, value);
    }

    @Test
    void addressLine20IsOpenWhileOneOfItsGatesIs() {
        outputPort(0xdd);
        assertEquals(List.of(), machine.events);
        machine.out(0x92, 0);
        assertEquals(List.of("A20 closed"), machine.events);
        outputPort(0xdf);
        machine.out(0x92, 2);
        outputPort(0xdd);
        assertEquals(List.of("A20 closed", "A20 open"), machine.events);
        machine.out(0x92, 0);
        machine.board.reset();
        assertEquals(List.of("A20 closed", "A20 open", "A20 closed", "A20 open"), machine.events);
    }

    @Test
    void aClosedGateTravelsWithTheBoard() {
        outputPort(0xdd);
        machine.out(0x92, 0);
        FakeMachine other = new FakeMachine();
        other.board.importState(machine.board.exportState());
        assertEquals("A20 closed", other.events.getLast());
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
    void firmwareWritesItsLogToTheMachine() {
        assertEquals(0xe9, machine.in(0x402));
        machine.out(0x402, 'S');
        assertEquals("S", machine.firmwareLog.toString());
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
