package proteus.loader;

import java.util.List;
import proteus.api.io.Board.FirmwareData;
import proteus.api.io.Board.MapEntry;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;

/** A PC's RAM in one array, with ROM space below 1 MiB as RAM, and the memory map that goes with it. */
final class FakeMemory implements GuestMemory {
    static final long MACHINE = 0x4000_0000L;
    static final int HOLE = 0xa0000, HOLE_END = 0xc0000;
    final byte[] bytes;

    FakeMemory(int mebibytes) {
        bytes = new byte[mebibytes << 20];
    }

    FirmwareData firmware() {
        return new FirmwareData(0xe0000, List.of(new MapEntry(0, 0x9fc00, 1), new MapEntry(0x9fc00, 0x400, 2), new MapEntry(0xe0000, 0x20000, 2),
                new MapEntry(0x100000, bytes.length - 0x100000L, 1)));
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public boolean contains(long gpa, long length) {
        return gpa >= 0 && length >= 0 && gpa <= bytes.length && length <= bytes.length - gpa;
    }

    private int at(long gpa, long length) {
        if (!contains(gpa, length)) {
            throw new GuestMemoryException(gpa, length);
        }
        return (int) gpa;
    }

    @Override
    public int read8(long gpa) {
        return bytes[at(gpa, 1)] & 0xff;
    }

    @Override
    public int read16(long gpa) {
        return read8(gpa) | read8(gpa + 1) << 8;
    }

    @Override
    public int read32(long gpa) {
        return read16(gpa) | read16(gpa + 2) << 16;
    }

    @Override
    public long read64(long gpa) {
        return read32(gpa) & 0xffffffffL | (long) read32(gpa + 4) << 32;
    }

    @Override
    public void write8(long gpa, int value) {
        bytes[at(gpa, 1)] = (byte) value;
    }

    @Override
    public void write16(long gpa, int value) {
        write8(gpa, value);
        write8(gpa + 1, value >> 8);
    }

    @Override
    public void write32(long gpa, int value) {
        write16(gpa, value);
        write16(gpa + 2, value >> 16);
    }

    @Override
    public void write64(long gpa, long value) {
        write32(gpa, (int) value);
        write32(gpa + 4, (int) (value >> 32));
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) {
        System.arraycopy(bytes, at(gpa, length), target, offset, length);
    }

    @Override
    public void write(long gpa, byte[] source, int offset, int length) {
        System.arraycopy(source, offset, bytes, at(gpa, length), length);
    }

    /** RAM on both sides of the VGA hole; behind it host frames in order from {@link #MACHINE} on. */
    @Override
    public MemoryMap map() {
        List<MemoryRegion> regions = List.of(
                new MemoryRegion(0, HOLE, 0, true, "low"), new MemoryRegion(HOLE_END, bytes.length - HOLE_END, HOLE_END, true, "high"));
        return new MemoryMap() {
            @Override
            public List<MemoryRegion> regions() {
                return regions;
            }

            @Override
            public long hpa(long gpa) {
                return regionAt(gpa) == null ? -1 : MACHINE + gpa;
            }

            @Override
            public MemoryRegion regionAt(long gpa) {
                return regions.stream().filter(region -> region.contains(gpa)).findFirst().orElse(null);
            }

            @Override
            public int generation() {
                return 0;
            }
        };
    }

    /** Text up to its zero byte. */
    String text(long gpa) {
        StringBuilder text = new StringBuilder();
        for (long at = gpa; read8(at) != 0; at++) {
            text.append((char) read8(at));
        }
        return text.toString();
    }
}
