package proteus.io.emul.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.io.emul.net.E1000Registers.*;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import proteus.tck.fake.FakePc;

class E1000Test {
    private static final int TX_RING = 0x1000;
    private static final int RX_RING = 0x2000;
    private static final int BUFFERS = 0x1_0000;
    private static final int ENTRIES = 16;

    private final FakePc pc = new FakePc();
    private final TestNetwork network = new TestNetwork();
    private final E1000 card = new E1000(pc, network, 0);
    private int tail;

    private int get(int register) {
        return (int) card.read(register, 4);
    }

    private void set(int register, int value) {
        card.write(register, 4, value & 0xffff_ffffL);
    }

    private void transmitter() {
        set(TDBAL, TX_RING);
        set(TDLEN, ENTRIES * 16);
        set(TCTL, TCTL_EN);
    }

    private void receiver(int more) {
        set(RDBAL, RX_RING);
        set(RDLEN, ENTRIES * 16);
        for (int i = 0; i < ENTRIES; i++) {
            pc.ram.write64(RX_RING + 16 * i, BUFFERS + 0x800 * i);
        }
        set(RCTL, RCTL_EN | more);
        set(RDT, ENTRIES - 1);
    }

    private void descriptor(long address, long fields) {
        pc.ram.write64(TX_RING + 16 * tail, address);
        pc.ram.write64(TX_RING + 16 * tail + 8, fields);
        tail = (tail + 1) % ENTRIES;
    }

    /** A read of the EEPROM as a driver clocks it. */
    private int word(int address) {
        set(EECD, 0x40);
        assertEquals(0x80, get(EECD) & 0x80, "granted");
        set(EECD, 0x42);
        int command = 6 << 6 | address;
        for (int bit = 8; bit >= 0; bit--) {
            int in = (command >> bit & 1) << 2;
            set(EECD, 0x42 | in);
            set(EECD, 0x43 | in);
            set(EECD, 0x42 | in);
        }
        int value = 0;
        for (int bit = 0; bit < 16; bit++) {
            set(EECD, 0x43);
            value = value << 1 | get(EECD) >> 3 & 1;
            set(EECD, 0x42);
        }
        set(EECD, 0);
        return value;
    }

    @Test
    void theEepromHasTheAddressAndItsSum() {
        int sum = 0;
        for (int i = 0; i < 64; i++) {
            sum += word(i);
        }
        assertEquals(0xbaba, sum & 0xffff);
        assertEquals(0x5452, word(0));
        assertEquals(0x5634, word(2));
        set(EERD, 1 << 8 | 1);
        assertEquals(0x1200_0000 | 0x110, get(EERD), "word 1, done");
    }

    @Test
    void theTransceiverHasALink() {
        set(MDIC, 1 << 21 | 1 << 16 | 0x0800_0000);
        assertTrue((get(MDIC) & 0x1000_0004) == 0x1000_0004, "ready, link up");
        set(MDIC, 2 << 21 | 1 << 16 | 0x0800_0000);
        assertTrue((get(MDIC) & 0x4000_0000) != 0, "nobody at address 2");
    }

    @Test
    void aPacketOfTwoDescriptorsIsOneFrame() {
        transmitter();
        Arrays.fill(pc.ram.bytes, 0x5000, 0x5100, (byte) 7);
        descriptor(0x5000, 64);
        descriptor(0x5040, 100 | 0x09L << 24);
        set(IMS, TXDW);
        set(TDT, tail);
        assertEquals(164, network.sent.getFirst().length);
        assertEquals(2, get(TDH));
        assertEquals(0, pc.ram.read8(TX_RING + 12), "no report was asked for");
        assertEquals(1, pc.ram.read8(TX_RING + 16 + 12), "done");
        assertEquals(TXDW | TXQE, get(ICR));
        assertEquals(0, get(ICR), "reading clears");
        assertEquals(1, get(GPTC));
        assertEquals(0, get(GPTC), "reading clears");
    }

    @Test
    void checksumsAreInsertedWhereTheContextSays() {
        transmitter();
        byte[] packet = udp(40);
        byte[] right = packet.clone();
        // The driver leaves the IP checksum 0 and puts the sum of the pseudo header to UDP's.
        packet[24] = 0;
        packet[25] = 0;
        int pseudo = Checksums.sum(packet, 26, 34, 17 + 48);
        packet[40] = (byte) (pseudo >> 8);
        packet[41] = (byte) pseudo;
        pc.ram.write(0x5000, packet, 0, packet.length);
        descriptor(14 | 24 << 8 | 33 << 16 | 34L << 32 | 40L << 40, 0x20L << 24 | 2L << 24);
        descriptor(0x5000, packet.length | 1L << 20 | 0x29L << 24 | 3L << 40);
        set(TDT, tail);
        assertArrayEquals(right, network.sent.getFirst());
    }

    /** Ethernet, IP and UDP with right checksums. */
    private static byte[] udp(int data) {
        byte[] packet = TestNetwork.frame(42 + data, 5);
        Arrays.fill(packet, 14, 42, (byte) 0);
        packet[12] = 8;
        packet[14] = 0x45;
        packet[17] = (byte) (28 + data);
        packet[23] = 17;
        packet[26] = 10;
        packet[30] = 11;
        packet[39] = (byte) (8 + data);
        Checksums.put(packet, packet.length, 14, 33, 24);
        int pseudo = Checksums.sum(packet, 26, 34, 17 + 8 + data);
        packet[40] = (byte) (pseudo >> 8);
        packet[41] = (byte) pseudo;
        Checksums.put(packet, packet.length, 34, 0, 40);
        return packet;
    }

