package proteus.board.legacy;

import proteus.api.io.BoardContext;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * Small ports: 0x92 (system control port A: fast A20 and fast reset, PIIX3 2.5.9), 0xe9 (debug character, reads as 0xe9 so
 * that guests find it, as in Bochs), 0xf4 (debug exit, as QEMU's isa-debug-exit).
 */
public final class SystemPorts implements Part {
    private static final int FAST_RESET = 0x01;
    private static final int A20 = 0x02;
    private static final int DEBUG_CHARACTER = 0xe9;
    private static final int FIRMWARE_LOG = 0x402;

    private final BoardContext context;
    private final A20Gate gate;
    private int controlA;

    public SystemPorts(BoardContext context, A20Gate gate) {
        this.context = context;
        this.gate = gate;
        reset();
    }

    /** Puts the ports on the bus. */
    public void attach(Bus ports) {
        ports.attach(0x92, 1, "system control port A", new BytePorts(1) {
            @Override
            protected int readByte(int port) {
                return controlA;
            }

            @Override
            protected void writeByte(int port, int value) {
                boolean pulse = (value & FAST_RESET) != 0 && (controlA & FAST_RESET) == 0;
                control(value & (FAST_RESET | A20));
                if (pulse) {
                    context.resetRequested();
                }
            }
        });
        ports.attach(DEBUG_CHARACTER, 1, "debug character", new BytePorts(1) {
            @Override
            protected int readByte(int port) {
                return DEBUG_CHARACTER;
            }

            @Override
            protected void writeByte(int port, int value) {
                context.debugCharacter(value);
            }
        });
        ports.attach(FIRMWARE_LOG, 1, "firmware log", new BytePorts(1) {
            @Override
            protected int readByte(int port) {
                return DEBUG_CHARACTER;
            }

            @Override
            protected void writeByte(int port, int value) {
                context.firmwareCharacter(value);
            }
        });
        ports.attach(0xf4, 1, "debug exit", new BusDevice() {
            @Override
            public long read(long offset, int size) {
                return 0;
            }

            @Override
            public void write(long offset, int size, long value) {
                context.debugExit((int) value);
            }
        });
    }

    private void control(int value) {
        controlA = value;
        gate.fast((value & A20) != 0);
    }

    @Override
    public String name() {
        return "system control and debug ports";
    }

    @Override
    public void reset() {
        control(A20);
    }

    @Override
    public void save(StateWriter out) {
        out.putInt(controlA);
    }

    @Override
    public void load(StateReader in) {
        control(in.takeInt());
    }
}
