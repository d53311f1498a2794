package proteus.io.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import proteus.api.io.NetBackend;
import proteus.io.virtio.device.NetModel;

class NetModelTest {
    private static final long MERGE = 1 << 15;
    private static final long LARGE = 1 << 7 | 1 << 1;
    private static final int RECEIVE = 0, TRANSMIT = 1, CONTROL = 2;
    private static final int BUFFER = 0x8000;
    private static final byte[] CARD = {0x52, 0x54, 0, 1, 2, 3};

    private final Network network = new Network();
    private final Driver driver = new Driver(new NetModel(network));

    /** Keeps what is sent. */
    private static final class Network implements NetBackend {
        final List<byte[]> sent = new ArrayList<>();
        int segment;
        Card card;
        byte[] waiting;

        @Override
        public byte[] address() {
            return CARD.clone();
        }

        @Override
        public void connect(Card plugged) {
            card = plugged;
        }

        @Override
        public void transmit(byte[] frame, int length, int pieces) {
            sent.add(Arrays.copyOf(frame, length));
            segment = pieces;
        }

        @Override
        public void room() {
            if (waiting != null && card.receive(waiting, waiting.length, 0)) {
                waiting = null;
            }
        }

        @Override
        public boolean expecting() {
            return false;
        }

        @Override
        public void close() {}
    }

