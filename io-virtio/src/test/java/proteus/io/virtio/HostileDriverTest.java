package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.api.io.NetBackend;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.Features;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;
import proteus.io.virtio.device.BlockModel;
import proteus.io.virtio.device.ConsoleModel;
import proteus.io.virtio.device.EntropyModel;
import proteus.io.virtio.device.NetModel;

/**
 * Generated rings, most of them wrong somewhere, some of them changing while the device reads: nothing but DEVICE_NEEDS_RESET or an
 * answer comes of it, work is bounded, and after a reset the device serves as before. The seed is fixed: a failure comes again.
 */
class HostileDriverTest {
    private static final int SEQUENCES = 120_000;
    private static final int KICKS = 3;
    private static final long FLUSH_FEATURE = 1 << 9;
    /** Ring and descriptor reads of one kick at most: each entry's chain is at most as long as the largest queue, read in four parts. */
    private static final long MOST_ACCESSES = Driver.SIZE * (SplitQueue.MOST * 12L + 64);

    private final SplittableRandom random = new SplittableRandom(20_261_122);

    @Test
    void blockDeviceSurvives() {
        TestDisk disk = new TestDisk(16 * 512);
        torment(new Driver(new BlockModel(disk, "proteus-disk-0")), FLUSH_FEATURE, () -> {});
    }

    @Test
    void consoleDeviceSurvives() {
        TestConsole far = new TestConsole();
        torment(new Driver(new ConsoleModel(far)), 0, () -> {
            far.printed.setLength(0);
            if (far.waiting() < 100) {
                far.type("typed");
            }
        });
    }

    @Test
    void entropyDeviceSurvives() {
        torment(new Driver(new EntropyModel(new SplittableRandom(1))), 0, () -> {});
    }

    @Test
    void networkCardSurvives() {
        byte[] frame = new byte[1000];
        frame[0] = -1;
        NetBackend.Card[] card = new NetBackend.Card[1];
        NetBackend network = new NetBackend() {
            @Override
            public byte[] address() {
                return new byte[] {2, 0, 0, 0, 0, 1};
            }

            @Override
            public void connect(Card plugged) {
                card[0] = plugged;
            }

            @Override
            public void transmit(byte[] bytes, int length, int segment) {
                assertTrue(length >= 14 && length <= LONGEST_LARGE && segment >= 0);
            }

            @Override
            public void room() {
                Arrays.fill(frame, 0, 6, (byte) -1);
                card[0].receive(frame, 14 + random.nextInt(900), 0);
            }

            @Override
            public boolean expecting() {
                return false;
            }

            @Override
            public void close() {}
        };
        torment(new Driver(new NetModel(network)), 1 << 15 | 1 << 1 | 1 << 7, () -> {});
    }

    private void torment(Driver driver, long features, Runnable between) {
        int broken = 0;
        long answered = 0;
        for (int i = 0; i < SEQUENCES; i++) {
            long wanted = features & random.nextLong() | (Features.INDIRECT_DESC | Features.EVENT_IDX) & random.nextLong();
            driver.start(wanted);
            assertFalse(driver.needsReset());
            between.run();
            int queue = random.nextInt(driver.core.queues());
            long before = driver.counters.get(CountedEvent.DEVICE_REQUESTS);
            boolean changing = random.nextInt(4) == 0;
            if (changing) {
                driver.ram.beforeRead = () -> scribble(driver, queue);
            }
            for (int kick = 0; kick < KICKS; kick++) {
                generate(driver, queue);
                driver.ram.accesses = 0;
                int changes = driver.configurationChanges;
                boolean was = driver.needsReset();
                driver.kick(random.nextInt(16) == 0 ? random.nextInt(-2, 70_000) : queue);
                assertTrue(driver.ram.accesses <= MOST_ACCESSES, "accesses: " + driver.ram.accesses);
                assertEquals(!was && driver.needsReset() ? 1 : 0, driver.configurationChanges - changes);
            }
            driver.ram.beforeRead = () -> {};
            driver.interrupts.clear();
            answered += driver.counters.get(CountedEvent.DEVICE_REQUESTS) - before;
            broken += driver.needsReset() ? 1 : 0;
        }
        DeviceModel model = driver.core.model();
        // The generator does its work only if it reaches both.
        assertTrue(broken > SEQUENCES / 20 && broken < SEQUENCES, model.name() + " broken: " + broken);
        assertTrue(answered > SEQUENCES / 20, model.name() + " answered: " + answered);
        driver.start(0);
        assertEquals(0, driver.core.status() & VirtioCore.NEEDS_RESET);
    }

    /** One descriptor changes under the device. */
    private void scribble(Driver driver, int queue) {
        if (random.nextInt(8) == 0) {
            int at = (int) driver.table(queue) + random.nextInt(16 * Driver.SIZE);
            driver.ram.bytes[at] = (byte) random.nextInt(256);
        }
    }

    private void generate(Driver driver, int queue) {
        for (int i = 0; i < Driver.SIZE; i++) {
            descriptor(driver, driver.table(queue), i, Driver.SIZE);
        }
        long indirect = 0x8000;
        for (int i = 0; i < 4; i++) {
            descriptor(driver, indirect, i, 4);
        }
        // Something like a block request at the usual place of buffers.
        driver.ram.write32(0x9000, random.nextInt(10));
        driver.ram.write64(0x9008, random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(20));
        int count = random.nextInt(1, Driver.SIZE);
        for (int i = 0; i < count; i++) {
            driver.offer(queue, random.nextInt(40) == 0 ? random.nextInt(0x1_0000) : random.nextInt(Driver.SIZE));
        }
        if (random.nextInt(30) == 0) {
            driver.ram.write16(driver.available(queue) + 2, random.nextInt(0x1_0000));
        }
    }

    private void descriptor(Driver driver, long table, int index, int entries) {
        long gpa = switch (random.nextInt(40)) {
            case 0 -> random.nextLong();
            case 1 -> driver.ram.size() - random.nextInt(64);
            case 2 -> driver.table(0) + random.nextInt(0x1000);
            case 3, 4, 5 -> 0x8000;
            default -> 0x9000;
        };
        long length = switch (random.nextInt(24)) {
            case 0 -> random.nextLong() & 0xffff_ffffL;
            case 1 -> 0;
            case 2, 3 -> 1;
            case 4, 5, 6 -> 512L * random.nextInt(20);
            case 7 -> random.nextInt(0x10000);
            default -> 16;
        };
        int flags = random.nextInt(12) == 0 ? random.nextInt(0x1_0000) : random.nextInt(3) == 0 ? Driver.NEXT : Driver.WRITE;
        int next = random.nextInt(60) == 0 ? random.nextInt(0x1_0000) : random.nextInt(entries);
        driver.descriptor(table, index, gpa, length, flags, next);
    }
}
