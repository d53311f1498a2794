package proteus.io.virtio.core;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;

/** Device status, features and queues of one device (virtio 1.2, 2.1, 2.2, 3.1): what a transport's registers stand for. */
public final class VirtioCore {
    public static final int ACKNOWLEDGE = 1;
    public static final int DRIVER = 2;
    public static final int DRIVER_OK = 4;
    public static final int FEATURES_OK = 8;
    public static final int NEEDS_RESET = 64;
    public static final int FAILED = 128;

    private static final int SETTABLE = ACKNOWLEDGE | DRIVER | DRIVER_OK | FEATURES_OK | FAILED;
    private static final Logger LOG = LoggerFactory.getLogger(VirtioCore.class);

    private final DeviceModel model;
    private final EventCounters counters;
    private final Interrupts interrupts;
    private final SplitQueue[] queues;
    private int status;
    private long accepted;
    private int generation;

    public VirtioCore(DeviceModel model, GuestMemory memory, EventCounters counters, Interrupts interrupts) {
        this.model = model;
        this.counters = counters;
        this.interrupts = interrupts;
        queues = new SplitQueue[model.queues()];
        for (int i = 0; i < queues.length; i++) {
            queues[i] = new SplitQueue(memory);
        }
    }

    public DeviceModel model() {
        return model;
    }

    public int queues() {
        return queues.length;
    }

    /** A queue, or null where there is none. */
    public SplitQueue queue(int index) {
        return index >= 0 && index < queues.length ? queues[index] : null;
    }

    public int status() {
        return status;
    }

    /** Feature bits offered. */
    public long offered() {
        return model.features() | Features.COMMON;
    }

    /** Feature bits the driver took. */
    public long accepted() {
        return accepted;
    }

    /** The driver writes 32 of its feature bits; after FEATURES_OK it is too late (3.1.1). */
    public void accept(int half, int bits) {
        if ((status & FEATURES_OK) == 0 && (half == 0 || half == 1)) {
            accepted = accepted & ~(0xffff_ffffL << 32 * half) | (bits & 0xffff_ffffL) << 32 * half;
        }
    }

    /** The driver writes the device status: 0 is a reset, other bits come in addition (2.1.1). */
    public void status(int value) {
        if (value == 0) {
            reset();
            return;
        }
        int wanted = value & SETTABLE;
        if ((wanted & FEATURES_OK) != 0 && (status & FEATURES_OK) == 0 && !acceptable()) {
            wanted &= ~FEATURES_OK;
        }
        if ((wanted & DRIVER_OK) != 0 && ((status | wanted) & FEATURES_OK) == 0) {
            wanted &= ~DRIVER_OK;
        }
        boolean starts = (wanted & DRIVER_OK) != 0 && !live();
        status |= wanted;
        if (starts && live()) {
            model.start(this);
        }
    }

    private boolean acceptable() {
        return (accepted & ~offered()) == 0 && (accepted & Features.VERSION_1) != 0;
    }

    private boolean live() {
        return (status & (DRIVER_OK | NEEDS_RESET)) == DRIVER_OK;
    }

    public void reset() {
        status = 0;
        accepted = 0;
        for (SplitQueue queue : queues) {
            queue.reset();
        }
    }

    /** The driver has laid out a queue and enables it. */
    public void enable(SplitQueue queue) {
        if (queue.enabled()) {
            return;
        }
        try {
            if ((status & FEATURES_OK) == 0) {
                throw new RingException("a queue before the features");
            }
            queue.enable(accepted);
        } catch (RingException e) {
            needsReset(e.getMessage());
        }
    }

    /** The device changed its configuration: the driver is told (2.3, 2.5.1). */
    public void configurationChanged() {
        generation++;
        if (live()) {
            interrupts.configuration();
        }
    }

    /** Changes with the configuration; 8 bits. */
    public int generation() {
        return generation & 0xff;
    }

    /** The driver takes a queue out of use. */
    public void disable(SplitQueue queue) {
        queue.reset();
    }

    /** The driver resets a queue alone, as it may if it took that feature (2.6.1); nothing is under way then, so it is done at once. */
    public void resetQueue(SplitQueue queue) {
        if ((accepted & Features.RING_RESET) != 0) {
            queue.reset();
        }
    }

    /** The driver notified a queue: a kick. */
    public void kick(int index) {
        counters.count(CountedEvent.KICKS);
        if (index >= 0 && index < queues.length) {
            serve(index);
        }
    }

    /** Serves a queue, for a kick or because the device's other side has something. */
    public void serve(int index) {
        SplitQueue queue = queues[index];
        if (!live() || !queue.enabled()) {
            return;
        }
        try {
            queue.notified();
            model.serve(this, index);
            queue.askForNotification();
            if (queue.interruptDue()) {
                interrupts.queue(index);
            }
        } catch (RingException e) {
            needsReset(e.getMessage());
        } catch (GuestMemoryException e) {
            // The queue was in memory when it was enabled; the map has changed since.
            needsReset(e.getMessage());
        }
    }

    /** Whether a queue can be served now. */
    public boolean serviceable(int index) {
        return live() && queues[index].enabled();
    }

    /** The driver put something in a queue that the type forbids, found while the queue was not served. */
    public void fail(RingException e) {
        needsReset(e.getMessage());
    }

    /** Gives a buffer back and counts it. */
    public void done(SplitQueue queue, long written) {
        queue.done(written);
        counters.count(CountedEvent.DEVICE_REQUESTS);
    }

    /** The device cannot go on until the driver resets it (2.1.2). */
    private void needsReset(String reason) {
        LOG.debug("virtio {} needs a reset: {}", model.name(), reason);
        boolean told = live();
        status |= NEEDS_RESET;
        if (told) {
            interrupts.configuration();
        }
    }

    /** Writes down what the driver set up. */
    public void save(DataOutputStream out) throws IOException {
        out.writeInt(status);
        out.writeLong(accepted);
        for (SplitQueue queue : queues) {
            queue.save(out);
        }
        model.save(out);
    }

    /** Takes over what {@link #save} wrote. */
    public void load(DataInputStream in) throws IOException {
        status = in.readInt() & (SETTABLE | NEEDS_RESET);
        accepted = in.readLong() & offered();
        for (SplitQueue queue : queues) {
            queue.load(in);
        }
        if (live()) {
            model.start(this);
        }
        model.load(in);
    }
}
