package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.tck.fake.ArrayHostMemory;

class GuestFramesTest {
    private static final int MIB = 1 << 20;

    private final ArrayHostMemory memory = new ArrayHostMemory(32 * MIB);
    private final HostFrames host = new HostFrames(memory);
    private final EventCounters counters = new EventCounters();

    private GuestFrames frames(String name, int mib) {
        return new GuestFrames(host, counters, name, (long) mib * MIB);
    }

    @Test
    void memoryIsGivenAtItsFirstUseInRunsForLargePages() {
        GuestFrames frames = frames("a", 8);
        assertEquals(0, memory.allocations());
        long hpa = frames.hpa(3 * MIB + 5);
        assertEquals(1, memory.allocations());
        assertTrue(frames.contiguous(2 * MIB, 2 * MIB));
        assertEquals(MIB + 5, hpa % (2 * MIB));
        assertFalse(frames.contiguous(4 * MIB, 2 * MIB));
    }

    @Test
    void aHostWithLittleGivesSingleFramesAndZerosToReaders() {
        GuestFrames frames = frames("a", 32);
        for (long offset = 0; offset < 28 * MIB; offset += 2 * MIB) {
            frames.hpa(offset);
        }
        long seen = frames.hpa(28 * MIB);
        assertEquals(seen, frames.hpa(29 * MIB), "one frame of zeros for all");
        assertFalse(frames.owned(28 * MIB));
        long own = frames.ownHpa(29 * MIB, false);
        assertNotEquals(seen, own);
        assertEquals(seen, frames.hpa(28 * MIB));
        assertEquals(0, counters.get(CountedEvent.COW_BREAKS), "a first write is no copy");
    }

    @Test
    void whoCanWaitLeavesTheReserveToDevices() {
        GuestFrames frames = frames("a", 32);
        assertThrows(OutOfHostMemoryException.class, () -> {
            for (long offset = 0; offset < 32 * MIB; offset += 4096) {
                frames.ownHpa(offset, false);
            }
        });
        assertTrue(memory.free() >= host.reserve());
        for (long left = host.reserve(); left > 4096; left -= 4096) {
            frames.ownHpa(32 * MIB - left, true);
        }
        frames.close();
        assertEquals(0, memory.allocations());
    }

    @Test
    void aDiscardedPageReadsAsZerosAndWhoMapsItIsToldBefore() {
        GuestFrames frames = frames("a", 4);
        long hpa = frames.ownHpa(0x5000, false);
        memory.write64(hpa, 42);
        List<Long> told = new ArrayList<>();
        frames.listener(offset -> {
            told.add(offset);
            assertEquals(hpa, frames.hpa(offset), "the frame that goes");
        });
        long free = memory.free();
        frames.discard(0x5000);
        assertEquals(List.of(0x5000L), told);
        assertEquals(free + 4096, memory.free());
        assertEquals(0, memory.read64(frames.hpa(0x5000)));
        assertFalse(frames.contiguous(0, 2 * MIB));
    }

    @Test
    void moreThanTheHostHasIsRefused() {
        assertThrows(OutOfHostMemoryException.class, () -> frames("a", 64));
    }
}
