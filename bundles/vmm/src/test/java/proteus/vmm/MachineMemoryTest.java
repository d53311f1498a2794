package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import proteus.api.memory.GuestMemoryException;
import proteus.tck.fake.ArrayHostMemory;

class MachineMemoryTest {
    private static final long MIB = 1 << 20;
    private static final long GIB = 1L << 30;

    private final ArrayHostMemory host = new ArrayHostMemory((int) (8 * MIB));
    private final RegionMap map = RegionMap.pc(4 * MIB, 2 * MIB);
    private final MachineMemory memory = new MachineMemory(map, host, 4 * MIB);

    @Test
    void vgaHoleIsNoMemory() {
        assertEquals(-1, map.hpa(0xa_0000));
        assertEquals(-1, map.hpa(0xb_ffff));
        assertNull(map.regionAt(0xb_8000));
        assertEquals(2 * MIB + 0x9_ffff, map.hpa(0x9_ffff));
        assertEquals(2 * MIB + 0xc_0000, map.hpa(0xc_0000));
    }

    @Test
    void biosAreaIsPlainMemory() {
        assertTrue(memory.contains(0xe_0000, 0x2_0000));
        assertTrue(map.regionAt(0xf_0000).writable());
    }

    @Test
    void memoryBeyondThreeGibibytesLiesAboveFour() {
        RegionMap large = RegionMap.pc(5 * GIB, 0);
        assertEquals(-1, large.hpa(3 * GIB));
        assertEquals(3 * GIB, large.hpa(4 * GIB));
        assertEquals(5 * GIB - 1, large.hpa(6 * GIB - 1));
        assertEquals(-1, large.hpa(6 * GIB));
    }

    @Test
    void tinyMemoryEndsWhereItEnds() {
        RegionMap tiny = RegionMap.pc(0x8_0000, 0);
        assertEquals(1, tiny.regions().size());
        assertEquals(-1, tiny.hpa(0x8_0000));
    }

    @Test
    void accessesAreLittleEndianAndUnaligned() {
        memory.write32(0x1001, 0x1234_5678);
        assertEquals(0x78, memory.read8(0x1001));
        assertEquals(0x3456, memory.read16(0x1002));
        memory.write64(0x2003, 0x0102_0304_0506_0708L);
        assertEquals(0x0102_0304_0506_0708L, memory.read64(0x2003));
    }

    @Test
    void accessIntoTheHoleThrowsAndWritesNothing() {
        assertThrows(GuestMemoryException.class, () -> memory.read8(0xa_0000));
        assertThrows(GuestMemoryException.class, () -> memory.write32(0x9_fffe, 0));
        assertThrows(GuestMemoryException.class, () -> memory.write(0x9_fff0, new byte[32], 0, 32));
        assertThrows(GuestMemoryException.class, () -> memory.read64(4 * MIB - 4));
        assertThrows(GuestMemoryException.class, () -> memory.read8(-1));
        assertFalse(memory.contains(0x9_fff0, 32));
    }

    @Test
    void blocksAreCopiedBothWays() {
        byte[] source = {1, 2, 3, 4, 5};
        memory.write(0x3000, source, 1, 3);
        byte[] target = new byte[5];
        memory.read(0x3000, target, 2, 3);
        assertArrayEquals(new byte[] {0, 0, 2, 3, 4}, target);
    }
}
