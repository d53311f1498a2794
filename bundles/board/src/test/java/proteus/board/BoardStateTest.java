package proteus.board;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BoardStateTest {
    private static final int STEPS = 200_000;

    /** Pokes at everything that is on the buses, as a guest gone mad would. */
    private static void poke(FakeMachine machine, Random random, int steps) {
        int[] interesting = {0x20, 0x21, 0xa0, 0xa1, 0x40, 0x42, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0xcf8, 0xcfc, 0x4d0, 0x510, 0x511, 0x600, 0x604};
        for (int i = 0; i < steps; i++) {
            int port = random.nextBoolean() ? interesting[random.nextInt(interesting.length)] : random.nextInt(0x1000);
            int size = 1 << random.nextInt(3);
            long value = random.nextInt() & (-1L >>> 64 - 8 * size);
            switch (random.nextInt(6)) {
                case 0 -> machine.ports.read(port, size);
                case 1, 2 -> machine.ports.write(port, size, value);
                case 3 -> machine.mmio.write(0xfee00000L + random.nextInt(0x400), 4, value);
                case 4 -> machine.mmio.write((random.nextBoolean() ? 0xfec00000L : 0xfee00000L) + 16 * random.nextInt(64), 4, value);
                default -> machine.timers.pass(random.nextInt(50_000));
            }
            if (machine.board.interrupts(0).pending()) {
                int vector = machine.board.interrupts(0).acknowledge();
                assertTrue(vector >= 0 && vector < 256, "vector " + vector);
            }
        }
    }

    @Test
    void noGuestInputMakesAnException() {
        for (int seed = 0; seed < 5; seed++) {
            FakeMachine machine = new FakeMachine();
            machine.board.installTables(true);
            machine.board.pci().plug(new TestFunction());
            poke(machine, new Random(seed), STEPS);
        }
    }

    @Test
    void aBoardThatTookOverStateGoesOnExactlyAsTheOldOne() {
        for (int seed = 0; seed < 20; seed++) {
            FakeMachine old = new FakeMachine();
            old.board.installTables(true);
            poke(old, new Random(seed), 5_000);
            byte[] state = old.board.exportState();

            FakeMachine fresh = new FakeMachine();
            fresh.timers.now = old.timers.now;
            System.arraycopy(old.memory.ram, 0, fresh.memory.ram, 0, old.memory.ram.length);
            fresh.board.importState(state);
            assertArrayEquals(state, fresh.board.exportState(), "seed " + seed);

            poke(old, new Random(seed + 1000), 5_000);
            poke(fresh, new Random(seed + 1000), 5_000);
            assertArrayEquals(old.board.exportState(), fresh.board.exportState(), "seed " + seed);
        }
    }

    @Test
    void exportingChangesNothing() {
        FakeMachine machine = new FakeMachine();
        poke(machine, new Random(1), 1_000);
        assertArrayEquals(machine.board.exportState(), machine.board.exportState());
    }

    @Test
    void foreignAndTruncatedStateIsRefusedWithASentence() {
        FakeMachine machine = new FakeMachine();
        byte[] state = machine.board.exportState();
        byte[] other = state.clone();
        other[0] = 99;
        assertEquals("The board's state has version 99, this board reads 2.",
                assertThrows(IllegalArgumentException.class, () -> machine.board.importState(other)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> machine.board.importState(Arrays.copyOf(state, state.length / 2)));
    }

    @Test
    void aClosedBoardLeavesTheBuses() {
        FakeMachine machine = new FakeMachine();
        machine.board.installTables(true);
        machine.board.close();
        assertEquals(0, machine.ports.ranges().size());
        assertEquals(0, machine.mmio.ranges().size());
    }
}
