package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.io.Device;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.io.virtio.core.VirtioCore;

/** The PCI transport as a driver meets it: everything is found by walking the capabilities (virtio 1.2, 4.1.4). */
class VirtioPciTest {
    private static final int COMMON = 1, NOTIFY = 2, ISR = 3, DEVICE = 4, WINDOW = 5, MESSAGES = 0x11;
    private static final int TABLE = 0x1000, AVAILABLE = 0x2000, USED = 0x3000, BUFFER = 0x4000;
    private static final int QUEUE_ENTRIES = 8;

    private final PciMachine machine = new PciMachine();
    private final Map<Integer, Integer> capabilities = new HashMap<>();
    private Device device;
    private long common;

    @BeforeEach
    void plug() {
        device = plug(DeviceRole.ENTROPY, new SplittableRandom(5));
    }

    private Device plug(DeviceRole role, Object backend) {
        Device made = new VirtioTechnique().plug(machine, List.of(new DeviceSpec(role, backend, 0))).getFirst();
        capabilities.clear();
        for (int at = machine.function.capabilities(); at != 0; at = machine.config(at + 1, 1)) {
            int id = machine.config(at, 1);
            capabilities.put(id == 9 ? machine.config(at + 3, 1) : id, at);
        }
        common = offset(COMMON);
        return made;
    }

    private int offset(int structure) {
        assertEquals(0, machine.config(capabilities.get(structure) + 4, 1), "all are in BAR 0");
        return machine.config(capabilities.get(structure) + 8, 4);
    }

    private void status(int bits) {
        machine.write(0, common + 0x14, 1, bits);
    }

    private int status() {
        return (int) machine.read(0, common + 0x14, 1);
    }

    private void start(int vector) {
        status(VirtioCore.ACKNOWLEDGE | VirtioCore.DRIVER);
        machine.write(0, common + 0x08, 4, 1);
        machine.write(0, common + 0x0c, 4, 1);
        status(status() | VirtioCore.FEATURES_OK);
        assertTrue((status() & VirtioCore.FEATURES_OK) != 0);
        machine.write(0, common + 0x10, 2, vector);
        machine.write(0, common + 0x16, 2, 0);
        machine.write(0, common + 0x18, 2, QUEUE_ENTRIES);
        machine.write(0, common + 0x1a, 2, vector);
        machine.write(0, common + 0x20, 8, TABLE);
        machine.write(0, common + 0x28, 4, AVAILABLE);
        machine.write(0, common + 0x2c, 4, 0);
        machine.write(0, common + 0x30, 8, USED);
        machine.write(0, common + 0x1c, 2, 1);
        status(status() | VirtioCore.DRIVER_OK);
    }

    /** 2.6.1 and 4.1.4.3.2: a queue that is reset is out of use and has its size of before. */
    @Test
    void aQueueIsResetAlone() {
        start(0);
        machine.write(0, common + 0x3a, 2, 1);
        assertEquals(1, machine.read(0, common + 0x1c, 2), "the driver did not take the feature");
        status(0);
        status(VirtioCore.ACKNOWLEDGE | VirtioCore.DRIVER);
        machine.write(0, common + 0x08, 4, 1);
        machine.write(0, common + 0x0c, 4, 1 | 1 << 8);
        status(status() | VirtioCore.FEATURES_OK);
        machine.write(0, common + 0x18, 2, QUEUE_ENTRIES);
        machine.write(0, common + 0x20, 8, TABLE);
        machine.write(0, common + 0x28, 8, AVAILABLE);
        machine.write(0, common + 0x30, 8, USED);
        machine.write(0, common + 0x1c, 2, 1);
        assertEquals(1, machine.read(0, common + 0x1c, 2));
        machine.write(0, common + 0x3a, 2, 1);
        assertEquals(0, machine.read(0, common + 0x3a, 2), "it is done at once");
        assertEquals(0, machine.read(0, common + 0x1c, 2));
        assertEquals(128, machine.read(0, common + 0x18, 2));
    }

    private void offer() {
        machine.ram.write64(TABLE, BUFFER);
        machine.ram.write32(TABLE + 8, 16);
        machine.ram.write16(TABLE + 12, Driver.WRITE);
        machine.ram.write16(AVAILABLE + 2, machine.ram.read16(AVAILABLE + 2) + 1);
    }

    private void kick() {
        int multiplier = machine.config(capabilities.get(NOTIFY) + 16, 4);
        long queue = machine.read(0, common + 0x1e, 2);
        machine.write(0, offset(NOTIFY) + multiplier * queue, 2, 0);
    }

    private void message(int vector, int data, boolean masked) {
        machine.write(1, 16L * vector, 8, 0xfee0_0000L);
        machine.write(1, 16L * vector + 8, 4, data);
        machine.write(1, 16L * vector + 12, 4, masked ? 1 : 0);
    }

    private void enableMessages() {
        machine.config(capabilities.get(MESSAGES) + 2, 2, 0x8000);
    }

    @Test
    void functionIsAModernVirtioDevice() {
        assertEquals(0x1af4, machine.function.identity().vendor());
        assertEquals(0x1044, machine.function.identity().device());
        assertTrue(machine.function.identity().revision() >= 1);
        assertTrue(capabilities.keySet().containsAll(List.of(COMMON, NOTIFY, ISR, WINDOW, MESSAGES)), capabilities::toString);
        assertEquals(4, machine.config(capabilities.get(DEVICE) + 12, 4), "a place for the configuration, though entropy has none");
        assertEquals(1, machine.read(0, common + 0x12, 2));
        assertEquals(1, machine.config(capabilities.get(MESSAGES) + 2, 2), "two vectors");
        assertEquals(DeviceRole.ENTROPY, device.role());
    }

