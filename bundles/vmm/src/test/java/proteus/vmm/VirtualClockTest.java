package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.io.Timers;
import proteus.api.vm.VmSpec.Clock;

class VirtualClockTest {
    private long retired = 1000;
    private final VirtualClock clock = new VirtualClock(Clock.COUNT, () -> retired);
    private final List<String> fired = new ArrayList<>();

    private Timers.Timer timer(String name) {
        return clock.create(name, () -> fired.add(name));
    }

    @Test
    void timeIsInstructionsAndIdleTicksSinceTheStart() {
        assertEquals(0, clock.now());
        retired += 70;
        clock.pass(30);
        assertEquals(100, clock.now());
        assertEquals(VirtualClock.EPOCH_SECONDS, clock.wallSeconds());
        clock.pass(2_000_000_000L);
        assertEquals(VirtualClock.EPOCH_SECONDS + 2, clock.wallSeconds());
    }

    @Test
    void deadlineIsAnExactCountOfInstructions() {
        clock.pass(500);
        timer("pit").arm(800);
        assertEquals(1300, clock.retiredAt(clock.nextDeadline()));
        retired = 1299;
        clock.fire();
        assertEquals(List.of(), fired);
        retired = 1300;
        clock.fire();
        assertEquals(List.of("pit"), fired);
        assertEquals(Long.MAX_VALUE, clock.nextDeadline());
    }

    @Test
    void timersFireInOrderOfTimeThenOfCreation() {
        Timers.Timer a = timer("a");
        Timers.Timer b = timer("b");
        Timers.Timer c = timer("c");
        c.arm(10);
        b.arm(20);
        a.arm(20);
        retired += 100;
        clock.fire();
        assertEquals(List.of("c", "a", "b"), fired);
    }

    @Test
    void armingInThePastFiresAtTheNextLookNotAtOnce() {
        retired += 100;
        Timers.Timer late = timer("late");
        late.arm(5);
        assertEquals(List.of(), fired);
        clock.fire();
        assertEquals(List.of("late"), fired);
    }

    @Test
    void timerMayArmItselfAgain() {
        Timers.Timer[] periodic = new Timers.Timer[1];
        periodic[0] = clock.create("periodic", () -> {
            fired.add("tick " + clock.now());
            periodic[0].arm(periodic[0].deadline() == Long.MAX_VALUE ? clock.now() + 10 : 0);
        });
        periodic[0].arm(10);
        retired += 10;
        clock.fire();
        assertEquals(20, clock.nextDeadline());
    }

    @Test
    void cancelledTimerStaysSilent() {
        Timers.Timer timer = timer("x");
        timer.arm(10);
        timer.cancel();
        retired += 100;
        clock.fire();
        assertEquals(List.of(), fired);
        assertEquals(Long.MAX_VALUE, timer.deadline());
    }

    @Test
    void limitIsTheNextDeadlineOrTheEndOfTheSlice() {
        MachineSchedule schedule = new MachineSchedule(clock, () -> retired);
        schedule.beginSlice(Long.MAX_VALUE);
        long slice = schedule.limit();
        assertTrue(slice > retired);
        timer("near").arm(50);
        assertEquals(1050, schedule.limit());
        schedule.stepLimit(1020);
        assertEquals(1020, schedule.limit());
        schedule.localWork(true);
        assertEquals(0, schedule.limit());
    }

    @Test
    void wallClockIsTheHostsAndNotTheCountOfInstructions() {
        VirtualClock wall = new VirtualClock(Clock.WALL, () -> 0);
        long hostBefore = System.nanoTime();
        long before = wall.now();
        while (System.nanoTime() - hostBefore < 1_000_000) {
            Thread.onSpinWait();
        }
        long moved = wall.now() - before;
        assertTrue(moved > 0 && moved <= System.nanoTime() - hostBefore, "moved " + moved + " ns");
    }
}
