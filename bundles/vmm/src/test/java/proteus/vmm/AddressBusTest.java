package proteus.vmm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;

class AddressBusTest {
    private final AddressBus bus = new AddressBus("port");
    private final List<String> trace = new ArrayList<>();

    private BusDevice device(String name, long value) {
        return new BusDevice() {
            @Override
            public long read(long offset, int size) {
                trace.add("%s read %d/%d".formatted(name, offset, size));
                return value & -1L >>> 64 - 8 * size;
            }

            @Override
            public void write(long offset, int size, long written) {
                trace.add("%s write %d/%d %x".formatted(name, offset, size, written));
            }
        };
    }

    @Test
    void accessReachesItsDeviceWithTheOffset() {
        bus.attach(0x3f8, 8, "uart", device("uart", 0x1122));
        assertEquals(0x22, bus.read(0x3fd, 1));
        bus.write(0x3f8, 2, 0xabcd);
        assertEquals(List.of("uart read 5/1", "uart write 0/2 abcd"), trace);
    }

    @Test
    void nobodyReadsAllOnesAndLosesWrites() {
        assertEquals(0xff, bus.read(0x80, 1));
        assertEquals(0xffffL, bus.read(0x80, 2));
        assertEquals(0xffff_ffffL, bus.read(0x80, 4));
        assertEquals(-1L, bus.read(0x80, 8));
        bus.write(0x80, 4, 0);
        assertEquals(List.of(), trace);
    }

    @Test
    void accessAcrossABorderIsCutIntoBytes() {
        bus.attach(0x60, 1, "low", device("low", 0x11));
        bus.attach(0x62, 1, "high", device("high", 0x33));
        assertEquals(0xff33_ff11L, bus.read(0x60, 4));
        bus.write(0x60, 4, 0x4433_2211L);
        assertEquals(List.of("low read 0/1", "high read 0/1", "low write 0/1 11", "high write 0/1 33"), trace);
    }

    @Test
    void accessThatOnlyEndsInADeviceReachesIt() {
        bus.attach(0x61, 1, "nmi", device("nmi", 0x42));
        assertEquals(0x42ff, bus.read(0x60, 2));
    }

    @Test
    void overlapIsRefusedByName() {
        bus.attach(0x3f8, 8, "uart", device("uart", 0));
        String message = assertThrows(IllegalArgumentException.class, () -> bus.attach(0x3ff, 2, "disk", device("disk", 0))).getMessage();
        assertTrue(message.contains("uart") && message.contains("disk") && message.contains("0x3f8"), message);
    }

    @Test
    void detachedDeviceIsGone() {
        Bus.Attachment place = bus.attach(0x3f8, 8, "uart", device("uart", 0));
        bus.attach(0x20, 2, "pic", device("pic", 7));
        assertEquals(List.of("pic", "uart"), bus.ranges().stream().map(Bus.Range::name).toList());
        place.close();
        assertEquals(0xff, bus.read(0x3f8, 1));
        assertEquals(7, bus.read(0x21, 1));
        bus.attach(0x3fc, 8, "other", device("other", 0));
    }

    @Test
    void vcpuAccessesAreCounted() {
        EventCounters counters = new EventCounters();
        List<Long> passed = new ArrayList<>();
        DispatchBus dispatch = new DispatchBus(bus, new AddressBus("address"), new AddressLine20(MachineMemoryTest.pc(new proteus.tck.fake.ArrayHostMemory(16 << 20), 4 << 20)), counters, passed::add);
        assertEquals(-1, dispatch.readPort(0xcf8, 4));
        dispatch.writePort(0x80, 1, 0xff);
        assertEquals(0xffff_ffffL, dispatch.readMemory(0xfee0_0000L, 4));
        assertEquals(2, counters.get(CountedEvent.PORT_ACCESSES));
        assertEquals(1, counters.get(CountedEvent.MMIO_ACCESSES));
        assertEquals(List.of(1_000L, 1_000L), passed, "a port access takes a cycle of the ISA bus");
    }
}
