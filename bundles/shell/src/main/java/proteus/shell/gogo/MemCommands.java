package proteus.shell.gogo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.io.Bus;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.HostMemory.FrameRun;
import proteus.api.silicon.WalkReport;
import proteus.api.vm.HostMemoryManager;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmException;
import proteus.shell.text.Output;
import proteus.shell.text.Table;

/** {@code mem:*}: the memory of a VM. */
@Component(
        service = MemCommands.class,
        property = {"osgi.command.scope=mem", "osgi.command.function=walk", "osgi.command.function=dump", "osgi.command.function=map", "osgi.command.function=share",
            "osgi.command.function=balloon", "osgi.command.function=use", "osgi.command.function=install"})
public final class MemCommands {
    private static final int LEAST_HOST = 16;
    private static final int LINE = 16;
    private static final long MOST = 64 << 10;

    private final VirtualMachineManager manager;
    private final HostMemoryManager memory;
    private final ConfigurationAdmin configurations;

    @Activate
    public MemCommands(@Reference VirtualMachineManager manager, @Reference HostMemoryManager memory, @Reference ConfigurationAdmin configurations) {
        this.configurations = configurations;
        this.manager = manager;
        this.memory = memory;
    }

    @Descriptor("translates a linear address step by step, in all dimensions")
    public String walk(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm,
            @Descriptor("linear address") String address) {
        long gva = Vms.number(address);
        WalkReport report = Vms.find(manager, vm).inspect(inside -> inside.processor().walk(gva));
        Table table = new Table("step", "at", "entry");
        report.steps().forEach(step -> table.row(step.level(), "%x".formatted(step.hpa()), "%016x".formatted(step.entry())));
        if (Output.of(output) == Output.JSON) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("gva", "%x".formatted(report.gva()));
            values.put("present", report.present());
            values.put("gpa", "%x".formatted(report.gpa()));
            values.put("hpa", "%x".formatted(report.hpa()));
            values.put("pageBytes", report.pageBytes());
            values.put("steps", report.steps().stream().map(step -> Map.of(
                    "level", step.level(), "at", "%x".formatted(step.hpa()), "entry", "%016x".formatted(step.entry()))).toList());
            values.put("summary", report.summary());
            return Output.JSON.show(values);
        }
        return table.text() + "\n" + report.summary();
    }

    @Descriptor("the bytes at an address of guest memory")
    public String dump(
            @Descriptor("how many bytes") @Parameter(names = {"-n", "--bytes"}, absentValue = "64") String bytes,
            @Descriptor("the address is linear") @Parameter(names = {"-l", "--linear"}, presentValue = "true", absentValue = "false") boolean linear,
            @Descriptor("name of the VM") String vm,
            @Descriptor("guest-physical address, or linear with -l") String address) {
        long start = Vms.number(address);
        long length = Vms.number(bytes);
        if (length < 0 || length > MOST) {
            throw new VmException("mem:dump shows up to %d bytes at a time".formatted(MOST));
        }
        return Vms.find(manager, vm).inspect(inside -> {
            List<String> lines = new ArrayList<>();
            GuestMemory memory = inside.memory();
            for (long at = start; at - start < length; at += LINE) {
                StringBuilder hex = new StringBuilder();
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < LINE && at + i - start < length; i++) {
                    long gpa = linear ? inside.processor().walk(at + i).gpa() : at + i;
                    if (gpa < 0 || !memory.contains(gpa, 1)) {
                        hex.append(" ??");
                        text.append(' ');
                    } else {
                        int value = memory.read8(gpa);
                        hex.append(" %02x".formatted(value));
                        text.append(value >= ' ' && value < 0x7f ? (char) value : '.');
                    }
                }
                lines.add("%016x %-48s  %s".formatted(at, hex, text));
            }
            return String.join("\n", lines);
        });
    }

    @Descriptor("what lies where in guest-physical memory and on the buses")
    public String map(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output,
            @Descriptor("name of the VM") String vm) {
        Table table = Vms.find(manager, vm).inspect(inside -> {
            Table all = new Table("space", "from", "to", "what");
            for (MemoryRegion region : inside.memory().map().regions()) {
                String what = region.name() + (region.writable() ? "" : ", read-only");
                all.row("memory", hex(region.gpa()), hex(region.gpa() + region.bytes() - 1), what);
            }
            ranges(all, "registers", inside.mmio());
            ranges(all, "port", inside.ports());
            return all;
        });
        return Output.of(output).show(table, "nothing");
    }

    @Descriptor("who owns which frames of the host")
    public String map(@Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        Table table = new Table("from", "to", "frames", "owner", "pages that share them");
        for (HostMemoryManager.Frames frames : memory.frames()) {
            FrameRun run = frames.run();
            table.row(hex(run.hpa()), hex(run.hpa() + run.bytes() - 1), String.valueOf(run.bytes() / HostMemory.FRAME_SIZE), run.owner(),
                    frames.pages() == 0 ? "" : String.valueOf(frames.pages()));
        }
        return Output.of(output).show(table, "nothing");
    }

    @Descriptor("lets pages of equal content share frames, over all VMs")
    public String share(@Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        HostMemoryManager.Sharing sharing = memory.share();
        HostMemoryManager.HostUse use = memory.use();
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("scanned", size(sharing.scanned()));
        values.put("freed now", size(sharing.freed()));
        values.put("shared frames", use.sharedFrames());
        values.put("pages that share them", use.sharedPages());
        values.put("host memory free", size(use.free()));
        return Output.of(output).show(values);
    }

    @Descriptor("asks a VM's balloon driver to give memory to the host, or to take it back")
    public void balloon(@Descriptor("name of the VM") String vm, @Descriptor("how much it is to hold, such as 64M; 0 for none") String bytes) {
        memory.balloon(Vms.find(manager, vm), bytes.equals("0") ? 0 : MemorySize.parse(bytes));
    }

    @Descriptor("gives the modelled host other physical memory; as long as there are no VMs")
    public void install(@Descriptor("such as 256M") String bytes) throws IOException {
        if (!manager.list().isEmpty()) {
            throw new VmException("memory is installed in a host that is off: destroy the VMs first");
        }
        long mebibytes = MemorySize.parse(bytes) >> 20;
        if (mebibytes < LEAST_HOST || mebibytes > Integer.MAX_VALUE) {
            throw new VmException("a host has at least %dM of memory, not %s".formatted(LEAST_HOST, bytes));
        }
        Configuration configuration = configurations.getConfiguration("proteus.silicon.model", "?");
        Dictionary<String, Object> properties = configuration.getProperties();
        Dictionary<String, Object> wanted = properties == null ? new Hashtable<>() : properties;
        wanted.put("memory.mib", (int) mebibytes);
        configuration.update(wanted);
    }

    @Descriptor("how much memory each VM has, and the host")
    public String use(@Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        Table table = new Table("who", "size", "own frames", "shared", "ballooned", "free");
        for (VirtualMachine vm : manager.list()) {
            HostMemoryManager.VmUse use = memory.use(vm);
            table.row(vm.name(), size(use.size()), size(use.own()), size(use.shared()), size(use.ballooned()), "");
        }
        HostMemoryManager.HostUse host = memory.use();
        table.row("the host", size(host.size()), "", size(host.sharedFrames() * HostMemory.FRAME_SIZE), "", size(host.free()));
        return Output.of(output).show(table, "nothing");
    }

    private static String size(long bytes) {
        return MemorySize.format(bytes);
    }

    private static void ranges(Table table, String space, Bus bus) {
        for (Bus.Range range : bus.ranges()) {
            table.row(space, hex(range.start()), hex(range.start() + range.length() - 1), range.name());
        }
    }

    private static String hex(long value) {
        return "%x".formatted(value);
    }
}
