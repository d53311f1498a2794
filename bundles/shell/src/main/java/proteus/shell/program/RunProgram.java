package proteus.shell.program;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.compose.CompositionReport;
import proteus.api.io.DiskImage;
import proteus.api.io.NetSetting;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.state.ArchState;
import proteus.api.vm.DebuggerPort;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmStatistics;
import proteus.shell.console.SerialEnd;
import proteus.shell.guests.FirmwareFiles;
import proteus.shell.guests.Guests;
import proteus.shell.process.StandardStreams;
import proteus.shell.text.Quantities;

/** {@code ./proteus run}: one VM from flags, its serial console on standard input and output. */
@Component(service = ToIntFunction.class, property = "proteus.command=run")
public final class RunProgram implements ToIntFunction<String[]>, Program {
    private static final String NAME = "run";
    private static final String STDIO = "stdio";
    private static final Duration FOREVER = Duration.ofDays(10_000);

    private final VirtualMachineManager manager;
    private final Composer composer;
    private final Guests guests;
    private final Settings settings;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile DebuggerPort debuggers;

    @Activate
    public RunProgram(@Reference VirtualMachineManager manager, @Reference Composer composer, @Reference Guests guests, @Reference Settings settings) {
        this.manager = manager;
        this.composer = composer;
        this.guests = guests;
        this.settings = settings;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        return Program.execute(this, arguments);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String synopsis() {
        return """
                ./proteus run [flags] (--guest NAME | --kernel FILE [--initrd FILE] | --bios FILE)
                Composes a hypervisor and boots a guest on it. The guest's serial console is on standard input and output,
                our own messages are on standard error. Exit status: 0 when the guest powers off, writes 0 to the debug-exit
                port or prints the text of --until; 1 when it fails; 2 on time-out; 64 for a wrong command line.
                """;
    }

    @Override
    public Flags flags() {
        return new Flags()
                .option("--guest", "NAME", "a guest by name; see ./proteus guest list")
                .option("--kernel", "FILE", "a bzImage, ELF, Multiboot or flat image")
                .option("--initrd", "FILE", "its initial RAM disk")
                .option("--bios", "FILE", "a BIOS in ROM, such as bios-256k.bin of SeaBIOS: it starts from --disk; vgabios-isavga.bin beside it goes along")
                .repeatable("--fw-cfg", "NAME=VALUE", "tells firmware: a file, text:WORDS, or u8:, u16:, u32:, u64:NUMBER; may be given again")
                .option("--bios-log", "FILE", "writes what firmware said at its debug port 0x402")
                .option("--append", "WORDS", "appended to the kernel's command line")
                .option("--preset", "NAME", "a composition of history, such as kvm-2007; tech:presets lists them, --cpu, --mem and --io change it")
                .option("--cpu", "NAME", "full, para or hwassist (default hwassist)")
                .option("--mem", "NAME", "shadow or ept, or direct with para (default ept, with para direct)")
                .option("--io", "NAME", "emul or virtio (default emul)")
                .repeatable("--set", "PID:KEY=VALUE", "a setting of a bundle, such as proteus.mem.shadow:variant=naive; may be given again")
                .option("--silicon", "NAME", "what it runs on (default model)")
                .option("--engine", "NAME", "native: translated to the host's code, interpreter, or auto: native where the host can (default auto)")
                .option("--model", "NAME", "CPU model the guest sees (default max)")
                .option("--memory", "SIZE", "RAM, such as 256M (default: what the guest likes)")
                .option("--clock", "count|wall", "time by retired instructions, or the host's (default count; wall on a terminal)")
                .option("--entry", "POINT", "best, 16, 32 or 64: entry point of the image (default best)")
                .option("--no-acpi", "", "show no ACPI tables")
                .option("--transport", "pci|mmio", "how virtio devices are attached (default pci)")
                .option("--host", "native|hosted", "who does the work of devices: the VMM, or a process of a host system (default native)")
                .option("--reboot", "exit|reset", "when the guest resets the machine: ends the run, or starts the guest again (default exit)")
                .repeatable("--disk", "FILE", "a disk image, raw or qcow2; behind a comma io=emul|virtio, format=, readonly=on, snapshot=on; may be given again")
                .repeatable("--cdrom", "FILE", "a CD-ROM drive with an ISO image in it; may be given again")
                .repeatable("--net", "user|hub=NAME|none[,...]", "a network card: to a gateway of its own to the host, or to other VMs here;"
                        + " options hostfwd=tcp:[HOST]:PORT-[GUEST]:PORT, model=e1000|ne2k_isa|virtio, mac=ADDRESS, pcap=FILE; may be given again")
                .option("--serial", "WHERE", "the guest's serial console: stdio, unix:PATH, tcp:[HOST]:PORT (0 for any free one) or file:FILE (default stdio)")
                .repeatable("--send", "TEXT", "typed, with Enter, once a shell prompt or READY appears; may be given again")
                .repeatable("--keys", "[TEXT=>]KEYS", "pressed on the guest's keyboard, once TEXT is on its screen; <esc>, <enter>, <f1> and so on; may be given again")
                .option("--until", "TEXT", "ends the run with success when the guest prints this")
                .option("--timeout", "SECONDS", "ends the run with status 2")
                .option("--gdb", "[HOST:]PORT", "waits for GDB (target remote) and runs under it; PORT 0 is any free one, ,i386 or ,x86-64 behind it says what GDB sees")
                .option("--screen", "", "prints the text on the guest's display to standard error at the end")
                .option("--stats", "FILE", "writes composition, times and counters as JSON");
    }

    @Override
    public int run(Flags flags) throws InterruptedException {
        if (!flags.words().isEmpty()) {
            throw new UsageException("'" + flags.words().getFirst() + "' is no flag; --help lists them");
        }
        if (Stream.of("--guest", "--kernel", "--bios").filter(flags::has).count() != 1) {
            throw new UsageException("give one of --guest NAME, --kernel FILE and --bios FILE");
        }
        if (!flags.has("--kernel") && flags.has("--initrd")) {
            throw new UsageException("--initrd goes with --kernel; a guest by name brings its own, a BIOS has none");
        }
        Composition composition = composition(flags);
        Optional<Duration> timeout = flags.value("--timeout").map(RunProgram::seconds);
        String clock = flags.choice("--clock", Terminal.isTerminal() ? "wall" : "count", "count", "wall");
        long wishedMemory = flags.value("--memory").map(RunProgram::size).orElse(0L);
        settings.apply(flags.values("--set"), () -> composer.examine(composition).possible());
        CompositionReport report = composer.examine(composition);
        if (!report.possible()) {
            // Before a guest is fetched in vain.
            throw new VmException(report.findings().stream().filter(finding -> !finding.contains(" fits ")).collect(Collectors.joining(" ")));
        }
        GuestImage image = flags.has("--guest")
                ? guests.image(flags.value("--guest").get(), Program::say)
                : flags.has("--bios")
                ? guests.firmware(flags.value("--bios").get())
                : guests.files(flags.value("--kernel").get(), flags.value("--initrd").orElse(""));
        long memory = wishedMemory > 0 ? wishedMemory : image.info().memoryBytes();
        String commandLine = Stream.concat(Stream.of(image.commandLine()), flags.value("--append").stream())
                .filter(words -> !words.isBlank())
                .collect(Collectors.joining(" "));
        VmSpec spec = new VmSpec(
                NAME,
                composition,
                memory,
                1,
                VmSpec.Clock.valueOf(clock.toUpperCase(Locale.ROOT)),
                flags.value("--model").orElse("max"),
                !flags.has("--no-acpi"),
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), commandLine, entry(flags, image), FirmwareFiles.of(image.files(), flags.values("--fw-cfg"))),
                disks(flags),
                ExecutionEngine.valueOf(
                        flags.choice("--engine", VmSpec.DEFAULT_ENGINE.name().toLowerCase(Locale.ROOT), "auto", "native", "interpreter").toUpperCase(Locale.ROOT)),
                VmSpec.Reboot.valueOf(flags.choice("--reboot", "exit", "exit", "reset").toUpperCase(Locale.ROOT)),
                DeviceSetting.of(flags.choice("--transport", "pci", "pci", "mmio"), flags.choice("--host", "native", "native", "hosted"))
                        .with(networks(flags)));
        announce(flags, spec, report);
        VirtualMachine vm = manager.create(spec);
        try {
            vm.describe().stream().limit(2).forEach(Program::say);
            Optional<DebuggerPort.Opened> port = flags.value("--gdb").map(where -> debuggers().open(vm, where));
            port.ifPresent(open -> Program.say("waiting for a debugger: target remote " + open.address()));
            return follow(vm, flags, Guests.prompts(image), timeout, port);
        } finally {
            vm.close();
        }
    }

    private DebuggerPort debuggers() {
        DebuggerPort here = debuggers;
        if (here == null) {
            throw new VmException("there is no debugger port: bundle proteus.debug does not run");
        }
        return here;
    }

    private Composition composition(Flags flags) {
        return composer.wished(
                flags.value("--preset").orElse(""),
                flags.value("--silicon").orElse(""),
                flags.choice("--cpu", "", "full", "para", "hwassist"),
                flags.choice("--mem", "", "shadow", "ept", "direct"),
                flags.choice("--io", "", "emul", "virtio"));
    }

    private static List<NetSetting> networks(Flags flags) {
        try {
            return flags.values("--net").stream().flatMap(text -> NetSetting.parse(text).stream()).toList();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static VmSpec.Entry entry(Flags flags, GuestImage image) {
        if (image.entry() != VmSpec.Entry.BEST) {
            return image.entry();
        }
        return switch (flags.choice("--entry", "best", "best", "16", "32", "64")) {
            case "16" -> VmSpec.Entry.REAL_16;
            case "32" -> VmSpec.Entry.PROTECTED_32;
            case "64" -> VmSpec.Entry.LONG_64;
            default -> VmSpec.Entry.BEST;
        };
    }

    private static List<DiskImage> disks(Flags flags) {
        try {
            return Stream.concat(
                            flags.values("--disk").stream().map(text -> DiskImage.parse(DiskImage.Medium.DISK, text)),
                            flags.values("--cdrom").stream().map(text -> DiskImage.parse(DiskImage.Medium.CDROM, text)))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static Duration seconds(String text) {
        try {
            double seconds = Double.parseDouble(text);
            if (seconds > 0 && seconds < 1e9) {
                return Duration.ofMillis(Math.max(1, (long) (seconds * 1000)));
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new UsageException("--timeout " + text + " will not do: give a number of seconds");
    }

    private static long size(String text) {
        try {
            return MemorySize.parse(text);
        } catch (VmException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** Says what runs, and which of it nobody asked for. */
    private static void announce(Flags flags, VmSpec spec, CompositionReport report) {
        List<String> usual = new ArrayList<>();
        for (String flag : List.of("--cpu", "--mem", "--io", "--memory", "--clock")) {
            boolean preset = flags.has("--preset") && List.of("--cpu", "--mem", "--io").contains(flag);
            if (!flags.has(flag) && !preset) {
                usual.add(flag);
            }
        }
        Program.say("%s (%s)".formatted(spec.composition(), report.historicalName()));
        Program.say("guest %s, %s of memory, %s clock%s".formatted(
                spec.boot().name(),
                MemorySize.format(spec.memoryBytes()),
                spec.clock().name().toLowerCase(Locale.ROOT),
                usual.isEmpty() ? "" : "; defaults for " + String.join(" ", usual)));
        if (!spec.boot().commandLine().isEmpty()) {
            Program.say("command line: " + spec.boot().commandLine());
        }
    }

    private int follow(VirtualMachine vm, Flags flags, List<String> prompts, Optional<Duration> timeout, Optional<DebuggerPort.Opened> port) throws InterruptedException {
        PrintStream out = StandardStreams.out();
        String serial = flags.value("--serial").orElse(STDIO);
        boolean here = serial.equals(STDIO);
        if (here) {
            vm.console().subscribe(text -> {
                byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
                out.write(bytes, 0, bytes.length);
                out.flush();
            });
        }
        for (String text : flags.values("--send")) {
            String typed = Escapes.resolve(text);
            vm.console().typeAfterAny(prompts, typed.endsWith("\n") ? typed : typed + "\n");
        }
        for (String wish : flags.values("--keys")) {
            int arrow = wish.indexOf("=>");
            vm.pressKeys(arrow < 0 ? "" : wish.substring(0, arrow), Escapes.resolve(arrow < 0 ? wish : wish.substring(arrow + 2)));
        }
        flags.value("--until").map(Escapes::resolve).ifPresent(vm.console()::stopAfter);
        long from = System.nanoTime();
        Optional<VmEnd> end;
        try (AutoCloseable keyboard = here ? Terminal.attach(vm, StandardStreams.in(), prompts) : serialEnd(vm, serial)) {
            if (port.isEmpty()) {
                vm.start();
            }
            end = vm.awaitEnd(timeout.orElse(FOREVER));
            if (end.isEmpty()) {
                vm.stop();
            }
            if (port.isPresent()) {
                // after a bad end the debugger may still look around
                port.get().awaitFree();
                port.get().close();
            }
        } catch (InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new VmException("the serial console was not closed well: " + e.getMessage(), e);
        }
        long wall = System.nanoTime() - from;
        VmEnd how = end.orElseGet(() -> new VmEnd(
                VmEnd.Kind.STOPPED, 0, "time-out after " + Quantities.time(wall) + where(vm)));
        out.flush();
        if (here && !vm.console().text().endsWith("\n")) {
            StandardStreams.err().println();
        }
        flags.value("--bios-log").ifPresent(file -> log(Path.of(file), vm.firmwareLog()));
        if (flags.has("--screen")) {
            StandardStreams.err().print(screen(vm));
        }
        summarize(vm, how, wall);
        flags.value("--stats").ifPresent(file -> StatisticsFile.write(Path.of(file), vm, how, wall));
        return end.isEmpty() ? Status.TIME_OUT : succeeded(vm, how) ? Status.SUCCESS : Status.FAILURE;
    }

    private static SerialEnd serialEnd(VirtualMachine vm, String where) {
        SerialEnd end = SerialEnd.open(vm.console(), where);
        Program.say("the serial console is at " + end.name());
        return end;
    }

    private static void log(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new VmException("the firmware's log cannot be written to " + file + " (" + e.getClass().getSimpleName() + ")");
        }
    }

    private static String screen(VirtualMachine vm) {
        return vm.screen()
                .map(screen -> screen.graphics() ? "the display shows graphics, no text\n" : screen.text())
                .orElse("this machine has no display that shows text\n");
    }

    private static String where(VirtualMachine vm) {
        return vm.inspect(inside -> {
            ArchState at = inside.cpu().exportState();
            return ", at RIP 0x%x, CR3 0x%x".formatted(at.general().rip(), at.control().cr3());
        });
    }

    /** A kernel that panics and was told to reboot did not end well. */
    private static boolean succeeded(VirtualMachine vm, VmEnd end) {
        return end.success() && !(end.kind() == VmEnd.Kind.RESET && vm.console().text().contains("Kernel panic"));
    }

    private static void summarize(VirtualMachine vm, VmEnd end, long wall) {
        VmStatistics statistics = vm.statistics();
        Program.say(end.message());
        long exits = statistics.counters().entrySet().stream()
                .filter(entry -> entry.getKey().startsWith("exit."))
                .mapToLong(java.util.Map.Entry::getValue)
                .sum();
        Program.say("%s instructions in %s, %s of it CPU time (%.0f MIPS), %s exits".formatted(
                Quantities.grouped(statistics.retired()),
                Quantities.time(wall),
                Quantities.time(statistics.cpuNanos()),
                Quantities.mips(statistics.retired(), statistics.cpuNanos()),
                Quantities.grouped(exits)));
    }
}
