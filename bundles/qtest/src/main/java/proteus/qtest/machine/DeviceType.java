package proteus.qtest.machine;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import proteus.api.io.DeviceRole;

/**
 * A device under the name that QEMU has for it.
 *
 * @param name of the type
 * @param kinds what else it is, from the nearest to {@code object}
 * @param technique whose device it is, empty for a part of the board
 * @param role of the device at its technique; null for a part of the board
 * @param place what it is plugged into
 * @param properties that can be given, besides those of its place
 */
public record DeviceType(String name, List<String> kinds, String technique, DeviceRole role, Place place, Set<String> properties) {
    private static final List<String> DEVICE = List.of("device", "object");
    private static final List<String> SYSBUS = List.of("sys-bus-device", "device", "object");
    private static final List<String> ISA = List.of("isa-device", "device", "object");
    private static final List<String> PCI = List.of("pci-device", "device", "object");
    private static final List<String> E1000 = List.of("e1000-base", "pci-device", "device", "object");
    private static final List<String> VIRTIO = List.of("virtio-pci", "pci-device", "device", "object");

    private static final List<DeviceType> ALL = List.of(
            virtio("virtio-blk-pci", DeviceRole.DISK, Set.of("drive", "serial", "num-queues", "queue-size")),
            virtio("virtio-rng-pci", DeviceRole.ENTROPY, Set.of("rng")),
            virtio("virtio-balloon-pci", DeviceRole.BALLOON, Set.of()),
            virtio("virtio-serial-pci", DeviceRole.CONSOLE, Set.of()),
            new DeviceType("ide-hd", List.of("ide-device", "device", "object"), "emul", DeviceRole.DISK, Place.IDE, Set.of("drive", "unit", "serial", "ver")),
            new DeviceType("ide-cd", List.of("ide-device", "device", "object"), "emul", DeviceRole.CDROM, Place.IDE, Set.of("drive", "unit", "serial", "ver")),
            new DeviceType("e1000", E1000, "emul", DeviceRole.NET, Place.PCI, Set.of("netdev", "mac")),
            new DeviceType("e1000-82540em", E1000, "emul", DeviceRole.NET, Place.PCI, Set.of("netdev", "mac")),
            new DeviceType("virtio-net-pci", VIRTIO, "virtio", DeviceRole.NET, Place.PCI, Set.of("netdev", "mac")),
            new DeviceType("pc-testdev", ISA, "", null, Place.TEST, Set.of()),
            new DeviceType("isa-serial", ISA, "emul", DeviceRole.CONSOLE, Place.ISA, Set.of("chardev", "index")),
            part("i440FX-pcihost", List.of("pci-host-bridge", "sys-bus-device", "device", "object")),
            part("i440FX", PCI),
            part("PIIX3", PCI),
            part("PIIX4_PM", PCI),
            part("ioapic", SYSBUS),
            part("fw_cfg_io", SYSBUS),
            part("apic", DEVICE),
            part("mc146818rtc", ISA),
            part("isa-pit", ISA),
            part("isa-i8259", ISA),
            part("i8042", ISA),
            part("i8257", ISA),
            part("port92", ISA));

    /** What a device is plugged into. */
    public enum Place {
        BOARD,
        /** It is a device of tests alone, which this bundle has itself. */
        TEST,
        ISA,
        IDE,
        PCI
    }

    private static DeviceType virtio(String name, DeviceRole role, Set<String> properties) {
        return new DeviceType(name, VIRTIO, "virtio", role, Place.PCI, properties);
    }

    private static DeviceType part(String name, List<String> kinds) {
        return new DeviceType(name, kinds, "", null, Place.BOARD, Set.of());
    }

    /** Every type, whether a technique offers it now or not. */
    static Stream<DeviceType> all() {
        return ALL.stream();
    }

    static Optional<DeviceType> find(String name) {
        return all().filter(type -> type.name.equals(name)).findFirst();
    }

    /** Whether a user can plug in devices of this type. */
    public boolean pluggable() {
        return place != Place.BOARD;
    }

    boolean is(String kind) {
        return name.equals(kind) || kinds.contains(kind);
    }
}
