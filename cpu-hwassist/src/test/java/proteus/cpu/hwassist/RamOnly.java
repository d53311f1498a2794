package proteus.cpu.hwassist;

import java.util.List;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.silicon.HostMemory;

/** Guest memory of one region. */
record RamOnly(HostMemory host, MemoryRegion ram) implements GuestMemory, MemoryMap {
    @Override
    public long size() {
        return ram.bytes();
    }

    @Override
    public boolean contains(long gpa, long bytes) {
        return ram.contains(gpa) && ram.contains(gpa + bytes - 1);
    }

    @Override
    public int read8(long gpa) {
        return host.read8(hpa(gpa));
    }

    @Override
    public int read16(long gpa) {
        return host.read16(hpa(gpa));
    }

    @Override
    public int read32(long gpa) {
        return host.read32(hpa(gpa));
    }

    @Override
    public long read64(long gpa) {
        return host.read64(hpa(gpa));
    }

    @Override
    public void write8(long gpa, int value) {
        host.write8(hpa(gpa), value);
    }

    @Override
    public void write16(long gpa, int value) {
        host.write16(hpa(gpa), value);
    }

    @Override
    public void write32(long gpa, int value) {
        host.write32(hpa(gpa), value);
    }

    @Override
    public void write64(long gpa, long value) {
        host.write64(hpa(gpa), value);
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) {
        host.read(hpa(gpa), target, offset, length);
    }

    @Override
    public void write(long gpa, byte[] source, int offset, int length) {
        host.write(hpa(gpa), source, offset, length);
    }

    @Override
    public MemoryMap map() {
        return this;
    }

    @Override
    public List<MemoryRegion> regions() {
        return List.of(ram);
    }

    @Override
    public long hpa(long gpa) {
        return ram.contains(gpa) ? ram.offset(gpa) : -1;
    }

    @Override
    public MemoryRegion regionAt(long gpa) {
        return ram.contains(gpa) ? ram : null;
    }

    @Override
    public int generation() {
        return 0;
    }
}
