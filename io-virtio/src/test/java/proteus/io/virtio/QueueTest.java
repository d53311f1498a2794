package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import proteus.io.virtio.core.Features;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;
import proteus.io.virtio.device.ConsoleModel;
import proteus.io.virtio.device.EntropyModel;

/** Status, features and the split virtqueue, through the two simple devices. */
class QueueTest {
    private static final int RECEIVE = 0, TRANSMIT = 1;
    private static final long BUFFER = 0x8000;

    private final Driver entropy = new Driver(new EntropyModel(new SplittableRandom(1)));
    private final TestConsole far = new TestConsole();
    private final Driver console = new Driver(new ConsoleModel(far));

    private void offerRoom(int index, int length) {
        entropy.descriptor(entropy.table(0), index, BUFFER + 0x1000L * index, length, Driver.WRITE, 0);
        entropy.offer(0, index);
    }

    @Test
    void featuresMustBeOfferedAndOfVersionOne() {
        VirtioCore core = entropy.core;
        core.status(VirtioCore.ACKNOWLEDGE | VirtioCore.DRIVER);
        core.status(core.status() | VirtioCore.FEATURES_OK);
        assertEquals(0, core.status() & VirtioCore.FEATURES_OK);
        core.accept(1, 1);
        core.accept(0, 1 << 5);
        core.status(core.status() | VirtioCore.FEATURES_OK);
        assertEquals(0, core.status() & VirtioCore.FEATURES_OK);
        core.accept(0, 0);
        core.status(core.status() | VirtioCore.FEATURES_OK);
        assertNotEquals(0, core.status() & VirtioCore.FEATURES_OK);
        core.accept(0, (int) Features.EVENT_IDX);
        assertEquals(Features.VERSION_1, core.accepted(), "too late to change");
    }

    @Test
    void entropyFillsBuffersAndIndexesWrapAround() {
        entropy.start(0);
        for (int i = 0; i < 70_000; i++) {
            offerRoom(i % Driver.SIZE, 16);
            entropy.kick(0);
        }
        assertFalse(entropy.needsReset());
        assertEquals(70_000 & 0xffff, entropy.usedIndex(0));
        assertEquals(70_000, entropy.interrupts.size());
        assertNotEquals(0, entropy.ram.read64(BUFFER));
    }

    @Test
    void driverMaySuppressInterrupts() {
        entropy.start(0);
        entropy.ram.write16(entropy.available(0), 1);
        offerRoom(0, 16);
        entropy.kick(0);
        assertEquals(16, entropy.take(0, 0));
        assertEquals(List.of(), entropy.interrupts);
    }

    @Test
    void eventIndexesSayWhenToInterruptAndToNotify() {
        entropy.start(Features.EVENT_IDX);
        long usedEvent = entropy.available(0) + 4 + 2 * Driver.SIZE;
        long availableEvent = entropy.used(0) + 4 + 8 * Driver.SIZE;
        entropy.ram.write16(usedEvent, 2);
        offerRoom(0, 16);
        entropy.kick(0);
        offerRoom(1, 16);
        entropy.kick(0);
        assertEquals(List.of(), entropy.interrupts);
        assertEquals(2, entropy.ram.read16(availableEvent));
        offerRoom(2, 16);
        offerRoom(3, 16);
        entropy.kick(0);
        assertEquals(List.of(0), entropy.interrupts);
        assertEquals(4, entropy.ram.read16(availableEvent));
    }

    @Test
    void consoleCarriesCharactersBothWays() {
        console.start(0);
        console.ram.write(BUFFER, "hello, ".getBytes(), 0, 7);
        console.ram.write(BUFFER + 100, "world".getBytes(), 0, 5);
        console.descriptor(console.table(TRANSMIT), 0, BUFFER, 7, Driver.NEXT, 1);
        console.descriptor(console.table(TRANSMIT), 1, BUFFER + 100, 5, 0, 0);
        console.offer(TRANSMIT, 0);
        console.kick(TRANSMIT);
        assertEquals("hello, world", far.printed.toString());

        far.type("abc");
        assertEquals(3, far.waiting(), "no buffer yet");
        console.descriptor(console.table(RECEIVE), 0, BUFFER, 2, Driver.WRITE, 0);
        console.descriptor(console.table(RECEIVE), 1, BUFFER + 2, 20, Driver.WRITE, 0);
        console.offer(RECEIVE, 0);
        console.offer(RECEIVE, 1);
        console.kick(RECEIVE);
        assertEquals(0, far.waiting());
        assertEquals('a' | 'b' << 8 | 'c' << 16, console.ram.read32(BUFFER) & 0xff_ffff);
        assertEquals(2, console.usedIndex(RECEIVE));
    }

