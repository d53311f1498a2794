package proteus.vmm;

import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;

/** Guest-physical memory of one VM over the frames of its host. */
final class MachineMemory implements GuestMemory {
    private static final int PAGE = HostMemory.FRAME_SIZE;

    private final BackedMap map;
    private HostMemory host;
    private final long size;

    MachineMemory(BackedMap map, HostMemory host, long size) {
        this.map = map;
        this.host = host;
        this.size = size;
    }

    /** The frames are another host's now. */
    void on(HostMemory other) {
        host = other;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public BackedMap map() {
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

    /** HPA of bytes within one page. */
    private long at(long gpa, int bytes) {
        long hpa = map.hpa(gpa);
        if (hpa < 0) {
            throw new GuestMemoryException(gpa, bytes);
        }
        return hpa;
    }

    /** HPA of bytes within one page, to be written. Devices do not write ROM. */
    private long writableAt(long gpa, int bytes) {
        if (map.owned(gpa)) {
            return map.hpa(gpa);
        }
        if (!writable(gpa, bytes)) {
            throw new GuestMemoryException(gpa, bytes);
        }
        return map.deviceHpa(gpa);
    }

    private static boolean inOnePage(long gpa, int bytes) {
        return (gpa & PAGE - 1) <= PAGE - bytes;
    }

    /** Across a page boundary: the frames are two. */
    private long readAcross(long gpa, int bytes) {
        check(gpa, bytes);
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) read8(gpa + i) << 8 * i;
        }
        return value;
    }

    private void writeAcross(long gpa, int bytes, long value) {
        check(gpa, bytes);
        if (!writable(gpa, bytes)) {
            throw new GuestMemoryException(gpa, bytes);
        }
        for (int i = 0; i < bytes; i++) {
            write8(gpa + i, (int) (value >>> 8 * i) & 0xff);
        }
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
        return inOnePage(gpa, 2) ? host.read16(at(gpa, 2)) : (int) readAcross(gpa, 2);
    }

    @Override
    public int read32(long gpa) {
        return inOnePage(gpa, 4) ? host.read32(at(gpa, 4)) : (int) readAcross(gpa, 4);
    }

    @Override
    public long read64(long gpa) {
        return inOnePage(gpa, 8) ? host.read64(at(gpa, 8)) : readAcross(gpa, 8);
    }

    @Override
    public void write8(long gpa, int value) {
        host.write8(writableAt(gpa, 1), value);
    }

    @Override
    public void write16(long gpa, int value) {
        if (inOnePage(gpa, 2)) {
            host.write16(writableAt(gpa, 2), value);
        } else {
            writeAcross(gpa, 2, value);
        }
    }

    @Override
    public void write32(long gpa, int value) {
        if (inOnePage(gpa, 4)) {
            host.write32(writableAt(gpa, 4), value);
        } else {
            writeAcross(gpa, 4, value);
        }
    }

    @Override
    public void write64(long gpa, long value) {
        if (inOnePage(gpa, 8)) {
            host.write64(writableAt(gpa, 8), value);
        } else {
            writeAcross(gpa, 8, value);
        }
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
            host.write(writableAt(gpa + done, here), source, offset + done, here);
            done += here;
        }
    }

    /** Nothing is copied unless all of it can be. */
    private void check(long gpa, int length) {
        if (!contains(gpa, length)) {
            throw new GuestMemoryException(gpa, length);
        }
    }

    private static int here(long gpa, int length) {
        return (int) Math.min(length, PAGE - (gpa & PAGE - 1));
    }

    @Override
    public boolean discard(long gpa) {
        if (!writable(gpa, 1)) {
            return false;
        }
        map.discard(gpa);
        return true;
    }
}
