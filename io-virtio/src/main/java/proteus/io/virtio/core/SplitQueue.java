package proteus.io.virtio.core;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import proteus.api.memory.GuestMemory;

/**
 * A split virtqueue as the device sees it (virtio 1.2, 2.7): descriptor table, available ring, used ring. The device keeps its
 * own indexes; of what lies in guest memory every value is read once and checked before it is used.
 */
public final class SplitQueue {
    /** Largest queue offered. A chain is never longer, whatever the size the driver chose. */
    public static final int MOST = 128;

    private static final int DESCRIPTOR = 16;
    private static final int FLAG_NEXT = 1;
    private static final int FLAG_WRITE = 2;
    private static final int FLAG_INDIRECT = 4;
    private static final int NO_INTERRUPT = 1;
    private static final int RING = 4;
    private static final int USED_ELEMENT = 8;

    private final GuestMemory memory;
    private final Chain chain;
    private int size;
    private long table;
    private long available;
    private long used;
    private boolean enabled;
    private boolean indirect;
    private boolean eventIndex;
    /** Free-running, modulo 2^16, as both rings' indexes. */
    private int nextAvailable;
    private int limit;
    private int nextUsed;
    private int announcedUsed;
    private int markAvailable;
    private int markUsed;
    private long keptLow;
    private long keptHigh;

    SplitQueue(GuestMemory memory) {
        this.memory = memory;
        chain = new Chain(memory, MOST);
        reset();
    }

    void reset() {
        size = MOST;
        table = 0;
        available = 0;
        used = 0;
        enabled = false;
        indirect = false;
        eventIndex = false;
        nextAvailable = 0;
        limit = 0;
        nextUsed = 0;
        announcedUsed = 0;
    }

    public int size() {
        return size;
    }

    public boolean enabled() {
        return enabled;
    }

    public long table() {
        return table;
    }

    public long available() {
        return available;
    }

    public long used() {
        return used;
    }

    /** The driver's choice, as it stands; {@link #enable} judges it. */
    public void size(int entries) {
        size = enabled ? size : entries;
    }

    public void table(long gpa) {
        table = enabled ? table : gpa;
    }

    public void available(long gpa) {
        available = enabled ? available : gpa;
    }

    public void used(long gpa) {
        used = enabled ? used : gpa;
    }

    /** Takes the queue into use after checking its place (2.7, alignments; 4.1.4.3.2, size a power of two). */
    void enable(long features) throws RingException {
        if (size < 1 || size > MOST || Integer.bitCount(size) != 1) {
            throw new RingException("a queue of %d entries".formatted(size));
        }
        check(table, DESCRIPTOR, (long) DESCRIPTOR * size);
        check(available, 2, RING + 2L * size + 2);
        check(used, 4, RING + (long) USED_ELEMENT * size + 2);
        indirect = (features & Features.INDIRECT_DESC) != 0;
        eventIndex = (features & Features.EVENT_IDX) != 0;
        enabled = true;
    }

    private void check(long gpa, int alignment, long bytes) throws RingException {
        if ((gpa & alignment - 1) != 0 || !memory.contains(gpa, bytes)) {
            throw new RingException("a queue at 0x%x".formatted(gpa));
        }
    }

    /**
     * Takes over how far the driver has filled the ring. Only these buffers are given until the next notification: what a
     * transfer itself may write over the ring cannot make the device's work grow.
     */
    void notified() throws RingException {
        int index = memory.read16(available + 2);
        if ((index - nextAvailable & 0xffff) > size) {
            throw new RingException("more available buffers than the queue has entries");
        }
        limit = index;
    }

    /** The next buffer, or null when there is none. It is valid until the next call. */
    public Chain next() throws RingException {
        if (!enabled || nextAvailable == limit) {
            return null;
        }
        int head = memory.read16(available + RING + 2L * (nextAvailable & size - 1));
        nextAvailable = nextAvailable + 1 & 0xffff;
        chain.begin(head);
        walk(table, size, head, indirect);
        return chain;
    }

