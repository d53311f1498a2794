package proteus.board.legacy;

import proteus.api.io.Bus;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * The two 8237A DMA controllers at 0x00 and 0xc0 with their page registers at 0x80 (Intel 231466-005; PIIX3 2.1.1, 2.5.4).
 * No device of this machine requests ISA DMA, so they are their registers. Port 0x80, a spare page register, takes POST codes.
 */
public final class DmaControllers implements Part {
    private final Controller[] controllers = {new Controller(), new Controller()};
    private final byte[] pages = new byte[16];

    /** Puts the chips on the bus; the second one's ports are two apart. */
    public void attach(Bus ports) {
        ports.attach(0x00, 16, "8237A 1", new BytePorts(16) {
            @Override
            protected int readByte(int port) {
                return controllers[0].read(port);
            }

            @Override
            protected void writeByte(int port, int value) {
                controllers[0].write(port, value);
            }
        });
        ports.attach(0xc0, 32, "8237A 2", new BytePorts(32) {
            @Override
            protected int readByte(int port) {
                return controllers[1].read(port >> 1);
            }

            @Override
            protected void writeByte(int port, int value) {
                controllers[1].write(port >> 1, value);
            }
        });
        ports.attach(0x80, 16, "DMA pages and POST code", new BytePorts(16) {
            @Override
            protected int readByte(int port) {
                return pages[port];
            }

            @Override
            protected void writeByte(int port, int value) {
                pages[port] = (byte) value;
            }
        });
    }

    /** The last POST code: what firmware and kernels write to port 0x80. */
    public int postCode() {
        return pages[0] & 0xff;
    }

    @Override
    public String name() {
        return "8237A DMA controllers";
    }

    @Override
    public String describe() {
        return "8237A DMA controllers, last POST code 0x%02x".formatted(postCode());
    }

    @Override
    public void reset() {
        for (Controller controller : controllers) {
            controller.clear();
        }
        java.util.Arrays.fill(pages, (byte) 0);
    }

    @Override
    public void save(StateWriter out) {
        for (Controller controller : controllers) {
            out.putInts(controller.base).putInts(controller.current).putInts(controller.registers());
        }
        out.putBytes(pages);
    }

    @Override
    public void load(StateReader in) {
        for (Controller controller : controllers) {
            in.takeInts(controller.base);
            in.takeInts(controller.current);
            controller.registers(in.takeInts());
        }
        in.takeBytes(pages);
    }

    /** One 8237A: address and count of four channels, 16 bits through an 8-bit port with a flip-flop. */
    private static final class Controller {
        private final int[] base = new int[8];
        private final int[] current = new int[8];
        private final int[] modes = new int[4];
        private int command;
        private int requests;
        private int mask = 0xf;
        private boolean high;

        int read(int port) {
            if (port < 8) {
                int value = high ? current[port] >> 8 : current[port];
                high = !high;
                return value & 0xff;
            }
            return switch (port) {
                // Status: terminal counts never come, requests are by software.
                case 8 -> requests << 4;
                case 15 -> mask | 0xf0;
                default -> 0;
            };
        }

        void write(int port, int value) {
            if (port < 8) {
                base[port] = high ? base[port] & 0xff | value << 8 : base[port] & 0xff00 | value;
                current[port] = base[port];
                high = !high;
                return;
            }
            int bit = 1 << (value & 3);
            switch (port) {
                case 8 -> command = value;
                case 9 -> requests = (value & 4) != 0 ? requests | bit : requests & ~bit;
                case 10 -> mask = (value & 4) != 0 ? mask | bit : mask & ~bit;
                case 11 -> modes[value & 3] = value & 0xfc;
                case 12 -> high = false;
                case 13 -> clear();
                case 14 -> mask = 0;
                default -> mask = value & 0xf;
            }
        }

        /** Master clear. */
        void clear() {
            command = 0;
            requests = 0;
            mask = 0xf;
            high = false;
        }

        int[] registers() {
            return new int[] {modes[0], modes[1], modes[2], modes[3], command, requests, mask, high ? 1 : 0};
        }

        void registers(int[] values) {
            if (values.length != 8) {
                throw new IllegalArgumentException("The state of a DMA controller has %d registers where 8 belong.".formatted(values.length));
            }
            System.arraycopy(values, 0, modes, 0, 4);
            command = values[4];
            requests = values[5] & 0xf;
            mask = values[6] & 0xf;
            high = values[7] != 0;
        }
    }
}
