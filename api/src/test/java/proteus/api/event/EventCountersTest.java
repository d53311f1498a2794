package proteus.api.event;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.ExitReason;

class EventCountersTest {
    private final EventCounters counters = new EventCounters();

    @Test
    void aSnapshotHasEventsAndExitsThatAreNotZero() {
        counters.add(CountedEvent.PAGES_MAPPED, 3);
        counters.exit(ExitReason.HLT);
        counters.exit(ExitReason.HLT);
        assertEquals(Map.of("pages-mapped", 3L, "exit.hlt", 2L), counters.snapshot());
        assertEquals(2, counters.totalExits());
    }

    @Test
    void whatTheHostInterruptsIsCountedButNoPartOfWhatRepeats() {
        counters.exit(ExitReason.KICKED);
        counters.exit(ExitReason.BUDGET);
        counters.exit(ExitReason.DEBUG);
        assertEquals(Map.of(), counters.snapshot());
        assertEquals(0, counters.totalExits());
        assertEquals(1, counters.exits(ExitReason.KICKED));
    }
}
