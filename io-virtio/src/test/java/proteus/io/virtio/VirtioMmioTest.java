package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.InterruptLine;
import proteus.api.io.PlatformDevice;
import proteus.api.io.Timers;
import proteus.api.io.Transport;
import proteus.api.memory.GuestMemory;

/** The registers of virtio 1.2, table 4.1, as a driver uses them (4.2.3). */
class VirtioMmioTest implements DeviceContext, Bus {
    private static final long TABLE = 0x1000, AVAILABLE = 0x1400, USED = 0x1800, BUFFER = 0x2000;
    private static final int ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8;

    private final TestRam ram = new TestRam(1 << 18);
    private final EventCounters counters = new EventCounters();
    private final TreeMap<Long, BusDevice> places = new TreeMap<>();
    private final List<PlatformDevice> announced = new ArrayList<>();
    private boolean wire;
    private final Device device = new VirtioTechnique().plug(this, List.of(new DeviceSpec(DeviceRole.ENTROPY, new SplittableRandom(5), 0))).getFirst();

    private long read(int register) {
        return places.firstEntry().getValue().read(register, 4);
    }

    private void write(int register, long value) {
        places.firstEntry().getValue().write(register, 4, value);
    }

    private void address(int register, long gpa) {
        write(register, gpa & 0xffff_ffffL);
        write(register + 4, gpa >>> 32);
    }

    private void start() {
        write(0x70, 0);
        write(0x70, ACKNOWLEDGE);
        write(0x70, read(0x70) | DRIVER);
        write(0x24, 1);
        write(0x20, 1); // VERSION_1
        write(0x70, read(0x70) | FEATURES_OK);
        assertTrue((read(0x70) & FEATURES_OK) != 0);
        write(0x30, 0);
        assertEquals(0, read(0x44), "not in use yet");
        assertEquals(128, read(0x34));
        write(0x38, 8);
        address(0x80, TABLE);
        address(0x90, AVAILABLE);
        address(0xa0, USED);
        write(0x44, 1);
        assertEquals(1, read(0x44));
        write(0x70, read(0x70) | DRIVER_OK);
    }

    private void request() {
        ram.write64(TABLE, BUFFER);
        ram.write32(TABLE + 8, 16);
        ram.write16(TABLE + 12, Driver.WRITE);
        ram.write16(AVAILABLE + 2, ram.read16(AVAILABLE + 2) + 1);
        write(0x50, 0);
    }

    @Test
    void aDriverFindsAnEntropyDevice() {
        assertEquals(0x7472_6976, read(0x00));
        assertEquals(2, read(0x04));
        assertEquals(4, read(0x08));
        assertEquals(1, read(0x10) >>> 28 & 1, "indirect descriptors");
        write(0x14, 1);
        assertEquals(1 | 1 << 8, read(0x10), "VERSION_1 and RING_RESET");
        write(0x14, 2);
        assertEquals(0, read(0x10));
        assertEquals(0xffff_ffffL, read(0xb0), "no shared memory");
        write(0x30, 1);
        assertEquals(0, read(0x34), "there is no second queue");
        assertEquals(List.of(new PlatformDevice("LNRO0005", 0, places.firstKey(), 0x200, 20)), announced);
        assertEquals("virtio-entropy at 0xfed20000, GSI 20", device.name());
    }

    @Test
    void aRequestIsServedAndInterrupts() {
        start();
        request();
        assertEquals(1, ram.read16(USED + 2));
        assertEquals(16, ram.read32(USED + 8));
        assertTrue(ram.read64(BUFFER) != 0);
        assertTrue(wire);
        assertEquals(1, read(0x60));
        write(0x64, 1);
        assertFalse(wire);
        assertEquals(0, read(0x60));
        assertEquals(1, counters.get(CountedEvent.KICKS));
    }

    @Test
    void aQueueTakenOutOfUseIsServedNoMore() {
        start();
        write(0x44, 0);
        assertEquals(0, read(0x44));
        request();
        assertEquals(0, ram.read16(USED + 2));
    }

    @Test
    void resetForgetsEverything() {
        start();
        request();
        write(0x70, 0);
        assertFalse(wire);
        assertEquals(0, read(0x70));
        assertEquals(0, read(0x44));
        start();
    }

    @Test
    void stateMovesToAnotherDevice() {
        start();
        request();
        byte[] state = device.exportState();
        write(0x70, 0);
        device.importState(state);
        assertTrue(wire);
        assertEquals(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK, read(0x70));
        request();
        assertEquals(2, ram.read16(USED + 2));
        assertArrayEquals(device.exportState(), device.exportState());
        assertThrows(IllegalArgumentException.class, () -> device.importState(new byte[] {1, 0}));
        assertThrows(IllegalArgumentException.class, () -> device.importState(new byte[] {9}));
    }

    @Test
    void noAccessWhateverItsSizeDoesHarm() {
        Random random = new Random(42);
        for (int i = 0; i < 50_000; i++) {
            int offset = random.nextInt(0x200);
            int size = 1 << random.nextInt(4);
            if (random.nextBoolean()) {
                places.firstEntry().getValue().read(offset, size);
            } else {
                places.firstEntry().getValue().write(offset, size, random.nextLong() >>> random.nextInt(64));
            }
        }
        start();
        request();
    }

    @Override
    public Transport transport() {
        return Transport.MMIO;
    }

    @Override
    public void platformDevice(PlatformDevice made) {
        announced.add(made);
    }

    @Override
    public Bus ports() {
        throw new UnsupportedOperationException("no ports");
    }

    @Override
    public Bus mmio() {
        return this;
    }

    @Override
    public Attachment attach(long start, long length, String name, BusDevice made) {
        places.put(start, made);
        return () -> places.remove(start);
    }

    @Override
    public List<Range> ranges() {
        return List.of();
    }

    @Override
    public GuestMemory memory() {
        return ram;
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return level -> wire = level;
    }

    @Override
    public Timers timers() {
        throw new UnsupportedOperationException("no timers");
    }

    @Override
    public EventCounters counters() {
        return counters;
    }

    @Override
    public void post(Runnable action) {
        action.run();
    }
}
