package proteus.board.clock;

import proteus.api.io.Bus;
import proteus.api.io.InterruptLine;
import proteus.api.io.Timers;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;
import proteus.board.part.Ticks;

/**
 * The interval timer 8254 at 0x40 and the system control port 0x61 (PIIX3, Intel 290550-002, 2.5.6): counter 0 drives
 * interrupt 0, counter 1 is the memory refresh's, counter 2 the speaker's with its gate in port 0x61.
 */
public final class Pit8254 implements Part {
    /** Interrupts no denser than this: counts of a few ticks are legal but would busy the VM's thread with firing alone. */
    private static final long SHORTEST_PERIOD = 1_000;
    /** Refresh is requested about every 15 us; bit 4 of port 0x61 toggles with it. */
    private static final long REFRESH_NANOS = 15_085;

    private static final int CONTROL = 3;
    private static final int SPEAKER_BITS = 0x03;
    private static final int REFRESH = 0x10;
    private static final int OUTPUT_2 = 0x20;

    private final Timers timers;
    private final InterruptLine line;
    private final Timers.Timer timer;
    private final PitCounter[] counters = {new PitCounter(), new PitCounter(), new PitCounter()};
    private int speaker;
    /** The level of the wire. */
    private boolean up;

    public Pit8254(Timers timers, InterruptLine line) {
        this.timers = timers;
        this.line = line;
        this.timer = timers.create("8254 counter 0", this::fire);
        reset();
    }

    /** Puts the chip and port 0x61 on the bus. */
    public void attach(Bus ports) {
        ports.attach(0x40, 4, "8254", new BytePorts(4) {
            @Override
            protected int readByte(int port) {
                return port == CONTROL ? 0xff : counters[port].read(ticks());
            }

            @Override
            protected void writeByte(int port, int value) {
                if (port == CONTROL) {
                    control(value);
                } else if (counters[port].write(ticks(), value) && port == 0) {
                    counted();
                }
            }
        });
        ports.attach(0x61, 1, "system control port B", new BytePorts(1) {
            @Override
            protected int readByte(int port) {
                long refreshes = timers.now() / REFRESH_NANOS;
                return speaker | ((refreshes & 1) != 0 ? REFRESH : 0) | (counters[2].output(ticks()) ? OUTPUT_2 : 0);
            }

            @Override
            protected void writeByte(int port, int value) {
                speaker = value & SPEAKER_BITS;
                counters[2].gate(ticks(), (value & 1) != 0);
            }
        });
    }

    private void control(int value) {
        int select = value >> 6;
        long now = ticks();
        if (select == 3) {
            // Read-back: a 0 in bit 5 latches the count, in bit 4 the status; bits 3..1 select counters.
            for (int i = 0; i < counters.length; i++) {
                if ((value & 2 << i) != 0) {
                    if ((value & 0x20) == 0) {
                        counters[i].latchCount(now);
                    }
                    if ((value & 0x10) == 0) {
                        counters[i].latchStatus(now);
                    }
                }
            }
        } else if ((value & 0x30) == 0) {
            counters[select].latchCount(now);
        } else {
            counters[select].control(value);
            if (select == 0) {
                counted();
            }
        }
    }

    private void counted() {
        drive(counters[0].output(ticks()));
        arm(0);
    }

    private void arm(long earliest) {
        long rise = counters[0].nextRise(ticks());
        if (rise == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.arm(Math.max(Ticks.nanos(rise, Ticks.PIT_HZ), earliest));
        }
    }

    /**
     * OUT rises. Its falls in between are not followed: interrupt 0 is edge-triggered wherever it goes, and who reads the
     * status word gets OUT computed.
     */
    private void fire() {
        drive(false);
        drive(true);
        arm(timers.now() + SHORTEST_PERIOD);
    }

    private void drive(boolean level) {
        up = level;
        line.set(level);
    }

    private long ticks() {
        return Ticks.at(timers.now(), Ticks.PIT_HZ);
    }

    @Override
    public String name() {
        return "8254 interval timer";
    }

    /** As firmware leaves it: counter 0 at 18.2 Hz, counter 1 for refresh, counter 2 with its gate low. */
    @Override
    public void reset() {
        long now = ticks();
        int[] modes = {0x36, 0x54, 0xb6};
        int[] counts = {0, 18, 0};
        for (int i = 0; i < counters.length; i++) {
            counters[i].control(modes[i]);
            counters[i].gate(now, true);
            counters[i].write(now, counts[i]);
            if (i != 1) {
                counters[i].write(now, 0);
            }
        }
        counters[2].gate(now, false);
        speaker = 0;
        counted();
    }

    @Override
    public void save(StateWriter out) {
        for (PitCounter counter : counters) {
            counter.save(out);
        }
        out.putInt(speaker).putBoolean(up).putLong(timer.deadline());
    }

    @Override
    public void load(StateReader in) {
        for (PitCounter counter : counters) {
            counter.load(in);
        }
        speaker = in.takeInt() & SPEAKER_BITS;
        drive(in.takeBoolean());
        long armed = in.takeLong();
        if (armed == Long.MAX_VALUE) {
            timer.cancel();
        } else {
            timer.arm(armed);
        }
    }
}
