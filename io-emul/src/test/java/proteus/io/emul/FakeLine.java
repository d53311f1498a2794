package proteus.io.emul;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.CharacterBackend;
import proteus.api.io.DeviceContext;
import proteus.api.io.InterruptLine;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;

/** A machine with one serial port: its bus, its interrupt, its clock, and who is at the far end of the line. */
final class FakeLine implements DeviceContext, CharacterBackend, Bus, Timers {
    final StringBuilder output = new StringBuilder();
    boolean asserted;
    private final Deque<Integer> input = new ArrayDeque<>();
    private final List<Alarm> alarms = new ArrayList<>();
    private Runnable listener = () -> {};
    private BusDevice device;
    private long now;

    int read(int register) {
        return device == null ? 0xff : (int) device.read(register, 1);
    }

    void write(int register, int value) {
        if (device != null) {
            device.write(register, 1, value);
        }
    }

    /** Characters that wait, of which the UART has not been told yet. */
    void typeUnannounced(String text) {
        text.chars().forEach(input::add);
    }

    void type(String text) {
        typeUnannounced(text);
        listener.run();
    }

    void pass(long nanos) {
        now += nanos;
        for (Alarm alarm : List.copyOf(alarms)) {
            if (alarm.deadline <= now) {
                alarm.deadline = Long.MAX_VALUE;
                alarm.action.run();
            }
        }
    }

    @Override
    public Bus ports() {
        return this;
    }

    @Override
    public Bus mmio() {
        throw new UnsupportedOperationException("no memory bus");
    }

    @Override
    public GuestMemory memory() {
        throw new UnsupportedOperationException("no memory");
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return level -> asserted = level;
    }

    @Override
    public Timers timers() {
        return this;
    }

    @Override
    public EventCounters counters() {
        return new EventCounters();
    }

    @Override
    public void post(Runnable action) {
        action.run();
    }

    @Override
    public void output(int value) {
        output.append((char) value);
    }

    @Override
    public int input() {
        return input.isEmpty() ? -1 : input.poll();
    }

    @Override
    public boolean inputAvailable() {
        return !input.isEmpty();
    }

    @Override
    public void onInput(Runnable action) {
        listener = action;
    }

    @Override
    public Attachment attach(long start, long length, String name, BusDevice attached) {
        device = attached;
        return () -> device = null;
    }

    @Override
    public List<Range> ranges() {
        return List.of();
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public long wallSeconds() {
        return 0;
    }

    @Override
    public Timer create(String name, Runnable action) {
        Alarm alarm = new Alarm(action);
        alarms.add(alarm);
        return alarm;
    }

    private static final class Alarm implements Timer {
        private final Runnable action;
        private long deadline = Long.MAX_VALUE;

        Alarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void arm(long nanos) {
            deadline = nanos;
        }

        @Override
        public void cancel() {
            deadline = Long.MAX_VALUE;
        }

        @Override
        public long deadline() {
            return deadline;
        }
    }
}
