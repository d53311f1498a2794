package proteus.backend.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.backend.net.wire.Wire.*;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.api.io.NetBackend;
import proteus.api.io.NetSetting;

class NetworksTest {
    private final Networks networks = new Networks();
    private final TestMachine left = new TestMachine();
    private final TestMachine right = new TestMachine();

    /** Keeps what it gets. */
    private static final class Card implements NetBackend.Card {
        final List<byte[]> frames = new ArrayList<>();
        final boolean large;
        boolean full;

        Card(boolean large) {
            this.large = large;
        }

        @Override
        public boolean receive(byte[] frame, int length, int segment) {
            if (full) {
                return false;
            }
            frames.add(Arrays.copyOf(frame, length));
            return true;
        }

        @Override
        public boolean large() {
            return large;
        }
    }

    private NetBackend open(String setting, String vm, TestMachine machine) throws IOException {
        return networks.open(NetSetting.parse(setting).getFirst(), vm, 0, machine);
    }

    private static byte[] frame(int value) {
        byte[] frame = new byte[60];
        Arrays.fill(frame, (byte) value);
        return frame;
    }

    @Test
    void aHubRepeatsFramesOnTheOthersThreads() throws IOException {
        NetBackend a = open("hub=lan", "a", left);
        NetBackend b = open("hub=lan", "b", right);
        NetBackend stranger = open("hub=wan", "c", right);
        Card atA = new Card(false);
        Card atB = new Card(false);
        Card atStranger = new Card(false);
        a.connect(atA);
        b.connect(atB);
        stranger.connect(atStranger);
        byte[] sent = frame(1);
        a.transmit(sent, sent.length, 0);
        sent[20] = 99;
        assertTrue(atB.frames.isEmpty(), "not before b's thread comes to it");
        right.settle();
        assertArrayEquals(frame(1), atB.frames.getFirst());
        assertTrue(atA.frames.isEmpty() && atStranger.frames.isEmpty());
        b.close();
        a.transmit(sent, sent.length, 0);
        right.settle();
        assertEquals(1, atB.frames.size(), "its cable is out");
    }

    @Test
    void aFullCardGetsWhatWaitedInOrder() throws IOException {
        NetBackend a = open("hub=lan", "a", left);
        NetBackend b = open("hub=lan", "b", right);
        Card card = new Card(false);
        b.connect(card);
        card.full = true;
        for (int i = 0; i < 1000; i++) {
            a.transmit(frame(i), 60, 0);
        }
        right.settle();
        card.full = false;
        b.room();
        assertEquals(256, card.frames.size(), "what is beyond is lost");
        assertArrayEquals(frame(255), card.frames.get(255));
    }

    @Test
    void aSegmentThatStandsForSeveralIsCutForACardThatDoesNotTakeIt() throws IOException {
        NetBackend a = open("hub=lan", "a", left);
        NetBackend b = open("hub=lan", "b", right);
        Card card = new Card(false);
        b.connect(card);
        byte[] large = new byte[54 + 2500];
        for (int i = 54; i < large.length; i++) {
            large[i] = (byte) i;
        }
        u16(large, ETHERTYPE, IPV4);
        u16(large, ETHERNET, 0x4500);
        u8(large, ETHERNET + IP_PROTOCOL, TCP);
        i32(large, 34 + TCP_SEQUENCE, 100);
        u8(large, 34 + TCP_OFFSET, 0x50);
        u8(large, 34 + TCP_FLAGS, ACK | PSH | FIN);
        a.transmit(large, large.length, 1000);
        right.settle();
        assertEquals(List.of(1054, 1054, 554), card.frames.stream().map(frame -> frame.length).toList());
        for (int i = 0; i < 3; i++) {
            byte[] frame = card.frames.get(i);
            assertEquals(100 + 1000 * i, i32(frame, 34 + TCP_SEQUENCE));
            assertEquals(i == 2 ? ACK | PSH | FIN : ACK, u8(frame, 34 + TCP_FLAGS));
            assertEquals(frame.length - 14, u16(frame, ETHERNET + IP_TOTAL));
            assertEquals(0, checksum(sum(frame, ETHERNET, 20, 0)));
            assertEquals(0, checksum(sum(frame, 34, frame.length - 34, pseudo(frame, ETHERNET, TCP, frame.length - 34))));
            assertEquals((byte) (54 + 1000 * i), frame[54]);
        }
    }

    @Test
    void aCaptureHasTheFramesOfBothDirections(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("net.pcap");
        NetBackend a = open("hub=lan,pcap=" + file, "a", left);
        NetBackend b = open("hub=lan", "b", right);
        a.connect(new Card(false));
        left.pc.pass(3_000_000_007L);
        a.transmit(frame(1), 60, 0);
        b.transmit(frame(2), 60, 0);
        left.settle();
        a.close();
        ByteBuffer capture = ByteBuffer.wrap(Files.readAllBytes(file));
        assertEquals(24 + 2 * 76, capture.capacity());
        assertEquals(0xa1b23c4d, capture.getInt(0));
        assertEquals(1, capture.getInt(20), "Ethernet");
        assertEquals(3, capture.getInt(24), "seconds");
        assertEquals(7, capture.getInt(28), "nanoseconds");
        assertEquals(60, capture.getInt(32));
        assertEquals(1, capture.get(40));
        assertEquals(2, capture.get(24 + 76 + 16));
    }

    @Test
    void addressesFollowFromNamesUnlessTheyAreGiven() throws IOException {
        assertArrayEquals(open("hub=x", "a", left).address(), open("hub=y", "a", left).address());
        assertFalse(Arrays.equals(open("hub=x", "a", left).address(), open("hub=x", "b", left).address()));
        assertArrayEquals(new byte[] {2, 3, 4, 5, 6, 7}, open("hub=x,mac=02:03:04:05:06:07", "a", left).address());
    }

    @Test
    void aSettingIsWrittenAsItIsRead() {
        for (String text : List.of(
                "user",
                "hub=lan,model=ne2k_isa,mac=52:54:00:00:00:01",
                "user,model=e1000,hostfwd=tcp::8080-:80,hostfwd=udp:127.0.0.1:53-10.0.2.15:53,pcap=a.pcap")) {
            assertEquals(text, NetSetting.parse(text).getFirst().toString());
        }
        assertEquals(List.of(), NetSetting.parse("none"));
    }

    @Test
    void aSettingThatWillNotDoIsToldInASentence() {
        for (String text : List.of("", "tap", "hub=", "user,model", "user,speed=1", "user,hostfwd=8080", "user,hostfwd=tcp::x-:80", "user,hostfwd=tcp::80-:0",
                "hub=a,hostfwd=tcp::1-:1", "user,mac=1", "user,mac=01:02:03:04:05:06", "none,model=e1000")) {
            String message = assertThrows(IllegalArgumentException.class, () -> NetSetting.parse(text)).getMessage();
            assertTrue(message.contains(" "), message);
        }
    }
}
