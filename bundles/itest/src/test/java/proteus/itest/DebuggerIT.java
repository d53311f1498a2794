package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import proteus.x86.asm.Assembler;
import proteus.x86.asm.Assembly;

/** The debugger port as its users have it: {@code run --gdb} in one process, the real gdb in another. */
class DebuggerIT {
    private static final Path IMAGE = Path.of(System.getProperty("proteus.image")).normalize();
    private static final Pattern WAITING = Pattern.compile("target remote (\\S+):(\\d+)");
    private static final Path STOCK = Path.of(System.getProperty("user.home"), ".cache/proteus/guests/debian-cloud-amd64/kernel");
    /** 64-bit code that calls a function three times, then waits for a flag, then ends the run. */
    private static final String GUEST = """
            bits 32
            org 0x100000
        header:
            dd 0x1badb002, 0x10000, 0 - 0x1badb002 - 0x10000
            dd header, header, 0, 0, start
        gdt:
            dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
        gdtr:
            dw 23
            dd gdt
            align 8
        counter:
            dq 0
        flag:
            dq 0
        start:
            mov dword [0x200000], 0x201003
            mov dword [0x200800], 0x201003
            mov dword [0x201000], 0x202003
            mov dword [0x202000], 0x83
            mov eax, 0x220
            mov cr4, eax
            mov eax, 0x200000
            mov cr3, eax
            mov ecx, 0xc0000080
            rdmsr
            or eax, 0x100
            wrmsr
            mov eax, cr0
            or eax, 0x80000001
            mov cr0, eax
            lgdt [gdtr]
            jmp 8:long
            bits 64
        long:
            mov eax, 16
            mov ss, eax
            mov rsp, 0x180000
            fninit
            fld1
            mov eax, 0x40490fdb
            movd xmm1, eax
            mov rax, cr4
            or eax, 0x40000
            mov cr4, rax
            xor ecx, ecx
            xor edx, edx
            mov eax, 7
            xsetbv
            vbroadcastss ymm2, xmm1
            xor ebx, ebx
        again:
            call count
            cmp rbx, 3
            jb again
        spin:
            inc r12
            cmp qword [flag], 0
            je spin
            xor eax, eax
            out 0xf4, al
            hlt
        count:
            inc rbx
            mov [counter], rbx
        stored:
            ret
        """;

    @TempDir
    private Path directory;
    private Process proteus;
    private String host;
    private int port;

    @AfterEach
    void end() throws InterruptedException {
        if (proteus != null) {
            proteus.destroyForcibly().waitFor();
        }
    }

