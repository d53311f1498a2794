package proteus.shell.gogo;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.compose.Composer;
import proteus.api.compose.CompositionReport;
import proteus.api.compose.Preset;
import proteus.shell.program.Settings;
import proteus.shell.text.Output;
import proteus.shell.text.Table;

/** {@code tech:*}: what techniques there are and what fits. */
@Component(
        service = TechCommands.class,
        property = {"osgi.command.scope=tech", "osgi.command.function=list", "osgi.command.function=presets", "osgi.command.function=why", "osgi.command.function=set"})
public final class TechCommands {
    private final Composer composer;
    private final Settings settings;

    @Activate
    public TechCommands(@Reference Composer composer, @Reference Settings settings) {
        this.composer = composer;
        this.settings = settings;
    }

    @Descriptor("the techniques of the design, offered now or not")
    public String list(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        Table table = new Table("kind", "name", "offered", "bundle", "title");
        for (Composer.TechniqueStatus status : composer.techniques()) {
            table.row(status.kind().label(), status.name(), status.offered(), status.offered() ? status.bundle() : status.reason(), status.title());
        }
        return Output.of(output).show(table, "no techniques");
    }

    @Descriptor("compositions that history has a name for: what --preset takes")
    public String presets(
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        Table table = new Table("name", "cpu", "mem", "io", "possible", "title", "source");
        for (Preset preset : composer.presets()) {
            boolean possible = composer.examine(composer.wished(preset.name(), "", "", "", "")).possible();
            table.row(preset.name(), preset.cpu(), preset.memory(), preset.io(), possible, preset.title(), preset.source());
        }
        return Output.of(output).show(table, "no presets");
    }

    @Descriptor("whether a composition can be built, and why or why not")
    public String why(
            @Descriptor("a composition of history") @Parameter(names = "--preset", absentValue = "") String preset,
            @Descriptor("full, para or hwassist") @Parameter(names = "--cpu", absentValue = "") String cpu,
            @Descriptor("shadow or ept, direct with para") @Parameter(names = "--mem", absentValue = "") String memory,
            @Descriptor("emul or virtio") @Parameter(names = "--io", absentValue = "") String io,
            @Descriptor("what it runs on") @Parameter(names = "--silicon", absentValue = "") String silicon,
            @Descriptor("text or json") @Parameter(names = {Output.FLAG, Output.LONG_FLAG}, absentValue = Output.DEFAULT) String output) {
        CompositionReport report = composer.examine(composer.wished(preset, silicon, cpu, memory, io));
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("composition", report.composition().toString());
        values.put("knownAs", report.historicalName());
        values.put("possible", Output.of(output) == Output.JSON ? (Object) report.possible() : report.possible() ? "yes" : "no");
        values.put("findings", report.findings());
        return Output.of(output).show(values);
    }

    @Descriptor("changes a setting of a bundle until Proteus ends; guests that use it are handed over")
    public void set(
            @Descriptor("PID:KEY=VALUE, such as proteus.mem.shadow:variant=naive, or proteus.silicon~second:memory_mib=1024 for another machine") String setting)
            throws InterruptedException {
        settings.apply(List.of(setting), () -> true);
    }
}
