package proteus.board.irq;

import proteus.api.io.BoardContext;
import proteus.api.io.Timers;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;
import proteus.board.part.Ticks;

/**
 * The local APIC's timer (SDM 3A 11.5.4): one-shot, periodic, TSC deadline. It counts a bus clock of 1 GHz, which is one
 * tick per nanosecond, divided by the divide configuration register.
 */
final class LocalApicTimer {
    /** A periodic timer fires no more often than this, or a guest could keep the VM's thread busy with firing alone. */
    private static final long SHORTEST_PERIOD = 1_000;

    enum Mode {
        ONE_SHOT,
        PERIODIC,
        DEADLINE
    }

    private final BoardContext context;
    private final int vcpu;
    private final Runnable expired;
    private final Timers.Timer timer;

    private Mode mode = Mode.ONE_SHOT;
    private int initial;
    private int divide;
    /** Whether the counter counts; a one-shot rests at 0 until it is written again. */
    private boolean running;
    private long start;
    private long deadline;

    LocalApicTimer(BoardContext context, int vcpu, Runnable expired) {
        this.context = context;
        this.vcpu = vcpu;
        this.expired = expired;
        this.timer = context.timers().create("local APIC " + vcpu, this::fire);
    }

    void reset() {
        mode = Mode.ONE_SHOT;
        initial = 0;
        running = false;
        divide = 0;
        deadline = 0;
        timer.cancel();
    }

    /** Follows bits 18:17 of the LVT entry. A change to or from the deadline mode disarms (SDM 3A 11.5.4.1). */
    void mode(Mode value) {
        if (value == mode) {
            return;
        }
        if (value == Mode.DEADLINE || mode == Mode.DEADLINE) {
            initial = 0;
            running = false;
            deadline = 0;
            timer.cancel();
            mode = value;
            return;
        }
        int left = current();
        mode = value;
        if (left != 0) {
            // A counter that runs keeps running from where it is.
            continueFrom(left);
        }
    }

    int initial() {
        return initial;
    }

    void initial(int value) {
        if (mode == Mode.DEADLINE) {
            return;
        }
        initial = value;
        running = value != 0;
        start = context.timers().now();
        arm();
    }

    int divide() {
        return divide;
    }

    void divide(int value) {
        int left = current();
        divide = value & 0xb;
        if (left != 0) {
            // At the new pace.
            continueFrom(left);
        }
    }

    private void continueFrom(int left) {
        start = context.timers().now() - ((initial & 0xffff_ffffL) - (left & 0xffff_ffffL)) * divisor();
        arm();
    }

    /** The current-count register. */
    int current() {
        if (!running) {
            return 0;
        }
        long count = initial & 0xffff_ffffL;
        long gone = (context.timers().now() - start) / divisor();
        if (mode == Mode.PERIODIC) {
            gone %= count;
        }
        return gone >= count ? 0 : (int) (count - gone);
    }

    long deadline() {
        return mode == Mode.DEADLINE ? deadline : 0;
    }

    void deadline(long tsc) {
        if (mode != Mode.DEADLINE) {
            return;
        }
        deadline = tsc;
        armDeadline();
    }

    private void armDeadline() {
        if (deadline == 0) {
            timer.cancel();
            return;
        }
        long left = deadline - context.guestTsc(vcpu);
        long now = context.timers().now();
        // TSC values are unsigned; a deadline more than half the range away is one that has passed.
        if (left <= 0) {
            timer.arm(now);
            return;
        }
        long seconds = left / context.tscFrequency();
        long rest = left % context.tscFrequency();
        double fraction = Math.ceil(rest * (double) Ticks.SECOND / context.tscFrequency());
        long nanos = seconds > Long.MAX_VALUE / Ticks.SECOND / 2 ? Long.MAX_VALUE / 2 : seconds * Ticks.SECOND + (long) fraction;
        timer.arm(now + Math.max(1, nanos));
    }

    /** Nanoseconds per count, 1 to 128 (SDM 3A 11.5.4, figure 11-10). */
    private long divisor() {
        int code = divide & 3 | divide >> 1 & 4;
        return code == 7 ? 1 : 2L << code;
    }

    private void arm() {
        if (!running) {
            timer.cancel();
            return;
        }
        long now = context.timers().now();
        long period = (initial & 0xffff_ffffL) * divisor();
        if (mode == Mode.PERIODIC) {
            long next = start + ((now - start) / period + 1) * period;
            timer.arm(Math.max(next, period < SHORTEST_PERIOD ? now + SHORTEST_PERIOD : next));
        } else {
            timer.arm(start + period);
        }
    }

    private void fire() {
        switch (mode) {
            case DEADLINE -> {
                if (deadline == 0) {
                    return;
                }
                if (deadline - context.guestTsc(vcpu) > 0) {
                    armDeadline();
                    return;
                }
                deadline = 0;
            }
            case PERIODIC -> arm();
            case ONE_SHOT -> running = false;
        }
        expired.run();
    }

    void save(StateWriter out) {
        out.putByte(mode.ordinal()).putInt(initial).putBoolean(running).putInt(divide).putLong(start).putLong(deadline).putLong(timer.deadline());
    }

    void load(StateReader in) {
        mode = Mode.values()[in.takeByte() % Mode.values().length];
        initial = in.takeInt();
        running = in.takeBoolean();
        divide = in.takeInt() & 0xb;
        start = in.takeLong();
        deadline = in.takeLong();
        long armed = in.takeLong();
        if (armed == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.arm(armed);
        }
    }
}