    @Test
    void interruptWireGoesWithTheIsrStatus() {
        start(0xffff);
        offer();
        kick();
        assertEquals(1, machine.ram.read16(USED + 2));
        assertTrue(machine.wire);
        assertEquals(1, machine.read(0, offset(ISR), 1));
        assertFalse(machine.wire);
        assertEquals(0, machine.read(0, offset(ISR), 1));
        assertEquals(1, machine.counters.get(CountedEvent.KICKS));
    }

    @Test
    void messageGoesToTheQueuesVector() {
        enableMessages();
        message(1, 0x41, false);
        start(1);
        offer();
        kick();
        assertEquals(List.of("fee00000:41"), machine.messages);
        assertFalse(machine.wire);
        assertEquals(1, machine.counters.get(CountedEvent.DEVICE_INTERRUPTS));
    }

    @Test
    void maskedMessageWaitsAndIsPending() {
        enableMessages();
        message(1, 0x41, true);
        start(1);
        offer();
        kick();
        assertEquals(List.of(), machine.messages);
        assertEquals(2, machine.read(1, 0x800, 8));
        machine.write(1, 16 + 12, 4, 0);
        assertEquals(List.of("fee00000:41"), machine.messages);
        assertEquals(0, machine.read(1, 0x800, 8));
    }

    @Test
    void vectorThatIsNotThereReadsAsNone() {
        machine.write(0, common + 0x10, 2, 2);
        assertEquals(0xffff, machine.read(0, common + 0x10, 2));
        machine.write(0, common + 0x10, 2, 1);
        assertEquals(1, machine.read(0, common + 0x10, 2));
    }

    @Test
    void queueThatIsNotThereHasNoSize() {
        machine.write(0, common + 0x16, 2, 7);
        assertEquals(0, machine.read(0, common + 0x18, 2));
        machine.write(0, common + 0x18, 2, 4);
        machine.write(0, common + 0x16, 2, 0);
        assertEquals(128, machine.read(0, common + 0x18, 2));
    }

    @Test
    void errorIsAConfigurationInterrupt() {
        start(0xffff);
        machine.ram.write16(AVAILABLE + 2, 100);
        kick();
        assertTrue((status() & VirtioCore.NEEDS_RESET) != 0);
        assertEquals(2, machine.read(0, offset(ISR), 1));
        status(0);
        assertEquals(0, status());
    }

    @Test
    void windowReachesTheStructures() {
        int window = capabilities.get(WINDOW);
        machine.config(window + 8, 4, (int) common + 0x14);
        machine.config(window + 12, 4, 1);
        machine.config(window + 16, 1, VirtioCore.ACKNOWLEDGE);
        assertEquals(VirtioCore.ACKNOWLEDGE, status());
        assertEquals(VirtioCore.ACKNOWLEDGE, machine.config(window + 16, 1));
        machine.config(window + 8, 4, 0x7fff_fffc);
        machine.config(window + 12, 4, 4);
        machine.config(window + 16, 4, -1);
    }

    @Test
    void diskHasItsConfiguration() {
        device.close();
        assertNull(machine.function);
        device = plug(DeviceRole.DISK, new TestDisk(33 * 512));
        assertEquals(33, machine.read(0, offset(DEVICE), 8));
        assertEquals(0, machine.read(0, offset(DEVICE) + 0x40, 4));
        assertThrows(IllegalArgumentException.class, () -> plug(DeviceRole.DISK, "no disk"));
        assertThrows(IllegalArgumentException.class, () -> plug(DeviceRole.NET, null));
    }

    @Test
    void stateGoesOnElsewhere() {
        enableMessages();
        message(1, 0x41, false);
        start(1);
        offer();
        kick();
        byte[] state = device.exportState();
        Device other = plug(DeviceRole.ENTROPY, new SplittableRandom(6));
        other.importState(state);
        machine.ram.write16(AVAILABLE + 2, 2);
        kick();
        assertEquals(2, machine.messages.size());
        assertEquals(2, machine.ram.read16(USED + 2));
        assertThrows(IllegalArgumentException.class, () -> other.importState(new byte[] {1, 2}));
        assertThrows(IllegalArgumentException.class, () -> other.importState(new byte[] {99}));
        other.reset();
        assertEquals(0, status());
    }

    @Test
    void noSequenceOfRegisterAccessesBreaksIt() {
        SplittableRandom random = new SplittableRandom(77);
        int[] sizes = {1, 2, 4, 8};
        for (int i = 0; i < 1_000_000; i++) {
            int size = sizes[random.nextInt(4)];
            int bar = random.nextInt(8) == 0 ? 1 : 0;
            long page = bar == 1 ? 0 : 0x1000L * (random.nextInt(3) == 0 ? random.nextInt(4) : 0);
            long offset = page + (random.nextInt(random.nextInt(4) == 0 ? 0x1000 : 0x40) & -size);
            switch (random.nextInt(5)) {
                case 0 -> machine.read(bar, offset, size);
                case 1 -> machine.config(0x40 + random.nextInt(0xbd), random.nextInt(1, 4));
                case 2 -> machine.config(0x40 + random.nextInt(0xbd), random.nextInt(1, 4), random.nextInt());
                default -> machine.write(bar, offset, size, random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(64));
            }
            machine.messages.clear();
        }
        device.reset();
        machine.ram.write64(AVAILABLE, 0);
        machine.ram.write64(USED, 0);
        start(0xffff);
        offer();
        kick();
        assertEquals(1, machine.ram.read16(USED + 2), "it serves a driver by the book");
    }
}
