package proteus.io.emul;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import proteus.api.io.Device;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;

class Uart16550Test {
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCRATCH = 7;

    private final FakeLine line = new FakeLine();
    private final Device uart = plug();

    private Device plug() {
        Device device = new EmulTechnique().plug(line, List.of(new DeviceSpec(DeviceRole.CONSOLE, line, 0))).getFirst();
        line.write(LCR, 0x03);
        line.write(MCR, 0x0b);
        return device;
    }

    @Test
    void whatIsWrittenComesOut() {
        for (char c : "hello".toCharArray()) {
            line.write(0, c);
        }
        assertEquals("hello", line.output.toString());
        assertEquals(0x60, line.read(LSR));
    }

    /** The steps of Linux' autoconfig() in drivers/tty/serial/8250/8250_port.c. */
    @Test
    void linuxTakesItForA16550A() {
        line.write(IER, 0);
        assertEquals(0, line.read(IER) & 0x0f);
        line.write(IER, 0x0f);
        assertEquals(0x0f, line.read(IER) & 0x0f);
        line.write(IER, 0);
        line.write(MCR, 0x10 | 0x0a);
        assertEquals(0x90, line.read(MSR) & 0xf0);
        line.write(MCR, 0x0b);
        line.write(LCR, 0xbf);
        line.write(LCR, 0x03);
        line.write(FCR, 0x01);
        assertEquals(3, line.read(IIR) >> 6);
        line.write(LCR, 0x80);
        assertTrue(line.read(2) != 0, "no extended features register");
        line.write(LCR, 0x03);
        line.write(IER, 0x40);
        assertEquals(0, line.read(IER) & 0x40, "no XScale UART");
    }

    @Test
    void anOrdinary16450HasNoFifoBits() {
        line.write(FCR, 0);
        assertEquals(0x01, line.read(IIR));
    }

    @Test
    void enablingTheTransmitInterruptRaisesItAndReadingItsCauseLowersIt() {
        line.write(IER, 2);
        assertTrue(line.asserted);
        assertEquals(0x02, line.read(IIR));
        assertFalse(line.asserted);
        assertEquals(0x01, line.read(IIR));
        line.write(IER, 0);
        line.write(IER, 2);
        assertTrue(line.asserted);
    }

    @Test
    void aWrittenCharacterRaisesTheTransmitInterruptAgain() {
        line.write(IER, 2);
        line.read(IIR);
        line.write(0, 'x');
        assertTrue(line.asserted);
    }

    @Test
    void withoutOut2TheInterruptLineStaysDown() {
        line.write(MCR, 0x03);
        line.write(IER, 2);
        assertFalse(line.asserted);
        line.write(MCR, 0x0b);
        assertTrue(line.asserted);
    }

    @Test
    void aReceivedCharacterInterruptsWithoutFifo() {
        line.write(IER, 1);
        line.type("a");
        assertTrue(line.asserted);
        assertEquals(0x04, line.read(IIR));
        assertEquals(0x61, line.read(LSR));
        assertEquals('a', line.read(0));
        assertFalse(line.asserted);
    }

    @Test
    void belowTheTriggerLevelTheCharacterTimeoutInterrupts() {
        line.write(LCR, 0x83);
        line.write(0, 1);
        line.write(1, 0);
        line.write(LCR, 0x03);
        line.write(FCR, 0xc1);
        line.write(IER, 1);
        line.type("abc");
        assertFalse(line.asserted);
        line.pass(4 * 10 * 1_000_000_000L / 115_200);
        assertTrue(line.asserted);
        assertEquals(0xcc, line.read(IIR));
        assertEquals('a', line.read(0));
        assertFalse(line.asserted);
    }

    @Test
    void atTheTriggerLevelDataIsAvailable() {
        line.write(FCR, 0x41);
        line.write(IER, 1);
        line.type("abc");
        assertFalse(line.asserted);
        line.type("d");
        assertEquals(0xc4, line.read(IIR));
    }

