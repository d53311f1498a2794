package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import proteus.api.io.InterruptController;

class RtcTest {
    private static final long SECOND = 1_000_000_000L;
    private final FakeMachine machine = new FakeMachine();
    private final InterruptController cpu = machine.board.interrupts(0);

    private int read(int register) {
        machine.out(0x70, register);
        return machine.in(0x71);
    }

    private void write(int register, int value) {
        machine.out(0x70, register);
        machine.out(0x71, value);
    }

    private void listen() {
        machine.initialisePics();
        machine.out(0x21, 0xfb);
        machine.out(0xa1, 0xfe);
    }

    private boolean interrupted() {
        if (!cpu.pending()) {
            return false;
        }
        assertEquals(0x28, cpu.acknowledge());
        machine.out(0xa0, 0x20);
        machine.out(0x20, 0x20);
        return true;
    }

    @Test
    void timeIsTheWallTimeInBcd() {
        machine.timers.pass(12 * 3600 * SECOND + 34 * 60 * SECOND + 56 * SECOND);
        assertEquals(0x56, read(0));
        assertEquals(0x34, read(2));
        assertEquals(0x12, read(4));
        assertEquals(5, read(6));
        assertEquals(0x01, read(7));
        assertEquals(0x01, read(8));
        assertEquals(0x26, read(9));
        assertEquals(0x20, read(0x32));
        assertEquals(0x80, read(0x0d));
    }

    @Test
    void twelveHourModeMarksTheAfternoon() {
        write(0x0b, 0x00);
        machine.timers.pass(13 * 3600 * SECOND);
        assertEquals(0x81, read(4));
        write(0x0b, 0x06);
        assertEquals(13, read(4));
    }

    @Test
    void aTimeThatIsSetGoesOn() {
        write(0x0b, 0x82);
        int[][] time = {{0, 0x59}, {2, 0x59}, {4, 0x23}, {7, 0x31}, {8, 0x12}, {9, 0x99}, {0x32, 0x19}};
        for (int[] one : time) {
            write(one[0], one[1]);
        }
        machine.timers.pass(5 * SECOND);
        assertEquals(0x59, read(0));
        write(0x0b, 0x02);
        machine.timers.pass(SECOND);
        assertEquals(0x00, read(0));
        assertEquals(0x00, read(4));
        assertEquals(0x01, read(7));
        assertEquals(0x00, read(9));
        assertEquals(0x20, read(0x32));
    }

    @Test
    void updateInProgressShowsBeforeASecondEnds() {
        assertEquals(0x26, read(0x0a));
        machine.timers.pass(SECOND - 244_141);
        assertEquals(0x26, read(0x0a));
        machine.timers.pass(1);
        assertEquals(0xa6, read(0x0a));
        machine.timers.pass(244_140);
        assertEquals(0x26, read(0x0a));
    }

    @Test
    void theFirstUpdateComesHalfASecondAfterTheDividerIsLetGo() {
        machine.timers.pass(300_000_000);
        write(0x0a, 0x76);
        write(0, 0x58);
        machine.timers.pass(7 * SECOND);
        assertEquals(0x58, read(0), "while the divider is held in reset the time stands still");
        assertEquals(0x76, read(0x0a));
        write(0x0a, 0x26);
        machine.timers.pass(SECOND / 2 - 1);
        assertEquals(0x58, read(0));
        machine.timers.pass(1);
        assertEquals(0x59, read(0));
        machine.timers.pass(SECOND - 1);
        assertEquals(0x59, read(0));
    }

    @Test
    void theUpdateInterruptFollowsTheDivider() {
        listen();
        write(0x0b, 0x12);
        write(0x0a, 0x76);
        machine.timers.pass(3 * SECOND);
        assertFalse(interrupted());
        write(0x0a, 0x26);
        machine.timers.pass(SECOND / 2 - 1);
        assertFalse(interrupted());
        machine.timers.pass(1);
        assertTrue(interrupted());
    }

    @Test
    void theDividerKeepsItsPhaseOverAReset() {
        write(0x0a, 0x76);
        machine.timers.pass(200_000_000);
        write(0x0a, 0x26);
        byte[] state = machine.board.exportState();
        machine.timers.pass(SECOND / 2);
        int then = read(0);
        FakeMachine other = new FakeMachine();
        other.timers.pass(200_000_000);
        other.board.importState(state);
        other.timers.pass(SECOND / 2 - 1);
        other.out(0x70, 0);
        assertEquals(then - 1, other.in(0x71));
        other.timers.pass(1);
        assertEquals(then, other.in(0x71));
    }

    @Test
    void thePeriodicInterruptComesAtItsRateOnceItsFlagIsRead() {
        listen();
        write(0x0b, 0x42);
        machine.timers.pass(976_563);
        assertTrue(interrupted());
        machine.timers.pass(10 * 976_563);
        assertFalse(interrupted());
        assertEquals(0xc0, read(0x0c));
        machine.timers.pass(976_563);
        assertTrue(interrupted());
    }

    @Test
    void anotherRateCountsFromTheLastInterrupt() {
        listen();
        write(0x0a, 0x2d);
        write(0x0b, 0x42);
        machine.timers.pass(SECOND / 8);
        assertTrue(interrupted());
        read(0x0c);
        machine.timers.pass(1_000_000);
        write(0x0a, 0x2f);
        machine.timers.pass(SECOND / 2 - 1_000_001);
        assertFalse(interrupted());
        machine.timers.pass(1);
        assertTrue(interrupted());
    }

    @Test
    void theAlarmInterruptsAtItsTime() {
        listen();
        write(1, 0x10);
        write(3, 0xff);
        write(5, 0xff);
        write(0x0b, 0x22);
        machine.timers.pass(9 * SECOND);
        assertFalse(interrupted());
        machine.timers.pass(SECOND);
        assertTrue(interrupted());
        assertEquals(0xa0, read(0x0c) & 0xa0);
        assertEquals(0, read(0x0c));
    }

    @Test
    void theUpdateInterruptComesEverySecond() {
        listen();
        write(0x0b, 0x12);
        machine.timers.pass(SECOND);
        assertTrue(interrupted());
        assertEquals(0x90, read(0x0c) & 0x90);
    }

    @Test
    void cmosTellsTheMemorySize() {
        assertEquals(0x80, read(0x15));
        assertEquals(0x02, read(0x16));
        assertEquals(1024, read(0x17) | read(0x18) << 8);
    }
}
