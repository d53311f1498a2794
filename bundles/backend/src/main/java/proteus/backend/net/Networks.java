package proteus.backend.net;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32;
import org.osgi.service.component.annotations.Component;
import proteus.api.io.DeviceContext;
import proteus.api.io.NetBackend;
import proteus.api.io.NetBackends;
import proteus.api.io.NetSetting;
import proteus.backend.net.user.UserNet;

/** Opens networks; hubs live as long as this service, by their names. */
@Component
public final class Networks implements NetBackends {
    private final Map<String, Hub> hubs = new ConcurrentHashMap<>();

    @Override
    public NetBackend open(NetSetting setting, String vm, int index, DeviceContext machine) throws IOException {
        byte[] address = setting.addressBytes().orElseGet(() -> address(vm, index));
        NetBackend network = switch (setting.kind()) {
            case USER -> new UserNet(machine, address, setting.forwards());
            case HUB -> hubs.computeIfAbsent(setting.hub(), name -> new Hub()).plug(machine, address);
        };
        if (setting.pcap().isEmpty()) {
            return network;
        }
        try {
            return new Captured(network, machine.timers(), Path.of(setting.pcap()));
        } catch (IOException e) {
            network.close();
            throw new IOException("The capture %s cannot be written: %s.".formatted(setting.pcap(), e.getMessage()), e);
        }
    }

    /** Of QEMU's range, the same for the same machine: the guest's configuration may go by it. */
    static byte[] address(String vm, int index) {
        CRC32 sum = new CRC32();
        sum.update("%s/%d".formatted(vm, index).getBytes(StandardCharsets.UTF_8));
        long value = sum.getValue();
        return new byte[] {0x52, 0x54, 0, (byte) (value >> 16), (byte) (value >> 8), (byte) value};
    }
}
