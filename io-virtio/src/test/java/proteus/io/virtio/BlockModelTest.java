package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.event.CountedEvent;
import proteus.io.virtio.core.Features;
import proteus.io.virtio.device.BlockModel;

class BlockModelTest {
    private static final int IN = 0, OUT = 1, FLUSH = 4, IDENTITY = 8, DISCARD = 11, WRITE_ZEROES = 13;
    private static final int OK = 0, IO_ERROR = 1, UNSUPPORTED = 2;
    private static final long FLUSH_FEATURE = 1 << 9;
    private static final long HEADER = 0x8000, DATA = 0x10000, STATUS = 0x9000;
    private static final int NOTHING = 0xee;

    private final TestDisk disk = new TestDisk(64 * 512);
    private final Driver driver = new Driver(new BlockModel(disk, "proteus-disk-3")).start(FLUSH_FEATURE | Features.INDIRECT_DESC);

    private void header(int type, long sector) {
        driver.ram.write32(HEADER, type);
        driver.ram.write32(HEADER + 4, 0);
        driver.ram.write64(HEADER + 8, sector);
        driver.ram.write8(STATUS, NOTHING);
    }

    /** Header, data, status in three descriptors; gives the used length. */
    private int request(int type, long sector, int length) {
        header(type, sector);
        long table = driver.table(0);
        driver.descriptor(table, 0, HEADER, 16, Driver.NEXT, 1);
        driver.descriptor(table, 1, DATA, length, Driver.NEXT | (type == OUT ? 0 : Driver.WRITE), 2);
        driver.descriptor(table, 2, STATUS, 1, Driver.WRITE, 0);
        driver.offer(0, 0);
        driver.kick(0);
        return driver.take(0, 0);
    }

    private int status() {
        return driver.ram.read8(STATUS);
    }

    private byte[] data(int length) {
        return Arrays.copyOfRange(driver.ram.bytes, (int) DATA, (int) DATA + length);
    }

    @Test
    void readGivesTheDisksBytes() {
        assertEquals(1025, request(IN, 5, 1024));
        assertEquals(OK, status());
        assertArrayEquals(Arrays.copyOfRange(disk.bytes, 5 * 512, 7 * 512), data(1024));
        assertEquals(List.of(0), driver.interrupts);
        assertEquals(1, driver.counters.get(CountedEvent.KICKS));
        assertEquals(1, driver.counters.get(CountedEvent.DEVICE_REQUESTS));
    }

    @Test
    void writeReachesTheDisk() {
        Arrays.fill(driver.ram.bytes, (int) DATA, (int) DATA + 512, (byte) 0x5a);
        assertEquals(1, request(OUT, 63, 512));
        assertEquals(OK, status());
        assertArrayEquals(data(512), Arrays.copyOfRange(disk.bytes, 63 * 512, 64 * 512));
        assertEquals(0, disk.flushes);
        request(FLUSH, 0, 0);
        assertEquals(OK, status());
        assertEquals(1, disk.flushes);
    }

    @Test
    void driverThatCannotFlushGetsAWriteThroughCache() {
        driver.start(0);
        request(OUT, 0, 512);
        assertEquals(1, disk.flushes);
    }

    @Test
    void framingHasNoMeaning() {
        header(IN, 1);
        long table = driver.table(0);
        // The header in two parts; data and status in one buffer, cut elsewhere.
        driver.descriptor(table, 4, HEADER, 3, Driver.NEXT, 1);
        driver.descriptor(table, 1, HEADER + 3, 13, Driver.NEXT, 7);
        driver.descriptor(table, 7, DATA, 100, Driver.NEXT | Driver.WRITE, 2);
        driver.descriptor(table, 2, DATA + 100, 413, Driver.WRITE, 0);
        driver.offer(0, 4);
        driver.kick(0);
        assertEquals(513, driver.take(0, 4));
        assertArrayEquals(Arrays.copyOfRange(disk.bytes, 512, 1024), data(512));
        assertEquals(OK, driver.ram.read8(DATA + 512));
    }

    @Test
    void indirectTableIsAChain() {
        header(IN, 2);
        long table = 0xa000;
        driver.descriptor(table, 0, HEADER, 16, Driver.NEXT, 2);
        driver.descriptor(table, 2, DATA, 512, Driver.NEXT | Driver.WRITE, 1);
        driver.descriptor(table, 1, STATUS, 1, Driver.WRITE, 0);
        driver.descriptor(driver.table(0), 6, table, 48, Driver.INDIRECT, 0);
        driver.offer(0, 6);
        driver.kick(0);
        assertEquals(513, driver.take(0, 6));
        assertEquals(OK, status());
        assertArrayEquals(Arrays.copyOfRange(disk.bytes, 1024, 1536), data(512));
    }

    @Test
    void identityIsTheDisksName() {
        request(IDENTITY, 0, 20);
        assertEquals(OK, status());
        assertEquals("proteus-disk-3", new String(data(20), StandardCharsets.US_ASCII).trim());
    }

    @Test
    void whatTheDiskHasNotIsAnError() {
        request(IN, 64, 512);
        assertEquals(IO_ERROR, status());
        request(IN, 63, 1024);
        assertEquals(IO_ERROR, status());
        request(IN, -1, 512);
        assertEquals(IO_ERROR, status());
        request(IN, Long.MAX_VALUE, 512);
        assertEquals(IO_ERROR, status());
        assertEquals(0, request(IN, 0, 100));
        assertEquals(IO_ERROR, status());
        request(99, 0, 512);
        assertEquals(UNSUPPORTED, status());
        assertFalse(driver.needsReset());
    }

