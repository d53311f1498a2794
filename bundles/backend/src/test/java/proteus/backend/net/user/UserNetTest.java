package proteus.backend.net.user;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.backend.net.wire.Wire.*;

import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import proteus.api.io.NetSetting;
import proteus.backend.net.TestMachine;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UserNetTest {
    private static final int TRANSFER = 1 << 20;

    private final TestMachine machine = new TestMachine();
    private UserNet net;
    private TestGuest guest;

    UserNetTest() throws IOException {
        net = new UserNet(machine, TestGuest.CARD, List.of());
        guest = new TestGuest(machine, net);
    }

    @AfterEach
    void close() {
        net.close();
    }

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new SplittableRandom(7).nextBytes(noise);
        return noise;
    }

    private static ServerSocket server() throws IOException {
        return new ServerSocket(0, 10, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    }

    /** Does something with the next client of a server, on a thread of its own. */
    private static <T> CompletableFuture<T> serve(ServerSocket server, Conversation<T> conversation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (Socket client = server.accept()) {
                result.complete(conversation.with(client));
            } catch (IOException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private interface Conversation<T> {
        T with(Socket client) throws IOException;
    }

    @Test
    void theGatewayAnswersForItsAddresses() {
        byte[] frame = new byte[ETHERNET + 28];
        u16(frame, ETHERTYPE, ARP);
        System.arraycopy(TestGuest.CARD, 0, frame, ADDRESS, ADDRESS);
        i32(frame, ETHERNET, 0x0001_0800);
        i32(frame, ETHERNET + 4, 0x0604_0001);
        System.arraycopy(TestGuest.CARD, 0, frame, ETHERNET + 8, ADDRESS);
        i32(frame, ETHERNET + 14, Addresses.GUEST);
        i32(frame, ETHERNET + 24, Addresses.GATEWAY);
        net.transmit(frame, frame.length, 0);
        byte[] reply = guest.arrived.remove();
        assertEquals(2, u16(reply, 6));
        assertArrayEquals(Addresses.GATEWAY_ETHERNET, Arrays.copyOfRange(reply, 8, 14));
        i32(frame, ETHERNET + 24, Addresses.GUEST);
        net.transmit(frame, frame.length, 0);
        assertTrue(guest.arrived.isEmpty(), "the guest's own address is its business");
    }

    @Test
    void dhcpOffersAndGivesOneAddress() {
        byte[] offer = dhcp(1, 0);
        assertEquals(Addresses.GUEST, i32(offer, 16));
        assertEquals(2, option(offer, 53));
        assertEquals(Addresses.GATEWAY, option(offer, 3));
        assertEquals(Addresses.NAME_SERVER, option(offer, 6));
        assertEquals(Addresses.MASK, option(offer, 1));
        assertEquals(5, option(dhcp(3, Addresses.GUEST), 53));
        assertEquals(6, option(dhcp(3, Addresses.GUEST + 1), 53), "another address is refused");
    }

    private byte[] dhcp(int message, int wished) {
        byte[] question = new byte[300];
        question[0] = 1;
        question[1] = 1;
        question[2] = 6;
        i32(question, 4, 0x1234_5678);
        System.arraycopy(TestGuest.CARD, 0, question, 28, 6);
        i32(question, 236, 0x6382_5363);
        byte[] options = {53, 1, (byte) message, 50, 4, (byte) (wished >> 24), (byte) (wished >> 16), (byte) (wished >> 8), (byte) wished, (byte) 255};
        System.arraycopy(options, 0, question, 240, options.length);
        guest.udp(68, -1, 67, question);
        byte[] answer = guest.datagram();
        assertEquals(0x1234_5678, i32(answer, 4));
        return answer;
    }

    private static int option(byte[] message, int code) {
        for (int at = 240; u8(message, at) != 255; at += 2 + u8(message, at + 1)) {
            if (u8(message, at) == code) {
                return message[at + 1] == 1 ? message[at + 2] : i32(message, at + 2);
            }
        }
        return -1;
    }

    @Test
    void namesAreThoseOfTheHost() {
        byte[] answer = resolve("localhost", 1);
        assertEquals(0, u16(answer, 2) & 0xf);
        assertEquals(1, u16(answer, 6), "one address");
        assertEquals(0x7f00_0001, i32(answer, answer.length - 4));
        assertEquals(3, u16(resolve("no-such-host.invalid", 1), 2) & 0xf, "no such name");
        assertEquals(0, u16(resolve("localhost", 28), 6), "no IPv6 here");
    }

    private byte[] resolve(String name, int type) {
        byte[] question = new byte[12 + name.length() + 6];
        u16(question, 2, 0x100);
        u16(question, 4, 1);
        int at = 12;
        for (String label : name.split("\\.")) {
            question[at++] = (byte) label.length();
            System.arraycopy(label.getBytes(StandardCharsets.US_ASCII), 0, question, at, label.length());
            at += label.length();
        }
        u16(question, at + 1, type);
        u16(question, at + 3, 1);
        guest.udp(5353, Addresses.NAME_SERVER, 53, question);
        return guest.datagram();
    }

    @Test
    void theGatewayEchoes() {
        assertArrayEquals(noise(100), echo(Addresses.GATEWAY, 0));
        echo(0x0808_0808, 3);
    }

    private byte[] echo(int target, int type) {
        byte[] data = noise(100);
        byte[] frame = new byte[ETHERNET + 28 + data.length];
        int icmp = TestGuest.ip(frame, ICMP, target, 8 + data.length);
        frame[icmp] = 8;
        i32(frame, icmp + 4, 0x0001_0002);
        System.arraycopy(data, 0, frame, icmp + 8, data.length);
        u16(frame, icmp + 2, checksum(sum(frame, icmp, 8 + data.length, 0)));
        net.transmit(frame, frame.length, 0);
        byte[] reply = guest.arrived.remove();
        assertEquals(type, reply[20]);
        return Arrays.copyOfRange(reply, 28, reply.length);
    }

    @Test
    void datagramsGoToTheHostAndComeBack() throws Exception {
        try (DatagramSocket service = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            Thread.ofVirtual().start(() -> {
                try {
                    DatagramPacket packet = new DatagramPacket(new byte[100], 100);
                    service.receive(packet);
                    packet.getData()[0]++;
                    service.send(packet);
                } catch (IOException e) {
                    // The test waits in vain and says so.
                }
            });
            guest.udp(777, Addresses.GATEWAY, service.getLocalPort(), "hello".getBytes());
            assertEquals("iello", new String(guest.datagram()));
            assertTrue(net.expecting());
            machine.pc.pass(70_000_000_000L);
            assertFalse(net.expecting(), "silence ends it");
        }
    }

    @Test
    void aTransferFromTheHostArrivesWhole() throws Exception {
        byte[] data = noise(TRANSFER);
        download(data);
        assertArrayEquals(data, guest.received.toByteArray());
        assertEquals(536, guest.longest, "the guest has said nothing of its segments");
    }

    @Test
    void aCardThatTakesThemGetsSegmentsThatStandForSeveral() throws Exception {
        guest.large = true;
        byte[] data = noise(TRANSFER);
        download(data);
        assertArrayEquals(data, guest.received.toByteArray());
        assertTrue(guest.longest > 10_000, "longest: " + guest.longest);
    }

    @Test
    void whatIsLostIsSentAgain() throws Exception {
        guest.lost = number -> number % 37 == 5;
        byte[] data = noise(TRANSFER / 8);
        download(data);
        assertArrayEquals(data, guest.received.toByteArray());
    }

    /** The host sends and closes; time passes whenever nothing else happens. */
    private void download(byte[] data) throws Exception {
        try (ServerSocket server = server()) {
            CompletableFuture<Void> sent = serve(server, client -> {
                client.getOutputStream().write(data);
                return null;
            });
            guest.connect(server.getLocalPort());
            machine.until("the connection", () -> guest.open);
            machine.until("all data and the end", () -> {
                machine.pc.pass(1_000_000);
                machine.post(() -> { });
                return guest.ended;
            });
            sent.get();
            machine.settle();
            guest.finish();
            machine.settle();
            machine.pc.pass(3_000_000_000L);
            assertFalse(net.expecting(), "the connection is over");
        }
    }

    @Test
    void aFullCardGetsTheRestWhenItHasRoom() throws Exception {
        byte[] data = noise(40_000);
        try (ServerSocket server = server()) {
            serve(server, client -> {
                client.getOutputStream().write(data);
                return null;
            });
            guest.connect(server.getLocalPort());
            machine.until("the connection", () -> guest.open);
            guest.room = 3;
            machine.until("three segments", () -> guest.room == 0);
            while (guest.received.size() < data.length) {
                guest.room = 3;
                net.room();
                machine.until("the card is full or all is there", () -> guest.room == 0 || guest.received.size() == data.length);
            }
            assertArrayEquals(data, guest.received.toByteArray());
        }
    }

    @Test
    void aClosedWindowIsProbed() throws Exception {
        try (ServerSocket server = server()) {
            serve(server, client -> {
                client.getOutputStream().write("0123456789".getBytes());
                return null;
            });
            guest.window = 0;
            guest.connect(server.getLocalPort());
            machine.until("the connection", () -> guest.open);
            machine.until("a probe", () -> {
                machine.pc.pass(100_000_000);
                machine.post(() -> { });
                return guest.received.size() > 0;
            });
            assertEquals(1, guest.received.size());
            guest.window = 100;
            guest.tcp(ACK, guest.sequence, new byte[0], 0, 0);
            machine.until("the rest", () -> guest.received.size() == 10);
        }
    }

    @Test
    void aTransferToTheHostArrivesWhole() throws Exception {
        byte[] data = noise(TRANSFER / 2);
        try (ServerSocket server = server()) {
            CompletableFuture<byte[]> got = serve(server, client -> client.getInputStream().readAllBytes());
            guest.connect(server.getLocalPort());
            machine.until("the connection", () -> guest.open);
            guest.send(data);
            guest.finish();
            machine.until("the host's end", () -> guest.ended);
            assertArrayEquals(data, got.get());
        }
    }

    @Test
    void aPortWhereNobodyListensRefuses() throws Exception {
        int free;
        try (ServerSocket server = server()) {
            free = server.getLocalPort();
        }
        guest.connect(free);
        machine.until("a reset", () -> guest.reset);
        assertFalse(net.expecting());
    }

    @Test
    void aResetOfTheGuestsReachesTheHost() throws Exception {
        try (ServerSocket server = server()) {
            CompletableFuture<Integer> got = serve(server, client -> client.getInputStream().read());
            guest.connect(server.getLocalPort());
            machine.until("the connection", () -> guest.open);
            guest.tcp(RST, guest.sequence, new byte[0], 0, 0);
            assertThrows(ExecutionException.class, got::get);
            assertFalse(net.expecting());
        }
    }

    @Test
    void segmentsOfNoConnectionAreReset() {
        guest.peerPort = 9;
        guest.tcp(ACK, 5, new byte[0], 0, 0);
        assertTrue(guest.reset);
    }

    @Test
    void aPortOfTheHostLeadsToTheGuest() throws Exception {
        int port;
        try (ServerSocket server = server()) {
            port = server.getLocalPort();
        }
        net.close();
        net = new UserNet(machine, TestGuest.CARD, NetSetting.parse("user,hostfwd=tcp::%d-:40000".formatted(port)).getFirst().forwards());
        guest = new TestGuest(machine, net);
        CompletableFuture<String> answer = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port); InputStream in = client.getInputStream()) {
                client.getOutputStream().write("question".getBytes());
                client.shutdownOutput();
                answer.complete(new String(in.readAllBytes()));
            } catch (IOException e) {
                answer.completeExceptionally(e);
            }
        });
        machine.until("the question and its end", () -> guest.ended);
        assertEquals("question", guest.received.toString());
        guest.send("answer".getBytes());
        guest.finish();
        machine.settle();
        assertEquals("answer", answer.get());
    }

    @Test
    void aPortThatIsTakenIsToldInASentence() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String wish = "user,hostfwd=tcp::%d-:80".formatted(taken.getLocalPort());
            IOException refusal = assertThrows(IOException.class, () -> new UserNet(machine, TestGuest.CARD, NetSetting.parse(wish).getFirst().forwards()));
            assertTrue(refusal.getMessage().contains("port " + taken.getLocalPort()), refusal.getMessage());
        }
    }

    @Test
    void framesWithoutSenseDoNoHarm() {
        SplittableRandom random = new SplittableRandom(20_261_123);
        byte[] frame = new byte[200];
        for (int i = 0; i < 100_000; i++) {
            random.nextBytes(frame);
            int length = random.nextInt(frame.length + 1);
            if (random.nextInt(8) != 0 && length >= ETHERNET + 20) {
                int[] protocols = {ICMP, TCP, UDP, random.nextInt(256)};
                // Inside the network only: nothing is to reach the host.
                int target = Addresses.NETWORK | (random.nextBoolean() ? 3 : 100 + random.nextInt(100));
                int at = TestGuest.ip(frame, protocols[random.nextInt(4)], target, random.nextInt(4) == 0 ? random.nextInt(1000) : length - ETHERNET - 20);
                if (length >= at + 20 && random.nextBoolean()) {
                    u8(frame, at + TCP_OFFSET, 0x50);
                    completeTcp(frame, ETHERNET, at, length - at);
                }
            } else {
                u16(frame, ETHERTYPE, random.nextBoolean() ? ARP : 0x86dd);
            }
            net.transmit(frame, length, random.nextInt(16) == 0 ? 1 + random.nextInt(2000) : 0);
            guest.reset = false;
            guest.arrived.clear();
        }
        machine.until("the resolver", () -> !net.expecting());
    }
}
