package proteus.io.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import proteus.api.event.EventCounters;
import proteus.api.memory.GuestMemory;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.Features;
import proteus.io.virtio.core.Interrupts;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;

/** A driver by the book (virtio 1.2, 2.7.13 and 3.1.1) above the transport: sets a device up and puts buffers in its queues. */
public final class Driver implements Interrupts {
    public static final int SIZE = 8;
    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;
    private static final long QUEUE_SPACE = 0x1000;

    public final TestRam ram = new TestRam(1 << 18);
    public final EventCounters counters = new EventCounters();
    public final VirtioCore core;
    public final List<Integer> interrupts = new ArrayList<>();
    public int configurationChanges;
    private int[] made;
    private int[] seen;

    public Driver(DeviceModel model) {
        this((memory, events) -> model);
    }

    /** For a model that has to do with memory itself. */
    public Driver(BiFunction<GuestMemory, EventCounters, DeviceModel> model) {
        core = new VirtioCore(model.apply(ram, counters), ram, counters, this);
    }

    @Override
    public void queue(int index) {
        interrupts.add(index);
    }

    @Override
    public void configuration() {
        configurationChanges++;
    }

    /** Initialises the device, all its queues with {@link #SIZE} entries. */
    public Driver start(long features) {
        core.status(0);
        made = new int[core.queues()];
        seen = new int[core.queues()];
        core.status(VirtioCore.ACKNOWLEDGE | VirtioCore.DRIVER);
        long wanted = features | Features.VERSION_1;
        core.accept(0, (int) wanted);
        core.accept(1, (int) (wanted >>> 32));
        core.status(core.status() | VirtioCore.FEATURES_OK);
        for (int i = 0; i < core.queues(); i++) {
            java.util.Arrays.fill(ram.bytes, (int) table(i), (int) (table(i) + QUEUE_SPACE), (byte) 0);
            SplitQueue queue = core.queue(i);
            queue.size(SIZE);
            queue.table(table(i));
            queue.available(available(i));
            queue.used(used(i));
            core.enable(queue);
        }
        core.status(core.status() | VirtioCore.DRIVER_OK);
        return this;
    }

    public long table(int queue) {
        return QUEUE_SPACE * (1 + queue);
    }

    public long available(int queue) {
        return table(queue) + 0x400;
    }

    public long used(int queue) {
        return table(queue) + 0x800;
    }

    public void descriptor(long table, int index, long gpa, long length, int flags, int next) {
        long at = table + 16L * index;
        ram.write64(at, gpa);
        ram.write32(at + 8, (int) length);
        ram.write16(at + 12, flags);
        ram.write16(at + 14, next);
    }

    /** Makes a chain available. */
    public void offer(int queue, int head) {
        ram.write16(available(queue) + 4 + 2L * (made[queue] % SIZE), head);
        ram.write16(available(queue) + 2, ++made[queue]);
    }

    public void kick(int queue) {
        core.kick(queue);
    }

    public int usedIndex(int queue) {
        return ram.read16(used(queue) + 2);
    }

    /** The next used element: its length; its head must be this one. */
    public int take(int queue, int head) {
        long at = used(queue) + 4 + 8L * (seen[queue]++ % SIZE);
        if (usedIndex(queue) != seen[queue] || ram.read32(at) != head) {
            throw new AssertionError("used index %d, element %d".formatted(usedIndex(queue), ram.read32(at)));
        }
        return ram.read32(at + 4);
    }

    public boolean needsReset() {
        return (core.status() & VirtioCore.NEEDS_RESET) != 0;
    }
}
