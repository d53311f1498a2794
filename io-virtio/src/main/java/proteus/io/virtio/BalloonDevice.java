package proteus.io.virtio;

import proteus.api.io.Balloon;
import proteus.api.io.Device;
import proteus.api.io.DeviceRole;
import proteus.io.virtio.device.BalloonModel;

/** The balloon as its VM uses it: the device on its transport, and its other side. */
record BalloonDevice(Device device, BalloonModel model) implements Device, Balloon {
    @Override
    public void ask(long bytes) {
        model.ask(bytes);
    }

    @Override
    public long asked() {
        return model.asked();
    }

    @Override
    public long held() {
        return model.held();
    }

    @Override
    public boolean driven() {
        return model.driven();
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public DeviceRole role() {
        return device.role();
    }

    @Override
    public void reset() {
        device.reset();
        model.reset();
    }

    @Override
    public byte[] exportState() {
        return device.exportState();
    }

    @Override
    public void importState(byte[] state) {
        device.importState(state);
    }

    @Override
    public void close() {
        device.close();
    }
}
