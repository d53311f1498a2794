package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.io.InterruptController;
import proteus.api.io.InterruptLine;

class PicTest {
    private static final int MASTER = 0x20;
    private static final int SLAVE = 0xa0;
    private static final int EOI = 0x20;
    private static final int READ_REQUESTS = 0x0a;
    private static final int READ_SERVICE = 0x0b;
    private static final int POLL = 0x0c;

    private final FakeMachine machine = new FakeMachine();
    private final InterruptController cpu = machine.board.interrupts(0);

    @BeforeEach
    void initialise() {
        machine.initialisePics();
    }

    @Test
    void anEdgeOnIrq4GivesVector0x24() {
        machine.board.line(4).pulse();
        assertTrue(cpu.pending());
        assertEquals(0x24, cpu.acknowledge());
        assertFalse(cpu.pending());
    }

    @Test
    void anInterruptOfTheSlaveGoesThroughTheCascade() {
        machine.board.line(12).pulse();
        assertEquals(0x2c, cpu.acknowledge());
        machine.out(MASTER, READ_SERVICE);
        assertEquals(1 << 2, machine.in(MASTER));
        machine.out(SLAVE, READ_SERVICE);
        assertEquals(1 << 4, machine.in(SLAVE));
    }

    @Test
    void theSlavesInterruptsRankBetweenIrq1AndIrq3() {
        machine.board.line(3).pulse();
        machine.board.line(8).pulse();
        machine.board.line(1).pulse();
        assertEquals(0x21, cpu.acknowledge());
        machine.out(MASTER, EOI);
        assertEquals(0x28, cpu.acknowledge());
        machine.out(SLAVE, EOI);
        machine.out(MASTER, EOI);
        assertEquals(0x23, cpu.acknowledge());
    }

    @Test
    void aLowerPriorityWaitsForTheEndOfInterrupt() {
        machine.board.line(1).pulse();
        cpu.acknowledge();
        machine.board.line(5).pulse();
        assertFalse(cpu.pending());
        machine.out(MASTER, EOI);
        assertTrue(cpu.pending());
    }

    @Test
    void aMaskedInterruptWaitsInTheRequestRegister() {
        machine.out(MASTER + 1, 1 << 4);
        machine.board.line(4).pulse();
        assertFalse(cpu.pending());
        machine.out(MASTER, READ_REQUESTS);
        assertEquals(1 << 4, machine.in(MASTER) & 1 << 4);
        machine.out(MASTER + 1, 0);
        assertTrue(cpu.pending());
    }

    @Test
    void aLevelInputInterruptsAgainWhileItStaysUp() {
        machine.out(0x4d1, 1 << 2);
        InterruptLine line = machine.board.line(10);
        line.set(true);
        assertEquals(0x2a, cpu.acknowledge());
        machine.out(SLAVE, EOI);
        machine.out(MASTER, EOI);
        assertEquals(0x2a, cpu.acknowledge());
        line.set(false);
        machine.out(SLAVE, EOI);
        machine.out(MASTER, EOI);
        assertFalse(cpu.pending());
    }

    @Test
    void timerKeyboardCascadeAndClockCannotBeLevelTriggered() {
        machine.out(0x4d0, 0xff);
        machine.out(0x4d1, 0xff);
        assertEquals(0xf8, machine.in(0x4d0));
        assertEquals(0xde, machine.in(0x4d1));
    }

    @Test
    void automaticEndOfInterruptLeavesNothingInService() {
        int[] words = {0x11, 0x20, 4, 3, 0};
        machine.out(MASTER, words[0]);
        for (int i = 1; i < words.length; i++) {
            machine.out(MASTER + 1, words[i]);
        }
        machine.board.line(6).pulse();
        cpu.acknowledge();
        machine.out(MASTER, READ_SERVICE);
        assertEquals(0, machine.in(MASTER));
    }

    @Test
    void rotationOnEndOfInterruptMakesTheServedInputTheLast() {
        machine.board.line(3).pulse();
        cpu.acknowledge();
        machine.out(MASTER, 0xa0);
        machine.board.line(3).pulse();
        machine.board.line(4).pulse();
        assertEquals(0x24, cpu.acknowledge());
    }

    @Test
    void specialMaskModeLetsLowerPrioritiesThrough() {
        machine.board.line(3).pulse();
        cpu.acknowledge();
        machine.board.line(6).pulse();
        assertFalse(cpu.pending());
        machine.out(MASTER, 0x68);
        machine.out(MASTER + 1, 1 << 3);
        assertEquals(0x26, cpu.acknowledge());
    }

    @Test
    void pollingAcknowledges() {
        machine.board.line(5).pulse();
        machine.out(MASTER, POLL);
        assertEquals(0x85, machine.in(MASTER));
        machine.out(MASTER, READ_SERVICE);
        assertEquals(1 << 5, machine.in(MASTER));
    }

    @Test
    void wiresOfOneInterruptAreOred() {
        machine.out(0x4d1, 1 << 3);
        InterruptLine one = machine.board.line(11);
        InterruptLine two = machine.board.line(11);
        one.set(true);
        two.set(true);
        one.set(false);
        assertTrue(cpu.pending());
        two.set(false);
        assertFalse(cpu.pending());
    }
}
