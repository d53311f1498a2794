package proteus.io.virtio.device;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.BitSet;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.io.DeviceRole;
import proteus.api.memory.GuestMemory;
import proteus.io.virtio.core.Chain;
import proteus.io.virtio.core.DeviceModel;
import proteus.io.virtio.core.RingException;
import proteus.io.virtio.core.SplitQueue;
import proteus.io.virtio.core.VirtioCore;

/**
 * The traditional memory balloon (virtio 1.2, 5.5): the driver hands over pages in queue 0 and takes them back in queue 1. A page that it
 * uses again without a word gets a frame as any other, so it need not tell first.
 */
public final class BalloonModel implements DeviceModel {
    private static final int TYPE = 5;
    private static final int INFLATE = 0;
    private static final int PAGE_SHIFT = 12;
    private static final int NUMBER = 4;
    private static final long DEFLATE_ON_OOM = 1 << 2;
    /** num_pages, what the device asks for, and actual, what the driver says it holds. */
    private static final int CONFIGURATION = 8;

    private static final int ACTUAL = 4;
    /** Page numbers of one buffer; Linux sends 256 at a time. */
    private static final int MOST = 4096;

    private final GuestMemory memory;
    private final EventCounters counters;
    private final BitSet held = new BitSet();
    private final byte[] numbers = new byte[MOST * NUMBER];
    private VirtioCore core;
    private int asked;
    private int actual;

    public BalloonModel(GuestMemory memory, EventCounters counters) {
        this.memory = memory;
        this.counters = counters;
    }

    /** Bytes that the driver is to hold. */
    public void ask(long bytes) {
        int pages = (int) (bytes >> PAGE_SHIFT);
        if (pages != asked) {
            asked = pages;
            if (driven()) {
                core.configurationChanged();
            }
        }
    }

    public long asked() {
        return (long) asked << PAGE_SHIFT;
    }

    /** Bytes that the driver has handed over and not taken back. */
    public long held() {
        return (long) held.cardinality() << PAGE_SHIFT;
    }

    public boolean driven() {
        return core != null && (core.status() & VirtioCore.DRIVER_OK) != 0;
    }

    /** Power on: the guest knows of no balloon any more. */
    public void reset() {
        held.clear();
        asked = 0;
        actual = 0;
    }

    @Override
    public int type() {
        return TYPE;
    }

    @Override
    public String name() {
        return "balloon";
    }

    @Override
    public DeviceRole role() {
        return DeviceRole.BALLOON;
    }

    @Override
    public long features() {
        return DEFLATE_ON_OOM;
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
        int word = offset < ACTUAL ? asked : actual;
        return word >>> 8 * (offset & 3) & 0xff;
    }

    @Override
    public void writeConfiguration(int offset, int size, long value) {
        if (offset == ACTUAL && size == NUMBER) {
            actual = (int) value;
        }
    }

    @Override
    public void start(VirtioCore live) {
        core = live;
    }

    @Override
    public void save(DataOutputStream out) throws IOException {
        out.writeInt(asked);
        out.writeInt(actual);
        long[] words = held.toLongArray();
        out.writeInt(words.length);
        for (long word : words) {
            out.writeLong(word);
        }
    }

    /** Its memory was taken over with the balloon's pages in whatever state: only who holds them is kept here. */
    @Override
    public void load(DataInputStream in) throws IOException {
        asked = in.readInt();
        actual = in.readInt();
        held.clear();
        int words = in.readInt();
        for (int i = 0; i < words; i++) {
            long word = in.readLong();
            for (; word != 0; word &= word - 1) {
                held.set(i * Long.SIZE + Long.numberOfTrailingZeros(word));
            }
        }
    }

    @Override
    public void serve(VirtioCore live, int index) throws RingException {
        SplitQueue queue = live.queue(index);
        for (Chain chain = queue.next(); chain != null; chain = queue.next()) {
            if (chain.readable() > numbers.length || chain.readable() % NUMBER != 0) {
                throw new RingException("a balloon request of %d bytes".formatted(chain.readable()));
            }
            int bytes = chain.read(numbers, 0, numbers.length);
            for (int at = 0; at < bytes; at += NUMBER) {
                int page = numbers[at] & 0xff | (numbers[at + 1] & 0xff) << 8 | (numbers[at + 2] & 0xff) << 16 | numbers[at + 3] << 24;
                move(page & 0xffff_ffffL, index == INFLATE);
            }
            live.done(queue, 0);
        }
    }

    private void move(long page, boolean inflate) {
        if (!inflate) {
            if (page <= Integer.MAX_VALUE) {
                held.clear((int) page);
            }
        } else if (memory.contains(page << PAGE_SHIFT, 1 << PAGE_SHIFT) && memory.discard(page << PAGE_SHIFT) && !held.get((int) page)) {
            held.set((int) page);
            counters.count(CountedEvent.PAGES_BALLOONED);
        }
    }
}
