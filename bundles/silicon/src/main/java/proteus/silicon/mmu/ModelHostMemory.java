package proteus.silicon.mmu;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.silicon.cpu.Raw;

/** Modelled physical memory: one run of frames, allocated first fit. The first frame is never given, so 0 is never a frame. */
public final class ModelHostMemory implements HostMemory, AutoCloseable {
    private final long size;
    private final NativeMemory memory;
    private final long base;
    /** Free runs: start to length. */
    private final TreeMap<Long, Long> freeRuns = new TreeMap<>();
    private final FrameOwners owned = new FrameOwners();
    private long freeBytes;
    /** Per frame: how many processors have decoded code of it. What has come to {@link #MANY} stays. */
    private final byte[] code;
    private static final byte MANY = Byte.MAX_VALUE;
    private final List<CodeWatcher> watchers = new CopyOnWriteArrayList<>();

    public ModelHostMemory(long size) {
        if (size < 2 * FRAME_SIZE || size % FRAME_SIZE != 0) {
            throw new IllegalArgumentException("host memory must be whole frames of 4 KiB, not " + size + " bytes");
        }
        this.size = size;
        memory = new NativeMemory(size);
        base = memory.base();
        code = new byte[Math.toIntExact(size >> FRAME_SHIFT)];
        freeRuns.put((long) FRAME_SIZE, size - FRAME_SIZE);
        freeBytes = size - FRAME_SIZE;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public synchronized long free() {
        return freeBytes;
    }

    @Override
    public synchronized long allocate(long bytes, long alignment, String owner) {
        long want = roundUp(bytes);
        if (want <= 0 || alignment < FRAME_SIZE || Long.bitCount(alignment) != 1) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes aligned to " + alignment);
        }
        for (Map.Entry<Long, Long> run : freeRuns.entrySet()) {
            long start = run.getKey() + alignment - 1 & -alignment;
            long end = run.getKey() + run.getValue();
            if (start >= run.getKey() && start <= end - want) {
                take(run.getKey(), end, start, want);
                owned.add(start, want, owner);
                return start;
            }
        }
        throw new OutOfHostMemoryException("the host has %d MiB of physical memory free, but no run of %d MiB for %s".formatted(freeBytes >> 20, want + (1 << 20) - 1 >> 20, owner));
    }

    private void take(long runStart, long runEnd, long start, long bytes) {
        freeRuns.remove(runStart);
        if (start > runStart) {
            freeRuns.put(runStart, start - runStart);
        }
        if (start + bytes < runEnd) {
            freeRuns.put(start + bytes, runEnd - start - bytes);
        }
        freeBytes -= bytes;
    }

    @Override
    public synchronized void release(long hpa, long bytes) {
        long length = roundUp(bytes);
        owned.remove(hpa, length);
        memory.discard(hpa, length);
        for (long frame = hpa >> FRAME_SHIFT; frame < hpa + length >> FRAME_SHIFT; frame++) {
            if (code[(int) frame] != 0) {
                announce(frame << FRAME_SHIFT, FRAME_SIZE);
            }
        }
        long start = hpa;
        long end = hpa + length;
        Map.Entry<Long, Long> before = freeRuns.lowerEntry(start);
        if (before != null && before.getKey() + before.getValue() == start) {
            start = before.getKey();
            freeRuns.remove(start);
        }
        Long after = freeRuns.remove(end);
        freeRuns.put(start, (after == null ? end : end + after) - start);
        freeBytes += length;
    }

    @Override
    public synchronized void assign(long hpa, long bytes, String owner) {
        owned.remove(hpa, roundUp(bytes));
        owned.add(hpa, roundUp(bytes), owner);
    }

    @Override
    public synchronized List<FrameRun> owners() {
        return owned.runs();
    }

    private static long roundUp(long bytes) {
        return bytes + FRAME_SIZE - 1 & -FRAME_SIZE;
    }

    // ---- for the silicon itself

    /** Host-virtual address of a host-physical one that {@link #contains} knows. */
    public long hva(long hpa) {
        return base + hpa;
    }

    public boolean contains(long hpa, long bytes) {
        return hpa >= 0 && hpa <= size - bytes;
    }

    public void watch(CodeWatcher watcher) {
        watchers.add(watcher);
    }

    public void unwatch(CodeWatcher watcher) {
        watchers.remove(watcher);
    }

    public boolean isCode(long hpa) {
        return code[(int) (hpa >>> FRAME_SHIFT)] != 0;
    }

    /** A processor has decoded code of this frame: writes to it are announced from now on. */
    public void flagCode(long hpa) {
        count(hpa, 1);
    }

    /** A processor that flagged this frame has no code of it any more. */
    public void unflagCode(long hpa) {
        count(hpa, -1);
    }

    private void count(long hpa, int change) {
        synchronized (code) {
            int frame = (int) (hpa >>> FRAME_SHIFT);
            if (code[frame] != MANY) {
                code[frame] += (byte) change;
            }
        }
    }

    /** Tells every processor that bytes of code may have changed. */
    public void announce(long hpa, int bytes) {
        for (CodeWatcher watcher : watchers) {
            watcher.codeWritten(hpa, bytes);
        }
    }

    private long checked(long hpa, long bytes) {
        if (!contains(hpa, bytes)) {
            throw new IndexOutOfBoundsException("HPA 0x%x, %d bytes, of %d MiB of host memory".formatted(hpa, bytes, size >> 20));
        }
        return base + hpa;
    }

    private void written(long hpa, long bytes) {
        for (long at = hpa & -FRAME_SIZE; at < hpa + bytes; at += FRAME_SIZE) {
            if (isCode(at)) {
                long from = Math.max(at, hpa);
                announce(from, (int) (Math.min(at + FRAME_SIZE, hpa + bytes) - from));
            }
        }
    }

    // ---- HostMemory

    @Override
    public int read8(long hpa) {
        return Raw.getByte(checked(hpa, 1)) & 0xff;
    }

    @Override
    public int read16(long hpa) {
        return Raw.getShort(checked(hpa, 2)) & 0xffff;
    }

    @Override
    public int read32(long hpa) {
        return Raw.getInt(checked(hpa, 4));
    }

    @Override
    public long read64(long hpa) {
        return Raw.getLong(checked(hpa, 8));
    }

    @Override
    public void write8(long hpa, int value) {
        Raw.putByte(checked(hpa, 1), (byte) value);
        written(hpa, 1);
    }

    @Override
    public void write16(long hpa, int value) {
        Raw.putShort(checked(hpa, 2), (short) value);
        written(hpa, 2);
    }

    @Override
    public void write32(long hpa, int value) {
        Raw.putInt(checked(hpa, 4), value);
        written(hpa, 4);
    }

    @Override
    public void write64(long hpa, long value) {
        Raw.putLong(checked(hpa, 8), value);
        written(hpa, 8);
    }

    @Override
    public void read(long hpa, byte[] target, int offset, int length) {
        Raw.copyOut(checked(hpa, length), target, offset, length);
    }

    @Override
    public void write(long hpa, byte[] source, int offset, int length) {
        Raw.copyIn(checked(hpa, length), source, offset, length);
        written(hpa, length);
    }

    @Override
    public void fill(long hpa, long bytes, byte value) {
        Raw.fill(checked(hpa, bytes), bytes, value);
        written(hpa, bytes);
    }

    @Override
    public void close() {
        memory.close();
    }
}
