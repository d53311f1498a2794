package proteus.board.legacy;

import java.util.ArrayDeque;
import java.util.Deque;
import proteus.api.io.Bus;
import proteus.api.io.InterruptLine;
import proteus.api.io.Ps2Port;
import proteus.board.part.BytePorts;
import proteus.board.part.Part;
import proteus.board.part.StateReader;
import proteus.board.part.StateWriter;

/**
 * The keyboard controller 8042 at 0x60 and 0x64 (IBM PS/2 technical reference, keyboard and auxiliary device controller).
 * Into its first port a keyboard may be plugged; nothing is in the second. Whoever speaks to a device that is not there gets
 * the controller's time-out answer.
 * Bit 1 of its output port is one of the two that open the gate of address line 20.
 */
public final class KeyboardController implements Part {
    private static final int STATUS_FULL = 0x01;
    private static final int STATUS_SYSTEM = 0x04;
    private static final int STATUS_COMMAND = 0x08;
    private static final int STATUS_UNLOCKED = 0x10;
    private static final int STATUS_AUXILIARY = 0x20;
    private static final int STATUS_TIMEOUT = 0x40;

    private static final int MODE_KEYBOARD_INTERRUPT = 0x01;
    private static final int MODE_AUXILIARY_INTERRUPT = 0x02;
    private static final int MODE_SYSTEM = 0x04;
    private static final int MODE_KEYBOARD_OFF = 0x10;
    private static final int MODE_AUXILIARY_OFF = 0x20;
    private static final int MODE_TRANSLATE = 0x40;

    /** Output port: bit 0 is the CPU's reset (low), bit 1 A20, bits 4 and 5 the interrupts. */
    private static final int OUTPUT_NO_RESET = 0x01;
    private static final int OUTPUT_A20 = 0x02;

    private static final int RESEND = 0xfe;
    private static final int SELF_TEST_PASSED = 0x55;
    private static final int QUEUE_LIMIT = 16;
    private static final int PORT_LIMIT = 64;

    private final InterruptLine keyboardLine;
    private final InterruptLine auxiliaryLine;
    private final Runnable resetCpu;
    private final A20Gate gate;
    private final byte[] ram = new byte[32];
    /** Bytes for the guest: data in bits 7..0, status bits 5 and 6 as flags above. */
    private final Deque<Integer> queue = new ArrayDeque<>();
    private int lastData;
    private boolean lastWriteCommand;
    /** Command that waits for its data byte at 0x60, or -1. */
    private int command = -1;
    private int outputPort;
    private final Port port = new Port();

    public KeyboardController(InterruptLine keyboardLine, InterruptLine auxiliaryLine, Runnable resetCpu, A20Gate gate) {
        this.keyboardLine = keyboardLine;
        this.auxiliaryLine = auxiliaryLine;
        this.resetCpu = resetCpu;
        this.gate = gate;
        reset();
    }

    /** Puts the chip on the bus. */
    public void attach(Bus ports) {
        ports.attach(0x60, 1, "8042 data", new BytePorts(1) {
            @Override
            protected int readByte(int port) {
                return readData();
            }

            @Override
            protected void writeByte(int port, int value) {
                writeData(value);
            }
        });
        ports.attach(0x64, 1, "8042 status and command", new BytePorts(1) {
            @Override
            protected int readByte(int port) {
                return status();
            }

            @Override
            protected void writeByte(int port, int value) {
                lastWriteCommand = true;
                execute(value);
            }
        });
    }

    private int status() {
        int value = STATUS_UNLOCKED | ram[0] & MODE_SYSTEM | (lastWriteCommand ? STATUS_COMMAND : 0);
        Integer front = queue.peek();
        if (front != null) {
            value |= STATUS_FULL | front >> 8;
        }
        return value;
    }

    private int readData() {
        Integer front = queue.poll();
        if (front != null) {
            lastData = front & 0xff;
            // The interrupt falls with the buffer and rises again for the next byte.
            keyboardLine.set(false);
            auxiliaryLine.set(false);
            drive();
        }
        return lastData;
    }

    private void writeData(int value) {
        lastWriteCommand = false;
        int pending = command;
        command = -1;
        switch (pending) {
            // A byte for the keyboard ends its inhibition. Nobody at the port: the controller's time-out.
            case -1 -> {
                ram[0] &= ~MODE_KEYBOARD_OFF;
                if (port.peripheral != null) {
                    port.peripheral.receive(value);
                    drive();
                } else {
                    answer(RESEND, STATUS_TIMEOUT);
                }
            }
            case 0xd1 -> {
                outputPort(value | OUTPUT_NO_RESET);
                if ((value & OUTPUT_NO_RESET) == 0) {
                    resetCpu.run();
                }
            }
            case 0xd2 -> answer(value, 0);
            case 0xd3 -> answer(value, STATUS_AUXILIARY);
            case 0xd4 -> {
                ram[0] &= ~MODE_AUXILIARY_OFF;
                answer(RESEND, STATUS_AUXILIARY | STATUS_TIMEOUT);
            }
            default -> {
                ram[pending & 0x1f] = (byte) value;
                drive();
            }
        }
    }

