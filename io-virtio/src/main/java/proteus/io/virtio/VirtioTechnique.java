package proteus.io.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.osgi.service.component.annotations.Component;
import proteus.api.compose.TechniqueInfo;
import proteus.api.io.BlockBackend;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Device;
import proteus.api.io.DeviceContext;
import proteus.api.io.DeviceRole;
import proteus.api.io.DeviceSpec;
import proteus.api.io.IoTechnique;
import proteus.api.io.NetBackend;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.device.BalloonModel;
import proteus.io.virtio.device.BlockModel;
import proteus.io.virtio.device.ConsoleModel;
import proteus.io.virtio.device.EntropyModel;
import proteus.io.virtio.device.NetModel;
import proteus.io.virtio.mmio.VirtioMmio;
import proteus.io.virtio.pci.VirtioPci;

/** The technique: console, disks, network cards, entropy and balloon are virtio devices, on the PCI bus or behind registers in memory. */
@Component
public final class VirtioTechnique implements IoTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(TechniqueInfo.Kind.IO, "virtio", "virtio devices", Set.of(),
            "Russell: virtio: towards a de-facto standard for virtual I/O devices (Operating Systems Review 2008); OASIS virtio 1.2");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public Set<DeviceRole> roles() {
        return Set.of(DeviceRole.CONSOLE, DeviceRole.DISK, DeviceRole.NET, DeviceRole.ENTROPY, DeviceRole.BALLOON);
    }

    @Override
    public List<Device> plug(DeviceContext context, List<DeviceSpec> devices) {
        List<Device> plugged = new ArrayList<>();
        try {
            for (DeviceSpec spec : devices) {
                plugged.add(plug(context, spec, plugged.size()));
            }
        } catch (RuntimeException e) {
            plugged.reversed().forEach(VirtioTechnique::unplug);
            throw e;
        }
        return plugged;
    }

    private static Device plug(DeviceContext context, DeviceSpec spec, int index) {
        if (spec.role() == DeviceRole.BALLOON) {
            BalloonModel balloon = new BalloonModel(context.memory(), context.counters());
            return new BalloonDevice(attach(context, balloon, index), balloon);
        }
        return attach(context, model(spec), index);
    }

    private static Device attach(DeviceContext context, DeviceModel model, int index) {
        return switch (context.transport()) {
            case PCI -> new VirtioPci(context, model);
            case MMIO -> new VirtioMmio(context, model, index);
        };
    }

    private static DeviceModel model(DeviceSpec spec) {
        return switch (spec.role()) {
            case CONSOLE -> new ConsoleModel(backend(spec, CharacterBackend.class, "character"));
            case DISK -> new BlockModel(backend(spec, BlockBackend.class, "block"), spec.options().getOrDefault(DeviceSpec.SERIAL, "proteus-disk-%d".formatted(spec.index())));
            case NET -> network(spec);
            case ENTROPY -> new EntropyModel(backend(spec, RandomGenerator.class, "random"));
            default -> throw new IllegalArgumentException("The technique io.virtio has no device for the role %s yet.".formatted(spec.role()));
        };
    }

    private static DeviceModel network(DeviceSpec spec) {
        String model = spec.options().getOrDefault(DeviceSpec.MODEL, "virtio");
        if (!model.equals("virtio") && !model.equals("virtio-net-pci")) {
            throw new IllegalArgumentException("I/O technique 'virtio' has no network card of model '%s': give virtio".formatted(model));
        }
        return new NetModel(backend(spec, NetBackend.class, "network"));
    }

    private static <T> T backend(DeviceSpec spec, Class<T> type, String kind) {
        if (!type.isInstance(spec.backend())) {
            throw new IllegalArgumentException("The device %s %d needs a %s back end.".formatted(spec.role(), spec.index(), kind));
        }
        return type.cast(spec.backend());
    }

    private static void unplug(Device device) {
        try {
            device.close();
        } catch (Exception e) {
            throw new IllegalStateException("The device %s could not be unplugged.".formatted(device.name()), e);
        }
    }
}
