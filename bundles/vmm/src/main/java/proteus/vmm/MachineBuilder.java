package proteus.vmm;

import static proteus.vmm.CoreFactory.gone;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import proteus.api.event.EventCounters;
import proteus.api.io.BlockBackends;
import proteus.api.io.Board;
import proteus.api.io.BusDevice;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Device;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.DiskImage;
import proteus.api.io.IoTechnique;
import proteus.api.io.NetBackend;
import proteus.api.io.NetBackends;
import proteus.api.io.NetSetting;
import proteus.api.io.ShadowMemory;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.api.silicon.Silicon;
import proteus.api.state.ArchState;
import proteus.api.vm.GuestAbi;
import proteus.api.vm.GuestContract;
import proteus.api.vm.GuestLoader;
import proteus.api.vm.MemorySize;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;

/** Makes the parts of one VM out of the services of a composition; what was made is undone when a later part fails. */
final class MachineBuilder {
    /** Below this no guest can even hold the tables of the firmware. */
    private static final long LEAST_MEMORY = 1 << 20;

    private static final int LAB_PORT = 0xf8;
    /**
     * Whatever its other devices, a PC has a serial port, as a VM of QEMU or Firecracker has: where firmware, boot loaders and
     * kernels speak before they have found drivers. This technique has the model of it.
     */
    private static final String LEGACY_TECHNIQUE = "emul";
    /** Under the count clock each run is the same, the entropy its guest gets as well. */
    private static final long COUNTED_ENTROPY = 0x70726f74657573L;

    /** The one whose network cards are those of model {@code virtio}. */
    private static final String PARAVIRTUAL_TECHNIQUE = "virtio";

    private final VmSpec spec;
    private final TechniqueRegistry registry;
    private final Optional<BlockBackends> disks;
    private final Optional<NetBackends> nets;
    private final List<NetBackend> networks = new ArrayList<>();
    private final HostMemories memories;
    private final Parts.Closing made = new Parts.Closing();
    /** Techniques that have devices of this machine. */
    private final Set<IoTechnique> plugged = new HashSet<>();

    MachineBuilder(VmSpec spec, TechniqueRegistry registry, Optional<BlockBackends> disks, Optional<NetBackends> nets, HostMemories memories) {
        this.spec = spec;
        this.registry = registry;
        this.disks = disks;
        this.nets = nets;
        this.memories = memories;
    }