    private void execute(int value) {
        command = -1;
        if (value >= 0x20 && value <= 0x3f) {
            answer(ram[value & 0x1f] & 0xff, 0);
            return;
        }
        if (value >= 0x60 && value <= 0x7f) {
            command = value;
            return;
        }
        if (value >= 0xf0) {
            // Pulses output port bits whose command bit is 0: bit 0 resets the CPU.
            if ((value & OUTPUT_NO_RESET) == 0) {
                resetCpu.run();
            }
            return;
        }
        switch (value) {
            case 0xa7 -> ram[0] |= MODE_AUXILIARY_OFF;
            case 0xa8 -> ram[0] &= ~MODE_AUXILIARY_OFF;
            // Interface tests: no fault of clock or data lines.
            case 0xa9, 0xab -> answer(0x00, 0);
            case 0xaa -> {
                // The self-test leaves the controller as after power on, with both ports off.
                ram[0] = (byte) (MODE_SYSTEM | MODE_TRANSLATE | MODE_KEYBOARD_OFF | MODE_AUXILIARY_OFF);
                queue.clear();
                answer(SELF_TEST_PASSED, 0);
            }
            case 0xad -> ram[0] |= MODE_KEYBOARD_OFF;
            case 0xae -> ram[0] &= ~MODE_KEYBOARD_OFF;
            // Input port: keyboard not locked, manufacturing jumper not there.
            case 0xc0 -> answer(0xa0, 0);
            case 0xd0 -> answer(outputPort, 0);
            case 0xd1, 0xd2, 0xd3, 0xd4 -> command = value;
            default -> {
                // Unknown commands have no answer.
            }
        }
        drive();
    }

    private void outputPort(int value) {
        outputPort = value;
        gate.keyboard((value & OUTPUT_A20) != 0);
    }

    private void answer(int value, int statusBits) {
        if (queue.size() < QUEUE_LIMIT) {
            queue.add(value & 0xff | statusBits << 8);
        }
        drive();
    }

    private void drive() {
        port.deliver();
        Integer front = queue.peek();
        boolean auxiliary = front != null && (front >> 8 & STATUS_AUXILIARY) != 0;
        keyboardLine.set(front != null && !auxiliary && (ram[0] & MODE_KEYBOARD_INTERRUPT) != 0);
        auxiliaryLine.set(auxiliary && (ram[0] & MODE_AUXILIARY_INTERRUPT) != 0);
    }

    @Override
    public String name() {
        return "8042 keyboard controller (%s)".formatted(port.peripheral == null ? "no keyboard" : "with a keyboard");
    }

    /** As firmware leaves it after its self-test: system flag set, ports enabled, no interrupts. */
    @Override
    public void reset() {
        java.util.Arrays.fill(ram, (byte) 0);
        ram[0] = (byte) (MODE_SYSTEM | MODE_TRANSLATE);
        queue.clear();
        port.clear();
        lastData = 0;
        lastWriteCommand = false;
        command = -1;
        outputPort(OUTPUT_NO_RESET | OUTPUT_A20);
        drive();
    }

    @Override
    public void save(StateWriter out) {
        out.putBytes(ram).putInt(lastData).putBoolean(lastWriteCommand).putInt(command).putInt(outputPort);
        out.putInts(queue.stream().mapToInt(Integer::intValue).toArray());
        out.putInts(port.bytes.stream().mapToInt(Integer::intValue).toArray()).putBoolean(port.released);
    }

    @Override
    public void load(StateReader in) {
        in.takeBytes(ram);
        lastData = in.takeInt();
        lastWriteCommand = in.takeBoolean();
        command = in.takeInt();
        outputPort(in.takeInt());
        queue.clear();
        int[] waiting = in.takeInts();
        for (int entry : waiting) {
            queue.add(entry);
        }
        port.clear();
        for (int entry : in.takeInts()) {
            port.bytes.add(entry & 0xff);
        }
        port.released = in.takeBoolean();
        drive();
    }

    /** Where the keyboard is plugged in. */
    public Ps2Port keyboardPort() {
        return port;
    }

    /** The first port: what the keyboard has sent waits here until the output buffer is free and the port is not inhibited. */
    private final class Port implements Ps2Port {
        private final Deque<Integer> bytes = new ArrayDeque<>();
        private Peripheral peripheral;
        /** The release prefix of set 2 was taken in; the next code becomes a release code of set 1. */
        private boolean released;

        @Override
        public void connect(Peripheral plugged) {
            if (peripheral != null) {
                throw new IllegalArgumentException("There is a keyboard already.");
            }
            peripheral = plugged;
        }

        @Override
        public void disconnect() {
            peripheral = null;
            clear();
        }

        @Override
        public void send(int value) {
            if (bytes.size() < PORT_LIMIT) {
                bytes.add(value & 0xff);
            }
            drive();
        }

        @Override
        public int waiting() {
            return bytes.size();
        }

        @Override
        public void clear() {
            bytes.clear();
            released = false;
        }

        private void deliver() {
            while (queue.isEmpty() && !bytes.isEmpty() && (ram[0] & MODE_KEYBOARD_OFF) == 0) {
                int value = bytes.poll();
                if ((ram[0] & MODE_TRANSLATE) == 0) {
                    queue.add(value);
                } else if (value == ScanCodes.RELEASE) {
                    released = true;
                } else {
                    queue.add(ScanCodes.setOne(value) | (released ? ScanCodes.RELEASED : 0));
                    released = false;
                }
            }
        }
    }
}
