package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.io.BlockBackend;
import proteus.api.io.BlockBackends;
import proteus.api.io.DiskImage;
import proteus.api.io.Transport;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.DeviceSetting;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VirtualMachineManager;
import proteus.api.vm.VmEnd;
import proteus.api.vm.VmSpec;
import proteus.exam.PaxExamTest;

/**
 * The stock Debian cloud kernel drives console, disk and entropy of {@code io-virtio} with its own modules. Over PCI the disk is a raw
 * image, over MMIO a qcow2 one.
 */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class VirtioIT {
    private static final String PROMPT = "proteus# ";
    private static final int DISK_BYTES = 4 << 20;
    private static final int REQUESTS = 1000;
    private static final int WRITTEN = 1 << 16;
    private static final int WRITTEN_AT = 1 << 16;

    @Inject
    private BundleContext context;

    @TempDir
    Path directory;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void theCloudKernelDrivesConsoleDiskAndEntropyOverPci() throws Exception {
        drives(Transport.PCI);
    }

    @Test
    void theCloudKernelDrivesConsoleDiskAndEntropyOverMmio() throws Exception {
        drives(Transport.MMIO);
    }

    private void drives(Transport transport) throws Exception {
        Guests guests = new Guests(context);
        GuestImage image;
        try {
            image = guests.image("debian-cloud-amd64");
        } catch (GuestLoadException e) {
            abort("debian-cloud-amd64 cannot be had here: " + e.getMessage());
            return;
        }
        assumeTrue(new String(image.initrd(), StandardCharsets.ISO_8859_1).contains("lib/modules/virtio/"),
                "the cached guest was fetched without the kernel's modules, and they cannot be had here");
        byte[] content = new byte[DISK_BYTES];
        new Random(11).nextBytes(content);
        BlockBackends images = guests.service(BlockBackends.class);
        DiskImage disk = disk(images, transport == Transport.PCI ? DiskImage.Format.RAW : DiskImage.Format.QCOW2, content);
        VirtualMachine vm = guests.service(VirtualMachineManager.class).create(new VmSpec("virtio", new Composition("model", "hwassist", "ept", "virtio"),
                image.info().memoryBytes(), 1, VmSpec.Clock.COUNT, "max", true,
                new VmSpec.BootSpec(image.info().name(), image.kernel(), image.initrd(), image.commandLine()), List.of(disk), ExecutionEngine.AUTO,
                VmSpec.Reboot.EXIT, new DeviceSetting(transport, DeviceSetting.Host.NATIVE)));
        Map<String, Map<String, Long>> marks = new TreeMap<>();
        try {
            vm.console().subscribe(text -> {
                String line = text.strip();
                if (line.startsWith("mark-") && !line.contains("$")) {
                    // Called between two instructions of the guest: exact.
                    marks.put(line, vm.statistics().counters());
                }
            });
            type(vm, "tty; echo disk $(md5sum < /dev/vda)");
            type(vm, "head -c " + WRITTEN + " /dev/hwrng > /tmp/random; echo random $(md5sum < /tmp/random)");
            type(vm, "echo mark-$((1)); dd if=/dev/vda of=/dev/null bs=4k count=" + REQUESTS + " iflag=direct; echo mark-$((2))");
            type(vm, "dd if=/tmp/random of=/dev/vda bs=4k seek=" + WRITTEN_AT / 4096 + " conv=notrunc,fsync; poweroff -f");
            guests.runToEnd(vm, Duration.ofMinutes(15));
            assertEquals(VmEnd.Kind.POWER_OFF, vm.awaitEnd(Duration.ZERO).orElseThrow().kind());
        } finally {
            vm.close();
        }
        String text = vm.console().text();
        assertTrue(text.contains("/dev/hvc0"), text);
        assertTrue(text.contains("disk " + md5(content)), text);
        byte[] after = new byte[DISK_BYTES];
        try (BlockBackend closed = images.open(disk)) {
            closed.read(0, after, 0, DISK_BYTES);
        }
        BlockBackends.Report report = images.check(disk);
        assertEquals(0, report.errorCount() + report.leaks(), () -> String.join(" ", report.errors()));
        byte[] random = Arrays.copyOfRange(after, WRITTEN_AT, WRITTEN_AT + WRITTEN);
        assertTrue(text.contains("random " + md5(random)), text);
        assertFalse(Arrays.equals(new byte[WRITTEN], random));
        System.arraycopy(random, 0, content, WRITTEN_AT, WRITTEN);
        assertArrayEquals(content, after, "nothing else was written");
        perRequest(transport, marks.get("mark-1"), marks.get("mark-2"));
    }

    private DiskImage disk(BlockBackends images, DiskImage.Format format, byte[] content) throws Exception {
        DiskImage disk = DiskImage.of(directory.resolve("disk." + format));
        images.create(disk.file(), format, DISK_BYTES, Optional.empty());
        try (BlockBackend empty = images.open(disk)) {
            empty.write(0, content, 0, content.length);
        }
        return disk;
    }

    /** Experiment E11: one kick and at most three exits besides, for each request at queue depth 1. */
    private static void perRequest(Transport transport, Map<String, Long> from, Map<String, Long> to) {
        Map<String, Long> difference = new TreeMap<>();
        to.forEach((name, count) -> difference.put(name, count - from.getOrDefault(name, 0L)));
        double exits = difference.entrySet().stream().filter(event -> event.getKey().startsWith("exit.")).mapToLong(Map.Entry::getValue).sum() / (double) REQUESTS;
        double kicks = difference.get("kicks") / (double) REQUESTS;
        double interrupts = difference.get("device-interrupts") / (double) REQUESTS;
        String found = "virtio-blk over %s, %d reads of 4 KiB at depth 1: %.3f kicks, %.3f interrupts, %.3f exits a request; %s".formatted(
                transport, REQUESTS, kicks, interrupts, exits, difference);
        // The figures are part of what the test is for.
        System.out.println(found);
        assertTrue(difference.get("device-requests") >= REQUESTS, found);
        assertTrue(kicks >= 1 && kicks < 1.2, found);
        // Over MMIO the driver reads the interrupt status and acknowledges it; the IOAPIC wants an EOI as well.
        assertTrue(exits <= (transport == Transport.PCI ? 4 : 7), found);
    }

    private static void type(VirtualMachine vm, String line) {
        vm.console().typeAfter(PROMPT, line + "\n");
    }

    private static String md5(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content));
    }
}
