package proteus.cpu.para;

import proteus.api.cpu.ParavirtualServices;
import proteus.api.io.Timers;
import proteus.api.silicon.Processor;

/**
 * System time of a domain: nanoseconds since its start, told by the TSC, and the vCPU's timers whose event is VIRQ_TIMER (Xen public/xen.h,
 * struct vcpu_time_info; public/vcpu.h).
 */
final class DomainClock {
    private static final long SINGLE_SHOT_FUTURE = 1;
    /** Further away than any guest waits. */
    private static final long FAR = 1L << 61;
    private static final long LEAST_PERIOD = 1_000_000, MOST_PERIOD = 1L << 50;
    /** struct vcpu_runstate_info: states. */
    private static final int RUNNING = 0, BLOCKED = 2;

    private final ParavirtualServices services;
    private final Processor processor;
    private final SharedInfo shared;
    private final AddressSpace space;
    private final Timers.Timer timer;
    private final Timers.Timer periodic;
    private final long origin;
    private long period;
    private long runstateArea;
    private long stateSince;
    private final long[] times = new long[4];

    DomainClock(ParavirtualServices services, Processor processor, SharedInfo shared, AddressSpace space, Timers.Timer timer, Timers.Timer periodic) {
        this.services = services;
        this.processor = processor;
        this.shared = shared;
        this.space = space;
        this.timer = timer;
        this.periodic = periodic;
        this.origin = services.timers().now();
        timer.cancel();
        periodic.cancel();
        shared.wallClock(services.timers().wallSeconds());
        publish();
    }

    long systemTime() {
        return services.timers().now() - origin;
    }

    /** Tells the guest how TSC and system time belong together; they go at the same rate. */
    void publish() {
        shared.time(processor.tsc(), systemTime());
    }

    /** SET_TIMER_OP: 0 for none. */
    void deadline(long system) {
        if (system == 0) {
            timer.cancel();
        } else {
            arm(system);
        }
    }

    private void arm(long system) {
        timer.arm(origin + Math.clamp(system, 0, FAR));
    }

    /** @throws Refusal when the instant is past and only a future one was wished */
    void singleShot(long system, int flags) {
        if ((flags & SINGLE_SHOT_FUTURE) != 0 && system < systemTime()) {
            throw Refusal.TIME_PASSED;
        }
        arm(system);
    }

    void stopSingleShot() {
        timer.cancel();
    }

    void periodic(long nanos) {
        if (nanos < LEAST_PERIOD || nanos > MOST_PERIOD) {
            throw Refusal.INVALID;
        }
        period = nanos;
        periodic.arm(services.timers().now() + nanos);
    }

    void stopPeriodic() {
        period = 0;
        periodic.cancel();
    }

    void periodicFired() {
        if (period != 0) {
            periodic.arm(services.timers().now() + period);
        }
    }

    /** Where the guest wants to read how long its vCPU was in which state. */
    void runstateArea(long virtual) {
        runstateArea = virtual;
        writeRunstate(RUNNING);
    }

    void blocked() {
        enter(RUNNING);
    }

    void awake() {
        enter(BLOCKED);
    }

    /** A state ends. */
    private void enter(int ended) {
        long now = systemTime();
        times[ended] += now - stateSince;
        stateSince = now;
        if (ended == BLOCKED && runstateArea != 0) {
            try {
                writeRunstate(RUNNING);
            } catch (Refusal gone) {
                runstateArea = 0; // the guest has unmapped it
            }
        }
    }

    private void writeRunstate(int state) {
        space.write32(runstateArea, state);
        // Aligned as a word.
        long entry = runstateArea + space.width().bytes;
        space.write64(entry, stateSince);
        for (int i = 0; i < times.length; i++) {
            space.write64(entry + (i + 1) * Long.BYTES, times[i]);
        }
    }

    void runstate(long target) {
        long before = runstateArea;
        runstateArea = target;
        try {
            writeRunstate(RUNNING);
        } finally {
            runstateArea = before;
        }
    }
}
