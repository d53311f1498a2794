package proteus.shell.program;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import proteus.api.compose.Composition;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmStatistics;
import proteus.shell.text.Json;
import proteus.shell.text.Quantities;

/** What a run was and counted, as JSON. */
final class StatisticsFile {
    private StatisticsFile() {}

    static void write(Path file, VirtualMachine vm, VmEnd end, long wallNanos) {
        try {
            Files.writeString(file, Json.of(content(vm, end, wallNanos)) + "\n");
        } catch (IOException e) {
            throw new VmException("the statistics cannot be written to " + file + " (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    private static Map<String, Object> content(VirtualMachine vm, VmEnd end, long wallNanos) {
        VmSpec spec = vm.spec();
        Composition composition = spec.composition();
        VmStatistics statistics = vm.statistics();
        Map<String, Object> all = new LinkedHashMap<>();
        Map<String, Object> parts = new LinkedHashMap<>();
        parts.put("silicon", composition.silicon());
        parts.put("cpu", composition.cpu());
        parts.put("mem", composition.memory());
        parts.put("io", composition.io());
        parts.put("knownAs", vm.composition().historicalName());
        all.put("composition", parts);
        all.put("guest", spec.boot().name());
        all.put("commandLine", spec.boot().commandLine());
        all.put("memoryBytes", spec.memoryBytes());
        all.put("clock", spec.clock().name().toLowerCase(java.util.Locale.ROOT));
        Map<String, Object> outcome = new LinkedHashMap<>();
        outcome.put("kind", end.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'));
        outcome.put("success", end.success());
        outcome.put("status", end.status());
        outcome.put("message", end.message());
        all.put("end", outcome);
        all.put("retiredInstructions", statistics.retired());
        all.put("virtualNanos", statistics.virtualNanos());
        all.put("wallNanos", wallNanos);
        all.put("runNanos", statistics.runNanos());
        all.put("cpuNanos", statistics.cpuNanos());
        all.put("mips", Math.round(Quantities.mips(statistics.retired(), statistics.cpuNanos()) * 10) / 10.0);
        all.put("counters", statistics.counters());
        all.put("marks", statistics.marks().stream().map(mark -> {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("value", mark.value());
            one.put("retired", mark.retired());
            one.put("virtualNanos", mark.virtualNanos());
            one.put("counters", mark.counters());
            return one;
        }).toList());
        return all;
    }
}
