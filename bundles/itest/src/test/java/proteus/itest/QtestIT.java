package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./proteus qtest} as QEMU's test library starts it: we listen, the process connects, and SIGTERM ends it. */
@Timeout(120)
class QtestIT {
    private static final Path IMAGE = Path.of(System.getProperty("proteus.image")).normalize();

    @TempDir
    private Path directory;

    private Process process;
    private Peer test;
    private Peer control;

    /** One end of a socket, by lines. */
    private record Peer(SocketChannel channel, BufferedReader reader) {
        static Peer accept(ServerSocketChannel server) throws IOException {
            SocketChannel channel = server.accept();
            server.close();
            return new Peer(channel, new BufferedReader(Channels.newReader(channel, StandardCharsets.US_ASCII)));
        }

        String line() throws IOException {
            return reader.readLine();
        }

        String ask(String request) throws IOException {
            channel.write(ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.US_ASCII)));
            return line();
        }
    }

    private ServerSocketChannel listen(String name) throws IOException {
        return ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(directory.resolve(name)));
    }

    private Process proteus(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "--sun-misc-unsafe-memory-access=allow", "-Dproteus.home=" + IMAGE, "-Djava.io.tmpdir=" + directory,
                "-jar", IMAGE.resolve("launcher.jar").toString(), "qtest"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(directory.resolve("err").toFile()).redirectOutput(directory.resolve("out").toFile()).start();
    }

    private void start(String... more) throws IOException {
        ServerSocketChannel testServer = listen("test");
        ServerSocketChannel controlServer = listen("control");
        List<String> arguments = new ArrayList<>(List.of("-qtest", "unix:" + directory.resolve("test"), "-qtest-log", directory.resolve("log").toString(),
                "-chardev", "socket,path=" + directory.resolve("control") + ",id=char0", "-mon", "chardev=char0,mode=control", "-display", "none"));
        arguments.addAll(List.of(more));
        arguments.addAll(List.of("-accel", "qtest"));
        process = proteus(arguments.toArray(String[]::new));
        control = Peer.accept(controlServer);
        test = Peer.accept(testServer);
        assertTrue(control.line().startsWith("{\"QMP\": {\"version\": "));
        assertEquals("{\"return\": {}}", control.ask("{\"execute\": \"qmp_capabilities\"}"));
        assertEquals("OK little", test.ask("endianness"));
    }

    @AfterEach
    void kill() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    private void endsBySignalWithSuccess() throws Exception {
        process.destroy();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), Files.readString(directory.resolve("err")));
        try (var left = Files.list(directory)) {
            assertEquals(List.of(), left.filter(file -> file.getFileName().toString().startsWith("proteus-")).toList(), "the cache is gone");
        }
    }

    @Test
    void theClockInterruptsWhenTimeIsMoved() throws Exception {
        start("-machine", "pc", "-nodefaults");
        assertEquals("OK", test.ask("irq_intercept_in ioapic"));
        test.ask("outb 0x70 0xa");
        test.ask("outb 0x71 0x2f");
        test.ask("outb 0x70 0xb");
        assertEquals("OK", test.ask("outb 0x71 0x42"));
        assertEquals(List.of("IRQ raise 8", "OK 500000000"), clockLine("clock_step 500000000"));
        test.ask("outb 0x70 0xc");
        assertEquals(List.of("IRQ lower 8", "OK 0x00c0"), clockLine("inb 0x71"));
        assertTrue(Files.readString(directory.resolve("log")).contains("] irq_intercept_in ioapic\n"));
        endsBySignalWithSuccess();
    }

    /** The answer and what comes before it of the clock's line; the interval timer has its own. */
    private List<String> clockLine(String request) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = test.ask(request); ; line = test.line()) {
            if (!line.startsWith("IRQ ") || line.endsWith(" 8")) {
                lines.add(line);
            }
            if (!line.startsWith("IRQ ")) {
                return lines;
            }
        }
    }

    @Test
    void aVirtioDiskIsInItsSlotAndAResetUnconfiguresIt() throws Exception {
        start("-drive", "if=none,id=d0,file=null-co://,format=raw,size=1M", "-device", "virtio-blk-pci,addr=04.0,drive=d0,id=disk");
        test.ask("outl 0xcf8 0x80002000");
        assertEquals("OK 0x10421af4", test.ask("inl 0xcfc"));
        test.ask("outl 0xcf8 0x80002004");
        test.ask("outw 0xcfc 0x0006");
        assertEquals("OK 0x0006", test.ask("inw 0xcfc"));
        assertEquals("{\"return\": [{\"name\": \"type\", \"type\": \"string\"}, {\"name\": \"disk\", \"type\": \"child<virtio-blk-pci>\"}]}",
                control.ask("{\"execute\": \"qom-list\", \"arguments\": {\"path\": \"/machine/peripheral\"}}"));
        assertEquals("{\"return\": {}}", control.ask("{\"execute\": \"system_reset\"}"));
        assertTrue(control.line().contains("\"event\": \"RESET\""));
        test.ask("outl 0xcf8 0x80002004");
        assertEquals("OK 0x0000", test.ask("inw 0xcfc"));
        assertEquals("{\"return\": {}}", control.ask("{\"execute\": \"quit\"}"));
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue());
    }

    @Test
    void aDeviceComesAndGoesWhenTheGuestLetsIt() throws Exception {
        start("-nodefaults");
        assertEquals("{\"return\": {}}", control.ask("{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"virtio-balloon-pci\", \"id\": \"b\", \"addr\": \"6\"}}"));
        test.ask("outl 0xcf8 0x80003000");
        assertEquals("OK 0x10451af4", test.ask("inl 0xcfc"));
        test.ask("outl 0xae08 0x40");
        assertEquals("OK 0x10451af4", test.ask("inl 0xcfc"), "nobody asked for it to go");
        assertEquals("{\"return\": {}}", control.ask("{\"execute\": \"device_del\", \"arguments\": {\"id\": \"b\"}}"));
        assertEquals("OK 0x10451af4", test.ask("inl 0xcfc"), "the guest has not let it go");
        test.ask("outl 0xae08 0x40");
        assertTrue(control.line().contains("\"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"b\", \"path\": \"/machine/peripheral/b\"}"));
        assertEquals("OK 0xffffffff", test.ask("inl 0xcfc"));
        // as QEMU's qom-test does: the signal comes while the process ends
        assertEquals("{\"return\": {}}", control.ask("{\"execute\": \"quit\"}"));
        endsBySignalWithSuccess();
    }

    @Test
    void whatThereIsNotEndsWithASentence() throws Exception {
        process = proteus("-machine", "pc", "-device", "usb-tablet");
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(1, process.exitValue());
        assertEquals("proteus qtest: 'usb-tablet' is not a valid device model name\n", Files.readString(directory.resolve("err")));
    }
}
