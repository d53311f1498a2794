package proteus.qtest.machine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import proteus.api.io.BlockBackend;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.IoTechnique;
import proteus.api.vm.DrivenMachine;
import proteus.api.vm.DrivenMachines;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.KeyValues;
import proteus.qtest.arguments.UnsupportedException;

/** A PC as QEMU's {@code -machine pc} composes it, of the parts that we have. */
public final class TestPc implements AutoCloseable {
    private static final String DEFAULT_MEMORY = "128M";
    private static final String EMUL = "emul";
    /** Secondary master, where a PC has its CD-ROM drive. */
    private static final int CDROM = 2;

    private final Parts parts;
    private final Drives drives;
    private final Globals globals;
    private final BootOrder bootOrder;
    private final DrivenMachine machine;
    private final Function<String, CharacterBackend> chardevs;
    private final Map<String, Plugged> devices = new TreeMap<>();
    private final List<Device> plugged = new ArrayList<>();
    private final Set<String> networks = new HashSet<>();
    private final Map<Integer, DeviceSpec> ide = new TreeMap<>();
    private int anonymous;
    private int disks;
    private int consoles;
    private int cards;
    private final Set<String> leaving = new HashSet<>();
    private final Consumer<String> left;

    /**
     * A device that was asked for.
     *
     * @param id given by the user, or made for a device without
     * @param slot of the PCI bus, if one was asked for
     */
    public record Plugged(String id, DeviceType type, List<Device> models, Optional<Integer> slot) {}

