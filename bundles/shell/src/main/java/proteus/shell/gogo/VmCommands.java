package proteus.shell.gogo;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import proteus.api.compose.Composer;
import proteus.api.compose.Composition;
import proteus.api.io.NetSetting;
import proteus.api.io.TextScreen;
import proteus.api.io.DiskImage;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.AdaptivePolicy;
import proteus.api.vm.DebuggerPort;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.HandOverReport;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.api.vm.VmShape;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmStatistics;
import proteus.shell.console.SerialEnd;
import proteus.shell.guests.Guests;
import proteus.shell.text.Output;
import proteus.shell.text.Quantities;
import proteus.shell.text.Table;

/** {@code vm:*}: the life of virtual machines. */
@Component(
        service = VmCommands.class,
        property = {
            "osgi.command.scope=vm",
            "osgi.command.function=create",
            "osgi.command.function=start",
            "osgi.command.function=pause",
            "osgi.command.function=resume",
            "osgi.command.function=stop",
            "osgi.command.function=destroy",
            "osgi.command.function=await",
            "osgi.command.function=list",
            "osgi.command.function=info",
            "osgi.command.function=console",
            "osgi.command.function=screen",
            "osgi.command.function=serial",
            "osgi.command.function=keys",
            "osgi.command.function=stat",
            "osgi.command.function=send",
            "osgi.command.function=gdb",
            "osgi.command.function=swap",
            "osgi.command.function=snapshot",
            "osgi.command.function=restore",
            "osgi.command.function=adaptive"
        })
public final class VmCommands {
    private final VirtualMachineManager manager;
    private final Guests guests;
    private final Composer composer;
    private final Map<String, List<SerialEnd>> serialEnds = new ConcurrentHashMap<>();

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile DebuggerPort debuggers;

    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
    private volatile AdaptivePolicy policy;

    @Activate
    public VmCommands(@Reference VirtualMachineManager manager, @Reference Guests guests, @Reference Composer composer) {
        this.manager = manager;
        this.guests = guests;
        this.composer = composer;
    }