    @Test
    void readOnlyDiskSaysSoAndRefusesWrites() {
        disk.readOnly = true;
        assertTrue((driver.core.offered() & 1 << 5) != 0);
        byte[] before = disk.bytes.clone();
        request(OUT, 0, 512);
        assertEquals(IO_ERROR, status());
        assertArrayEquals(before, disk.bytes);
    }

    @Test
    void brokenBackEndIsAnIoError() {
        disk.broken = true;
        assertEquals(0, request(IN, 0, 512));
        assertEquals(IO_ERROR, status());
        request(FLUSH, 0, 0);
        assertEquals(IO_ERROR, status());
    }

    @Test
    void configurationTellsTheCapacity() {
        assertEquals(64, driver.core.model().readConfiguration(0));
        assertEquals(0, driver.core.model().readConfiguration(1));
    }

    /** A request whose data are ranges: sector, count and flags of each. */
    private int ranges(int type, long... ranges) {
        header(type, 0);
        for (int i = 0; i < ranges.length / 3; i++) {
            driver.ram.write64(DATA + 16 * i, ranges[3 * i]);
            driver.ram.write32(DATA + 16 * i + 8, (int) ranges[3 * i + 1]);
            driver.ram.write32(DATA + 16 * i + 12, (int) ranges[3 * i + 2]);
        }
        long table = driver.table(0);
        driver.descriptor(table, 0, HEADER, 16, Driver.NEXT, 1);
        driver.descriptor(table, 1, DATA, 16L * ranges.length / 3, Driver.NEXT, 2);
        driver.descriptor(table, 2, STATUS, 1, Driver.WRITE, 0);
        driver.offer(0, 0);
        driver.kick(0);
        driver.take(0, 0);
        return status();
    }

    @Test
    void zeroesAreWrittenWhereTheRangesSay() {
        byte[] expected = disk.bytes.clone();
        Arrays.fill(expected, 3 * 512, 5 * 512, (byte) 0);
        Arrays.fill(expected, 63 * 512, 64 * 512, (byte) 0);
        assertEquals(OK, ranges(WRITE_ZEROES, 3, 2, 1, 63, 1, 0));
        assertArrayEquals(expected, disk.bytes);
    }

    @Test
    void discardsReachTheBackEnd() {
        assertEquals(OK, ranges(DISCARD, 1, 2, 0, 40, 24, 0));
        assertEquals(List.of("512+1024", "20480+12288"), disk.discards);
        assertEquals(0, disk.flushes);
        driver.start(0);
        assertEquals(OK, ranges(DISCARD, 1, 2, 0));
        assertEquals(1, disk.flushes, "a driver that cannot flush");
    }

    @Test
    void rangesThatWillNotDoAreRefusedWhole() {
        byte[] before = disk.bytes.clone();
        assertEquals(UNSUPPORTED, ranges(DISCARD, 1, 2, 1), "unmap says nothing of a discard");
        assertEquals(UNSUPPORTED, ranges(WRITE_ZEROES, 0, 1, 0, 1, 2, 2), "a flag nobody knows");
        assertEquals(IO_ERROR, ranges(WRITE_ZEROES, 0, 1, 0, 63, 2, 0), "beyond the end");
        assertEquals(IO_ERROR, ranges(DISCARD, -1, 1, 0));
        assertEquals(IO_ERROR, ranges(DISCARD, Long.MAX_VALUE, 0xffff_ffffL, 0));
        assertEquals(IO_ERROR, ranges(WRITE_ZEROES, new long[3 * 17]), "more ranges than were offered");
        disk.readOnly = true;
        assertEquals(IO_ERROR, ranges(DISCARD, 1, 1, 0));
        assertEquals(0, driver.core.offered() & 3 << 13, "a disk that is only read offers neither");
        assertArrayEquals(before, disk.bytes);
        assertEquals(List.of(), disk.discards);
        assertFalse(driver.needsReset());
    }

    @Test
    void everyQueueServes() {
        assertEquals(4, driver.core.queues());
        assertEquals(4, driver.core.model().readConfiguration(34));
        for (int queue = 0; queue < driver.core.queues(); queue++) {
            header(IN, queue);
            long table = driver.table(queue);
            driver.descriptor(table, 0, HEADER, 16, Driver.NEXT, 1);
            driver.descriptor(table, 1, DATA, 512, Driver.NEXT | Driver.WRITE, 2);
            driver.descriptor(table, 2, STATUS, 1, Driver.WRITE, 0);
            driver.offer(queue, 0);
            driver.kick(queue);
            assertEquals(513, driver.take(queue, 0));
            assertArrayEquals(Arrays.copyOfRange(disk.bytes, queue * 512, (queue + 1) * 512), data(512));
        }
        assertEquals(List.of(0, 1, 2, 3), driver.interrupts);
    }

    @Test
    void aQueueIsResetAloneIfTheDriverTookTheFeature() {
        driver.core.resetQueue(driver.core.queue(1));
        assertTrue(driver.core.queue(1).enabled(), "the feature was not taken");
        driver.start(FLUSH_FEATURE | Features.RING_RESET);
        driver.core.resetQueue(driver.core.queue(1));
        assertFalse(driver.core.queue(1).enabled());
        assertEquals(513, request(IN, 5, 512), "the others go on");
    }
}
