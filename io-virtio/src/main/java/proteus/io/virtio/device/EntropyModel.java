package proteus.io.virtio.device;

import java.util.random.RandomGenerator;
import proteus.api.io.DeviceRole;
import proteus.io.virtio.core.Chain;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.RingException;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;

/** The entropy device (virtio 1.2, 5.4): fills buffers with random bytes. */
public final class EntropyModel implements DeviceModel {
    private static final int TYPE = 4;
    /** A buffer may be filled in part (5.4.6.1); more than a page at once nobody needs. */
    private static final int MOST = 4096;

    private final RandomGenerator source;
    private final byte[] bytes = new byte[MOST];

    public EntropyModel(RandomGenerator source) {
        this.source = source;
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public String name() {
        return "entropy";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.ENTROPY;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public int configurationLength() {
        return 0;
    }

    @Override
    public int readConfiguration(int offset) {
        return 0;
    }

    @Override
    public void serve(VirtioCore core, int index) throws RingException {
        SplitQueue queue = core.queue(index);
        for (Chain chain = queue.next(); chain != null; chain = queue.next()) {
            // The driver must not place readable buffers in the queue (5.4.6.1).
            if (chain.readable() != 0 || chain.writable() == 0) {
                throw new RingException("an entropy request that is not one writable buffer");
            }
            source.nextBytes(bytes);
            core.done(queue, chain.write(bytes, 0, MOST));
        }
    }
}
