package proteus.qtest.machine;

import proteus.api.io.Bus;
import proteus.api.io.BusDevice;

/** QEMU's {@code pc-testdev} as far as tests of byte order use it: four bytes at 0xe0 that remember, in any width. */
final class TestPorts implements BusDevice {
    private static final int PORT = 0xe0;
    private static final int BYTES = 4;

    private final byte[] bytes = new byte[BYTES];

    static void attach(Bus ports) {
        ports.attach(PORT, BYTES, "pc-testdev", new TestPorts());
    }

    @Override
    public long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[(int) offset + i] & 0xffL) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            bytes[(int) offset + i] = (byte) (value >>> 8 * i);
        }
    }
}
