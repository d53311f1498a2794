package proteus.silicon.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.OutOfHostMemoryException;

class ModelHostMemoryTest {
    private static final long SIZE = 16L << 20;
    private final ModelHostMemory memory = new ModelHostMemory(SIZE);

    @AfterEach
    void close() {
        memory.close();
    }

    @Test
    void frameZeroIsNeverGiven() {
        assertTrue(memory.allocate(4096, 4096, "a") >= 4096);
    }

    @Test
    void allocationsAreAlignedAndDisjoint() {
        long a = memory.allocate(5000, 4096, "a");
        long b = memory.allocate(2 << 20, 2 << 20, "b");
        assertEquals(0, b % (2 << 20));
        assertTrue(b >= a + 8192 || b + (2 << 20) <= a);
        assertEquals(SIZE - 4096 - 8192 - (2 << 20), memory.free());
    }

    @Test
    void releasedFramesComeBackZeroedAndMerge() {
        long a = memory.allocate(4 << 20, 4096, "a");
        long b = memory.allocate(4 << 20, 4096, "b");
        memory.write64(a, -1);
        memory.release(a, 4 << 20);
        memory.release(b, 4 << 20);
        long c = memory.allocate(8 << 20, 4096, "c");
        assertEquals(a, c);
        assertEquals(0, memory.read64(c));
    }

    @Test
    void exhaustionSaysHowMuchIsFree() {
        OutOfHostMemoryException e = assertThrows(OutOfHostMemoryException.class, () -> memory.allocate(SIZE, 4096, "vm1"));
        assertTrue(e.getMessage().contains("15 MiB") && e.getMessage().contains("vm1"), e.getMessage());
    }

    @Test
    void releasingWhatWasNotAllocatedIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> memory.release(4096, 4096));
    }

    @Test
    void accessesBeyondTheEndAreRefused() {
        assertThrows(IndexOutOfBoundsException.class, () -> memory.read8(SIZE));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.write64(SIZE - 4, 0));
        assertThrows(IndexOutOfBoundsException.class, () -> memory.read8(-1));
    }

    @Test
    void writesToCodeAreAnnouncedToEveryWatcher() {
        int[] seen = {0};
        memory.watch((hpa, bytes) -> seen[0] += bytes);
        memory.write(0x5ff0, new byte[32], 0, 32);
        assertEquals(0, seen[0]);
        memory.flagCode(0x6000);
        memory.write(0x5ff0, new byte[32], 0, 32);
        assertEquals(16, seen[0]);
    }
}
