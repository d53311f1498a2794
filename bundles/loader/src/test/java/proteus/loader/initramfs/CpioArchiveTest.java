package proteus.loader.initramfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpioArchiveTest {
    private record Entry(String name, int inode, int mode, int major, int minor, String content) {}

    /** An independent reader of the format. */
    private static List<Entry> read(byte[] archive) {
        List<Entry> entries = new ArrayList<>();
        int at = 0;
        while (true) {
            assertEquals("070701", new String(archive, at, 6, StandardCharsets.US_ASCII));
            int[] fields = new int[13];
            for (int i = 0; i < 13; i++) {
                fields[i] = Integer.parseUnsignedInt(new String(archive, at + 6 + 8 * i, 8, StandardCharsets.US_ASCII), 16);
            }
            String name = new String(archive, at + 110, fields[11] - 1, StandardCharsets.UTF_8);
            int content = at + 110 + fields[11] + 3 & ~3;
            entries.add(new Entry(name, fields[0], fields[1], fields[9], fields[10], new String(archive, content, fields[6], StandardCharsets.ISO_8859_1)));
            at = content + fields[6] + 3 & ~3;
            if (name.equals("TRAILER!!!")) {
                return entries;
            }
        }
    }

    @Test
    void archiveHoldsWhatWasPutIn() {
        byte[] archive = new CpioArchive().directory("dev", 0755).characterDevice("dev/console", 0600, 5, 1).file("init", 0755, "hello".getBytes(StandardCharsets.US_ASCII))
                .link("sh", "init").bytes();
        assertEquals(List.of(new Entry("dev", 1, 040755, 0, 0, ""), new Entry("dev/console", 2, 020600, 5, 1, ""), new Entry("init", 3, 0100755, 0, 0, "hello"),
                new Entry("sh", 4, 0120777, 0, 0, "init"), new Entry("TRAILER!!!", 0, 0, 0, 0, "")), read(archive));
        assertEquals(0, archive.length % 512);
    }

    @Test
    void sameEntriesGiveTheSameBytes() {
        assertArrayEquals(TestInitramfs.around(new byte[1000], 64), TestInitramfs.around(new byte[1000], 64));
    }

    @Test
    void entryWithoutItsDirectoryIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new CpioArchive().file("bin/sh", 0755, new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> new CpioArchive().file("../sh", 0755, new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> new CpioArchive().file("a", 0755, new byte[0]).link("a", "b"));
    }

    @Test
    void driverModulesAreNumberedInTheirOrderOfLoading(@TempDir Path unpacked) throws IOException {
        Path drivers = Files.createDirectories(unpacked.resolve("lib/modules/6.1/kernel/drivers"));
        for (String name : new String[] {"virtio_balloon.ko", "virtio_blk.ko", "virtio.ko", "virtio_ring.ko", "e1000.ko"}) {
            Files.writeString(drivers.resolve(name), name);
        }
        List<String> names = read(DriverModules.VIRTIO.of(unpacked)).stream().map(entry -> entry.name).filter(name -> name.endsWith(".ko")).toList();
        assertEquals(List.of("virtio_ring.ko", "virtio.ko", "virtio_blk.ko", "virtio_balloon.ko"),
                names.stream().sorted().map(name -> name.substring(name.indexOf('-') + 1)).toList(), "as a shell lists them");
    }

    @Test
    void testSystemHasWhatTheKernelLooksFor() {
        List<Entry> entries = read(TestInitramfs.around("busybox".getBytes(StandardCharsets.US_ASCII), 64));
        Entry init = entries.stream().filter(entry -> entry.name.equals("init")).findFirst().orElseThrow();
        assertTrue(init.content.startsWith("#!/bin/busybox sh\n") && init.content.contains("echo " + TestInitramfs.MARKER) && init.content.contains("PS1='" + TestInitramfs.PROMPT + "'"));
        assertEquals(0100755, init.mode);
        assertTrue(entries.stream().anyMatch(entry -> entry.name.equals("dev/console") && entry.major == 5 && entry.minor == 1));
    }

    @Test
    void programsFollowTheTestSystemAsAnArchiveOfTheirOwn() {
        byte[] programs = new CpioArchive().directory("usr", 0755).file("usr/bc", 0755, "bc".getBytes(StandardCharsets.US_ASCII)).bytes();
        byte[] initrd = TestInitramfs.around(new byte[10], 64, programs);
        Entry workloads = read(initrd).stream().filter(entry -> entry.name.equals("bin/userland")).findFirst().orElseThrow();
        assertTrue(workloads.content.startsWith("#!/bin/busybox sh\n") && workloads.content.endsWith("echo '== end'\n"));
        assertArrayEquals(programs, Arrays.copyOfRange(initrd, initrd.length - programs.length, initrd.length));
        assertEquals(0, (initrd.length - programs.length) % 4, "the kernel looks for the next archive at a multiple of four");
    }
}
