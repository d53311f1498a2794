package proteus.board;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import proteus.api.event.EventCounters;
import proteus.api.io.BoardContext;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.InterruptLine;
import proteus.api.io.ShadowMemory;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;

/** A machine without processor: buses, RAM, a clock that tests turn, and a record of what the board asked for. */
final class FakeMachine implements BoardContext {
    static final long WALL = 1_767_225_600L; // 2026-01-01T00:00:00Z, a Thursday

    final FakeBus ports = new FakeBus();
    final FakeBus mmio = new FakeBus();
    final FakeTimers timers = new FakeTimers();
    final FakeMemory memory;
    final List<String> events = new ArrayList<>();
    final PcBoard board;
    private final EventCounters counters = new EventCounters();
    final StringBuilder firmwareLog = new StringBuilder();
    private final Optional<ShadowMemory> shadow;
    int raised;

    FakeMachine() {
        this(2 << 20);
    }

    /** A machine that starts from a ROM. */
    FakeMachine(ShadowMemory shadow) {
        this.shadow = Optional.of(shadow);
        memory = new FakeMemory(2 << 20);
        board = new PcBoard(this);
    }

    @Override
    public Optional<ShadowMemory> shadowMemory() {
        return shadow;
    }

    @Override
    public void addressLine20(boolean open) {
        events.add(open ? "A20 open" : "A20 closed");
    }

    @Override
    public void firmwareCharacter(int value) {
        firmwareLog.append((char) value);
    }

    FakeMachine(int ram) {
        shadow = Optional.empty();
        memory = new FakeMemory(ram);
        board = new PcBoard(this);
    }

    int in(int port) {
        return (int) ports.read(port, 1);
    }

    int inWord(int port) {
        return (int) ports.read(port, 2);
    }

    int inDouble(int port) {
        return (int) ports.read(port, 4);
    }

    void out(int port, int value) {
        ports.write(port, 1, value);
    }

    void outWord(int port, int value) {
        ports.write(port, 2, value & 0xffff);
    }

    void outDouble(int port, int value) {
        ports.write(port, 4, value & 0xffff_ffffL);
    }

    int load(long gpa) {
        return (int) mmio.read(gpa, 4);
    }

    void store(long gpa, int value) {
        mmio.write(gpa, 4, value & 0xffff_ffffL);
    }

