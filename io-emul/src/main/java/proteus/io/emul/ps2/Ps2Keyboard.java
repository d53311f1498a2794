package proteus.io.emul.ps2;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.Keyboard;
import proteus.api.io.Ps2Port;
import proteus.api.io.Timers;
import proteus.io.emul.ps2.Keys.Stroke;

/** A keyboard with scan code set 2. Keys that are pressed for it wait until the host scans and has taken the codes before. */
public final class Ps2Keyboard implements Device, Keyboard, Ps2Port.Peripheral {
    private static final int STATE_VERSION = 1;

    private static final int SET_INDICATORS = 0xed;
    private static final int ECHO = 0xee;
    private static final int SCAN_SET = 0xf0;
    private static final int IDENTIFY = 0xf2;
    private static final int SET_RATE = 0xf3;
    private static final int ENABLE = 0xf4;
    private static final int DISABLE = 0xf5;
    private static final int DEFAULTS = 0xf6;
    private static final int RESEND = 0xfe;
    private static final int RESET = 0xff;

    private static final int ACKNOWLEDGE = 0xfa;
    private static final int TEST_PASSED = 0xaa;
    private static final int EXTENDED = 0xe0;
    private static final int RELEASE = 0xf0;
    private static final int[] ID = {0xab, 0x83};
    private static final int SCAN_SET_TWO = 2;
    /** Somebody who types fast: time between two keys. */
    private static final long KEY_NANOS = 20_000_000;

    private static final int KEYS_MOST = 4096;

    private final Ps2Port port;
    private final Timers timers;
    private final Timers.Timer timer;
    private final Deque<Stroke> strokes = new ArrayDeque<>();
    private boolean scanning = true;
    /** Command that waits for its parameter, or 0. */
    private int command;
    private int lastSent;

    /** @throws IllegalArgumentException when the machine has no place for a keyboard */
    public Ps2Keyboard(DeviceContext context) {
        this.port = context.keyboardPort().orElseThrow(() -> new IllegalArgumentException("This machine has no keyboard controller."));
        this.timers = context.timers();
        this.timer = timers.create("keyboard", this::next);
        port.connect(this);
    }

    @Override
    public Runnable typing(String keys) {
        List<Stroke> wanted = Keys.parse(keys);
        return () -> press(wanted);
    }

    private void press(List<Stroke> wanted) {
        for (Stroke stroke : wanted) {
            if (strokes.size() < KEYS_MOST) {
                strokes.add(stroke);
            }
        }
        if (timer.deadline() == Long.MAX_VALUE) {
            next();
        }
    }

    /** Presses the next key if the host is ready for it, and looks again later if there are more. */
    private void next() {
        if (scanning && port.waiting() == 0 && !strokes.isEmpty()) {
            Stroke stroke = strokes.poll();
            stroke.held().forEach(this::make);
            make(stroke.key());
            release(stroke.key());
            stroke.held().reversed().forEach(this::release);
        }
        if (!strokes.isEmpty()) {
            timer.arm(timers.now() + KEY_NANOS);
        }
    }

    private void make(int key) {
        if ((key & Keys.EXTENDED) != 0) {
            port.send(EXTENDED);
        }
        port.send(key & 0xff);
    }

    private void release(int key) {
        if ((key & Keys.EXTENDED) != 0) {
            port.send(EXTENDED);
        }
        port.send(RELEASE);
        port.send(key & 0xff);
    }

    @Override
    public void receive(int value) {
        int pending = command;
        command = 0;
        // A byte that could be a command is one, also where a parameter was due.
        if (pending != 0 && value < SET_INDICATORS) {
            answer(ACKNOWLEDGE);
            if (pending == SCAN_SET && value == 0) {
                answer(SCAN_SET_TWO);
            }
            return;
        }
        switch (value) {
            case SET_INDICATORS, SET_RATE, SCAN_SET -> {
                command = value;
                answer(ACKNOWLEDGE);
            }
            case ECHO -> answer(ECHO);
            case IDENTIFY -> {
                answer(ACKNOWLEDGE);
                answer(ID[0]);
                answer(ID[1]);
            }
            case ENABLE -> {
                port.clear();
                scanning = true;
                answer(ACKNOWLEDGE);
            }
            case DISABLE -> {
                port.clear();
                scanning = false;
                answer(ACKNOWLEDGE);
            }
            case DEFAULTS -> {
                port.clear();
                answer(ACKNOWLEDGE);
            }
            case RESEND -> answer(lastSent);
            case RESET -> {
                port.clear();
                scanning = true;
                answer(ACKNOWLEDGE);
                answer(TEST_PASSED);
            }
            default -> answer(RESEND);
        }
    }

    private void answer(int value) {
        lastSent = value;
        port.send(value);
    }

    @Override
    public String name() {
        return "PS/2 keyboard, US layout";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.KEYBOARD;
    }

    @Override
    public void reset() {
        strokes.clear();
        timer.cancel();
        port.clear();
        scanning = true;
        command = 0;
        lastSent = 0;
    }

    /** Keys that nobody has seen yet are no state of the machine. */
    @Override
    public byte[] exportState() {
        return ByteBuffer.allocate(10).put((byte) STATE_VERSION).put((byte) (scanning ? 1 : 0)).putInt(command).putInt(lastSent).array();
    }

    @Override
    public void importState(byte[] state) {
        ByteBuffer in = ByteBuffer.wrap(state);
        try {
            int version = in.get();
            if (version != STATE_VERSION) {
                throw new IllegalArgumentException("The state of the keyboard has version %d, this device reads %d.".formatted(version, STATE_VERSION));
            }
            scanning = in.get() != 0;
            command = in.getInt() & 0xff;
            lastSent = in.getInt() & 0xff;
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("The state of the keyboard ends too early.", e);
        }
    }

    @Override
    public void close() {
        timer.cancel();
        port.disconnect();
    }
}
