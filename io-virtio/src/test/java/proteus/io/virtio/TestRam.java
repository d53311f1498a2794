package proteus.io.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.GuestMemoryException;
import proteus.api.memory.MemoryMap;

/** RAM from address 0 that counts accesses, and lets a test act before each read, as another processor would. */
public final class TestRam implements GuestMemory {
    public final byte[] bytes;
    public long accesses;
    public long transferred;
    /** Runs before each read of up to 8 bytes. */
    public Runnable beforeRead = () -> {};
    private final ByteBuffer view;

    public TestRam(int size) {
        bytes = new byte[size];
        view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private int at(long gpa, int length) {
        accesses++;
        transferred += length;
        if (!contains(gpa, length)) {
            throw new GuestMemoryException(gpa, length);
        }
        return (int) gpa;
    }

    private int reading(long gpa, int length) {
        beforeRead.run();
        return at(gpa, length);
    }

    @Override
    public long size() {
        return bytes.length;
    }

    @Override
    public boolean contains(long gpa, long length) {
        return gpa >= 0 && length >= 0 && gpa <= bytes.length - length;
    }

    @Override
    public int read8(long gpa) {
        return view.get(reading(gpa, 1)) & 0xff;
    }

    @Override
    public int read16(long gpa) {
        return view.getShort(reading(gpa, 2)) & 0xffff;
    }

    @Override
    public int read32(long gpa) {
        return view.getInt(reading(gpa, 4));
    }

    @Override
    public long read64(long gpa) {
        return view.getLong(reading(gpa, 8));
    }

    @Override
    public void write8(long gpa, int value) {
        view.put(at(gpa, 1), (byte) value);
    }

    @Override
    public void write16(long gpa, int value) {
        view.putShort(at(gpa, 2), (short) value);
    }

    @Override
    public void write32(long gpa, int value) {
        view.putInt(at(gpa, 4), value);
    }

    @Override
    public void write64(long gpa, long value) {
        view.putLong(at(gpa, 8), value);
    }

    @Override
    public void read(long gpa, byte[] target, int offset, int length) {
        System.arraycopy(bytes, at(gpa, length), target, offset, length);
    }

    @Override
    public void write(long gpa, byte[] source, int offset, int length) {
        System.arraycopy(source, offset, bytes, at(gpa, length), length);
    }

    @Override
    public MemoryMap map() {
        throw new UnsupportedOperationException("no map");
    }
}