    /**
     * @param chardevs gives the character device of an id
     * @param left told the id of a device that was unplugged
     * @throws UnsupportedException for what there is not
     */
    public TestPc(CommandLine line, Parts parts, Function<String, CharacterBackend> chardevs, Consumer<String> left, DrivenMachine.Listener listener) {
        this.parts = parts;
        this.left = left;
        this.chardevs = chardevs;
        processors(line);
        globals = new Globals(line);
        bootOrder = new BootOrder(line);
        drives = new Drives(line, parts.images());
        machine = make(line, listener);
        try {
            machine.context().keyboardPort().ifPresent(port -> plug(EMUL, machine.context(), List.of(new DeviceSpec(DeviceRole.KEYBOARD, null, 0))));
            new Ejector(this::eject).attach(machine.context().ports());
            line.all("netdev").forEach(this::network);
            firmware(line);
            bootOrder.first(machine);
            serialPorts(line);
            display(line);
            drives.ide().forEach((position, name) -> add(KeyValues.parse(
                    "ide-%s,drive=%s,bus=ide.%d,unit=%d".formatted(drives.isDisc(name) ? "cd" : "hd", name.replace(",", ",,"), position / 2, position % 2), "driver")));
            line.all("device").forEach(this::add);
            if (!line.has("nodefaults") && line.all("device").stream().noneMatch(wish -> wish.get("driver", "").startsWith("ide-")) && !ide.containsKey(CDROM)) {
                add(KeyValues.parse("ide-cd,bus=ide.1,unit=0", "driver"));
            }
            if (!ide.isEmpty()) {
                plug(EMUL, machine.context(), List.copyOf(ide.values()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static void processors(CommandLine line) {
        String cpus = line.last("smp").map(value -> value.get("cpus", "1")).orElse("1");
        if (!cpus.equals("1")) {
            throw new UnsupportedException("the board has one processor socket: -smp %s does not fit".formatted(cpus));
        }
    }

    private DrivenMachine make(CommandLine line, DrivenMachine.Listener listener) {
        String size = line.last("m").map(value -> value.get("size", DEFAULT_MEMORY)).orElse(DEFAULT_MEMORY);
        // -m without a unit is in megabytes
        long bytes = Numbers.size(Character.isDigit(size.charAt(size.length() - 1)) ? size + "M" : size);
        try {
            return parts.machines().drive(new DrivenMachines.Setup("qtest", bytes, rom(line), listener));
        } catch (RuntimeException e) {
            drives.close();
            throw e;
        }
    }

    /** The image of -bios or of a flash chip, which is a ROM here. */
    private static Optional<byte[]> rom(CommandLine line) {
        Optional<String> file = line.last("bios").map(value -> value.require("file"))
                .or(() -> line.all("drive").stream().filter(drive -> drive.get("if", "").equals("pflash")).map(drive -> drive.require("file")).findFirst());
        try {
            return file.isEmpty() ? Optional.empty() : Optional.of(Files.readAllBytes(Path.of(file.get())));
        } catch (IOException e) {
            throw new UnsupportedException("the firmware %s cannot be read: %s".formatted(file.get(), e.getMessage()));
        }
    }

    /** What firmware finds through fw_cfg (QEMU docs/specs/fw_cfg). */
    private void firmware(CommandLine line) {
        line.value("uuid", "uuid").ifPresent(text -> machine.board().firmwareFile("uuid", uuid(text)));
        line.value("boot", "reboot-timeout").ifPresent(text -> machine.board().firmwareFile("etc/boot-fail-wait", littleEndian(Numbers.parse(text), Integer.BYTES)));
        line.value("boot", "splash-time").ifPresent(text -> machine.board().firmwareFile("etc/boot-menu-wait", littleEndian(Numbers.parse(text), Short.BYTES)));
    }

    private static byte[] uuid(String text) {
        try {
            UUID uuid = UUID.fromString(text);
            return ByteBuffer.allocate(16).putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits()).array();
        } catch (IllegalArgumentException e) {
            throw new UnsupportedException("'%s' is no UUID".formatted(text));
        }
    }

    private static byte[] littleEndian(long value, int size) {
        byte[] all = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
        return Arrays.copyOf(all, size);
    }

    /** Those of -serial; without it one that nobody listens to. */
    private void serialPorts(CommandLine line) {
        List<KeyValues> wanted = line.all("serial");
        if (wanted.isEmpty() && !line.has("nodefaults")) {
            serialPort("null");
        }
        wanted.forEach(value -> serialPort(value.text()));
    }

    private void serialPort(String backend) {
        if (backend.equals("none")) {
            return;
        }
        plug(EMUL, machine.context(), List.of(new DeviceSpec(DeviceRole.CONSOLE, character(backend), consoles++)));
    }

    private CharacterBackend character(String backend) {
        if (backend.startsWith("chardev:")) {
            return chardevs.apply(backend.substring("chardev:".length()));
        }
        if (backend.equals("null")) {
            return new NullCharacters();
        }
        throw new UnsupportedException("there is no character device '%s' here: give chardev:ID, null or none".formatted(backend));
    }

    private void display(CommandLine line) {
        String wanted = line.last("vga").map(value -> value.get("type", "std")).orElse(line.has("nodefaults") ? "none" : "std");
        switch (wanted) {
            case "none" -> { }
            case "std" -> plug(EMUL, machine.context(), List.of(new DeviceSpec(DeviceRole.DISPLAY, null, 0)));
            default -> throw new UnsupportedException("there is no display adapter '%s' here: give std or none".formatted(wanted));
        }
    }

    /**
     * Plugs a device in: {@code -device} and {@code device_add}.
     *
     * @throws UnsupportedException for what there is not
     */
    public void add(KeyValues given) {
        String name = given.require("driver");
        DeviceType type = DeviceType.find(name).filter(DeviceType::pluggable).filter(parts::offers)
                .orElseThrow(() -> new UnsupportedException("'%s' is not a valid device model name".formatted(name)));
        check(type, given);
        KeyValues wish = given.withDefaults(globals.of(type));
        String id = wish.find("id").orElseGet(() -> "device[%d]".formatted(anonymous++));
        if (devices.containsKey(id)) {
            throw new UnsupportedException("Duplicate device ID '%s'".formatted(id));
        }
        Optional<Integer> slot = wish.find("addr").map(TestPc::slot);
        if (type.place() == DeviceType.Place.TEST) {
            TestPorts.attach(machine.context().ports());
            devices.put(id, new Plugged(id, type, List.of(), slot));
            return;
        }
        DeviceSpec spec = new DeviceSpec(type.role(), backend(type, wish), index(type, wish), options(type, wish));
        if (type.place() == DeviceType.Place.IDE) {
            if (machine.now() > 0 || ide.putIfAbsent(spec.index(), spec) != null) {
                throw new UnsupportedException("IDE position %d is not free for %s".formatted(spec.index(), id));
            }
            devices.put(id, new Plugged(id, type, List.of(), slot));
        } else {
            devices.put(id, new Plugged(id, type, plug(type.technique(), place(wish), List.of(spec)), slot));
        }
    }

    private static void check(DeviceType type, KeyValues wish) {
        for (String key : wish.values().keySet()) {
            boolean known = switch (key) {
                case "driver", "id", "bus" -> true;
                case "addr" -> type.place() == DeviceType.Place.PCI;
                // Ours are of version 1 only.
                case "disable-legacy" -> type.is("virtio-pci") && !wish.require(key).equals("off");
                case "disable-modern" -> type.is("virtio-pci") && wish.require(key).equals("off");
                default -> type.properties().contains(key);
            };
            if (!known) {
                throw new UnsupportedException("Property '%s.%s' not found".formatted(type.name(), key));
            }
        }
    }

    private Object backend(DeviceType type, KeyValues wish) {
        return switch (type.role()) {
            case DISK -> drive(wish).orElseThrow(() -> new UnsupportedException("Device needs media, but drive is empty"));
            case CDROM -> wish.find("drive").flatMap(drives::require).orElse(null);
            case CONSOLE -> wish.find("chardev").map(chardevs).orElseGet(NullCharacters::new);
            case ENTROPY -> new SecureRandom();
            case NET -> card(wish);
            default -> null;
        };
    }

    private Optional<BlockBackend> drive(KeyValues wish) {
        return drives.require(wish.find("drive").orElseThrow(() -> new UnsupportedException("drive property not set")));
    }

    private int index(DeviceType type, KeyValues wish) {
        return switch (type.place()) {
            case IDE -> idePlace(wish);
            case ISA -> consoles++;
            default -> switch (type.role()) {
                case DISK -> disks++;
                case NET -> cards++;
                default -> 0;
            };
        };
    }

    private int idePlace(KeyValues wish) {
        int bus = switch (wish.get("bus", "ide.0")) {
            case "ide.0" -> 0;
            case "ide.1" -> 1;
            default -> throw new UnsupportedException("Bus '%s' not found".formatted(wish.require("bus")));
        };
        String unit = wish.get("unit", ide.containsKey(2 * bus) ? "1" : "0");
        if (!unit.matches("[01]")) {
            throw new UnsupportedException("Can't create IDE unit %s, bus supports only 2 units".formatted(unit));
        }
        return 2 * bus + Integer.parseInt(unit);
    }

    private Map<String, String> options(DeviceType type, KeyValues wish) {
        Map<String, String> options = new TreeMap<>();
        if (type.is("e1000-base")) {
            options.put(DeviceSpec.MODEL, "e1000");
        }
        if (type.place() == DeviceType.Place.IDE) {
            options.put(DeviceSpec.PLACE, Integer.toString(idePlace(wish)));
        }
        wish.find("serial").ifPresent(text -> options.put(DeviceSpec.SERIAL, text));
        wish.find("ver").ifPresent(text -> options.put(DeviceSpec.FIRMWARE, text));
        return options;
    }

    private Unplugged card(KeyValues wish) {
        wish.find("netdev").filter(name -> !networks.contains(name)).ifPresent(name -> {
            throw new UnsupportedException("Property 'netdev' can't find value '%s'".formatted(name));
        });
        return Unplugged.of(wish.values().get("mac"));
    }

    private void network(KeyValues wish) {
        if (!wish.require("type").equals("hubport")) {
            throw new UnsupportedException("there is only -netdev hubport,hubid=N,id=ID here, not '%s'".formatted(wish.text()));
        }
        networks.add(wish.require("id"));
    }

    /**
     * Asks for a device to be unplugged: {@code device_del}. A PCI device goes once the guest has let it go.
     *
     * @throws UnsupportedException when there is no such device, or none that could be unplugged
     */
    public void remove(String id) {
        Plugged device = devices.get(id);
        if (device == null) {
            throw new UnsupportedException("Device '%s' not found".formatted(id));
        }
        if (device.slot.isEmpty()) {
            throw new UnsupportedException("Device '%s' was not plugged into a slot of its own with addr= and stays".formatted(id));
        }
        leaving.add(id);
    }

    /** The guest lets the device of a slot go. */
    private void eject(int slot) {
        devices.values().stream().filter(device -> leaving.contains(device.id) && device.slot.equals(Optional.of(slot))).findFirst().ifPresent(device -> {
            leaving.remove(device.id);
            devices.remove(device.id);
            plugged.removeAll(device.models);
            device.models.forEach(TestPc::unplug);
            left.accept(device.id);
        });
    }

    private static void unplug(Device device) {
        try {
            device.close();
        } catch (Exception e) {
            throw new IllegalStateException("The device %s could not be unplugged.".formatted(device.name()), e);
        }
    }

    private static int slot(String address) {
        try {
            return Integer.parseInt(address.split("\\.", 2)[0].replaceFirst("^0x", ""), 16);
        } catch (NumberFormatException e) {
            throw new UnsupportedException("'%s' is no PCI address".formatted(address));
        }
    }

    private static int function(String address) {
        int dot = address.indexOf('.');
        return dot < 0 ? 0 : slot(address.substring(dot + 1));
    }

    /** The machine, or one slot of its bus: {@code addr=DEVICE.FUNCTION}, hexadecimal. */
    private DeviceContext place(KeyValues wish) {
        return wish.find("addr").map(text -> (DeviceContext) new PlacedContext(machine.context(), slot(text), function(text))).orElse(machine.context());
    }

    private List<Device> plug(String technique, DeviceContext context, List<DeviceSpec> specs) {
        IoTechnique with = parts.technique(technique).orElseThrow(() -> new UnsupportedException("no bundle offers the devices of I/O technique '%s'".formatted(technique)));
        try {
            List<Device> made = with.plug(context, specs);
            plugged.addAll(made);
            return made;
        } catch (IllegalArgumentException e) {
            // What a part says of a wish that it cannot fulfil.
            throw new UnsupportedException(e.getMessage());
        }
    }

    /** What its buses, memory and clock are reached by. */
    public DrivenMachine machine() {
        return machine;
    }

    /** Devices that were asked for, by id. */
    public List<Plugged> devices() {
        return List.copyOf(devices.values());
    }

    /** The reset line. */
    public void reset() {
        plugged.forEach(Device::reset);
        machine.board().reset();
        bootOrder.again(machine);
    }

    @Override
    public void close() {
        plugged.reversed().forEach(TestPc::unplug);
        plugged.clear();
        machine.close();
        drives.close();
    }
}