    private void run(String engine, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC",
                "--sun-misc-unsafe-memory-access=allow", "-Dproteus.home=" + IMAGE, "-Djava.io.tmpdir=" + directory,
                "-jar", IMAGE.resolve("launcher.jar").toString(), "run", "--clock", "count", "--engine", engine));
        command.addAll(List.of(arguments));
        Path err = directory.resolve("err");
        proteus = new ProcessBuilder(command).redirectOutput(directory.resolve("out").toFile()).redirectError(err.toFile())
                .redirectInput(Files.writeString(directory.resolve("in"), "").toFile()).start();
        Matcher waiting = Await.value(() -> {
            Matcher matcher = WAITING.matcher(text(err));
            return matcher.find() ? Optional.of(matcher) : proteus.isAlive() ? Optional.empty() : Optional.of(matcher);
        }, Duration.ofSeconds(60));
        if (text(err).contains("the native engine cannot run here")) {
            abort(text(err));
        }
        assertTrue(proteus.isAlive(), () -> text(err));
        host = waiting.group(1);
        port = Integer.parseInt(waiting.group(2));
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Assembly runOwnGuest(String engine) throws Exception {
        Assembly guest = Assembler.assemble(GUEST, 32, 0x100000);
        run(engine, "--kernel", Files.write(directory.resolve("guest"), guest.bytes()).toString(), "--memory", "16M", "--gdb", "0");
        return guest;
    }

    /** What gdb prints for a script; a command that fails does not end it. */
    private String gdb(String script) throws Exception {
        String lines = "set pagination off\nset confirm off\nset style enabled off\nset remotetimeout 60\ntarget remote " + host + ":" + port + "\n"
                + script;
        List<String> command = new ArrayList<>(List.of("gdb", "-nx", "-q", "-batch"));
        lines.lines().forEach(line -> command.addAll(List.of("-ex", line)));
        Path out = directory.resolve("gdb.out");
        Process gdb;
        try {
            gdb = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
        } catch (IOException e) {
            abort("gdb is not installed, so nobody knows whether it understands the port: " + e.getMessage());
            return "";
        }
        try {
            assertTrue(gdb.waitFor(60, TimeUnit.SECONDS), () -> "gdb does not end:\n" + text(out));
        } finally {
            gdb.destroyForcibly();
        }
        return text(out);
    }

    private static void contains(String out, String... expected) {
        int at = 0;
        for (String text : expected) {
            int found = out.indexOf(text, at);
            assertTrue(found >= 0, "'" + text + "' is not there, or not in this order:\n" + out);
            at = found + text.length();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"interpreter", "native"})
    void gdbBreaksStepsWatchesAndChangesAGuest(String engine) throws Exception {
        Assembly guest = runOwnGuest(engine);
        String script = """
                break *@count
                continue
                p $rbx
                p $pc
                p $cr0
                p $efer
                p $st0
                p $xmm1.v4_float[0]
                p $ymm2.v8_float[7]
                x/2i $pc
                stepi
                p $rbx
                p/x $cs
                x/xb @count
                x/xb 0xffff800000000000+@count
                x/xw 0x40000000
                delete
                watch *(long *) @counter
                continue
                continue
                delete
                hbreak *@count
                set $rbx = 0
                continue
                p $rbx
                delete
                rwatch *(long *) @flag
                continue
                delete
                echo spinning\\n
                shell (sleep 2; kill -INT $PPID) > /dev/null 2>&1 &
                continue
                p $r12 > 10
                monitor walk @count
                monitor exits
                monitor regs
                monitor nonsense
                set {long} @flag = 1
                continue
                """;
        for (String name : List.of("counter", "count", "flag")) {
            script = script.replaceAll("@" + name + "\\b", "0x%x".formatted(guest.symbol(name)));
        }
        String out = gdb(script);
        String count = "0x%016x".formatted(guest.symbol("count"));
        contains(out, "Breakpoint 1, " + count, "$1 = 0", "PG", "LMA", "= 1\n", "3.14159", "$7 = 3.14159", "inc    %rbx", "$8 = 1", "0x8\n",
                ":\t0x48", "0xffff800000", ":\t0x48", "Cannot access memory at address 0x40000000",
                "Hardware watchpoint 2", "Old value = 0", "New value = 1", "0x%016x".formatted(guest.symbol("stored")), "Old value = 1", "New value = 2",
                "Breakpoint 3, " + count, "$10 = 0", "Hardware read watchpoint", "Value = 0", "spinning", "SIGINT", "$11 = 1",
                "EPT PML4E", "PML4E", "GPA", "rdmsr", "rip", "is no monitor command", "exited normally");
        assertTrue(proteus.waitFor(30, TimeUnit.SECONDS), "the run ends with its guest");
        assertEquals(0, proteus.exitValue(), () -> text(directory.resolve("err")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"interpreter", "native"})
    void gdbFindsAStockKernelsEntryAndItsPageTables(String engine) throws Exception {
        if (!Files.isReadable(STOCK)) {
            abort("no stock kernel is cached: fetch it with ./proteus guest fetch debian-cloud-amd64");
        }
        run(engine, "--kernel", STOCK.toString(), "--memory", "128M", "--append", "nokaslr console=ttyS0", "--gdb", "0");
        // 0x1000000 is where the kernel lies and is entered by its own decompressor, 0xffffffff81000000 the same in the kernel's own map
        contains(gdb("""
                hbreak *0x1000000
                continue
                x/1i $pc
                delete
                stepi
                p $pc
                hbreak *(0xffffffff81000000 + ($pc - 0x1000000))
                x/1xb 0x1000000
                kill
                """), "Breakpoint 1, 0x0000000001000000", "0x1000000", "0x10000", "killed]");
        assertTrue(proteus.waitFor(30, TimeUnit.SECONDS), "a kill ends the run");
    }

    @Test
    void nonsenseAndDisconnectionsLeaveTheGuestAlone() throws Exception {
        runOwnGuest("interpreter");
        try (Socket first = new Socket(host, port)) {
            first.setSoTimeout(20_000);
            assertEquals("T05thread:01;", ask(first, "?"));
            try (Socket second = new Socket(host, port)) {
                second.setSoTimeout(20_000);
                assertEquals(-1, second.getInputStream().read(), "only one debugger at a time");
            }
            for (String wrong : List.of("m", "m0", "mzz,4", "m0,-1", "X0,4:a", "M0,2:00", "P0=12", "pffff", "Z2,0,0", "Z0,1", "vCont;", "vCont;r1",
                    "qXfer:features:read:target.xml:zz,1", "G1", "qRcmd,1")) {
                assertTrue(ask(first, wrong).startsWith("E"), wrong);
            }
            assertEquals("", ask(first, "vMustReplyEmpty"));
            assertEquals("", ask(first, "Z9,0,1"));
            assertTrue(ask(first, "m0,7fffffffffffffff").length() <= 0x4000);
            assertTrue(ask(first, "mffffffffffffff00,ffffff").length() <= 0x4000);
            first.getOutputStream().write(("$" + "g".repeat(100_000)).getBytes(StandardCharsets.US_ASCII));
        }
        try (Socket again = Await.value(this::welcome, Duration.ofSeconds(20))) {
            assertFalse(ask(again, "g").startsWith("E"));
            again.getOutputStream().write("$k#6b".getBytes(StandardCharsets.US_ASCII));
        }
        assertTrue(proteus.waitFor(30, TimeUnit.SECONDS), "a kill ends the run");
    }

    /** A connection that is served; the one before may not have been seen to end yet. */
    private Optional<Socket> welcome() {
        try {
            Socket socket = new Socket(host, port);
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("$?#3f".getBytes(StandardCharsets.US_ASCII));
            if (socket.getInputStream().read() == '+') {
                answer(socket);
                return Optional.of(socket);
            }
            socket.close();
            return Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static String ask(Socket socket, String packet) throws IOException {
        int sum = packet.chars().sum() & 0xff;
        socket.getOutputStream().write(("$" + packet + "#%02x".formatted(sum)).getBytes(StandardCharsets.US_ASCII));
        assertEquals('+', socket.getInputStream().read());
        return answer(socket);
    }

    private static String answer(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        StringBuilder all = new StringBuilder();
        for (int b = in.read(); b != '#'; b = in.read()) {
            if (b < 0) {
                throw new IOException("the port hung up after '" + all + "'");
            }
            all.append((char) b);
        }
        in.readNBytes(2);
        socket.getOutputStream().write('+');
        return all.substring(1);
    }
}