    @Test
    void aLargeSegmentGoesOutWhole() {
        transmitter();
        descriptor(0, 4000 | (0x24L | 1 | 2 | 0x80) << 24 | 54L << 40 | 1460L << 48);
        descriptor(0x5000, 54 | 1L << 20 | 0x24L << 24);
        descriptor(0x6000, 4000 | 1L << 20 | 0x2dL << 24);
        set(TDT, tail);
        assertEquals(4054, network.sent.getFirst().length);
        assertEquals(1460, network.segment);
    }

    @Test
    void framesComeWithTheirCheckSequenceAndFindings() {
        receiver(RCTL_BAM);
        set(RXCSUM, RXCSUM_IP | RXCSUM_TRANSPORT);
        set(IMS, RXT0);
        byte[] packet = udp(40);
        assertTrue(network.give(packet));
        CRC32 crc = new CRC32();
        crc.update(packet);
        assertEquals(packet.length + 4, pc.ram.read16(RX_RING + 8));
        assertEquals((int) crc.getValue(), pc.ram.read32(BUFFERS + packet.length));
        assertEquals(0x63, pc.ram.read8(RX_RING + 12), "done, end, both checksums looked at");
        assertEquals(0, pc.ram.read8(RX_RING + 13));
        packet[50]++;
        network.give(packet);
        assertEquals(0x20, pc.ram.read8(RX_RING + 16 + 13), "transport checksum wrong");
        assertEquals(RXT0, get(ICR));
        assertEquals(2, get(RDH));
    }

    @Test
    void aLongFrameTakesSeveralSmallBuffers() {
        receiver(3 << 16 | RCTL_SECRC);
        network.give(TestNetwork.frame(600, 3));
        assertEquals(256, pc.ram.read16(RX_RING + 8));
        assertEquals(1, pc.ram.read8(RX_RING + 12), "not the end");
        assertEquals(88, pc.ram.read16(RX_RING + 32 + 8));
        assertEquals(3, pc.ram.read8(RX_RING + 32 + 12));
    }

    @Test
    void filtersLetInWhatIsForTheCard() {
        receiver(0);
        byte[] other = TestNetwork.frame(60, 1);
        other[5]++;
        network.give(other);
        byte[] all = TestNetwork.frame(60, 1);
        Arrays.fill(all, 0, 6, (byte) -1);
        network.give(all);
        byte[] group = TestNetwork.frame(60, 1);
        group[0] = 1;
        network.give(group);
        assertEquals(0, get(RDH));
        int hash = (group[4] & 0xff) >> 4 | (group[5] & 0xff) << 4 & 0xfff;
        set(MTA + (hash >> 5) * 4, 1 << (hash & 31));
        network.give(group);
        assertEquals(1, get(RDH), "by its hash");
        set(RCTL, RCTL_EN | RCTL_BAM);
        network.give(all);
        assertEquals(2, get(RDH));
        set(RCTL, RCTL_EN | RCTL_UPE);
        network.give(other);
        assertEquals(3, get(RDH));
    }

    @Test
    void aFullRingRefusesUntilThereAreBuffers() {
        receiver(0);
        for (int i = 0; i < ENTRIES - 1; i++) {
            assertTrue(network.give(TestNetwork.frame(60, i)));
        }
        assertFalse(network.give(TestNetwork.frame(60, 0)));
        int asked = network.asked;
        set(RDT, 3);
        assertEquals(asked + 1, network.asked);
        assertTrue(network.give(TestNetwork.frame(60, 0)));
    }

    @Test
    void interruptsAreThrottled() {
        boolean[] wire = new boolean[1];
        Moderation moderation = new Moderation(pc, level -> wire[0] = level);
        moderation.mask(RXT0);
        moderation.interval(1000);
        moderation.raise(RXT0);
        assertTrue(wire[0]);
        moderation.take();
        assertFalse(wire[0]);
        moderation.raise(RXT0);
        assertFalse(wire[0], "too soon");
        pc.pass(255_999);
        assertFalse(wire[0]);
        pc.pass(1);
        assertTrue(wire[0]);
    }

    @Test
    void aDelayedReportComesAfterQuietOrAtTheLatest() {
        boolean[] wire = new boolean[1];
        Moderation moderation = new Moderation(pc, level -> wire[0] = level);
        moderation.mask(TXDW);
        moderation.transmitted(10, 25);
        pc.pass(6 * 1024);
        moderation.transmitted(10, 25);
        pc.pass(6 * 1024);
        moderation.transmitted(10, 25);
        pc.pass(9 * 1024);
        moderation.transmitted(10, 25);
        assertFalse(wire[0]);
        pc.pass(4 * 1024);
        assertTrue(wire[0], "at the latest");
    }

    @Test
    void stateGoesOutAndInUnchanged() {
        SplittableRandom random = new SplittableRandom(5);
        transmitter();
        receiver(RCTL_BAM);
        descriptor(0x5000, 64);
        set(TDT, tail);
        for (int i = 0; i < 100; i++) {
            network.give(TestNetwork.frame(60 + random.nextInt(1000), i));
        }
        byte[] state = card.exportState();
        E1000 other = new E1000(pc, new TestNetwork(), 0);
        other.importState(state);
        assertArrayEquals(state, other.exportState());
    }
}
