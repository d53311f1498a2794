package proteus.vmm;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import proteus.api.io.Timers;
import proteus.api.vm.VmSpec.Clock;

/**
 * The VM's time. Under the count clock it is retired instructions plus ticks without instructions, one nanosecond each, and
 * moves only when the guest runs, idles or waits for the bus; under the wall clock it is the host's. Used on the VM's thread only.
 */
final class VirtualClock implements Timers {
    /** 2026-01-01T00:00:00Z: where the RTC of the count clock starts. */
    static final long EPOCH_SECONDS = 1_767_225_600L;

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    private final Clock kind;
    private final LongSupplier source;
    private final long origin;
    private final long epochSeconds;
    private final List<Arming> timers = new ArrayList<>();
    private long idle;
    private long next = Long.MAX_VALUE;

    /** @param retired instructions of the VM's processor so far */
    VirtualClock(Clock kind, LongSupplier retired) {
        this(kind, retired, EPOCH_SECONDS);
    }

    private VirtualClock(Clock kind, LongSupplier retired, long epochSeconds) {
        this.kind = kind;
        this.epochSeconds = epochSeconds;
        this.source = kind == Clock.COUNT ? retired : System::nanoTime;
        this.origin = source.getAsLong();
    }

    /** A clock that only {@link #pass} moves, and whose RTC starts at the host's time: of a machine without processor. */
    static VirtualClock driven() {
        return new VirtualClock(Clock.COUNT, () -> 0, System.currentTimeMillis() / 1000);
    }

    Clock kind() {
        return kind;
    }

    @Override
    public long now() {
        return source.getAsLong() - origin + idle;
    }

    @Override
    public long wallSeconds() {
        return kind == Clock.COUNT ? epochSeconds + now() / NANOS_PER_SECOND : System.currentTimeMillis() / 1000;
    }

    @Override
    public Timer create(String name, Runnable action) {
        Arming timer = new Arming(action);
        timers.add(timer);
        return timer;
    }

    /** The earliest instant a timer is armed for, or {@link Long#MAX_VALUE}. */
    long nextDeadline() {
        return next;
    }

    /** Count clock: the count of retired instructions at which an instant of this clock comes if the guest does not idle. */
    long retiredAt(long instant) {
        return instant == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, instant - idle + origin);
    }

    /** Count clock: time passes without instructions, while the guest idles or waits for the bus. */
    void pass(long ticks) {
        idle += ticks;
    }

    /** The clock goes on from an instant that another VM's clock had reached. */
    void begin(long instant) {
        idle += instant - now();
    }

    /**
     * Fires all timers that are due, in the order of their instants, equal ones in the order of their creation.
     *
     * @return whether there were any
     */
    boolean fire() {
        boolean any = next <= now();
        while (next <= now()) {
            Arming due = null;
            for (Arming timer : timers) {
                if (timer.deadline == next) {
                    due = timer;
                    break;
                }
            }
            due.cancel();
            due.action.run();
        }
        return any;
    }

    private void findNext() {
        long earliest = Long.MAX_VALUE;
        for (Arming timer : timers) {
            earliest = Math.min(earliest, timer.deadline);
        }
        next = earliest;
    }

    private final class Arming implements Timer {
        private final Runnable action;
        private long deadline = Long.MAX_VALUE;

        Arming(Runnable action) {
            this.action = action;
        }

        @Override
        public void arm(long nanos) {
            deadline = nanos;
            findNext();
        }

        @Override
        public void cancel() {
            deadline = Long.MAX_VALUE;
            findNext();
        }

        @Override
        public long deadline() {
            return deadline;
        }
    }
}
