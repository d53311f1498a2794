package proteus.shell.compositions;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;
import proteus.shell.guests.Guests;
import proteus.shell.text.Quantities;

/**
 * What came of one guest under one composition.
 *
 * @param good whether it ended well
 * @param message how it ended
 * @param exits of its processor into the hypervisor
 * @param time CPU time, for people
 * @param console what it printed, without what follows from time
 */
public record Cell(boolean good, String message, long exits, String time, String console) {
    /** Ticks of an operation in the table of {@code nano}. */
    private static final Pattern TICKS = Pattern.compile(" +[0-9]+\\.[0-9]  ");
    private static final String QUESTIONS = "uname -sm; echo $((6*7)); head -c 65536 /dev/zero | md5sum; poweroff -f\n";

    /** Runs a guest to its end; one that shows a prompt is asked some questions and told to power off. */
    public static Cell of(VirtualMachineManager manager, Composition composition, GuestImage image, ExecutionEngine engine, Duration patience)
            throws InterruptedException {
        List<String> prompts = Guests.prompts(image);
        VmSpec.BootSpec boot =
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), image.commandLine(), image.entry(), image.files());
        VmSpec spec = new VmSpec("cell", composition, image.info().memoryBytes(), 1, VmSpec.Clock.COUNT, "max", true, boot, List.of(), engine);
        VirtualMachine vm;
        try {
            vm = manager.create(spec);
        } catch (VmException e) {
            return new Cell(false, e.getMessage(), 0, "", "");
        }
        try {
            if (!prompts.isEmpty()) {
                vm.console().typeAfterAny(prompts, QUESTIONS);
            }
            vm.start();
            Optional<VmEnd> end = vm.awaitEnd(patience);
            if (end.isEmpty()) {
                vm.stop();
            }
            long exits = vm.statistics().counters().entrySet().stream().filter(counter -> counter.getKey().startsWith("exit.")).mapToLong(Map.Entry::getValue).sum();
            return new Cell(
                    end.map(VmEnd::success).orElse(false),
                    end.map(VmEnd::message).orElse("no end within %d s".formatted(patience.toSeconds())),
                    exits,
                    Quantities.time(vm.statistics().cpuNanos()),
                    settled(vm.console().text(), prompts));
        } finally {
            vm.close();
        }
    }

    /** Of a guest with a shell the answers only: what a kernel says before depends on its devices, and on time. */
    private static String settled(String text, List<String> prompts) {
        String all = TICKS.matcher(text.replace("\r", "")).replaceAll(" N  ");
        for (String prompt : prompts) {
            int at = all.indexOf(prompt);
            if (at >= 0) {
                return all.substring(at).lines().filter(line -> !line.startsWith("[")).collect(Collectors.joining("\n"));
            }
        }
        return all;
    }
}
