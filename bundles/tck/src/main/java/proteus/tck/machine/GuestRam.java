package proteus.tck.machine;

import java.util.List;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;

/** Guest memory that never changes: RAM from address 0 on, and a ROM, on contiguous frames. */
public final class GuestRam implements GuestMemory, MemoryMap, AutoCloseable {
    public static final long ROM = 0xe0_0000L;
    public static final long ROM_BYTES = 0x1_0000;
    private static final long ALIGNMENT = 2 << 20;

    private final HostMemory host;
    private final long frames;
    private final long bytes;
    private final List<MemoryRegion> regions;

    /** @param bytes of RAM, a multiple of 2 MiB, at most 14 MiB so that the ROM lies behind it */
    public GuestRam(HostMemory host, long bytes) {
        this.host = host;
        this.bytes = bytes;
        frames = host.allocate(bytes + ROM_BYTES, ALIGNMENT, "guest memory of a test");
        regions = List.of(new MemoryRegion(0, bytes, 0, true, "RAM"), new MemoryRegion(ROM, ROM_BYTES, bytes, false, "ROM"));
    }

    /** First frame: the RAM's, with the ROM behind it. */
    public long frames() {
        return frames;
    }

    @Override
    public List<MemoryRegion> regions() {
        return regions;
    }

    @Override
    public long hpa(long gpa) {
        MemoryRegion region = regionAt(gpa);
        return region == null ? -1 : frames + region.offset(gpa);
    }

    @Override
    public MemoryRegion regionAt(long gpa) {
        for (MemoryRegion region : regions) {
            if (region.contains(gpa)) {
                return region;
            }
        }
        return null;
    }

    @Override
    public int generation() {
        return 0;
    }

    @Override
    public MemoryMap map() {
        return this;
    }

    @Override
    public long size() {
        return bytes;
    }

    @Override
    public boolean contains(long gpa, long length) {
        return gpa >= 0 && length >= 0 && gpa + length <= bytes;
    }

    private long at(long gpa, long length) {
        if (!contains(gpa, length)) {
            throw new GuestMemoryException(gpa, length);
        }
        return frames + gpa;
    }

    @Override
    public int read8(long gpa) {
        return host.read8(at(gpa, 1));
    }

    @Override
    public int read16(long gpa) {
        return host.read16(at(gpa, 2));
    }

    @Override
    public int read32(long gpa) {
        return host.read32(at(gpa, 4));
    }

    @Override
    public long read64(long gpa) {
        return host.read64(at(gpa, 8));
    }

    @Override
    public void write8(long gpa, int value) {
        host.write8(at(gpa, 1), value);
    }

    @Override
    public void write16(long gpa, int value) {
        host.write16(at(gpa, 2), value);
    }

    @Override
    public void write32(long gpa, int value) {
        host.write32(at(gpa, 4), value);
    }

    @Override
    public void write64(long gpa, long value) {
        host.write64(at(gpa, 8), value);
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) {
        host.read(at(gpa, length), target, offset, length);
    }

    @Override
    public void write(long gpa, byte[] source, int offset, int length) {
        host.write(at(gpa, length), source, offset, length);
    }

    @Override
    public void close() {
        host.release(frames, bytes + ROM_BYTES);
    }
}
