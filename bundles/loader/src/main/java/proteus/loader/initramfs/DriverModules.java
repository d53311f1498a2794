package proteus.loader.initramfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The virtio drivers of a stock kernel, which has them as modules: an archive of its own, to lie behind that of
 * {@link TestInitramfs} in one initial RAM disk (Linux, buffer-format.rst: archives may be concatenated). {@code /init} loads
 * them, by their numbers, when it finds a device for them.
 */
public final class DriverModules {
    private static final String DIRECTORY = "lib/modules/virtio";
    /** Each behind those it needs; a kernel that has one built in has no file of it. */
    private static final List<String> ORDER = List.of(
            "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_mmio",
            "virtio_blk", "virtio_console", "rng-core", "virtio-rng", "virtio_balloon");

    private DriverModules() {}

    /** Names the collection: one with another name lacks a driver, or has too many. */
    public static String name() {
        return String.join(" ", ORDER);
    }

    /**
     * Collects them.
     *
     * @param unpacked a kernel package's content
     */
    public static byte[] of(Path unpacked) throws IOException {
        CpioArchive archive = new CpioArchive().directory("lib", 0755).directory("lib/modules", 0755).directory(DIRECTORY, 0755);
        Path root = unpacked.resolve("lib/modules");
        if (Files.isDirectory(root)) {
            List<Path> files;
            try (Stream<Path> all = Files.walk(root)) {
                files = all.filter(Files::isRegularFile).toList();
            }
            for (int i = 0; i < ORDER.size(); i++) {
                for (Path file : files) {
                    if (file.getFileName().toString().equals(ORDER.get(i) + ".ko")) {
                        archive.file("%s/%02d-%s".formatted(DIRECTORY, i, file.getFileName()), 0644, Files.readAllBytes(file));
                    }
                }
            }
        }
        return archive.bytes();
    }
}
