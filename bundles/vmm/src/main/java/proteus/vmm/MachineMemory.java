package proteus.vmm;

import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;

/** Guest-physical memory of one VM over the frames of its host. */
final class MachineMemory implements GuestMemory {
    private final MemoryMap map;
    private final HostMemory host;
    private final long size;

    MachineMemory(MemoryMap map, HostMemory host, long size) {
        this.map = map;
        this.host = host;
        this.size = size;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public MemoryMap map() {
        return map;
    }

    @Override
    public boolean contains(long gpa, long bytes) {
        long at = gpa;
        long left = bytes;
        while (left > 0) {
            MemoryRegion region = map.regionAt(at);
            if (region == null) {
                return false;
            }
            long here = region.gpa() + region.bytes() - at;
            at += here;
            left -= here;
        }
        return left <= 0 && bytes >= 0;
    }

    private long at(long gpa, int bytes) {
        MemoryRegion region = map.regionAt(gpa);
        if (region == null || gpa - region.gpa() > region.bytes() - bytes) {
            throw new GuestMemoryException(gpa, bytes);
        }
        return region.hpa() + (gpa - region.gpa());
    }

    /** Devices do not write ROM. */
    private long writableAt(long gpa, int bytes) {
        if (!writable(gpa, bytes)) {
            throw new GuestMemoryException(gpa, bytes);
        }
        return at(gpa, bytes);
    }

    private boolean writable(long gpa, long bytes) {
        for (long at = gpa; at < gpa + bytes; ) {
            MemoryRegion region = map.regionAt(at);
            if (region == null || !region.writable()) {
                return false;
            }
            at = region.gpa() + region.bytes();
        }
        return true;
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
        host.write8(writableAt(gpa, 1), value);
    }

    @Override
    public void write16(long gpa, int value) {
        host.write16(writableAt(gpa, 2), value);
    }

    @Override
    public void write32(long gpa, int value) {
        host.write32(writableAt(gpa, 4), value);
    }

    @Override
    public void write64(long gpa, long value) {
        host.write64(writableAt(gpa, 8), value);
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) {
        check(gpa, length);
        for (int done = 0; done < length; ) {
            int here = here(gpa + done, length - done);
            host.read(map.hpa(gpa + done), target, offset + done, here);
            done += here;
        }
    }

    @Override
    public void write(long gpa, byte[] source, int offset, int length) {
        check(gpa, length);
        if (!writable(gpa, length)) {
            throw new GuestMemoryException(gpa, length);
        }
        for (int done = 0; done < length; ) {
            int here = here(gpa + done, length - done);
            host.write(map.hpa(gpa + done), source, offset + done, here);
            done += here;
        }
    }

    /** Nothing is copied unless all of it can be. */
    private void check(long gpa, int length) {
        if (!contains(gpa, length)) {
            throw new GuestMemoryException(gpa, length);
        }
    }

    private int here(long gpa, int length) {
        MemoryRegion region = map.regionAt(gpa);
        return (int) Math.min(length, region.gpa() + region.bytes() - gpa);
    }
}
