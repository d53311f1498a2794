package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.io.TextScreen;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmSpec;
import proteus.api.vm.VmStatistics;
import proteus.exam.PaxExamTest;

/** Firmware and a memory test out of Debian's packages: from the reset vector to a boot sector, and memtest86+ on the screen. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class FirmwareIT {
    private static final Duration SOON = Duration.ofMinutes(5);
    private static final String PORT_EXITS = "exit.io-instruction";

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void seaBiosStartsABootSectorThatUsesTheDisk() throws Exception {
        GuestImage bios = fetched("seabios");
        Path disk = disk();
        byte[] before = Files.readAllBytes(disk);
        try (Closing vm = new Closing(create("bootdisk", bios, Map.of(), disk))) {
            new Guests(context).runToEnd(vm.machine, SOON);
            VmEnd end = vm.machine.awaitEnd(Duration.ZERO).orElseThrow();
            assertEquals(VmEnd.Kind.DEBUG_EXIT, end.kind());
            assertEquals(0, end.status());
            String screen = vm.machine.screen().map(TextScreen.Snapshot::text).orElseThrow();
            assertTrue(screen.contains("Booting from Hard Disk") && screen.contains("bootdisk: done"), screen);
            assertTrue(vm.machine.console().text().contains("bootdisk: done"), vm.machine.console().text());
            assertEquals(9, portExitsBetweenTheMarks(vm.machine), "6 registers and a command, the status, a string of words, the status");
        } finally {
            assertTrue(java.util.Arrays.equals(before, Files.readAllBytes(disk)), "the guest writes what was there");
            Files.delete(disk);
        }
    }

    @Test
    void theBootMenuOpensAtAKeyAndStartsTheSecondDisk() throws Exception {
        GuestImage bios = fetched("seabios");
        Path empty = Files.write(Files.createTempFile("empty", ".img"), new byte[1 << 20]);
        Path disk = disk();
        try (Closing vm = new Closing(create("menu", bios, Map.of(), empty, disk))) {
            vm.machine.pressKeys("Press ESC for boot menu", "<esc>");
            vm.machine.pressKeys("2. ata0-1", "2");
            new Guests(context).runToEnd(vm.machine, SOON);
            String screen = vm.machine.screen().map(TextScreen.Snapshot::text).orElseThrow();
            assertTrue(screen.contains("Select boot device:") && screen.contains("bootdisk: done"), screen);
            assertTrue(vm.machine.firmwareLog().contains("PS2 keyboard initialized"), vm.machine.firmwareLog());
        } finally {
            Files.delete(empty);
            Files.delete(disk);
        }
    }

    @Test
    void twoStartsOfAMachineAreTheSame() throws Exception {
        GuestImage bios = fetched("seabios");
        Path disk = disk();
        long[] retired = new long[2];
        try {
            for (int i = 0; i < retired.length; i++) {
                try (Closing vm = new Closing(create("same" + i, bios, Map.of(), disk))) {
                    new Guests(context).runToEnd(vm.machine, SOON);
                    retired[i] = vm.machine.statistics().retired();
                }
            }
        } finally {
            Files.delete(disk);
        }
        assertEquals(retired[0], retired[1]);
    }

    @Test
    void memtestShowsItselfAndFindsNoErrors() throws Exception {
        GuestImage memtest = fetched("memtest64");
        VmSpec.BootSpec boot = new VmSpec.BootSpec("memtest64", memtest.kernel(), memtest.initrd(), memtest.commandLine());
        VmSpec spec = new VmSpec("memtest", Composition.DEFAULT, 8L << 20, 1, VmSpec.Clock.COUNT, "max", true, boot, List.of());
        try (Closing vm = new Closing(new Guests(context).service(VirtualMachineManager.class).create(spec))) {
            // Test 2 begins: tests 0 and 1 are through.
            vm.machine.console().stopAfter("#2 ");
            new Guests(context).runToEnd(vm.machine, Duration.ofMinutes(10));
            String screen = vm.machine.screen().map(TextScreen.Snapshot::text).orElseThrow();
            assertTrue(screen.contains("Memtest86+ v") && screen.contains("Errors: 0"), screen);
        }
    }

    private long portExitsBetweenTheMarks(VirtualMachine vm) {
        List<VmStatistics.Mark> marks = vm.statistics().marks();
        assertEquals(2, marks.size());
        // The second mark is an exit itself.
        return marks.get(1).counters().get(PORT_EXITS) - marks.get(0).counters().get(PORT_EXITS) - 1;
    }

    private GuestImage fetched(String name) {
        try {
            return new Guests(context).image(name);
        } catch (GuestLoadException e) {
            abort(name + " cannot be had here: " + e.getMessage());
            throw e;
        }
    }

    private Path disk() throws Exception {
        return Files.write(Files.createTempFile("bootdisk", ".img"), new Guests(context).image("bootdisk").kernel());
    }

    private VirtualMachine create(String name, GuestImage bios, Map<String, byte[]> files, Path... disks) {
        Map<String, byte[]> all = new HashMap<>(bios.files());
        all.putAll(files);
        VmSpec.BootSpec boot = new VmSpec.BootSpec(bios.info().name(), bios.kernel(), bios.initrd(), "", bios.entry(), all);
        return new Guests(context).service(VirtualMachineManager.class)
                .create(new VmSpec(name, Composition.DEFAULT, 32L << 20, 1, VmSpec.Clock.COUNT, "max", true, boot, List.of(disks)));
    }

    /** Closes the machine, so that its disks are free. */
    private record Closing(VirtualMachine machine) implements AutoCloseable {
        @Override
        public void close() {
            machine.close();
        }
    }
}
