package proteus.board;

import java.util.List;
import proteus.api.io.BusDevice;
import proteus.api.io.PciFunction;

/** A PCI function with a port range and a 64-bit memory range. */
final class TestFunction implements PciFunction {
    private final BusDevice registers = new BusDevice() {
        @Override
        public long read(long offset, int size) {
            return 0xa0 + offset;
        }

        @Override
        public void write(long offset, int size, long value) {}
    };

    @Override
    public String name() {
        return "test function";
    }

    @Override
    public Identity identity() {
        return new Identity(0x1234, 0x5678, 1, 0xff0000, 0x1234, 1, 1);
    }

    @Override
    public List<Bar> bars() {
        return List.of(new Bar(0, Bar.Kind.PORTS, 32, registers), new Bar(2, Bar.Kind.MEMORY_64, 0x4000, registers));
    }
}
