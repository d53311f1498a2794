package proteus.board.irq;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.Board;
import proteus.api.io.InterruptLine;

/**
 * The global system interrupts: 0..15 are the ISA lines on both controllers, 16..23 are inputs of the IOAPIC only. ISA
 * interrupt 0 is on IOAPIC input 2 (the override in the MADT and the MP table); input 2 of the PIC is its cascade.
 */
public final class Lines {
    private static final int ISA = 16;

    private final PicPair pic;
    private final IoApic ioApic;
    private final EventCounters counters;
    private final int[] asserted = new int[IoApic.PINS];
    private Board.LineWatcher watcher = (gsi, level) -> { };

    public Lines(PicPair pic, IoApic ioApic, EventCounters counters) {
        this.pic = pic;
        this.ioApic = ioApic;
        this.counters = counters;
    }

    /** A new wire of a part of the board; its interrupts are counted. */
    public InterruptLine wire(int gsi) {
        return wire(gsi, () -> counters.count(CountedEvent.DEVICE_INTERRUPTS));
    }

    /**
     * A new wire; the level of an interrupt is the OR of its wires.
     *
     * @param rising called as the wire goes up
     */
    public InterruptLine wire(int gsi, Runnable rising) {
        if (gsi < 0 || gsi >= IoApic.PINS) {
            throw new IllegalArgumentException("There is no global system interrupt %d: they end at %d.".formatted(gsi, IoApic.PINS - 1));
        }
        return new InterruptLine() {
            private boolean mine;

            @Override
            public void set(boolean level) {
                if (level == mine) {
                    return;
                }
                mine = level;
                if (level) {
                    rising.run();
                }
                asserted[gsi] += level ? 1 : -1;
                if (asserted[gsi] == (level ? 1 : 0)) {
                    change(gsi, level);
                }
            }
        };
    }

    /** Who is told of every change of a level, before the controllers are. */
    public void watch(Board.LineWatcher told) {
        watcher = told;
    }

    private void change(int gsi, boolean level) {
        watcher.changed(gsi, level);
        if (gsi < ISA) {
            pic.line(gsi, level);
        }
        ioApic.line(gsi == 0 ? 2 : gsi, level);
    }
}