    private void walk(long from, int entries, int first, boolean mayIndirect) throws RingException {
        int index = first;
        int flags;
        do {
            if (index >= entries) {
                throw new RingException("descriptor %d of %d".formatted(index, entries));
            }
            long at = from + (long) DESCRIPTOR * index;
            long gpa = memory.read64(at);
            long bytes = memory.read32(at + 8) & 0xffff_ffffL;
            flags = memory.read16(at + 12);
            index = memory.read16(at + 14);
            if ((flags & FLAG_INDIRECT) != 0) {
                if (!mayIndirect || (flags & FLAG_NEXT) != 0) {
                    throw new RingException("an indirect descriptor where none may be");
                }
                indirect(gpa, bytes);
            } else {
                chain.add(gpa, bytes, (flags & FLAG_WRITE) != 0);
            }
        } while ((flags & FLAG_NEXT) != 0);
    }

    /** A table elsewhere (2.7.5.3): its chain begins with its first entry and has no table of its own. */
    private void indirect(long gpa, long bytes) throws RingException {
        long entries = bytes / DESCRIPTOR;
        if (entries == 0 || bytes % DESCRIPTOR != 0 || entries > 0x1_0000 || !memory.contains(gpa, bytes)) {
            throw new RingException("an indirect table of %d bytes".formatted(bytes));
        }
        walk(gpa, (int) entries, 0, false);
    }

    /** Gives the buffer of {@link #next} back: the device wrote this many bytes from its start on (2.7.8). */
    public void done(long written) {
        long at = used + RING + (long) USED_ELEMENT * (nextUsed & size - 1);
        memory.write32(at, chain.head());
        memory.write32(at + 4, (int) written);
        nextUsed = nextUsed + 1 & 0xffff;
        memory.write16(used + 2, nextUsed);
    }

    /** From here on {@link #undo} takes back what is taken and given. */
    public void begin() {
        markAvailable = nextAvailable;
        markUsed = nextUsed;
    }

    /** As if nothing had been taken since {@link #begin}: the driver has not seen it, as it has not run since. */
    public void undo() {
        nextAvailable = markAvailable;
        nextUsed = markUsed;
        memory.write16(used + 2, nextUsed);
    }

    /** Remembers where 16 bits of the buffer of {@link #next} lie, for {@link #patch}: an offset in its writable part, below its size. */
    public void keep(long offset) {
        keptLow = chain.place(offset);
        keptHigh = chain.place(offset + 1);
    }

    /** Writes the 16 bits that were kept, whatever has become of their buffer since {@link #begin}. */
    public void patch(int value) {
        memory.write8(keptLow, value & 0xff);
        memory.write8(keptHigh, value >> 8 & 0xff);
    }

    /** Whether the driver wants to hear of the buffers used since the last time (2.7.7.2); it is then told. */
    boolean interruptDue() {
        if (nextUsed == announcedUsed) {
            return false;
        }
        int before = announcedUsed;
        announcedUsed = nextUsed;
        if (!eventIndex) {
            return (memory.read16(available) & NO_INTERRUPT) == 0;
        }
        int event = memory.read16(available + RING + 2L * size);
        return (nextUsed - event - 1 & 0xffff) < (nextUsed - before & 0xffff);
    }

    /** Asks to be notified of the next buffer (2.7.10). */
    void askForNotification() {
        if (eventIndex) {
            memory.write16(used + RING + (long) USED_ELEMENT * size, limit);
        }
    }

    void save(DataOutputStream out) throws IOException {
        out.writeInt(size);
        out.writeLong(table);
        out.writeLong(available);
        out.writeLong(used);
        out.writeInt((enabled ? 1 : 0) | (indirect ? 2 : 0) | (eventIndex ? 4 : 0));
        out.writeInt(nextAvailable);
        out.writeInt(limit);
        out.writeInt(nextUsed);
        out.writeInt(announcedUsed);
    }

    /** @throws IllegalArgumentException for a queue that could not be in use */
    void load(DataInputStream in) throws IOException {
        reset();
        size = in.readInt();
        table = in.readLong();
        available = in.readLong();
        used = in.readLong();
        int flags = in.readInt();
        nextAvailable = in.readInt() & 0xffff;
        limit = in.readInt() & 0xffff;
        nextUsed = in.readInt() & 0xffff;
        announcedUsed = in.readInt() & 0xffff;
        if ((flags & 1) != 0) {
            try {
                enable(((flags & 2) != 0 ? Features.INDIRECT_DESC : 0) | ((flags & 4) != 0 ? Features.EVENT_IDX : 0));
            } catch (RingException e) {
                throw new IllegalArgumentException("The state of the virtio device has %s.".formatted(e.getMessage()), e);
            }
        }
    }
}
