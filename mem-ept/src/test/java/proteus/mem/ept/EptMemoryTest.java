package proteus.mem.ept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.tck.fake.ArrayHostMemory;
import proteus.tck.fake.FakeProcessor;

/** EPT violations fill tables; what is in them is read by a walker of the test's own, written from SDM 3C 29.3.2. */
class EptMemoryTest {
    private static final long MIB = 1 << 20;
    private static final int READ = 1, WRITE = 2, FETCH = 4;
    private static final long ROM = 0xf_0000;

    private final ArrayHostMemory host = new ArrayHostMemory((int) (32 * MIB));
    private final EventCounters counters = new EventCounters();
    private final FakeProcessor processor = new FakeProcessor();
    private final List<MemoryRegion> regions = List.of(
            new MemoryRegion(0, 0xa_0000, 8 * MIB, true, "low"),
            new MemoryRegion(ROM, 0x1_0000, 8 * MIB + ROM, false, "ROM"),
            new MemoryRegion(MIB, 7 * MIB, 9 * MIB, true, "main"),
            new MemoryRegion(16 * MIB, 4 * MIB, 16 * MIB + 0x1000, true, "misaligned"));
    private EptMemory memory;
    private long root;

    @BeforeEach
    void attach() {
        memory = new EptMemory(new MemoryContext() {
            @Override
            public HostMemory hostMemory() {
                return host;
            }

            @Override
            public MemoryMap map() {
                return new Map(regions);
            }

            @Override
            public EventCounters counters() {
                return counters;
            }

            @Override
            public String owner() {
                return "test";
            }
        });
        memory.attach(processor);
        root = processor.vmcs().read(VmcsField.EPT_POINTER);
    }

    @Test
    void attachSetsPointerAndControls() {
        long eptp = processor.vmcs().read(VmcsField.EPT_POINTER);
        assertEquals(6, eptp & 7, "write-back");
        assertEquals(3, eptp >> 3 & 7, "walk of four levels");
        long controls = processor.vmcs().read(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS);
        assertEquals(VmxControls.CPU2_ENABLE_EPT | VmxControls.CPU2_UNRESTRICTED_GUEST, controls);
        assertTrue((processor.vmcs().read(VmcsField.PROCESSOR_BASED_CONTROLS) & 1L << 31) != 0);
    }

    @Test
    void detachTakesThemBack() {
        memory.detach(processor);
        assertEquals(0, processor.vmcs().read(VmcsField.EPT_POINTER));
        assertEquals(0, processor.vmcs().read(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS));
    }

    @Test
    void smallPagesWhereTheRegionHasNoRoom() {
        assertEquals(FaultOutcome.RESUME, memory.onEptViolation(processor, 0x1234, READ));
        Walked walked = walk(0x1234);
        assertEquals(8 * MIB + 0x1000, walked.frame);
        assertEquals(1, walked.level);
        assertEquals(7, walked.rights);
    }

    @Test
    void largePagesWhereBothSidesAreAligned() {
        memory.onEptViolation(processor, 3 * MIB + 5, WRITE);
        Walked walked = walk(3 * MIB + 5);
        assertEquals(2, walked.level);
        assertEquals(10 * MIB, walked.frame);
        assertEquals(1, counters.get(CountedEvent.PAGES_MAPPED));
        assertEquals(1, counters.get(CountedEvent.HIDDEN_FAULTS));
    }

    @Test
    void smallPagesWhereTheFramesAreMisaligned() {
        memory.onEptViolation(processor, 18 * MIB, WRITE);
        assertEquals(1, walk(18 * MIB).level);
        assertEquals(18 * MIB + 0x1000, walk(18 * MIB).frame);
    }

    @Test
    void romIsReadAndExecuteOnly() {
        assertEquals(FaultOutcome.RESUME, memory.onEptViolation(processor, ROM, FETCH));
        assertEquals(5, walk(ROM).rights);
        assertEquals(FaultOutcome.EMULATE, memory.onEptViolation(processor, ROM + 8, WRITE));
        assertEquals(1, counters.get(CountedEvent.PAGES_MAPPED), "mapped once");
    }

    @Test
    void whatIsNoMemoryIsMmio() {
        assertEquals(FaultOutcome.MMIO, memory.onEptViolation(processor, 0xfee0_0000L, READ));
        assertEquals(FaultOutcome.MMIO, memory.onEptViolation(processor, 0xb_8000, WRITE));
    }

    @Test
    void mapChangeDropsPagesAndCachedTranslations() {
        memory.onEptViolation(processor, 2 * MIB, READ);
        memory.onEptViolation(processor, 4 * MIB, READ);
        int before = processor.eptInvalidations();
        memory.onMapChange(2 * MIB + 0x5000, 0x1000);
        assertEquals(0, walk(2 * MIB).level, "the large page around it is gone");
        assertEquals(2, walk(4 * MIB).level, "its neighbour is not");
        assertEquals(before + 1, processor.eptInvalidations());
        assertEquals(FaultOutcome.RESUME, memory.onEptViolation(processor, 2 * MIB, READ));
    }

    @Test
    void withoutTheCapabilityPagesStaySmall() {
        memory.detach(processor);
        FakeProcessor plain = new FakeProcessor();
        plain.vmcs().capability(0x48c, 0);
        memory.attach(plain);
        memory.onEptViolation(plain, 2 * MIB, READ);
        assertEquals(1, walk(2 * MIB).level);
    }

    @Test
    void closingFreesEveryTable() {
        memory.onEptViolation(processor, 0, READ);
        memory.onEptViolation(processor, 16 * MIB, READ);
        memory.close();
        assertEquals(0, host.allocations());
    }

    private record Walked(int level, long frame, int rights) {}

    private Walked walk(long gpa) {
        long table = root & 0x000f_ffff_ffff_f000L;
        for (int level = 4; level >= 1; level--) {
            long index = gpa >> 12 + 9 * (level - 1) & 0x1ff;
            long entry = host.read64(table + 8 * index);
            if ((entry & 7) == 0) {
                return new Walked(0, 0, 0);
            }
            if (level == 1 || (entry & 0x80) != 0) {
                assertEquals(6, entry >> 3 & 7, "write-back");
                return new Walked(level, entry & 0x000f_ffff_ffff_f000L, (int) entry & 7);
            }
            assertEquals(7, entry & 7, "tables allow what their entries allow");
            table = entry & 0x000f_ffff_ffff_f000L;
        }
        throw new AssertionError();
    }

    private record Map(List<MemoryRegion> regions) implements MemoryMap {
        @Override
        public long hpa(long gpa) {
            MemoryRegion region = regionAt(gpa);
            return region == null ? -1 : region.offset(gpa);
        }

        @Override
        public MemoryRegion regionAt(long gpa) {
            return regions.stream().filter(region -> region.contains(gpa)).findFirst().orElse(null);
        }

        @Override
        public int generation() {
            return 0;
        }
    }
}
