package proteus.tck.fake;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.TreeMap;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;

/** Host memory in one array, from address 0; frames are handed out first fit. */
public final class ArrayHostMemory implements HostMemory {
    private final ByteBuffer bytes;
    /** Start of each allocation to its length. */
    private final TreeMap<Long, Long> taken = new TreeMap<>();

    public ArrayHostMemory(int size) {
        this.bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        // Address 0 stays free, so that a forgotten address shows.
        taken.put(0L, (long) FRAME_SIZE);
    }

    /** How many runs of frames are handed out now. */
    public int allocations() {
        return taken.size() - 1;
    }

    @Override
    public long size() {
        return bytes.capacity();
    }

    @Override
    public long free() {
        return size() - taken.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public long allocate(long wanted, long alignment, String owner) {
        long length = wanted + FRAME_SIZE - 1 & -FRAME_SIZE;
        for (long at = 0; at + length <= size(); at += alignment) {
            var before = taken.floorEntry(at + length - 1);
            if (before == null || before.getKey() + before.getValue() <= at) {
                taken.put(at, length);
                fill(at, length, (byte) 0);
                return at;
            }
        }
        throw new OutOfHostMemoryException("%d bytes wanted, %d free".formatted(wanted, free()));
    }

    @Override
    public void release(long hpa, long length) {
        if (taken.remove(hpa) == null) {
            throw new IllegalArgumentException("nothing was allocated at 0x%x".formatted(hpa));
        }
    }

    @Override
    public int read8(long hpa) {
        return bytes.get((int) hpa) & 0xff;
    }

    @Override
    public int read16(long hpa) {
        return bytes.getShort((int) hpa) & 0xffff;
    }

    @Override
    public int read32(long hpa) {
        return bytes.getInt((int) hpa);
    }

    @Override
    public long read64(long hpa) {
        return bytes.getLong((int) hpa);
    }

    @Override
    public void write8(long hpa, int value) {
        bytes.put((int) hpa, (byte) value);
    }

    @Override
    public void write16(long hpa, int value) {
        bytes.putShort((int) hpa, (short) value);
    }

    @Override
    public void write32(long hpa, int value) {
        bytes.putInt((int) hpa, value);
    }

    @Override
    public void write64(long hpa, long value) {
        bytes.putLong((int) hpa, value);
    }

    @Override
    public void read(long hpa, byte[] target, int offset, int length) {
        bytes.get((int) hpa, target, offset, length);
    }

    @Override
    public void write(long hpa, byte[] source, int offset, int length) {
        bytes.put((int) hpa, source, offset, length);
    }

    @Override
    public void fill(long hpa, long length, byte value) {
        Arrays.fill(bytes.array(), (int) hpa, (int) (hpa + length), value);
    }
}
