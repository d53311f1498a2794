package proteus.tck.fake;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;

/** Host memory in one array, from address 0; frames are handed out first fit. */
public final class ArrayHostMemory implements HostMemory {
    private final ByteBuffer bytes;
    /** What is handed out, by its start. */
    private final TreeMap<Long, FrameRun> taken = new TreeMap<>();

    public ArrayHostMemory(int size) {
        this.bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        // Address 0 stays free, so that a forgotten address shows.
        taken.put(0L, new FrameRun(0, FRAME_SIZE, "nobody"));
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
        return size() - taken.values().stream().mapToLong(FrameRun::bytes).sum();
    }

    @Override
    public long allocate(long wanted, long alignment, String owner) {
        long length = wanted + FRAME_SIZE - 1 & -FRAME_SIZE;
        for (long at = 0; at + length <= size(); at += alignment) {
            var before = taken.floorEntry(at + length - 1);
            if (before == null || end(before.getValue()) <= at) {
                taken.put(at, new FrameRun(at, length, owner));
                fill(at, length, (byte) 0);
                return at;
            }
        }
        throw new OutOfHostMemoryException("%d bytes wanted, %d free".formatted(wanted, free()));
    }

    @Override
    public void release(long hpa, long length) {
        remove(hpa, length);
    }

    @Override
    public void assign(long hpa, long length, String owner) {
        remove(hpa, length);
        taken.put(hpa, new FrameRun(hpa, length, owner));
    }

    /** Frames of one owner, even if they were handed out in several runs. */
    private void remove(long hpa, long length) {
        for (long at = hpa; at < hpa + length; ) {
            var entry = taken.floorEntry(at);
            if (entry == null || end(entry.getValue()) <= at) {
                throw new IllegalArgumentException("nothing was allocated at 0x%x".formatted(at));
            }
            FrameRun run = taken.remove(entry.getKey());
            if (run.hpa() < at) {
                taken.put(run.hpa(), new FrameRun(run.hpa(), at - run.hpa(), run.owner()));
            }
            if (end(run) > hpa + length) {
                taken.put(hpa + length, new FrameRun(hpa + length, end(run) - hpa - length, run.owner()));
            }
            at = end(run);
        }
    }

    private static long end(FrameRun run) {
        return run.hpa() + run.bytes();
    }

    @Override
    public List<FrameRun> owners() {
        return taken.values().stream().filter(run -> run.hpa() != 0).toList();
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
