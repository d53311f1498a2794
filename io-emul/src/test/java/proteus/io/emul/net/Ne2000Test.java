package proteus.io.emul.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.tck.fake.FakePc;

class Ne2000Test {
    private static final int BASE = 0x300;
    private static final int START = 0x46;
    private static final int STOP = 0x80;

    private final FakePc pc = new FakePc();
    private final TestNetwork network = new TestNetwork();
    private final Ne2000 card = new Ne2000(pc, network, 0);

    private int in(int register) {
        return pc.in(BASE + register);
    }

    private void out(int register, int value) {
        pc.out(BASE + register, value);
    }

    /** As a driver sets it up: words, ring, own address and broadcasts, all interrupts. */
    @BeforeEach
    void setUp() {
        out(0, 0x21);
        out(0xe, 0x49);
        out(0xc, 0x04);
        out(0xd, 0);
        out(1, START);
        out(2, STOP);
        out(3, START);
        out(7, 0xff);
        out(0xf, 0x3f);
        out(0, 0x61);
        for (int i = 0; i < 6; i++) {
            out(1 + i, TestNetwork.CARD[i]);
        }
        out(7, START + 1);
        out(0, 0x22);
    }

    private byte[] remote(int address, int bytes) {
        out(8, address);
        out(9, address >> 8);
        out(0xa, bytes);
        out(0xb, bytes >> 8);
        out(0, 0x0a);
        byte[] data = new byte[bytes];
        for (int i = 0; i < bytes; i += 2) {
            int word = pc.in(BASE + 0x10, 2);
            data[i] = (byte) word;
            data[i + 1] = (byte) (word >> 8);
        }
        return data;
    }

    @Test
    void thePromHasTheAddressTwiceAndTheMark() {
        byte[] prom = remote(0, 32);
        for (int i = 0; i < 6; i++) {
            assertEquals(TestNetwork.CARD[i], prom[2 * i]);
            assertEquals(TestNetwork.CARD[i], prom[2 * i + 1]);
        }
        assertEquals(0x57, prom[28]);
        assertEquals(0x40, in(7) & 0x40, "remote DMA complete");
    }

    @Test
    void aFrameWrittenByRemoteDmaIsSent() {
        byte[] frame = TestNetwork.frame(100, 9);
        out(8, 0);
        out(9, 0x40);
        out(0xa, 100);
        out(0xb, 0);
        out(0, 0x12);
        for (int i = 0; i < 100; i += 2) {
            pc.out(BASE + 0x10, 2, frame[i] & 0xff | (frame[i + 1] & 0xff) << 8);
        }
        out(4, 0x40);
        out(5, 100);
        out(6, 0);
        assertFalse(pc.interrupts[5]);
        out(0, 0x26);
        assertArrayEquals(frame, network.sent.getFirst());
        assertTrue(pc.interrupts[5]);
        out(7, 0xff);
        assertFalse(pc.interrupts[5], "acknowledged");
    }

    @Test
    void framesFillTheRingAndGoAround() {
        byte[] frame = TestNetwork.frame(1000, 3);
        int given = 0;
        while (network.give(frame)) {
            given++;
            pc.pass(1_000_000);
        }
        assertEquals((STOP - START - 2) / 4, given, "four pages each");
        byte[] header = remote((START + 1) * 256, 4);
        assertArrayEquals(new byte[] {1, START + 5, (byte) 1004, 1004 >> 8}, header);
        assertArrayEquals(frame, Arrays.copyOfRange(remote((START + 1) * 256, 1004), 4, 1004));
        int asked = network.asked;
        out(3, START + 20);
        assertEquals(asked + 1, network.asked, "there is room again");
        assertTrue(network.give(frame));
        out(0, 0x62);
        assertTrue(in(7) < START + 20, "around the end: " + in(7));
    }

    @Test
    void framesComeAtTheSpeedOfTheWire() {
        assertTrue(network.give(TestNetwork.frame(1000, 3)));
        assertFalse(network.give(TestNetwork.frame(1000, 4)), "800 microseconds have not passed");
        int asked = network.asked;
        pc.pass(1_000_000);
        assertEquals(asked + 1, network.asked);
        assertTrue(network.give(TestNetwork.frame(1000, 4)));
    }

    @Test
    void othersAreNotHeardUnlessWished() {
        byte[] other = TestNetwork.frame(60, 1);
        other[5]++;
        network.give(other);
        assertEquals(0, in(7) & 1);
        out(0xc, 0x14);
        network.give(other);
        assertEquals(1, in(7) & 1);
    }

    @Test
    void resettingShowsInTheStatus() {
        assertEquals(0, in(7) & 0x80);
        in(0x1f);
        assertEquals(0x80, in(7) & 0x80);
    }

    @Test
    void stateGoesOutAndInUnchanged() {
        network.give(TestNetwork.frame(300, 2));
        byte[] state = card.exportState();
        Ne2000 other = new Ne2000(new FakePc(), new TestNetwork(), 0);
        other.importState(state);
        assertArrayEquals(state, other.exportState());
    }
}
