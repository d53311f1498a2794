package proteus.io.emul.net;

import static proteus.io.emul.net.E1000Registers.*;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.function.Consumer;
import proteus.api.io.Timers;

/** Interrupt causes, their mask, and how the card holds interrupts back (GbE SDM 13.4.17 to 13.4.22): ITR between any two, TIDV and TADV, RDTR and RADV before some. */
final class Moderation {
    private static final long ITR_NANOS = 256;
    private static final long DELAY_NANOS = 1024;

    private final Timers clock;
    private final Consumer<Boolean> wire;
    private final Timers.Timer throttle;
    private final Delay transmit;
    private final Delay receive;
    private int causes;
    private int mask;
    private int interval;
    private long next;
    private boolean asserted;

    /** A cause that waits: until nothing more has come for a while, or for so long in all. */
    private final class Delay {
        private final int cause;
        private final Timers.Timer timer;
        private long latest;

        Delay(int cause, String name) {
            this.cause = cause;
            timer = clock.create(name, () -> raise(cause));
        }

        void more(int quiet, int absolute) {
            long now = clock.now();
            if (timer.deadline() == Long.MAX_VALUE) {
                latest = absolute == 0 ? Long.MAX_VALUE : now + absolute * DELAY_NANOS;
            }
            timer.arm(Math.min(latest, now + quiet * DELAY_NANOS));
        }

        void flush() {
            if (timer.deadline() != Long.MAX_VALUE) {
                timer.cancel();
                raise(cause);
            }
        }
    }

    Moderation(Timers clock, Consumer<Boolean> wire) {
        this.clock = clock;
        this.wire = wire;
        throttle = clock.create("e1000 interrupt", this::update);
        transmit = new Delay(TXDW, "e1000 transmitted");
        receive = new Delay(RXT0, "e1000 received");
    }

    void reset() {
        causes = 0;
        mask = 0;
        interval = 0;
        next = 0;
        throttle.cancel();
        transmit.timer.cancel();
        receive.timer.cancel();
        update();
    }

    void raise(int more) {
        causes |= more;
        update();
    }

    /** A packet was sent whose descriptor allows delay. */
    void transmitted(int quiet, int absolute) {
        if (quiet == 0) {
            raise(TXDW);
        } else {
            transmit.more(quiet, absolute);
        }
    }

    void received(int quiet, int absolute) {
        if (quiet == 0) {
            raise(RXT0);
        } else {
            receive.more(quiet, absolute);
        }
    }

    /** The driver writes RDTR with its flush bit. */
    void flushReceive() {
        receive.flush();
    }

    /** Reading the causes clears them. */
    int take() {
        int taken = causes;
        causes = 0;
        update();
        return taken;
    }

    void clear(int which) {
        causes &= ~which;
        update();
    }

    int mask() {
        return mask;
    }

    void mask(int value) {
        mask = value;
        update();
    }

    int interval() {
        return interval;
    }

    void interval(int value) {
        interval = value & 0xffff;
    }

    private void update() {
        boolean wanted = (causes & mask) != 0;
        if (wanted && !asserted) {
            long now = clock.now();
            if (now < next) {
                if (throttle.deadline() != next) {
                    throttle.arm(next);
                }
                return;
            }
            next = now + interval * ITR_NANOS;
        }
        if (wanted != asserted) {
            asserted = wanted;
            wire.accept(asserted);
        }
    }

    void save(DataOutputStream to) throws IOException {
        to.writeInt(causes);
        to.writeInt(mask);
        to.writeInt(interval);
        to.writeLong(next);
        to.writeLong(throttle.deadline());
        to.writeLong(transmit.timer.deadline());
        to.writeLong(transmit.latest);
        to.writeLong(receive.timer.deadline());
        to.writeLong(receive.latest);
    }

    void load(DataInputStream from) throws IOException {
        reset();
        causes = from.readInt();
        mask = from.readInt();
        interval = from.readInt() & 0xffff;
        long due = from.readLong();
        arm(throttle, from.readLong());
        arm(transmit.timer, from.readLong());
        transmit.latest = from.readLong();
        arm(receive.timer, from.readLong());
        receive.latest = from.readLong();
        // What is asserted was so before.
        next = 0;
        if (throttle.deadline() == Long.MAX_VALUE) {
            update();
        }
        next = due;
    }

    private static void arm(Timers.Timer timer, long deadline) {
        if (deadline != Long.MAX_VALUE) {
            timer.arm(deadline);
        }
    }
}
