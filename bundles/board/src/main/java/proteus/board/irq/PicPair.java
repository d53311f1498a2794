package proteus.board.irq;

import java.util.function.Consumer;
import proteus.api.io.Bus;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/** The two cascaded 8259A of a PC at 0x20, 0xa0 and their edge/level registers at 0x4d0. */
public final class PicPair implements Part {
    private static final int SPURIOUS = 7;

    private final Pic8259 master = new Pic8259(true, 0xf8);
    private final Pic8259 slave = new Pic8259(false, 0xde);
    private final Consumer<Boolean> output;
    private boolean asserted;

    /** @param output called when INTR changes */
    public PicPair(Consumer<Boolean> output) {
        this.output = output;
    }

    /** Puts the chips on the bus. */
    public void attach(Bus ports) {
        ports.attach(0x20, 2, "8259A master", chipPorts(master));
        ports.attach(0xa0, 2, "8259A slave", chipPorts(slave));
        ports.attach(0x4d0, 2, "8259A edge/level", new BytePorts(2) {
            @Override
            protected int readByte(int port) {
                return (port == 0 ? master : slave).edgeLevel();
            }

            @Override
            protected void writeByte(int port, int value) {
                (port == 0 ? master : slave).edgeLevel(value);
                update();
            }
        });
    }

    private BytePorts chipPorts(Pic8259 chip) {
        return new BytePorts(2) {
            @Override
            protected int readByte(int port) {
                int value = chip.read(port);
                update();
                return value;
            }

            @Override
            protected void writeByte(int port, int value) {
                chip.write(port, value);
                update();
            }
        };
    }

    /** Sets input 0..15; 2 is the cascade and not to be had. */
    public void line(int irq, boolean level) {
        if (irq == Pic8259.CASCADE) {
            return;
        }
        (irq < 8 ? master : slave).line(irq & 7, level);
        update();
    }

    /** As firmware leaves the chips: vectors 0x08 and 0x70 as a PC has, everything masked until a guest asks for it. */
    public void initialise() {
        int[] bases = {0x08, 0x70};
        Pic8259[] chips = {master, slave};
        for (int i = 0; i < chips.length; i++) {
            chips[i].write(0, 0x11);
            chips[i].write(1, bases[i]);
            chips[i].write(1, i == 0 ? 1 << Pic8259.CASCADE : Pic8259.CASCADE);
            chips[i].write(1, 0x01);
            chips[i].write(1, 0xff);
        }
        update();
    }

    /** Makes an input level-triggered, as firmware does for PCI interrupts. */
    public void levelTriggered(int irq) {
        Pic8259 chip = irq < 8 ? master : slave;
        chip.edgeLevel(chip.edgeLevel() | 1 << (irq & 7));
        update();
    }

    /** INTR. */
    public boolean asserted() {
        return asserted;
    }

    /** The two INTA pulses: a vector always comes, the default IR7 if the request has gone. */
    public int acknowledge() {
        int input = master.request();
        int vector;
        if (input < 0) {
            vector = master.vector(SPURIOUS);
        } else {
            master.acknowledge(input);
            vector = master.vector(input);
            if (input == Pic8259.CASCADE) {
                int below = slave.request();
                if (below >= 0) {
                    slave.acknowledge(below);
                }
                vector = slave.vector(below < 0 ? SPURIOUS : below);
            }
        }
        update();
        return vector;
    }

    private void update() {
        master.cascade(slave.request() >= 0);
        boolean now = master.request() >= 0;
        if (now != asserted) {
            asserted = now;
            output.accept(now);
        }
    }

    @Override
    public String name() {
        return "8259A interrupt controllers";
    }

    @Override
    public void reset() {
        master.reset();
        slave.reset();
        update();
    }

    @Override
    public void save(StateWriter out) {
        master.save(out);
        slave.save(out);
        out.putBoolean(asserted);
    }

    @Override
    public void load(StateReader in) {
        master.load(in);
        slave.load(in);
        asserted = in.takeBoolean();
    }
}