    /** @throws VmException in one sentence */
    Parts build() {
        try {
            return assemble();
        } catch (OutOfHostMemoryException e) {
            made.close();
            throw new VmException("the host has no memory left to start VM %s, only %s: close another VM or give this one less"
                    .formatted(spec.name(), MemorySize.format(memories.use().free())), e);
        } catch (IllegalArgumentException e) {
            // What a part says of a wish that it cannot fulfil.
            made.close();
            throw new VmException(e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            made.close();
            throw e;
        }
    }

    private Parts assemble() {
        check();
        Silicon silicon = gone(registry.silicon(spec.composition().silicon()));
        IoTechnique ioTechnique = gone(registry.io(spec.composition().io()));
        EventCounters counters = new EventCounters();
        MachineLink link = new MachineLink();
        GuestContract contract = Contracts.of(silicon, spec.cpu());

        GuestAbi abi = gone(registry.cpu(spec.composition().cpu())).abi();
        RegionMap map = map(memories.of(silicon.hostMemory()), counters);
        MachineMemory memory = new MachineMemory(map, silicon.hostMemory(), spec.memoryBytes());
        Vcpu vcpu = new Vcpu();
        VirtualClock clock = new VirtualClock(spec.clock(), vcpu::retired);
        MachineSchedule schedule = new MachineSchedule(clock, vcpu::retired);
        AddressBus ports = new AddressBus("port");
        AddressBus mmio = new AddressBus("address");
        MachineConsole console = new MachineConsole(
                link::post, text -> link.end(proteus.api.vm.VmEnd.Kind.TEXT_SEEN, 0, "the guest printed '" + text.strip() + "'"));
        Optional<ShadowedRom> rom = rom(map);
        // What techniques see is what the processor sees; devices, the loader and the debugger see the memory itself.
        AddressLine20 line20 = new AddressLine20(map);
        FirmwareLog firmwareLog = new FirmwareLog();
        MachineContext context = new MachineContext(
                ports, mmio, memory, clock, counters, console, link, rom.map(ShadowMemory.class::cast), line20, firmwareLog, spec.devices().transport());
        Board board = made.own(gone(registry.board()).create(context));
        context.board(board);
        spec.boot().files().forEach(board::firmwareFile);
        ports.attach(LAB_PORT, 1, "lab marks", new LabPort(link));
        Optional<IoTechnique> serial = registry.io(LEGACY_TECHNIQUE).filter(technique -> technique != ioTechnique && abi == GuestAbi.PC);
        HostProcess process = new HostProcess(counters, vcpu::retired, spec.devices().host());
        List<Device> devices = abi == GuestAbi.PC ? devices(context, process, ioTechnique, serial, console) : noDevices();

        rom.ifPresent(shadowed -> shadowed.listener(vcpu::onMapChange));
        line20.listener(vcpu::onMapChange);
        map.listener(gpa -> line20.seen(gpa, vcpu::onFrameChange));
        CoreFactory cores = new CoreFactory(
                spec,
                registry,
                contract,
                counters,
                line20,
                new MachineMemory(line20, silicon.hostMemory(), spec.memoryBytes()),
                new DispatchBus(ports, mmio, line20, counters, spec.clock() == VmSpec.Clock.COUNT ? nanos -> pass(clock, vcpu, nanos) : nanos -> { }),
                board.interrupts(0),
                schedule,
                new Contexts.Services(clock, console, link),
                vcpu);
        vcpu.carry(cores.build(spec.composition(), spec.engine()));
        made.own(vcpu::close);
        context.guestTsc(index -> vcpu.guestTsc());

        GuestLoader.LoadedGuest guest = load(board, memory, abi);
        vcpu.cpu().importState(FirmwareSettings.complete(guest.state(), contract));
        // With every register, also those that the loader says nothing of.
        ArchState initial = vcpu.cpu().exportState();
        Runnable restart = () -> {
            devices.forEach(Device::reset);
            board.reset();
            load(board, memory, abi);
            vcpu.cpu().importState(initial);
        };

        Set<Object> used = new HashSet<>(plugged);
        used.add(ioTechnique);
        List<String> notes = new ArrayList<>();
        notes.add("started by " + guest.protocol());
        notes.addAll(guest.notes());
        return new Parts(
                spec,
                contract,
                abi,
                vcpu,
                cores,
                memory,
                ports,
                mmio,
                board,
                devices,
                console,
                clock,
                schedule,
                counters,
                link,
                firmwareLog,
                used,
                notes,
                restart,
                new MachineFrames(map.frames(), memories),
                process,
                networks,
                made);
    }

    /** What the I/O technique has, the serial port, and disks and network cards that another technique shall have. */
    private List<Device> devices(
            MachineContext context, HostProcess process, IoTechnique technique, Optional<IoTechnique> serial, MachineConsole console) {
        SharedConsole shared = new SharedConsole(console);
        Map<IoTechnique, List<DeviceSpec>> wishes = disks(technique);
        addNetworks(context, technique, wishes);
        wishes.get(technique).addAll(0, wishes(technique, serial.isPresent() ? shared.device() : console));
        serial.ifPresent(with -> wishes.computeIfAbsent(with, key -> new ArrayList<>()).addFirst(new DeviceSpec(DeviceRole.CONSOLE, shared.serial(), 0)));
        List<Device> devices = new ArrayList<>();
        wishes.forEach((with, wished) -> {
            List<Device> more = plug(context, process, with, wished);
            more.forEach(made::own);
            devices.addAll(more);
            plugged.add(with);
        });
        return devices;
    }

    private static List<Device> plug(MachineContext context, HostProcess process, IoTechnique technique, List<DeviceSpec> wishes) {
        HostedDevices hosted = new HostedDevices(context, process);
        return technique.plug(hosted, wishes.stream().map(hosted::hosted).toList());
    }

    /** A domain without privileges has neither ports nor a PCI bus: none of our device models could be reached. */
    private List<Device> noDevices() {
        if (!spec.disks().isEmpty()) {
            throw new VmException("a paravirtual guest reaches neither ports nor a PCI bus, and there is no Xen block back end: leave %s away".formatted(spec.disks().get(0)));
        }
        if (!spec.devices().networks().isEmpty()) {
            throw new VmException("a paravirtual guest reaches neither ports nor a PCI bus, and there is no Xen network back end: leave --net away");
        }
        return List.of();
    }

    private GuestLoader.LoadedGuest load(Board board, MachineMemory memory, GuestAbi abi) {
        Board.FirmwareData firmware = abi == GuestAbi.PC ? board.installTables(spec.acpi()) : new Board.FirmwareData(0, List.of());
        return gone(registry.loader()).load(new GuestLoader.Request(spec.boot(), memory, firmware, abi));
    }

    private void check() {
        if (spec.vcpus() != 1) {
            throw new VmException("a VM has one vCPU for now, not " + spec.vcpus());
        }
        if (spec.memoryBytes() < LEAST_MEMORY || spec.memoryBytes() % HostMemory.FRAME_SIZE != 0) {
            throw new VmException("%s of memory will not do: give at least 1M, in whole pages".formatted(MemorySize.format(spec.memoryBytes())));
        }
    }

    private RegionMap map(HostFrames host, EventCounters counters) {
        try {
            return RegionMap.pc(made.own(new GuestFrames(host, counters, spec.name(), spec.memoryBytes())));
        } catch (OutOfHostMemoryException e) {
            throw new VmException("the host has %s of memory in all, too little for the %s of VM %s"
                    .formatted(MemorySize.format(host.memory().size()), MemorySize.format(spec.memoryBytes()), spec.name()), e);
        }
    }

    /** The ROM of a machine that starts from firmware. */
    private Optional<ShadowedRom> rom(RegionMap map) {
        if (spec.boot().entry() != VmSpec.Entry.FIRMWARE) {
            return Optional.empty();
        }
        byte[] image = spec.boot().kernel();
        ShadowedRom.check(spec.boot().name(), image);
        return Optional.of(new ShadowedRom(map, image));
    }

    private List<DeviceSpec> wishes(IoTechnique technique, CharacterBackend console) {
        List<DeviceSpec> wishes = new ArrayList<>();
        wishes.add(new DeviceSpec(DeviceRole.CONSOLE, console, 0));
        if (technique.roles().contains(DeviceRole.DISPLAY)) {
            wishes.add(new DeviceSpec(DeviceRole.DISPLAY, null, 0));
        }
        if (technique.roles().contains(DeviceRole.KEYBOARD)) {
            wishes.add(new DeviceSpec(DeviceRole.KEYBOARD, null, 0));
        }
        if (technique.roles().contains(DeviceRole.ENTROPY)) {
            RandomGenerator source = spec.clock() == VmSpec.Clock.COUNT ? new SplittableRandom(COUNTED_ENTROPY) : new SecureRandom();
            wishes.add(new DeviceSpec(DeviceRole.ENTROPY, source, 0));
        }
        if (technique.roles().contains(DeviceRole.BALLOON)) {
            wishes.add(new DeviceSpec(DeviceRole.BALLOON, null, 0));
        }
        return wishes;
    }

    /** The technique that has the device of an image: the one the user names, the machine's own, or for a CD-ROM under virtio the emulated drive. */
    private IoTechnique technique(DiskImage image, IoTechnique own) {
        DeviceRole role = role(image);
        if (image.technique().isEmpty() && !own.roles().contains(role) && role == DeviceRole.CDROM) {
            return registry.io(LEGACY_TECHNIQUE).orElseThrow(() -> new VmException("no bundle has CD-ROM drives: leave %s away".formatted(image)));
        }
        IoTechnique technique = image.technique().isEmpty()
                ? own
                : registry.io(image.technique()).orElseThrow(() -> new VmException("there is no I/O technique '%s' for %s: tech:list shows those there are".formatted(image.technique(), image.file())));
        if (!technique.roles().contains(role)) {
            throw new VmException("I/O technique '%s' has no %s: leave %s away".formatted(technique.info().name(), role == DeviceRole.CDROM ? "CD-ROM drives" : "disks", image));
        }
        return technique;
    }

    private static DeviceRole role(DiskImage image) {
        return image.medium() == DiskImage.Medium.CDROM ? DeviceRole.CDROM : DeviceRole.DISK;
    }

    /** What goes to each technique, the machine's own first. */
    private Map<IoTechnique, List<DeviceSpec>> disks(IoTechnique own) {
        Map<IoTechnique, List<DeviceSpec>> wishes = new LinkedHashMap<>();
        wishes.put(own, new ArrayList<>());
        int[] index = new int[DeviceRole.values().length];
        for (DiskImage image : spec.disks()) {
            IoTechnique technique = technique(image, own);
            BlockBackends opener = disks.orElseThrow(() -> new VmException("no bundle opens disk images: leave " + image + " away"));
            DeviceRole role = role(image);
            try {
                wishes.computeIfAbsent(technique, key -> new ArrayList<>()).add(new DeviceSpec(role, made.own(opener.open(image)), index[role.ordinal()]++));
            } catch (IOException e) {
                throw new VmException(e.getMessage(), e);
            }
        }
        return wishes;
    }

    private void addNetworks(MachineContext context, IoTechnique own, Map<IoTechnique, List<DeviceSpec>> wishes) {
        for (NetSetting setting : spec.devices().networks()) {
            IoTechnique technique = technique(setting, own);
            NetBackends opener = nets.orElseThrow(() -> new VmException("no bundle opens networks: leave --net away"));
            Map<String, String> options = setting.model().isEmpty() ? Map.of() : Map.of(DeviceSpec.MODEL, setting.model());
            try {
                NetBackend network = made.own(opener.open(setting, spec.name(), networks.size(), context));
                wishes.computeIfAbsent(technique, key -> new ArrayList<>()).add(new DeviceSpec(DeviceRole.NET, network, networks.size(), options));
                networks.add(network);
            } catch (IOException e) {
                throw new VmException(e.getMessage(), e);
            }
        }
    }

    /** The technique that has a card of this model: the machine's own unless the model is another's. */
    private IoTechnique technique(NetSetting setting, IoTechnique own) {
        boolean virtio = setting.model().equals(PARAVIRTUAL_TECHNIQUE);
        String name = setting.model().isEmpty() ? own.info().name() : virtio ? PARAVIRTUAL_TECHNIQUE : LEGACY_TECHNIQUE;
        IoTechnique technique = name.equals(own.info().name())
                ? own
                : registry.io(name).orElseThrow(() -> new VmException("there is no I/O technique '%s' for --net %s: tech:list shows those there are".formatted(name, setting)));
        if (!technique.roles().contains(DeviceRole.NET)) {
            throw new VmException("I/O technique '%s' has no network cards: leave --net %s away".formatted(name, setting));
        }
        return technique;
    }

    /** Port 0xf8: a guest marks a moment; reading gives nothing. */
    private record LabPort(MachineLink link) implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return 0xff;
        }

        @Override
        public void write(long offset, int size, long value) {
            link.mark((int) value);
        }
    }

    /** The guest's time moves on without instructions: the devices' clock and the TSC together. */
    private static void pass(VirtualClock clock, Vcpu vcpu, long nanos) {
        clock.pass(nanos);
        vcpu.processor().advanceTsc(nanos);
    }
}
