package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.io.NetSetting;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmSpec;
import proteus.exam.PaxExamTest;

/** Stock Linux drivers on each network card: DHCP, echo, HTTP from a loopback server of the host, and a transfer to it, by their digests. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class NetIT {
    private static final String PROMPT = "proteus# ";
    private static final int BYTES = 1 << 20;

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void theStockKernelDrivesAnE1000() throws Exception {
        drives("debian-amd64", "emul", "e1000", "");
    }

    @Test
    void theStock686KernelDrivesAnNe2000() throws Exception {
        drives("debian-686", "emul", "ne2k_isa", " proteus.ne=0x300,5");
    }

    @Test
    void theCloudKernelDrivesVirtio() throws Exception {
        drives("debian-cloud-amd64", "virtio", "virtio", "");
    }

    private void drives(String guest, String io, String model, String words) throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image(guest);
        } catch (GuestLoadException e) {
            abort(guest + " cannot be had here: " + e.getMessage());
            return;
        }
        assumeTrue(new String(image.initrd(), StandardCharsets.ISO_8859_1).contains("lib/modules/cards/"),
                "the cached guest was fetched without drivers of network cards, and they cannot be had here");
        byte[] content = new byte[BYTES];
        new Random(23).nextBytes(content);
        String digest = digest(content);
        try (ServerSocket down = server(); ServerSocket up = server()) {
            serve(down, client -> {
                // All of the request is read: closing a socket with something unread would reset the connection.
                for (int newlines = 0; newlines < 2; ) {
                    int next = client.getInputStream().read();
                    newlines = next == '\n' ? newlines + 1 : next == '\r' ? newlines : 0;
                }
                client.getOutputStream().write("HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(BYTES).getBytes(StandardCharsets.US_ASCII));
                client.getOutputStream().write(content);
            });
            serve(up, client -> client.getOutputStream().write(("sent " + digest(client.getInputStream().readAllBytes()) + "\n").getBytes(StandardCharsets.US_ASCII)));
            VirtualMachine vm = guests.service(VirtualMachineManager.class).create(new VmSpec("net-" + model, new Composition("model", "hwassist", "ept", io),
                    image.info().memoryBytes(), 1, VmSpec.Clock.COUNT, "max", true,
                    new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), image.commandLine() + words), List.of(), ExecutionEngine.AUTO,
                    VmSpec.Reboot.EXIT, DeviceSetting.DEFAULT.with(NetSetting.parse("user,model=" + model))));
            Map<String, Map<String, Long>> marks = new TreeMap<>();
            try {
                vm.console().subscribe(text -> {
                    String line = text.strip();
                    if (line.startsWith("mark-") && !line.contains("$")) {
                        marks.put(line, vm.statistics().counters());
                    }
                });
                type(vm, "net; ping -c 2 10.0.2.2");
                type(vm, "echo mark-$((1)); wget -q -O /tmp/b http://10.0.2.2:%d/b; echo mark-$((2)); echo got $(sha256sum < /tmp/b)".formatted(down.getLocalPort()));
                type(vm, "echo mark-$((3)); nc 10.0.2.2 %d < /tmp/b; echo mark-$((4)); poweroff -f".formatted(up.getLocalPort()));
                guests.runToEnd(vm, Duration.ofMinutes(15));
                assertEquals(VmEnd.Kind.POWER_OFF, vm.awaitEnd(Duration.ZERO).orElseThrow().kind());
            } finally {
                vm.close();
            }
            String text = vm.console().text();
            assertTrue(text.contains("eth0 has 10.0.2.15"), text);
            assertTrue(text.contains("2 packets transmitted, 2 packets received"), text);
            assertTrue(text.contains("got " + digest), text);
            assertTrue(text.contains("sent " + digest), text);
            perPacket(model + ", 1 MiB from the host", marks.get("mark-1"), marks.get("mark-2"));
            perPacket(model + ", 1 MiB to the host", marks.get("mark-3"), marks.get("mark-4"));
        }
    }

    /** The figures are part of what the test is for; how many packets there are depends on how the host's sockets come. */
    private static void perPacket(String what, Map<String, Long> from, Map<String, Long> to) {
        Map<String, Long> difference = new TreeMap<>();
        to.forEach((name, count) -> difference.put(name, count - from.getOrDefault(name, 0L)));
        double packets = difference.get("device-requests");
        double exits = difference.entrySet().stream().filter(event -> event.getKey().startsWith("exit.")).mapToLong(Map.Entry::getValue).sum() / packets;
        String found = "%s: %.0f packets, %.3f exits, %.3f interrupts, %.3f kicks a packet".formatted(
                what, packets, exits, difference.get("device-interrupts") / packets, difference.get("kicks") / packets);
        System.out.println(found);
        assertTrue(packets > 10 && exits > 0, found);
    }

    private interface Conversation {
        void with(Socket client) throws IOException;
    }

    private static ServerSocket server() throws IOException {
        return new ServerSocket(0, 4, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}));
    }

    private static void serve(ServerSocket server, Conversation conversation) {
        Thread.ofVirtual().start(() -> {
            try (Socket client = server.accept()) {
                conversation.with(client);
            } catch (IOException e) {
                // The guest sees it, and the test by the guest.
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void type(VirtualMachine vm, String line) {
        vm.console().typeAfter(PROMPT, line + "\n");
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
