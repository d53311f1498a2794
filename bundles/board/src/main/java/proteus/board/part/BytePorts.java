package proteus.board.part;

import proteus.api.io.BusDevice;

/**
 * Ports of an 8-bit chip. A wider access becomes accesses to consecutive ports, low byte first, as the ISA bus controller
 * converts it; ports beyond the attached range give ones.
 */
public abstract class BytePorts implements BusDevice {
    private final int ports;

    /** @param ports length of the range it is attached at */
    protected BytePorts(int ports) {
        this.ports = ports;
    }

    protected abstract int readByte(int port);

    protected abstract void writeByte(int port, int value);

    @Override
    public final long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            long one = offset + i < ports ? readByte((int) offset + i) & 0xffL : 0xffL;
            value |= one << 8 * i;
        }
        return value;
    }

    @Override
    public final void write(long offset, int size, long value) {
        for (int i = 0; i < size && offset + i < ports; i++) {
            writeByte((int) offset + i, (int) (value >>> 8 * i) & 0xff);
        }
    }
}