    @Test
    void aCharacterFirstSeenByPollingInterruptsAfterTheTimeoutToo() {
        line.write(FCR, 0x81);
        line.write(IER, 1);
        line.typeUnannounced("a");
        assertEquals(0x61, line.read(LSR));
        assertFalse(line.asserted);
        line.pass(10_000_000);
        assertTrue(line.asserted);
    }

    @Test
    void whatDoesNotFitWaitsAtTheFarEnd() {
        line.write(FCR, 0x01);
        String text = "the quick brown fox jumps over the lazy dog";
        line.type(text);
        StringBuilder read = new StringBuilder();
        while ((line.read(LSR) & 1) != 0) {
            read.append((char) line.read(0));
        }
        assertEquals(text, read.toString());
    }

    @Test
    void loopedBackCharactersReturnAndDoNotLeave() {
        line.write(FCR, 0x01);
        line.write(MCR, 0x10);
        line.write(0, 0x42);
        assertEquals(0x42, line.read(0));
        assertEquals("", line.output.toString());
    }

    @Test
    void theLoopShowsModemControlAtModemStatusWithItsChanges() {
        line.write(MCR, 0x1f);
        assertEquals(0xf0, line.read(MSR) & 0xf0);
        line.write(MCR, 0x10);
        assertEquals(0x0f, line.read(MSR));
        assertEquals(0x00, line.read(MSR));
    }

    @Test
    void theDivisorLatchHidesDataAndEnable() {
        line.write(LCR, 0x83);
        line.write(0, 0x34);
        line.write(1, 0x12);
        assertEquals(0x34, line.read(0));
        assertEquals(0x12, line.read(1));
        line.write(LCR, 0x03);
        assertEquals(0, line.read(IER));
        assertEquals("", line.output.toString());
    }

    @Test
    void theScratchRegisterKeepsItsValue() {
        line.write(SCRATCH, 0xa5);
        assertEquals(0xa5, line.read(SCRATCH));
    }

    @Test
    void stateTravelsToAnotherUart() {
        line.write(FCR, 0x81);
        line.write(IER, 0x0f);
        line.type("xyz");
        byte[] state = uart.exportState();
        FakeLine other = new FakeLine();
        Device fresh = new EmulTechnique().plug(other, List.of(new DeviceSpec(DeviceRole.CONSOLE, other, 0))).getFirst();
        fresh.importState(state);
        assertArrayEquals(state, fresh.exportState());
        assertEquals(line.asserted, other.asserted);
        assertEquals('x', other.read(0));
    }

    @Test
    void truncatedStateIsRefusedWithASentence() {
        var refused = assertThrows(IllegalArgumentException.class, () -> uart.importState(new byte[] {1, 2}));
        assertEquals("The state of 16550A at 0x3f8, IRQ 4 ends too early.", refused.getMessage());
    }

    @Test
    void noGuestInputMakesAnException() {
        Random random = new Random(7);
        for (int i = 0; i < 200_000; i++) {
            int port = random.nextInt(8);
            switch (random.nextInt(4)) {
                case 0 -> line.read(port);
                case 1 -> line.type("k");
                case 2 -> line.pass(random.nextInt(100_000));
                default -> line.write(port, random.nextInt(256));
            }
        }
    }

    @Test
    void rolesThatAreNotThereAreRefusedWithASentence() {
        var refused = assertThrows(IllegalArgumentException.class,
                () -> new EmulTechnique().plug(new FakeLine(), List.of(new DeviceSpec(DeviceRole.ENTROPY, null, 0))));
        assertEquals("The technique io.emul has no device for the role ENTROPY yet.", refused.getMessage());
    }

    @Test
    void aClosedUartLeavesTheBus() throws Exception {
        uart.close();
        assertEquals(0xff, line.read(LSR));
    }
}
