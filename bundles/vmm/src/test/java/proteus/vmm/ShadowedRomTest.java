package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.memory.GuestMemoryException;
import proteus.api.silicon.HostMemory;
import proteus.api.vm.VmException;
import proteus.tck.fake.ArrayHostMemory;

class ShadowedRomTest {
    private static final int ROM = 256 << 10;
    private static final long RAM = 4 << 20;
    private static final long LOW = 0xe_0000;

    private final HostMemory host = new ArrayHostMemory(16 << 20);
    private final RegionMap map = MachineMemoryTest.pc(host, RAM);
    private final MachineMemory memory = new MachineMemory(map, host, RAM);
    private final List<Long> told = new ArrayList<>();
    private final ShadowedRom rom = rom();

    private ShadowedRom rom() {
        ByteBuffer image = ByteBuffer.allocate(ROM).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < ROM; i += 8) {
            image.putLong(i, i);
        }
        ShadowedRom made = new ShadowedRom(map, image.array());
        made.listener((gpa, bytes) -> told.add(gpa));
        return made;
    }

    @Test
    void theRomEndsAtFourGibibytesAndItsLastPartAnswersBelowOneMebibyte() {
        assertEquals(ROM - 16, memory.read64(0xffff_fff0L));
        assertEquals(0, memory.read64((1L << 32) - ROM));
        assertEquals(ROM / 2, memory.read64(LOW));
        assertEquals(ROM - 16, memory.read64(0xf_fff0));
        assertNull(map.regionAt(0xc_0000), "nobody answers for option ROMs yet");
        assertTrue(memory.contains(0, 0xa_0000));
        assertTrue(memory.contains(0x10_0000, RAM - 0x10_0000));
    }

    @Test
    void devicesCannotWriteRom() {
        assertThrows(GuestMemoryException.class, () -> memory.write32(LOW, 1));
        assertThrows(GuestMemoryException.class, () -> memory.write(0xffff_0000L, new byte[4], 0, 4));
        assertEquals(ROM / 2, memory.read64(LOW));
    }

    @Test
    void shadowRamHidesTheRomUntilItIsGivenBack() {
        rom.give(LOW, 0x8000, true, true);
        assertEquals(0, memory.read64(LOW));
        memory.write64(LOW, 42);
        assertEquals(0x8000 + ROM / 2, memory.read64(LOW + 0x8000), "the rest is ROM still");
        rom.give(LOW, 0x8000, true, false);
        assertEquals(42, memory.read64(LOW));
        assertThrows(GuestMemoryException.class, () -> memory.write64(LOW, 1));
        rom.give(LOW, 0x8000, false, false);
        assertEquals(ROM / 2, memory.read64(LOW));
        assertEquals(List.of(LOW, LOW, LOW), told);
    }

    @Test
    void writesMayGoToRamWhileTheRomIsCopied() {
        rom.give(LOW, 0x4000, false, true);
        assertEquals(ROM / 2, memory.read64(LOW));
        memory.write64(LOW + 8, 7);
        rom.give(LOW, 0x4000, true, false);
        assertEquals(ROM / 2, memory.read64(LOW));
        assertEquals(7, memory.read64(LOW + 8));
    }

    @Test
    void changesHaveAGenerationAndRepetitionsAreNone() {
        int generation = map.generation();
        rom.give(0xc_0000, 0x4000, true, true);
        assertEquals(generation + 1, map.generation());
        rom.give(0xc_0000, 0x4000, true, true);
        assertEquals(generation + 1, map.generation());
        assertEquals(1, told.size());
        assertTrue(memory.contains(0xc_0000, 0x4000));
        assertFalse(memory.contains(0xc_0000, 0x4001));
    }

    @Test
    void imagesThatCannotBeRomAreRefusedWithASentence() {
        ShadowedRom.check("good", new byte[128 << 10]);
        for (int size : new int[] {0, 512, (64 << 10) + 1, 32 << 20}) {
            assertThrows(VmException.class, () -> ShadowedRom.check("bad", new byte[size]));
        }
    }
}
