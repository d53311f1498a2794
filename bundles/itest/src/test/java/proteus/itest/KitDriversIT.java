package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.io.DiskImage;
import proteus.api.io.Transport;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.HostMemoryManager;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmSpec;
import proteus.exam.PaxExamTest;

/** The drivers of the guest kit at virtio devices over MMIO, under each technique that a PC's guest can be under. */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class KitDriversIT {
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final long MIB = 1 << 20;

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    private VirtualMachine create(String cpu, String memory, String words, List<DiskImage> disks) {
        Guests guests = new Guests(context);
        GuestImage image = guests.image("virtio");
        return guests.service(VirtualMachineManager.class).create(new VmSpec("kit", new Composition("model", cpu, memory, "virtio"), image.info().memoryBytes(), 1,
                VmSpec.Clock.COUNT, "max", true, new VmSpec.BootSpec("virtio", image.kernel(), image.initrd(), words), disks, ExecutionEngine.AUTO, VmSpec.Reboot.EXIT,
                new DeviceSetting(Transport.MMIO, DeviceSetting.Host.NATIVE)));
    }

    @Test
    void consoleDiskAndEntropyWorkUnderEachTechnique() throws Exception {
        String first = drive("hwassist", "ept");
        assertEquals("""
                virtio: 4 devices over MMIO
                console: a line through its transmit queue
                entropy: 64 bytes, neither zeros nor ones
                balloon: 0 pages asked for
                block: 1024 KiB, 4 KiB at its end written, read and put back
                virtio: done
                """, first);
        assertEquals(first, drive("hwassist", "shadow"));
        assertEquals(first, drive("full", "shadow"));
    }

    private String drive(String cpu, String memory) throws Exception {
        Path disk = Files.createTempFile("kit", ".img");
        byte[] content = new byte[(int) MIB];
        content[content.length - 1] = 42;
        Files.write(disk, content);
        VirtualMachine vm = create(cpu, memory, "", List.of(DiskImage.of(disk)));
        try {
            new Guests(context).runToEnd(vm, SOON);
            assertEquals(42, Files.readAllBytes(disk)[content.length - 1], "put back");
            return vm.console().text().replace("\r", "");
        } finally {
            vm.close();
            Files.delete(disk);
        }
    }

    @Test
    void theHostBlowsTheBalloonUpAndLetsItGoAgain() throws Exception {
        HostMemoryManager memory = new Guests(context).service(HostMemoryManager.class);
        VirtualMachine vm = create("hwassist", "ept", "balloon=1", List.of());
        try {
            vm.start();
            Await.value(() -> vm.console().text().contains("waiting for the host") ? Optional.of(true) : Optional.empty(), SOON);
            long before = owned(memory);
            memory.balloon(vm, 8 * MIB);
            Await.value(() -> memory.use(vm).ballooned() == 8 * MIB ? Optional.of(true) : Optional.empty(), SOON);
            Await.value(() -> vm.console().text().contains("holds 2048 pages") ? Optional.of(true) : Optional.empty(), SOON);
            // The map of the host: frames that were the guest's are nobody's.
            long less = before - owned(memory);
            assertEquals(8 * MIB, less);
            memory.balloon(vm, 0);
            VmEnd end = vm.awaitEnd(SOON).orElseThrow(() -> new AssertionError(vm.console().text()));
            assertTrue(end.success(), () -> end + vm.console().text());
            assertTrue(vm.console().text().contains("the pages are back"), vm.console()::text);
            assertEquals(0, memory.use(vm).ballooned());
        } finally {
            vm.close();
        }
    }

    /** Bytes of frames that are the guest's by the map of the host. */
    private static long owned(HostMemoryManager memory) {
        return memory.frames().stream().filter(frames -> frames.run().owner().equals("kit RAM")).mapToLong(frames -> frames.run().bytes()).sum();
    }
}
