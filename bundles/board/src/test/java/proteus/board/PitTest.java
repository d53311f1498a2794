package proteus.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import proteus.api.io.InterruptController;

class PitTest {
    private static final long MILLISECOND = 1_000_000;
    private final FakeMachine machine = new FakeMachine();
    private final InterruptController cpu = machine.board.interrupts(0);

    private void count(int port, int value) {
        machine.out(port, value & 0xff);
        machine.out(port, value >> 8);
    }

    private int counter(int port) {
        return machine.in(port) | machine.in(port) << 8;
    }

    private boolean tick() {
        if (!cpu.pending()) {
            return false;
        }
        assertEquals(0x20, cpu.acknowledge());
        machine.out(0x20, 0x20);
        return true;
    }

    @Test
    void mode2InterruptsOncePerPeriod() {
        machine.initialisePics();
        tick();
        machine.out(0x43, 0x34);
        count(0x40, 11932); // 100 Hz
        tick();
        int ticks = 0;
        for (int i = 0; i < 1000; i++) {
            machine.timers.pass(MILLISECOND);
            ticks += tick() ? 1 : 0;
        }
        assertEquals(99, ticks, 1);
    }

    @Test
    void mode0InterruptsOnce() {
        machine.initialisePics();
        machine.out(0x43, 0x30);
        count(0x40, 1193);
        tick();
        machine.timers.pass(900_000);
        assertFalse(tick());
        machine.timers.pass(200_000);
        assertTrue(tick());
        machine.timers.pass(100 * MILLISECOND);
        assertFalse(tick());
    }

    @Test
    void mode4StrobesOnce() {
        machine.initialisePics();
        machine.out(0x43, 0x38);
        count(0x40, 1193);
        tick();
        machine.timers.pass(2 * MILLISECOND);
        assertTrue(tick());
        machine.timers.pass(100 * MILLISECOND);
        assertFalse(tick());
    }

    @Test
    void theGateOfCounter2StartsTheCountThatLinuxCalibratesWith() {
        machine.out(0x61, machine.in(0x61) & ~2 | 1);
        machine.out(0x43, 0xb0);
        count(0x42, 11932); // 10 ms
        assertEquals(0, machine.in(0x61) & 0x20);
        machine.timers.pass(9 * MILLISECOND);
        assertEquals(0, machine.in(0x61) & 0x20);
        machine.timers.pass(2 * MILLISECOND);
        assertEquals(0x20, machine.in(0x61) & 0x20);
    }

    @Test
    void aClosedGateHoldsMode0() {
        machine.out(0x61, 0);
        machine.out(0x43, 0xb0);
        count(0x42, 1000);
        machine.timers.pass(10 * MILLISECOND);
        assertEquals(1000, counter(0x42));
        machine.out(0x61, 1);
        machine.timers.pass(500_000);
        assertEquals(1000 - 596, counter(0x42), 1);
    }

    @Test
    void aLatchedCountStaysUntilItIsRead() {
        machine.out(0x43, 0x34);
        count(0x40, 0);
        machine.timers.pass(MILLISECOND);
        machine.out(0x43, 0x00);
        machine.timers.pass(MILLISECOND);
        assertEquals(65536 - 1193, counter(0x40), 1);
        assertEquals(65536 - 2386, counter(0x40), 1);
    }

    @Test
    void readBackGivesStatusBeforeCount() {
        machine.out(0x43, 0x34);
        count(0x40, 1000);
        machine.out(0x43, 0xc2);
        assertEquals(0xb4, machine.in(0x40));
        assertEquals(1000, counter(0x40));
    }

    @Test
    void aModeWithoutCountHasANullCount() {
        machine.out(0x43, 0x30);
        machine.out(0x43, 0xe2);
        assertEquals(0x70, machine.in(0x40));
    }

    @Test
    void bcdCountsInDecimal() {
        machine.out(0x43, 0x35);
        count(0x40, 0x1000);
        machine.timers.pass(100_000);
        assertEquals(0x0881, counter(0x40), 0x1);
    }

    @Test
    void theRefreshBitToggles() {
        int before = machine.in(0x61) & 0x10;
        machine.timers.pass(15_085);
        assertEquals(before ^ 0x10, machine.in(0x61) & 0x10);
    }
}
