package proteus.io.virtio.device;

import proteus.api.io.CharacterBackend;
import proteus.api.io.DeviceRole;
import proteus.io.virtio.core.Chain;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.RingException;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;

/** The console device (virtio 1.2, 5.3) with one port: characters to the driver in queue 0, from the driver in queue 1. */
public final class ConsoleModel implements DeviceModel {
    private static final int TYPE = 3;
    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final long EMERGENCY_WRITE = 1 << 2;
    private static final int EMERGENCY_REGISTER = 8;
    private static final int CONFIGURATION = 12;
    private static final int PIECE = 4096;
    /** What one buffer may send; a driver's are of a page at most. */
    private static final int MOST = 1 << 20;

    private final CharacterBackend backend;
    private final byte[] bytes = new byte[PIECE];
    private VirtioCore live;

    public ConsoleModel(CharacterBackend backend) {
        this.backend = backend;
        backend.onInput(() -> {
            if (live != null) {
                live.serve(RECEIVE);
            }
        });
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public String name() {
        return "console";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.CONSOLE;
    }

    @Override
    public long features() {
        return EMERGENCY_WRITE;
    }

    @Override
    public int queues() {
        return 2;
    }

    @Override
    public int configurationLength() {
        return CONFIGURATION;
    }

    @Override
    public int readConfiguration(int offset) {
        // Size and ports are features that are not offered.
        return 0;
    }

    /** The emergency write works before there are queues (5.3.4). */
    @Override
    public void writeConfiguration(int offset, int size, long value) {
        if (offset == EMERGENCY_REGISTER) {
            backend.output((int) value & 0xff);
        }
    }

    @Override
    public void start(VirtioCore core) {
        live = core;
    }

    @Override
    public void serve(VirtioCore core, int index) throws RingException {
        if (index == TRANSMIT) {
            transmit(core, core.queue(TRANSMIT));
        } else {
            receive(core, core.queue(RECEIVE));
        }
    }

    private void transmit(VirtioCore core, SplitQueue queue) throws RingException {
        for (Chain chain = queue.next(); chain != null; chain = queue.next()) {
            if (chain.writable() != 0 || chain.readable() > MOST) {
                throw new RingException("console output that is not characters to read");
            }
            for (int count = chain.read(bytes, 0, PIECE); count > 0; count = chain.read(bytes, 0, PIECE)) {
                for (int i = 0; i < count; i++) {
                    backend.output(bytes[i] & 0xff);
                }
            }
            core.done(queue, 0);
        }
    }

    private void receive(VirtioCore core, SplitQueue queue) throws RingException {
        while (backend.inputAvailable()) {
            Chain chain = queue.next();
            if (chain == null) {
                // The rest waits in the back end until the driver gives buffers.
                return;
            }
            if (chain.readable() != 0 || chain.writable() == 0) {
                throw new RingException("a buffer for console input that cannot be written");
            }
            int count = 0;
            while (count < Math.min(chain.writable(), PIECE) && backend.inputAvailable()) {
                bytes[count++] = (byte) backend.input();
            }
            core.done(queue, chain.write(bytes, 0, count));
        }
    }
}