    @Test
    void consoleInputWaitsForALiveDriver() {
        far.type("early");
        console.start(0);
        far.type("!");
        assertEquals(6, far.waiting());
        console.descriptor(console.table(RECEIVE), 0, BUFFER, 64, Driver.WRITE, 0);
        console.offer(RECEIVE, 0);
        far.type("?");
        assertEquals(7, console.take(RECEIVE, 0));
    }

    @Test
    void emergencyWriteNeedsNoQueue() {
        console.core.model().writeConfiguration(8, 4, 'E');
        assertEquals("E", far.printed.toString());
    }

    private void broken(Runnable offer) {
        entropy.start(Features.INDIRECT_DESC);
        int before = entropy.configurationChanges;
        offer.run();
        entropy.kick(0);
        assertTrue(entropy.needsReset());
        assertEquals(before + 1, entropy.configurationChanges);
        int used = entropy.usedIndex(0);
        entropy.kick(0);
        assertEquals(used, entropy.usedIndex(0), "it does nothing more");
        entropy.start(0);
        offerRoom(0, 8);
        entropy.kick(0);
        assertEquals(8, entropy.take(0, 0), "until it is reset");
    }

    private void single(long gpa, long length, int flags, int next) {
        entropy.descriptor(entropy.table(0), 0, gpa, length, flags, next);
        entropy.offer(0, 0);
    }

    @Test
    void wrongRingsNeedAReset() {
        broken(() -> single(BUFFER, 8, Driver.WRITE | Driver.NEXT, 0)); // a loop
        broken(() -> single(BUFFER, 8, Driver.WRITE | Driver.NEXT, Driver.SIZE)); // beyond the table
        broken(() -> single(-8, 8, Driver.WRITE, 0)); // no memory
        broken(() -> single(BUFFER, 0xffff_ffffL, Driver.WRITE, 0)); // too long for the memory
        broken(() -> single(Long.MAX_VALUE - 3, 8, Driver.WRITE, 0)); // wraps around
        broken(() -> single(BUFFER, 8, 0, 0)); // nothing to write to
        broken(() -> single(BUFFER, 0, Driver.INDIRECT, 0)); // an empty table
        broken(() -> single(BUFFER, 24, Driver.INDIRECT, 0)); // half an entry
        broken(() -> single(BUFFER, 16, Driver.INDIRECT | Driver.NEXT, 0)); // goes on behind a table
        broken(() -> entropy.offer(0, Driver.SIZE)); // head beyond the table
        broken(() -> entropy.ram.write16(entropy.available(0) + 2, Driver.SIZE + 1)); // more than there can be
        broken(() -> {
            entropy.descriptor(BUFFER, 0, BUFFER, 16, Driver.INDIRECT, 0);
            single(BUFFER, 16, Driver.INDIRECT, 0); // a table in a table
        });
        broken(() -> {
            entropy.descriptor(entropy.table(0), 1, BUFFER, 8, 0, 0);
            single(BUFFER, 8, Driver.WRITE | Driver.NEXT, 1); // readable behind writable
        });
    }

    @Test
    void queueOutOfPlaceNeedsAReset() {
        for (long table : new long[] {8, entropy.ram.size() - 16, -16}) {
            VirtioCore core = entropy.core;
            core.status(0);
            core.accept(1, 1);
            core.status(VirtioCore.ACKNOWLEDGE | VirtioCore.DRIVER | VirtioCore.FEATURES_OK);
            SplitQueue queue = core.queue(0);
            queue.size(Driver.SIZE);
            queue.table(table);
            queue.available(0x2000);
            queue.used(0x3000);
            core.enable(queue);
            assertTrue(entropy.needsReset());
            assertFalse(queue.enabled());
        }
    }

    @Test
    void transferOverTheRingItselfCannotProlongTheWork() {
        entropy.start(0);
        // The device writes random bytes over the available ring and its index.
        entropy.descriptor(entropy.table(0), 0, entropy.available(0), 64, Driver.WRITE, 0);
        entropy.offer(0, 0);
        entropy.kick(0);
        assertEquals(1, entropy.usedIndex(0));
    }

    @Test
    void stateGoesOnElsewhere() throws IOException {
        entropy.start(Features.EVENT_IDX);
        offerRoom(0, 16);
        entropy.kick(0);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        entropy.core.save(new DataOutputStream(bytes));
        VirtioCore other = new VirtioCore(new EntropyModel(new SplittableRandom(2)), entropy.ram, entropy.counters, entropy);
        other.load(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertEquals(entropy.core.status(), other.status());
        offerRoom(1, 16);
        other.kick(0);
        assertEquals(2, entropy.usedIndex(0));
        assertFalse((other.status() & VirtioCore.NEEDS_RESET) != 0);
    }
}
