package proteus.tck.fake;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.DeviceContext;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;
import proteus.api.io.Ps2Port;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;

/** A machine for device models: buses, RAM, interrupt lines, a clock that is moved by hand, PCI functions. */
public final class FakePc implements DeviceContext, Timers, PciSlots {
    public final FakeBus ports = new FakeBus();
    public final FakeBus mmio = new FakeBus();
    public final FakeRam ram = new FakeRam(1 << 20);
    public final boolean[] interrupts = new boolean[24];
    /** The function that was plugged last, and all that are. */
    public PciFunction function;
    public final List<PciFunction> functions = new ArrayList<>();
    /** Messages of functions, address and data. */
    public final List<String> messages = new ArrayList<>();
    public boolean busMaster = true;
    /** What the keyboard has sent and nobody has taken. */
    public final List<Integer> keyboardBytes = new ArrayList<>();
    private final List<Alarm> alarms = new ArrayList<>();
    private long now;

    public int in(int port, int size) {
        return (int) ports.read(port, size);
    }

    public int in(int port) {
        return in(port, 1);
    }

    public void out(int port, int size, int value) {
        ports.write(port, size, value & 0xffff_ffffL);
    }

    public void out(int port, int value) {
        out(port, 1, value);
    }

    public void pass(long nanos) {
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
        return ports;
    }

    @Override
    public Bus mmio() {
        return mmio;
    }

    @Override
    public GuestMemory memory() {
        return ram;
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return level -> interrupts[gsi] = level;
    }

    @Override
    public Optional<PciSlots> pci() {
        return Optional.of(this);
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

    @Override
    public Optional<Ps2Port> keyboardPort() {
        return Optional.of(new Ps2Port() {
            @Override
            public void connect(Peripheral peripheral) {
                // The test speaks to it.
            }

            @Override
            public void disconnect() {
                // Nothing to undo.
            }

            @Override
            public void send(int value) {
                keyboardBytes.add(value);
            }

            @Override
            public int waiting() {
                return keyboardBytes.size();
            }

            @Override
            public void clear() {
                keyboardBytes.clear();
            }
        });
    }

    @Override
    public Slot plug(PciFunction plugged) {
        return plug(2 + functions.size(), 0, plugged);
    }

    @Override
    public Slot plug(int device, int number, PciFunction plugged) {
        function = plugged;
        functions.add(plugged);
        return new Slot() {
            @Override
            public int device() {
                return device;
            }

            @Override
            public int function() {
                return number;
            }

            @Override
            public InterruptLine interrupt() {
                return level -> {};
            }

            @Override
            public boolean busMaster() {
                return busMaster;
            }

            @Override
            public void message(long address, int data) {
                messages.add("%x:%x".formatted(address, data));
            }

            @Override
            public void close() {
                functions.remove(plugged);
                function = functions.isEmpty() ? null : functions.getLast();
            }
        };
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

    /** Ranges in a list. */
    public static final class FakeBus implements Bus {
        private record Place(Range range, BusDevice device) {}

        private final List<Place> places = new ArrayList<>();

        @Override
        public Attachment attach(long start, long length, String name, BusDevice device) {
            for (Range range : ranges()) {
                if (start < range.start() + range.length() && range.start() < start + length) {
                    throw new IllegalArgumentException("%s is at 0x%x already".formatted(range.name(), range.start()));
                }
            }
            Place place = new Place(new Range(start, length, name), device);
            places.add(place);
            return () -> places.remove(place);
        }

        @Override
        public List<Range> ranges() {
            return places.stream().map(Place::range).toList();
        }

        private Optional<Place> at(long address) {
            return places.stream().filter(p -> address >= p.range.start() && address < p.range.start() + p.range.length()).findFirst();
        }

        public long read(long address, int size) {
            return at(address).map(p -> p.device.read(address - p.range.start(), size)).orElse(-1L >>> 64 - 8 * size);
        }

        public void write(long address, int size, long value) {
            at(address).ifPresent(p -> p.device.write(address - p.range.start(), size, value));
        }
    }

    /** RAM from address 0. */
    public static final class FakeRam implements GuestMemory {
        public final byte[] bytes;

        FakeRam(int size) {
            bytes = new byte[size];
        }

        private int check(long gpa, int length) {
            if (!contains(gpa, length)) {
                throw new GuestMemoryException(gpa, length);
            }
            return (int) gpa;
        }

        private long little(long gpa, int size) {
            long value = 0;
            int at = check(gpa, size);
            for (int i = size - 1; i >= 0; i--) {
                value = value << 8 | bytes[at + i] & 0xff;
            }
            return value;
        }

        private void little(long gpa, int size, long value) {
            int at = check(gpa, size);
            for (int i = 0; i < size; i++) {
                bytes[at + i] = (byte) (value >>> 8 * i);
            }
        }

        public void fill(int value) {
            Arrays.fill(bytes, (byte) value);
        }

        @Override
        public long size() {
            return bytes.length;
        }

        @Override
        public boolean contains(long gpa, long length) {
            return gpa >= 0 && length >= 0 && gpa <= bytes.length - length;
        }

        @Override
        public int read8(long gpa) {
            return (int) little(gpa, 1);
        }

        @Override
        public int read16(long gpa) {
            return (int) little(gpa, 2);
        }

        @Override
        public int read32(long gpa) {
            return (int) little(gpa, 4);
        }

        @Override
        public long read64(long gpa) {
            return little(gpa, 8);
        }

        @Override
        public void write8(long gpa, int value) {
            little(gpa, 1, value);
        }

        @Override
        public void write16(long gpa, int value) {
            little(gpa, 2, value);
        }

        @Override
        public void write32(long gpa, int value) {
            little(gpa, 4, value);
        }

        @Override
        public void write64(long gpa, long value) {
            little(gpa, 8, value);
        }

        @Override
        public void read(long gpa, byte[] target, int offset, int length) {
            System.arraycopy(bytes, check(gpa, length), target, offset, length);
        }

        @Override
        public void write(long gpa, byte[] source, int offset, int length) {
            System.arraycopy(source, offset, bytes, check(gpa, length), length);
        }

        @Override
        public MemoryMap map() {
            throw new UnsupportedOperationException("no map");
        }
    }
}