    /** Programs the PICs as a kernel does: vectors 0x20 and 0x28, nothing masked. */
    void initialisePics() {
        int[][] words = {{0x20, 0x11}, {0xa0, 0x11}, {0x21, 0x20}, {0xa1, 0x28}, {0x21, 4}, {0xa1, 2}, {0x21, 1}, {0xa1, 1}, {0x21, 0}, {0xa1, 0}};
        for (int[] word : words) {
            out(word[0], word[1]);
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
        return memory;
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return board.line(gsi);
    }

    @Override
    public Timers timers() {
        return timers;
    }

    @Override
    public EventCounters counters() {
        return counters;
    }

    @Override
    public void post(Runnable action) {
        action.run();
    }

    @Override
    public int vcpus() {
        return 1;
    }

    @Override
    public long tscFrequency() {
        return 2_000_000_000L;
    }

    @Override
    public long guestTsc(int vcpu) {
        return 2 * timers.now;
    }

    @Override
    public void interruptRaised(int vcpu) {
        raised++;
    }

    @Override
    public void powerOff() {
        events.add("power off");
    }

    @Override
    public void resetRequested() {
        events.add("reset");
    }

    @Override
    public void debugExit(int value) {
        events.add("debug exit " + value);
    }

    @Override
    public void debugCharacter(int value) {
        events.add("debug character " + (char) value);
    }

    /** A bus that finds devices by address. */
    static final class FakeBus implements Bus {
        private record Place(long start, long length, String name, BusDevice device) {}

        private final TreeMap<Long, Place> places = new TreeMap<>();

        @Override
        public Attachment attach(long start, long length, String name, BusDevice device) {
            for (Place place : places.values()) {
                if (start < place.start + place.length && place.start < start + length) {
                    throw new IllegalArgumentException("%s is at 0x%x already.".formatted(place.name, start));
                }
            }
            places.put(start, new Place(start, length, name, device));
            return () -> places.remove(start);
        }

        @Override
        public List<Range> ranges() {
            return places.values().stream().map(p -> new Range(p.start, p.length, p.name)).toList();
        }

        long read(long at, int size) {
            Map.Entry<Long, Place> entry = places.floorEntry(at);
            if (entry == null || at >= entry.getKey() + entry.getValue().length) {
                return -1L >>> 64 - 8 * size;
            }
            return entry.getValue().device.read(at - entry.getKey(), size);
        }

        void write(long at, int size, long value) {
            Map.Entry<Long, Place> entry = places.floorEntry(at);
            if (entry != null && at < entry.getKey() + entry.getValue().length) {
                entry.getValue().device.write(at - entry.getKey(), size, value);
            }
        }
    }

    /** A clock that stands until it is moved. */
    static final class FakeTimers implements Timers {
        private final List<FakeTimer> all = new ArrayList<>();
        long now;

        /** Lets time pass, firing in order. */
        void pass(long nanos) {
            long end = now + nanos;
            while (true) {
                FakeTimer next = null;
                for (FakeTimer timer : all) {
                    if (timer.deadline <= end && (next == null || timer.deadline < next.deadline)) {
                        next = timer;
                    }
                }
                if (next == null) {
                    now = end;
                    return;
                }
                now = Math.max(now, next.deadline);
                next.deadline = Long.MAX_VALUE;
                next.action.run();
            }
        }

        @Override
        public long now() {
            return now;
        }

        @Override
        public long wallSeconds() {
            return WALL + now / 1_000_000_000L;
        }

        @Override
        public Timer create(String name, Runnable action) {
            FakeTimer timer = new FakeTimer(action);
            all.add(timer);
            return timer;
        }
    }

    private static final class FakeTimer implements Timers.Timer {
        private final Runnable action;
        private long deadline = Long.MAX_VALUE;

        FakeTimer(Runnable action) {
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

    /** RAM from 0 on with the hole for VGA memory, as the VMM lays it out. */
    static final class FakeMemory implements GuestMemory {
        private static final int HOLE = 0xa0000;
        private static final int HOLE_END = 0xc0000;
        final byte[] ram;

        FakeMemory(int bytes) {
            ram = new byte[bytes];
        }

        @Override
        public long size() {
            return ram.length;
        }

        @Override
        public boolean contains(long gpa, long bytes) {
            boolean inside = gpa >= 0 && bytes >= 0 && gpa <= ram.length - bytes;
            return inside && (gpa + bytes <= HOLE || gpa >= HOLE_END);
        }

        private long get(long gpa, int size) {
            check(gpa, size);
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (ram[(int) gpa + i] & 0xffL) << 8 * i;
            }
            return value;
        }

        private void put(long gpa, int size, long value) {
            check(gpa, size);
            for (int i = 0; i < size; i++) {
                ram[(int) gpa + i] = (byte) (value >>> 8 * i);
            }
        }

        private void check(long gpa, long size) {
            if (!contains(gpa, size)) {
                throw new GuestMemoryException(gpa, size);
            }
        }

        @Override
        public int read8(long gpa) {
            return (int) get(gpa, 1);
        }

        @Override
        public int read16(long gpa) {
            return (int) get(gpa, 2);
        }

        @Override
        public int read32(long gpa) {
            return (int) get(gpa, 4);
        }

        @Override
        public long read64(long gpa) {
            return get(gpa, 8);
        }

        @Override
        public void write8(long gpa, int value) {
            put(gpa, 1, value);
        }

        @Override
        public void write16(long gpa, int value) {
            put(gpa, 2, value);
        }

        @Override
        public void write32(long gpa, int value) {
            put(gpa, 4, value);
        }

        @Override
        public void write64(long gpa, long value) {
            put(gpa, 8, value);
        }

        @Override
        public void read(long gpa, byte[] target, int offset, int length) {
            check(gpa, length);
            System.arraycopy(ram, (int) gpa, target, offset, length);
        }

        @Override
        public void write(long gpa, byte[] source, int offset, int length) {
            check(gpa, length);
            System.arraycopy(source, offset, ram, (int) gpa, length);
        }

        @Override
        public MemoryMap map() {
            MemoryRegion low = new MemoryRegion(0, Math.min(ram.length, HOLE), 0, true, "conventional memory");
            MemoryRegion rest = new MemoryRegion(HOLE_END, Math.max(0, ram.length - HOLE_END), HOLE_END, true, "low memory");
            return new MemoryMap() {
                @Override
                public List<MemoryRegion> regions() {
                    return rest.bytes() == 0 ? List.of(low) : List.of(low, rest);
                }

                @Override
                public long hpa(long gpa) {
                    return regionAt(gpa) == null ? -1 : gpa;
                }

                @Override
                public MemoryRegion regionAt(long gpa) {
                    return low.contains(gpa) ? low : rest.contains(gpa) ? rest : null;
                }

                @Override
                public int generation() {
                    return 0;
                }
            };
        }
    }
}
