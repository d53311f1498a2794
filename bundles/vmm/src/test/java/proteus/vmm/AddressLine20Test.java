package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.memory.MemoryRegion;
import proteus.tck.fake.ArrayHostMemory;

class AddressLine20Test {
    private static final long MIB = 1L << 20;

    private final RegionMap map = MachineMemoryTest.pc(new ArrayHostMemory((int) (16 * MIB)), 5 * MIB);
    private final AddressLine20 line = new AddressLine20(map);

    @Test
    void anOpenGateChangesNothing() {
        assertEquals(map.regions(), line.regions());
        assertEquals(map.hpa(3 * MIB), line.hpa(3 * MIB));
        assertEquals(map.regionAt(MIB), line.regionAt(MIB));
    }

    @Test
    void aClosedGateShowsEachEvenMebibyteTwice() {
        line.open(false);
        assertEquals(map.hpa(0x1234), line.hpa(0x1234));
        assertEquals(map.hpa(0x1234), line.hpa(MIB + 0x1234));
        assertEquals(map.hpa(2 * MIB), line.hpa(3 * MIB));
        assertEquals(map.hpa(4 * MIB + 5), line.hpa(5 * MIB + 5), "also behind the end of memory");
        assertEquals(-1, line.hpa(6 * MIB));
        assertNull(line.regionAt(MIB + RegionMap.VGA_HOLE), "and the hole for VGA twice");
    }

    /** A region never reaches into the next mebibyte, or a large page would. */
    @Test
    void regionsEndWithTheirMebibyte() {
        line.open(false);
        for (long gpa = 0; gpa < 6 * MIB; gpa += 0x8000) {
            MemoryRegion region = line.regionAt(gpa);
            if (region != null) {
                assertEquals(gpa & -MIB, region.gpa() & -MIB);
                assertEquals(gpa & -MIB, region.gpa() + region.bytes() - 1 & -MIB);
                assertEquals(line.through(gpa), region.offset(gpa));
            }
        }
    }

    @Test
    void theListOfRegionsSaysTheSame() {
        line.open(false);
        List<MemoryRegion> regions = line.regions();
        for (MemoryRegion region : regions) {
            assertEquals(region, line.regionAt(region.gpa()));
        }
        assertEquals(10 * MIB - 2 * (RegionMap.VGA_HOLE_END - RegionMap.VGA_HOLE) - 4 * MIB, regions.stream().mapToLong(MemoryRegion::bytes).sum());
    }

    @Test
    void whoDependsOnItIsToldOnce() {
        List<Long> told = new ArrayList<>();
        line.listener((gpa, bytes) -> told.add(bytes));
        int before = line.generation();
        line.open(true);
        assertEquals(List.of(), told);
        line.open(false);
        line.open(false);
        assertEquals(1, told.size());
        assertNotEquals(before, line.generation());
    }

    @Test
    void registersOfDevicesAreBehindTheGate() {
        assertEquals(0xfed0_0000L, line.through(0xfed0_0000L));
        line.open(false);
        assertEquals(0xfec0_0000L, line.through(0xfed0_0000L));
        assertEquals(0xfee0_0000L, line.through(0xfee0_0000L));
    }
}
