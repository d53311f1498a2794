package proteus.shell.guests;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.TranslationCounts;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmStatistics;
import proteus.api.vm.VmStatistics.Mark;

/**
 * One run of a guest of the kit to its end.
 *
 * @param console what it printed
 */
public record KitRun(VmEnd end, String console, VmStatistics statistics) {
    /** A guest writes n before its n-th measured loop and n + this behind it (guest kit, README). */
    private static final int MARK_END = 0x80;

    /** @throws VmException when it does not end in time */
    public static KitRun of(
            VirtualMachineManager manager,
            String vmName,
            Composition composition,
            ExecutionEngine engine,
            GuestImage image,
            String append,
            Duration patience)
            throws InterruptedException {
        VmSpec spec = new VmSpec(
                vmName,
                composition,
                image.info().memoryBytes(),
                1,
                VmSpec.Clock.COUNT,
                "max",
                true,
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), (image.commandLine() + " " + append).strip()),
                List.of(),
                engine);
        VirtualMachine vm = manager.create(spec);
        try {
            vm.start();
            VmEnd end = vm.awaitEnd(patience)
                    .orElseThrow(() -> new VmException("the guest %s did not end within %d s".formatted(image.info().name(), patience.toSeconds())));
            return new KitRun(end, vm.console().text().replace("\r", ""), vm.statistics());
        } finally {
            vm.close();
        }
    }

    /** A measured loop: what lies between its two marks. */
    public record Measured(int number, long instructions, long cpuNanos, Map<String, Long> counters, TranslationCounts translation) {}

    public List<Measured> measured() {
        List<Measured> all = new ArrayList<>();
        Mark begin = null;
        for (Mark mark : statistics.marks()) {
            if (mark.value() < MARK_END) {
                begin = mark;
            } else if (begin != null && mark.value() == begin.value() + MARK_END) {
                Map<String, Long> difference = new LinkedHashMap<>();
                for (Map.Entry<String, Long> entry : mark.counters().entrySet()) {
                    long change = entry.getValue() - begin.counters().getOrDefault(entry.getKey(), 0L);
                    if (change != 0) {
                        difference.put(entry.getKey(), change);
                    }
                }
                all.add(new Measured(begin.value(), mark.retired() - begin.retired(), mark.cpuNanos() - begin.cpuNanos(), difference,
                        mark.translation().since(begin.translation())));
                begin = null;
            }
        }
        return all;
    }

    /** The rows of the guest's own table, in the order of its loops: words of the indented lines between heading and end. */
    public List<String[]> rows() {
        return rows(console);
    }

    /** The same of what a guest printed elsewhere. */
    public static List<String[]> rows(String console) {
        List<String[]> rows = new ArrayList<>();
        boolean table = false;
        for (String line : console.lines().toList()) {
            String[] words = line.strip().split(" +");
            if (line.startsWith("  ") && words.length > 1 && words[1].equals("iterations")) {
                table = true;
            } else if (table && line.startsWith("  ") && words.length > 1 && words[1].matches("[0-9]+")) {
                rows.add(words);
            }
        }
        return rows;
    }
}
