package proteus.loader.initramfs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Drivers of a stock kernel, which has them as modules: each collection is an archive of its own, to lie behind that of
 * {@link TestInitramfs} in one initial RAM disk (Linux, buffer-format.rst: archives may be concatenated). {@code /init} loads
 * them, by their numbers or names, when it finds a device for them.
 */
public enum DriverModules {
    /** Virtio and its devices but network cards. */
    VIRTIO(
            "virtio", "virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_mmio",
            "virtio_blk", "virtio_console", "rng-core", "virtio-rng", "virtio_balloon"),
    /** Network cards and the mouse. */
    CARDS("cards", "e1000", "8390p", "ne", "failover", "net_failover", "virtio_net", "psmouse");

    private final String directory;
    /** Each behind those it needs; a kernel that has one built in has no file of it. */
    private final List<String> order;

    DriverModules(String directory, String... order) {
        this.directory = "lib/modules/" + directory;
        this.order = List.of(order);
    }

    /** Names what is in the collection: one with another name lacks a driver, or has too many. */
    public String content() {
        return String.join(" ", order);
    }

    /**
     * Collects them.
     *
     * @param unpacked a kernel package's content
     */
    public byte[] of(Path unpacked) throws IOException {
        CpioArchive archive = new CpioArchive().directory("lib", 0755).directory("lib/modules", 0755).directory(directory, 0755);
        Path root = unpacked.resolve("lib/modules");
        if (Files.isDirectory(root)) {
            List<Path> files;
            try (Stream<Path> all = Files.walk(root)) {
                files = all.filter(Files::isRegularFile).toList();
            }
            for (int i = 0; i < order.size(); i++) {
                for (Path file : files) {
                    if (file.getFileName().toString().equals(order.get(i) + ".ko")) {
                        archive.file("%s/%02d-%s".formatted(directory, i, file.getFileName()), 0644, Files.readAllBytes(file));
                    }
                }
            }
        }
        return archive.bytes();
    }
}
