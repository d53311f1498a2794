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

    private void fill(GuestFrames frames, long offset, long value) {
        for (int i = 0; i < 4096; i += 8) {
            memory.write64(frames.ownHpa(offset, false) + i, value + i);
        }
    }

    private long word(GuestFrames frames, long offset) {
        return memory.read64(frames.hpa(offset));
    }

    @Test
    void pagesOfEqualContentOfTwoVmsShareAFrameUntilOneWrites() {
        GuestFrames a = frames("a", 4);
        GuestFrames b = frames("b", 4);
        fill(a, 0x1000, 7);
        fill(b, 0x3000, 7);
        fill(b, 0x4000, 8);
        long free = memory.free();
        for (int round = 0; round < 2; round++) {
            a.share();
            b.share();
        }
        assertEquals(a.hpa(0x1000), b.hpa(0x3000));
        assertFalse(a.owned(0x1000));
        assertTrue(b.owned(0x4000), "alone of its kind");
        // Two runs of 2 MiB were given; what is left of them are the shared frame and one of b's own.
        assertEquals(free + 4 * MIB - 2 * 4096, memory.free());
        assertEquals(new HostFrames.Sharing(1, 2), host.sharing());

        List<Long> told = new ArrayList<>();
        b.listener(told::add);
        memory.write64(b.ownHpa(0x3000, false), -1);
        assertEquals(List.of(0x3000L), told);
        assertEquals(1, counters.get(CountedEvent.COW_BREAKS));
        assertEquals(7, word(a, 0x1000));
        assertEquals(-1, word(b, 0x3000));
        assertEquals(15, memory.read64(b.hpa(0x3008)), "the rest was copied");

        long frame = a.hpa(0x1000);
        assertEquals(frame, a.ownHpa(0x1000, false), "the last one takes the frame itself");
        assertEquals(0, host.sharing().frames());
    }

    @Test
    void pagesWithinOneVmShareToo() {
        GuestFrames frames = frames("a", 4);
        for (int page = 0; page < 5; page++) {
            fill(frames, page * 4096L, 3);
        }
        frames.share();
        frames.share();
        assertEquals(new HostFrames.Sharing(1, 5), host.sharing());
        assertEquals(new GuestFrames.Count(0, 5), frames.count());
    }

    @Test
    void whoClosesLeavesTheOthersUntouched() {
        GuestFrames a = frames("a", 4);
        GuestFrames b = frames("b", 4);
        fill(a, 0, 7);
        fill(b, 0, 7);
        for (int round = 0; round < 2; round++) {
            a.share();
            b.share();
        }
        a.close();
        assertEquals(7, word(b, 0));
        b.ownHpa(0, false);
        b.close();
        assertEquals(0, memory.allocations(), "all frames went back");
    }

    @Test
    void romIsNotShared() {
        GuestFrames frames = frames("a", 4);
        byte[] rom = new byte[8192];
        long offset = frames.append(rom, "ROM");
        frames.share();
        assertTrue(frames.owned(offset));
    }

    @Test
    void pinnedMemoryStaysWhereItIs() {
        GuestFrames frames = frames("a", 4);
        frames.pin();
        long hpa = frames.hpa(0);
        assertEquals(hpa + 4 * MIB - 1, frames.hpa(4 * MIB - 1));
        frames.share();
        frames.discard(0x1000);
        assertEquals(hpa + 0x1000, frames.hpa(0x1000));
        assertEquals(new GuestFrames.Count(1024, 0), frames.count());
    }

    @Test
    void whatWasUsedBeforeIsPinnedAsItIs() {
        GuestFrames frames = frames("a", 4);
        frames.ownHpa(0, false);
        frames.discard(0);
        frames.pin();
        assertEquals(new GuestFrames.Count(1024, 0), frames.count());
    }
}
