package proteus.io.emul;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
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
import proteus.io.emul.ata.PiixIde;
import proteus.io.emul.net.E1000;
import proteus.io.emul.net.Ne2000;
import proteus.io.emul.ps2.Ps2Keyboard;
import proteus.io.emul.vga.Vga;

/** The technique: consoles become serial ports, disks are on IDE channels, the display is a VGA, network cards are an e1000 or NE2000. Roles are offered as their devices come to work. */
@Component
public final class EmulTechnique implements IoTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(TechniqueInfo.Kind.IO, "emul", "emulated devices of a real PC", Set.of(),
            "Sugerman, Venkitachalam, Lim: Virtualizing I/O Devices on VMware Workstation's Hosted VMM (USENIX 2001)");

    /** COM1 to COM4 of a PC. */
    private static final int[] SERIAL_PORTS = {0x3f8, 0x2f8, 0x3e8, 0x2e8};

    private static final int[] SERIAL_INTERRUPTS = {4, 3, 4, 3};

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public Set<DeviceRole> roles() {
        return Set.of(DeviceRole.CONSOLE, DeviceRole.DISPLAY, DeviceRole.KEYBOARD, DeviceRole.DISK, DeviceRole.CDROM, DeviceRole.NET);
    }

    @Override
    public List<Device> plug(DeviceContext context, List<DeviceSpec> devices) {
        List<Device> plugged = new ArrayList<>();
        try {
            for (DeviceSpec spec : devices) {
                if (spec.role() != DeviceRole.DISK && spec.role() != DeviceRole.CDROM) {
                    plugged.add(plug(context, spec));
                }
            }
            List<DeviceSpec> drives = drives(devices);
            if (!drives.isEmpty()) {
                plugged.add(new PiixIde(context, drives));
            }
        } catch (RuntimeException e) {
            plugged.reversed().forEach(EmulTechnique::unplug);
            throw e;
        }
        return plugged;
    }

    /** The drives, in their order: one controller has them all. */
    private static List<DeviceSpec> drives(List<DeviceSpec> devices) {
        List<DeviceSpec> drives = devices.stream().filter(spec -> spec.role() == DeviceRole.DISK || spec.role() == DeviceRole.CDROM)
                .sorted(Comparator.comparingInt(DeviceSpec::index)).toList();
        for (DeviceSpec spec : drives) {
            boolean empty = spec.role() == DeviceRole.CDROM && spec.backend() == null;
            if (!empty && !(spec.backend() instanceof BlockBackend)) {
                throw new IllegalArgumentException("Disk %d needs a block back end.".formatted(spec.index()));
            }
        }
        return drives;
    }

    private static Device plug(DeviceContext context, DeviceSpec spec) {
        return switch (spec.role()) {
            case CONSOLE -> serialPort(context, spec);
            case DISPLAY -> new Vga(context);
            case KEYBOARD -> new Ps2Keyboard(context);
            case NET -> networkCard(context, spec);
            default -> throw new IllegalArgumentException("The technique io.emul has no device for the role %s yet.".formatted(spec.role()));
        };
    }

    private static Device networkCard(DeviceContext context, DeviceSpec spec) {
        if (!(spec.backend() instanceof NetBackend backend)) {
            throw new IllegalArgumentException("Network card %d needs a network back end.".formatted(spec.index()));
        }
        String model = spec.options().getOrDefault(DeviceSpec.MODEL, "e1000");
        return switch (model) {
            case "e1000" -> new E1000(context, backend, spec.index());
            case "ne2k_isa" -> new Ne2000(context, backend, spec.index());
            default -> throw new IllegalArgumentException("I/O technique 'emul' has no network card of model '%s': give e1000 or ne2k_isa".formatted(model));
        };
    }

    private static Device serialPort(DeviceContext context, DeviceSpec spec) {
        if (spec.index() < 0 || spec.index() >= SERIAL_PORTS.length) {
            throw new IllegalArgumentException("A PC has %d serial ports; console %d does not fit.".formatted(SERIAL_PORTS.length, spec.index()));
        }
        if (!(spec.backend() instanceof CharacterBackend backend)) {
            throw new IllegalArgumentException("Console %d needs a character back end.".formatted(spec.index()));
        }
        return new Uart16550(context, backend, SERIAL_PORTS[spec.index()], SERIAL_INTERRUPTS[spec.index()]);
    }

    private static void unplug(Device device) {
        try {
            device.close();
        } catch (Exception e) {
            throw new IllegalStateException("The device %s could not be unplugged.".formatted(device.name()), e);
        }
    }
}