    @Descriptor("composes a VM and loads its guest; vm:start runs it")
    public String create(
            CommandSession session,
            @Descriptor("a composition of history; tech:presets lists them") @Parameter(names = "--preset", absentValue = "") String preset,
            @Descriptor("CPU technique: full, para or hwassist") @Parameter(names = "--cpu", absentValue = "") String cpu,
            @Descriptor("memory technique: shadow or ept, direct with para") @Parameter(names = "--mem", absentValue = "") String memoryTechnique,
            @Descriptor("I/O technique: emul or virtio") @Parameter(names = "--io", absentValue = "") String io,
            @Descriptor("what it runs on") @Parameter(names = "--silicon", absentValue = "") String silicon,
            @Descriptor("RAM, such as 256M") @Parameter(names = "--memory", absentValue = "") String memory,
            @Descriptor("count or wall") @Parameter(names = "--clock", absentValue = "count") String clock,
            @Descriptor("native, interpreter or auto") @Parameter(names = "--engine", absentValue = "") String engine,
            @Descriptor("CPU model the guest sees") @Parameter(names = "--model", absentValue = "max") String model,
            @Descriptor("a guest by name") @Parameter(names = "--guest", absentValue = "") String guest,
            @Descriptor("file of a kernel or image") @Parameter(names = "--kernel", absentValue = "") String kernel,
            @Descriptor("file of an initial RAM disk") @Parameter(names = "--initrd", absentValue = "") String initrd,
            @Descriptor("file of a BIOS to start from") @Parameter(names = "--bios", absentValue = "") String bios,
            @Descriptor("files of disk images with commas between them, each with its options: io=, format=, readonly=on, snapshot=on")
                    @Parameter(names = "--disk", absentValue = "") String disk,
            @Descriptor("files of ISO images, with commas between them") @Parameter(names = "--cdrom", absentValue = "") String cdrom,
            @Descriptor("network cards, with blanks between them: user or hub=NAME, and options behind commas; see run --help") @Parameter(names = "--net", absentValue = "none") String net,
            @Descriptor("how virtio devices are attached: pci or mmio") @Parameter(names = "--transport", absentValue = "pci") String transport,
            @Descriptor("who does the work of devices: native or hosted") @Parameter(names = "--host", absentValue = "native") String host,
            @Descriptor("appended to the command line") @Parameter(names = "--append", absentValue = "") String append,
            @Descriptor("name of the VM") String name) {
        if (Stream.of(guest, kernel, bios).filter(given -> !given.isEmpty()).count() != 1) {
            throw new VmException("give one of --guest NAME, --kernel FILE and --bios FILE");
        }
        if (!clock.equals("count") && !clock.equals("wall")) {
            throw new VmException("--clock " + clock + " will not do: give count or wall");
        }
        GuestImage image = !guest.isEmpty()
                ? guests.image(guest, session.getConsole()::println)
                : bios.isEmpty() ? guests.files(kernel, initrd) : guests.firmware(bios);
        VirtualMachine vm = manager.create(new VmSpec(
                name,
                composer.wished(preset, silicon, cpu, memoryTechnique, io),
                memory.isEmpty() ? image.info().memoryBytes() : MemorySize.parse(memory),
                1,
                VmSpec.Clock.valueOf(clock.toUpperCase(Locale.ROOT)),
                model,
                true,
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), (image.commandLine() + " " + append).strip(), image.entry(), image.files()),
                disks(disk, cdrom),
                engine(engine),
                VmSpec.Reboot.EXIT,
                DeviceSetting.of(transport, host).with(networks(net))));
        return name + ": " + vm.spec().composition() + " (" + vm.composition().historicalName() + "), " + vm.describe().getFirst();
    }

    private static List<DiskImage> disks(String disk, String cdrom) {
        try {
            return Stream.concat(
                            DiskImage.parseAll(DiskImage.Medium.DISK, disk).stream(), DiskImage.parseAll(DiskImage.Medium.CDROM, cdrom).stream())
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new VmException(e.getMessage(), e);
        }
    }

    private static List<NetSetting> networks(String text) {
        try {
            return Stream.of(text.strip().split(" +")).flatMap(card -> NetSetting.parse(card).stream()).toList();
        } catch (IllegalArgumentException e) {
            throw new VmException(e.getMessage());
        }
    }

    private static ExecutionEngine engine(String name) {
        return switch (name) {
            case "" -> VmSpec.DEFAULT_ENGINE;
            case "auto", "native", "interpreter" -> ExecutionEngine.valueOf(name.toUpperCase(Locale.ROOT));
            default -> throw new VmException("--engine " + name + " will not do: give native, interpreter or auto");
        };
    }

    @Descriptor("runs a VM that was created")
    public void start(@Descriptor("name of the VM") String vm) {
        Vms.find(manager, vm).start();
    }

    @Descriptor("brings a VM to rest between two instructions")
    public void pause(@Descriptor("name of the VM") String vm) {
        Vms.find(manager, vm).pause();
    }

    @Descriptor("lets a paused VM go on")
    public void resume(@Descriptor("name of the VM") String vm) {
        Vms.find(manager, vm).resume();
    }

    @Descriptor("ends a VM's run as if its plug were pulled; its state stays")
    public void stop(@Descriptor("name of the VM") String vm) {
        Vms.find(manager, vm).stop();
    }

    @Descriptor("frees a VM and everything of it")
    public void destroy(@Descriptor("name of the VM") String vm) {
        Vms.find(manager, vm).close();
        serialEnds.getOrDefault(vm, List.of()).forEach(SerialEnd::close);
        serialEnds.remove(vm);
    }

    @Descriptor("waits until a VM's run has ended, and says how; fails if it did not end well")
    public String await(
            @Descriptor("seconds to wait at most") @Parameter(names = "--timeout", absentValue = "60") String timeout,
            @Descriptor("name of the VM") String vm)
            throws InterruptedException {
        VirtualMachine machine = Vms.find(manager, vm);
        long seconds = Vms.number(timeout);
        proteus.api.vm.VmEnd end = machine.awaitEnd(java.time.Duration.ofSeconds(seconds))
                .orElseThrow(() -> new VmException("VM " + vm + " still runs after " + seconds + " s"));
        if (!end.success()) {
            throw new VmException(end.message());
        }
        return end.message();
    }

    @Descriptor("all VMs")
    public String list(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        Table table = new Table("name", "state", "composition", "memory", "guest", "instructions");
        for (VirtualMachine vm : manager.list()) {
            table.row(
                    vm.name(),
                    state(vm),
                    vm.composition().composition(),
                    MemorySize.format(vm.spec().memoryBytes()),
                    vm.spec().boot().name(),
                    vm.statistics().retired());
        }
        return Output.of(output).show(table, "no VMs; vm:create makes one");
    }

    @Descriptor("what a VM is made of and how it is")
    public String info(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        VirtualMachine machine = Vms.find(manager, vm);
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("name", machine.name());
        values.put("state", state(machine));
        if (!machine.reason().isEmpty()) {
            values.put("reason", machine.reason());
        }
        values.put("composition", machine.composition().composition().toString());
        values.put("knownAs", machine.composition().historicalName());
        values.put("memory", MemorySize.format(machine.spec().memoryBytes()));
        values.put("clock", machine.spec().clock().name().toLowerCase(Locale.ROOT));
        values.put("cpu", machine.spec().cpu());
        values.put("guest", machine.spec().boot().name());
        values.put("commandLine", machine.spec().boot().commandLine());
        values.put("parts", machine.describe());
        List<HandOverReport> handOvers = machine.handOvers();
        if (!handOvers.isEmpty()) {
            values.put("handOvers", handOvers.size());
            values.put("lastHandOver", change(handOvers.getLast()));
        }
        return Output.of(output).show(values);
    }

    @Descriptor("what a VM's guest has printed")
    public String console(
            @Descriptor("only so many last lines") @Parameter(names = {"-n", "--lines"}, absentValue = "0") String lines,
            @Descriptor("name of the VM") String vm) {
        String text = Vms.find(manager, vm).console().text().replace("\r", "");
        long wanted = Vms.number(lines);
        if (wanted <= 0) {
            return text;
        }
        List<String> all = text.lines().toList();
        return String.join("\n", all.subList((int) Math.max(0, all.size() - wanted), all.size()));
    }

    @Descriptor("leads a VM's serial console to a socket or a file besides, until the VM is destroyed")
    public String serial(
            @Descriptor("name of the VM") String vm, @Descriptor("unix:PATH, tcp:[HOST]:PORT, any free port for 0, or file:FILE") String where) {
        VirtualMachine machine = Vms.find(manager, vm);
        SerialEnd end = SerialEnd.open(machine.console(), where);
        serialEnds.computeIfAbsent(vm, name -> new ArrayList<>()).add(end);
        return "the serial console of %s is at %s".formatted(vm, end.name());
    }

    @Descriptor("presses keys on a VM's keyboard")
    public void keys(
            @Descriptor("press them once this text is on the screen") @Parameter(names = "--after", absentValue = "") String after,
            @Descriptor("name of the VM") String vm,
            @Descriptor("text; <esc>, <enter>, <f1>, <up>, <ctrl-c> and so on") String keys) {
        Vms.find(manager, vm).pressKeys(after, keys);
    }

    @Descriptor("the text on a VM's display")
    public String screen(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        TextScreen.Snapshot screen = Vms.find(manager, vm).screen().orElseThrow(() -> new VmException("VM " + vm + " has no display that shows text"));
        if (Output.of(output) == Output.JSON) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("columns", screen.columns());
            values.put("rows", screen.rows());
            values.put("cursorColumn", screen.cursorColumn());
            values.put("cursorRow", screen.cursorRow());
            values.put("lines", screen.lines());
            return Output.JSON.show(values);
        }
        return screen.graphics() ? "the display shows graphics, no text" : screen.text();
    }

    @Descriptor("times and counters of a VM")
    public String stat(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        VmStatistics statistics = Vms.find(manager, vm).statistics();
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("retired", statistics.retired());
        if (Output.of(output) == Output.JSON) {
            values.put("virtualNanos", statistics.virtualNanos());
            values.put("runNanos", statistics.runNanos());
            values.put("cpuNanos", statistics.cpuNanos());
            values.put("counters", statistics.counters());
            return Output.JSON.show(values);
        }
        values.put("virtual time", Quantities.time(statistics.virtualNanos()));
        values.put("run time", Quantities.time(statistics.runNanos()));
        values.put("CPU time", Quantities.time(statistics.cpuNanos()));
        values.put("MIPS", Quantities.decimal(Quantities.mips(statistics.retired(), statistics.cpuNanos())));
        values.putAll(statistics.counters());
        return Output.TEXT.show(values);
    }

    @Descriptor("types a text and Enter on a VM's console")
    public void send(
            @Descriptor("type it once this text was printed") @Parameter(names = "--after", absentValue = "") String after,
            @Descriptor("name of the VM") String vm,
            @Descriptor("what to type") String text) {
        VirtualMachine machine = Vms.find(manager, vm);
        if (after.isEmpty()) {
            machine.console().type(text + "\n");
        } else {
            machine.console().typeAfter(after, text + "\n");
        }
    }

    @Descriptor("opens a port where GDB can attach to a VM; a debugger that comes pauses it")
    public String gdb(
            @Descriptor("name of the VM") String vm,
            @Descriptor("[HOST:]PORT of this host, any free port for 0") String where) {
        DebuggerPort port = debuggers;
        if (port == null) {
            throw new VmException("there is no debugger port: bundle proteus.debug does not run");
        }
        return "target remote " + port.open(Vms.find(manager, vm), where).address();
    }

    @Descriptor("gives a VM's guest, running or not, to another technique: vm:swap NAME cpu|mem|io|silicon|engine|host TECHNIQUE")
    public String swap(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm,
            @Descriptor("what to change: cpu, mem, io, silicon, engine or host") String what,
            @Descriptor("the technique to change to, as in tech:list; an engine: native, interpreter or auto; a host: native or hosted") String technique) {
        VirtualMachine machine = Vms.find(manager, vm);
        VmShape shape = machine.shape();
        Composition now = shape.composition();
        HandOverReport done = machine.swap(switch (what) {
            case "cpu" -> shape.with(new Composition(now.silicon(), technique, now.memory(), now.io()));
            case "mem" -> shape.with(new Composition(now.silicon(), now.cpu(), technique, now.io()));
            case "io" -> shape.with(new Composition(now.silicon(), now.cpu(), now.memory(), technique));
            case "silicon" -> shape.with(new Composition(technique, now.cpu(), now.memory(), now.io()));
            case "engine" -> shape.with(engine(technique));
            case "host" -> shape.with(DeviceSetting.of("pci", technique).host());
            default -> throw new VmException("'" + what + "' cannot be swapped: give cpu, mem, io, silicon, engine or host");
        });
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("change", change(done));
        values.put("retired", done.retired());
        values.put("pauseMicros", done.pauseNanos() / 1000);
        values.put("steps", done.steps());
        return Output.of(output).show(values);
    }

    @Descriptor("what the adaptive policy saw of VMs and what it decided; tech:set proteus.adaptive:enabled=true sets it to work")
    public String adaptive(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        AdaptivePolicy asked = policy;
        if (asked == null) {
            throw new VmException("there is no adaptive policy: bundle proteus.adaptive does not run");
        }
        Table table = new Table("vm", "instructions", "mem", "engine", "page faults/M", "TLB misses/M", "untranslated/M", "decision");
        for (AdaptivePolicy.Decision one : asked.decisions()) {
            table.row(one.vm(), one.retired(), one.shape().composition().memory(), one.shape().engine().name().toLowerCase(Locale.ROOT),
                    Quantities.decimal(one.pageFaults()), Quantities.decimal(one.tlbMisses()), Quantities.decimal(one.untranslated()), one.verdict());
        }
        String none = asked.enabled() ? "no decisions yet" : "the policy is off";
        return Output.of(output) == Output.JSON ? Output.JSON.show(table, none) : String.join("\n", asked.rules()) + "\n" + Output.TEXT.show(table, none);
    }

    @Descriptor("writes all that a VM's guest could miss to a file; the guest goes on")
    public String snapshot(@Descriptor("name of the VM") String vm, @Descriptor("where to") String file) {
        VirtualMachine machine = Vms.find(manager, vm);
        machine.snapshot(Path.of(file));
        return "%s saved after %s instructions".formatted(vm, Quantities.grouped(machine.statistics().retired()));
    }

    @Descriptor("makes a VM out of a snapshot, under the techniques it was saved with or others; vm:resume lets it go on")
    public String restore(
            @Descriptor("CPU technique, if another") @Parameter(names = "--cpu", absentValue = "") String cpu,
            @Descriptor("memory technique, if another") @Parameter(names = "--mem", absentValue = "") String memoryTechnique,
            @Descriptor("native, interpreter or auto, if another") @Parameter(names = "--engine", absentValue = "") String engine,
            @Descriptor("name of the VM, if another") @Parameter(names = "--name", absentValue = "") String name,
            @Descriptor("the snapshot") String file) {
        VirtualMachine vm = manager.restore(Path.of(file), saved -> saved.named(name.isEmpty() ? saved.name() : name).on(
                new Composition(
                        saved.composition().silicon(),
                        cpu.isEmpty() ? saved.composition().cpu() : cpu,
                        memoryTechnique.isEmpty() ? saved.composition().memory() : memoryTechnique,
                        saved.composition().io()),
                engine.isEmpty() ? saved.engine() : engine(engine)));
        return "%s: %s, paused after %s instructions".formatted(vm.name(), vm.composition().composition(), Quantities.grouped(vm.statistics().retired()));
    }

    private static String change(HandOverReport done) {
        Composition before = done.from().composition();
        Composition now = done.to().composition();
        return before + (before.equals(now) ? " stays" : " to " + now) + other("engine", done.from().engine(), done.to().engine())
                + other("host", done.from().host(), done.to().host());
    }

    private static String other(String what, Enum<?> before, Enum<?> now) {
        return before == now ? "" : ", %s %s to %s".formatted(what, before, now).toLowerCase(Locale.ROOT);
    }

    private static String state(VirtualMachine vm) {
        return vm.state().name().toLowerCase(Locale.ROOT);
    }
}