    private static byte[] frame(int bytes) {
        byte[] frame = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            frame[i] = (byte) (i < 6 ? CARD[i] : i);
        }
        return frame;
    }

    private void buffers(int count, int length) {
        for (int i = 0; i < count; i++) {
            driver.descriptor(driver.table(RECEIVE), i, BUFFER + 0x1000L * i, length, Driver.WRITE, 0);
            driver.offer(RECEIVE, i);
        }
        driver.kick(RECEIVE);
    }

    private byte[] memory(int at, int length) {
        return Arrays.copyOfRange(driver.ram.bytes, at, at + length);
    }

    private void transmit(byte[] header, byte[] frame) {
        driver.ram.write(BUFFER, header, 0, 12);
        driver.ram.write(BUFFER + 0x1000, frame, 0, frame.length);
        driver.descriptor(driver.table(TRANSMIT), 0, BUFFER, 12, Driver.NEXT, 1);
        driver.descriptor(driver.table(TRANSMIT), 1, BUFFER + 0x1000L, frame.length, 0, 0);
        driver.offer(TRANSMIT, 0);
        driver.kick(TRANSMIT);
    }

    @Test
    void aPacketGoesOut() {
        driver.start(0);
        transmit(new byte[12], frame(100));
        assertArrayEquals(frame(100), network.sent.getFirst());
        assertEquals(0, driver.take(TRANSMIT, 0));
    }

    @Test
    void aChecksumThatIsLeftIsFilledIn() {
        driver.start(1);
        byte[] frame = new byte[60];
        frame[20] = 1;
        frame[31] = 2;
        // From byte 20 on, to byte 24.
        transmit(new byte[] {1, 0, 0, 0, 0, 0, 20, 0, 4, 0, 0, 0}, frame);
        byte[] sent = network.sent.getFirst();
        assertEquals(0xfe, sent[24] & 0xff);
        assertEquals(0xfd, sent[25] & 0xff);
        transmit(new byte[] {1, 0, 0, 0, 0, 0, 60, 0, 4, 0, 0, 0}, frame);
        assertEquals(1, network.sent.size(), "a place behind the packet: it is lost");
        assertFalse(driver.needsReset());
    }

    @Test
    void aLargeSegmentGoesOutWhole() {
        driver.start(1 | 1 << 11);
        transmit(new byte[] {1, 1, 54, 0, (byte) 0xb4, 5, 34, 0, 16, 0, 0, 0}, frame(4000));
        assertEquals(4000, network.sent.getFirst().length);
        assertEquals(1460, network.segment);
    }

    @Test
    void aFrameComesIntoOneBuffer() {
        driver.start(0);
        buffers(2, 1600);
        assertTrue(network.card.receive(frame(100), 100, 0));
        assertEquals(112, driver.take(RECEIVE, 0));
        assertArrayEquals(frame(100), memory(BUFFER + 12, 100));
        assertEquals(1, driver.ram.read16(BUFFER + 10));
        assertEquals(List.of(RECEIVE), driver.interrupts);
    }

    @Test
    void aLargeFrameIsMergedFromBuffers() {
        driver.start(MERGE | LARGE);
        assertTrue(network.card.large());
        buffers(4, 1000);
        byte[] frame = frame(2500);
        frame[14] = 0x45;
        frame[46] = 0x50;
        assertTrue(network.card.receive(frame.clone(), 2500, 1460));
        assertEquals(3, driver.usedIndex(RECEIVE));
        assertEquals(3, driver.ram.read16(BUFFER + 10), "buffers");
        assertEquals(1460, driver.ram.read16(BUFFER + 4));
        assertEquals(34, driver.ram.read16(BUFFER + 6), "where TCP begins");
        int[] written = {1000, 1000, 512};
        for (int i = 0; i < written.length; i++) {
            assertEquals(written[i], driver.ram.read32(driver.used(RECEIVE) + 4 + 8 * i + 4));
        }
        assertArrayEquals(Arrays.copyOfRange(frame, 988, 1988), memory(BUFFER + 0x1000, 1000));
    }

    @Test
    void tooFewBuffersAreLeftAsTheyAreUntilThereAreMore() {
        driver.start(MERGE);
        buffers(1, 500);
        network.waiting = frame(1000);
        assertFalse(network.card.receive(network.waiting, 1000, 0));
        assertEquals(0, driver.usedIndex(RECEIVE), "nothing was taken");
        for (int i = 1; i < 3; i++) {
            driver.descriptor(driver.table(RECEIVE), i, BUFFER + 0x1000L * i, 600, Driver.WRITE, 0);
            driver.offer(RECEIVE, i);
        }
        driver.kick(RECEIVE);
        assertEquals(2, driver.usedIndex(RECEIVE));
        assertEquals(2, driver.ram.read16(BUFFER + 10));
    }

    @Test
    void aBufferThatIsTooSmallWithoutMergingNeedsAReset() {
        driver.start(0);
        buffers(1, 100);
        network.card.receive(frame(200), 200, 0);
        assertTrue(driver.needsReset());
    }

    private int command(int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            driver.ram.write8(BUFFER + i, bytes[i]);
        }
        driver.descriptor(driver.table(CONTROL), 0, BUFFER, bytes.length, Driver.NEXT, 1);
        driver.descriptor(driver.table(CONTROL), 1, BUFFER + 0x1000L, 1, Driver.WRITE, 0);
        driver.ram.write8(BUFFER + 0x1000L, 0x55);
        driver.offer(CONTROL, 0);
        driver.kick(CONTROL);
        return driver.ram.read8(BUFFER + 0x1000L);
    }

    private boolean heard(byte[] frame) {
        int before = driver.usedIndex(RECEIVE);
        network.card.receive(frame, frame.length, 0);
        return driver.usedIndex(RECEIVE) != before;
    }

    @Test
    void theDriverSaysWhatItWantsToHear() {
        driver.start(0);
        buffers(7, 1600);
        byte[] other = frame(60);
        other[5]++;
        byte[] group = frame(60);
        group[0] = 1;
        assertTrue(heard(frame(60)));
        assertFalse(heard(other));
        assertTrue(heard(group));
        assertEquals(0, command(0, 1, 0), "not all groups");
        assertFalse(heard(group));
        assertEquals(0, command(1, 0, 1, 0, 0, 0, other[0], other[1], other[2], other[3], other[4], other[5], 0, 0, 0, 0));
        assertTrue(heard(other));
        assertEquals(0, command(1, 1, 0x52, 0, 0, 0, 0, 9), "another address");
        assertFalse(heard(frame(60)));
        assertEquals(0, command(0, 0, 1), "promiscuous");
        assertTrue(heard(frame(60)));
        assertEquals(1, command(0, 9, 1), "no such mode");
        assertEquals(1, command(1, 0, 255, 255, 255, 255), "a table that is not there");
        assertEquals(1, command(7, 0), "no such class");
    }

    @Test
    void stateHasTheFilter() throws IOException {
        driver.start(MERGE);
        command(0, 0, 1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        driver.core.save(new DataOutputStream(bytes));
        Network elsewhere = new Network();
        Driver other = new Driver(new NetModel(elsewhere));
        System.arraycopy(driver.ram.bytes, 0, other.ram.bytes, 0, driver.ram.bytes.length);
        other.core.load(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        other.core.save(new DataOutputStream(again));
        assertArrayEquals(bytes.toByteArray(), again.toByteArray());
        assertFalse(elsewhere.card.receive(frame(60), 60, 0), "it is at work, and there are no buffers");
    }
}
