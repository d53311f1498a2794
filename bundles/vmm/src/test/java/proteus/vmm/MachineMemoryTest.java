package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;
import proteus.api.event.EventCounters;
import proteus.api.memory.GuestMemoryException;
import proteus.api.silicon.HostMemory;
import proteus.tck.fake.ArrayHostMemory;

class MachineMemoryTest {
    private static final long MIB = 1 << 20;
    private static final long GIB = 1L << 30;

    private final ArrayHostMemory host = new ArrayHostMemory((int) (8 * MIB));
    private final RegionMap map = pc(host, 4 * MIB);
    private final MachineMemory memory = new MachineMemory(map, host, 4 * MIB);

    static RegionMap pc(HostMemory host, long bytes) {
        return RegionMap.pc(new GuestFrames(new HostFrames(host), new EventCounters(), "vm", bytes));
    }

    /** A host that has so much memory, and gives none of it. */
    private static HostMemory sized(long bytes) {
        return (HostMemory) Proxy.newProxyInstance(HostMemory.class.getClassLoader(), new Class<?>[] {HostMemory.class}, (proxy, method, arguments) -> {
            assertEquals("size", method.getName());
            return bytes;
        });
    }

    @Test
    void vgaHoleIsNoMemory() {
        assertEquals(-1, map.hpa(0xa_0000));
        assertEquals(-1, map.hpa(0xb_ffff));
        assertNull(map.regionAt(0xb_8000));
        assertEquals(0x9_ffff, map.regionAt(0x9_ffff).offset(0x9_ffff));
        assertEquals(0xc_0000, map.regionAt(0xc_0000).offset(0xc_0000));
    }

    @Test
    void biosAreaIsPlainMemory() {
        assertTrue(memory.contains(0xe_0000, 0x2_0000));
        assertTrue(map.regionAt(0xf_0000).writable());
    }

    @Test
    void memoryBeyondThreeGibibytesLiesAboveFour() {
        RegionMap large = pc(sized(8 * GIB), 5 * GIB);
        assertNull(large.regionAt(3 * GIB));
        assertEquals(3 * GIB, large.regionAt(4 * GIB).offset());
        assertEquals(5 * GIB - 1, large.regionAt(6 * GIB - 1).offset(6 * GIB - 1));
        assertNull(large.regionAt(6 * GIB));
    }

    @Test
    void tinyMemoryEndsWhereItEnds() {
        RegionMap tiny = pc(host, 0x8_0000);
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
    void accessesAcrossPagesReachBothFrames() {
        memory.write8(0x4000, 1);
        memory.discard(0x5000);
        memory.write64(0x4ffd, 0x0102_0304_0506_0708L);
        assertEquals(0x0102_0304_0506_0708L, memory.read64(0x4ffd));
        assertEquals(0x05, memory.read8(0x5000));
        memory.write(0x4ff0, new byte[] {9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 7}, 0, 17);
        assertEquals(0x709, memory.read16(0x4fff));
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
