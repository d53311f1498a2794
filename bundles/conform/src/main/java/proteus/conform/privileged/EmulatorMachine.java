package proteus.conform.privileged;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import proteus.conform.privileged.Outcome.Ending;

/** An emulator installed on this host, run as a process without a display; its standard output has what goes to port 0xe9. */
final class EmulatorMachine implements Machine {
    /** So long without a byte: nothing will come. */
    private static final long PATIENCE_MILLIS = 4_000, LOOK_MILLIS = 200;
    private static final Path KVM_DEVICE = Path.of("/dev/kvm");
    private static final int OPTION_ROM_BYTES = 512;

    /** Which emulator: how its command line and its files are made. */
    private enum Kind {
        BOCHS {
            @Override
            List<String> command(Path binary, Path directory) throws IOException {
                Files.writeString(directory.resolve("bochsrc"), """
                    display_library: term
                    config_interface: textconfig
                    cpu: model=corei7_icelake_u, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0
                    memory: guest=16, host=16
                    romimage: file="%s"
                    vgaromimage: file="%s"
                    port_e9_hack: enabled=1
                    log: "%s"
                    panic: action=fatal
                    error: action=ignore
                    info: action=ignore
                    debug: action=ignore
                    pci: enabled=0
                    vga: extension=none, update_freq=1
                    floppya: type=none
                    ata0: enabled=0
                    clock: sync=none
                    """.formatted(directory.resolve("rom"), directory.resolve("vga"), directory.resolve("log")));
                byte[] vga = new byte[OPTION_ROM_BYTES];
                vga[0] = 0x55;
                vga[1] = (byte) 0xaa;
                vga[2] = 1;
                Files.write(directory.resolve("vga"), vga);
                // a build with the debugger waits for commands
                Files.writeString(directory.resolve("commands"), "c\nquit\n");
                return List.of(binary.toString(), "-q", "-f", directory.resolve("bochsrc").toString(), "-rc", directory.resolve("commands").toString());
            }
        },
        QEMU {
            @Override
            List<String> command(Path binary, Path directory) {
                return qemu(binary, directory, "tcg", "max");
            }
        },
        /** The host's processor behind /dev/kvm; QEMU only sets the machine up. */
        KVM {
            @Override
            List<String> command(Path binary, Path directory) {
                return qemu(binary, directory, "kvm", "host");
            }
        };

        private static List<String> qemu(Path binary, Path directory, String accelerator, String cpu) {
            return List.of(binary.toString(), "-M", "pc,accel=" + accelerator, "-cpu", cpu, "-m", "16", "-display", "none", "-nodefaults", "-monitor", "none",
                "-no-reboot", "-bios", directory.resolve("rom").toString(), "-debugcon", "stdio");
        }

        abstract List<String> command(Path binary, Path directory) throws IOException;
    }

    private final Kind kind;
    private final Path binary;
    private final String description;
    private final Path directory;

    private EmulatorMachine(Kind kind, Path binary) {
        this.kind = kind;
        this.binary = binary;
        try {
            directory = Files.createTempDirectory("proteus-conform-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        description = kind == Kind.BOCHS ? "Bochs" : kind == Kind.QEMU ? "QEMU TCG" : "KVM";
    }

    /** Bochs, if it is installed. */
    static Optional<Machine> bochs() {
        // Debian's "bochs" is a shell script: the process that must be ended is the program itself
        return find("bochs-bin").or(() -> find("bochs")).map(binary -> new EmulatorMachine(Kind.BOCHS, binary));
    }

    /** QEMU, if it is installed. */
    static Optional<Machine> qemu() {
        return find("qemu-system-x86_64").map(binary -> new EmulatorMachine(Kind.QEMU, binary));
    }

    /** The host's processor, if there is a /dev/kvm that may be opened and QEMU to set the machine up. */
    static Optional<Machine> kvm() {
        return find("qemu-system-x86_64").filter(binary -> Files.isReadable(KVM_DEVICE) && Files.isWritable(KVM_DEVICE)).map(binary -> new EmulatorMachine(Kind.KVM, binary));
    }

    private static Optional<Path> find(String name) {
        String path = System.getenv("PATH");
        return Stream.of((path == null ? "" : path).split(File.pathSeparator)).filter(p -> !p.isEmpty()).map(p -> Path.of(p, name)).filter(Files::isExecutable).findFirst();
    }

    @Override
    public String name() {
        return kind.name().toLowerCase(java.util.Locale.ROOT);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public Ending run(byte[] rom, Receiver receiver) throws IOException {
        Files.write(directory.resolve("rom"), rom);
        ProcessBuilder builder = new ProcessBuilder(kind.command(binary, directory)).directory(directory.toFile())
            .redirectInput(new File("/dev/null")).redirectError(directory.resolve("errors").toFile());
        builder.environment().put("TERM", "dumb");
        Process process = builder.start();
        // the emulator does not survive us; Bochs takes SIGTERM for a key press
        Thread hook = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Watch watch = new Watch(process);
            Thread watcher = Thread.ofPlatform().daemon().name("conform-watch").start(watch);
            boolean finished = read(process.getInputStream(), receiver, watch);
            watcher.interrupt();
            if (finished) {
                return Ending.EVENT;
            }
            if (!receiver.started() && !watch.fired) {
                throw new IOException("%s did not start the image: %s".formatted(description, firstLine(directory.resolve("errors"))));
            }
            return watch.fired ? Ending.SILENCE : Ending.SHUTDOWN;
        } finally {
            process.destroyForcibly();
            try {
                process.waitFor(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    private static boolean read(InputStream in, Receiver receiver, Watch watch) throws IOException {
        byte[] buffer = new byte[1 << 16];
        while (true) {
            int n = in.read(buffer);
            if (n < 0) {
                return false;
            }
            watch.last = System.nanoTime();
            for (int i = 0; i < n; i++) {
                // what comes after a machine went down is the emulator's own
                if (receiver.take(buffer[i])) {
                    return true;
                }
            }
        }
    }

    private static String firstLine(Path file) throws IOException {
        try (Stream<String> lines = Files.lines(file, java.nio.charset.StandardCharsets.ISO_8859_1)) {
            return lines.filter(line -> !line.isBlank()).findFirst().orElse("it said nothing");
        }
    }

    /** Ends a process that says nothing any more. */
    private static final class Watch implements Runnable {
        private final Process process;
        private volatile long last = System.nanoTime();
        private volatile boolean fired;

        Watch(Process process) {
            this.process = process;
        }

        @Override
        public void run() {
            try {
                while (process.isAlive()) {
                    Thread.sleep(LOOK_MILLIS);
                    if (System.nanoTime() - last > TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS)) {
                        fired = true;
                        process.destroyForcibly();
                    }
                }
            } catch (InterruptedException e) {
                // the run is over
            }
        }
    }

    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
