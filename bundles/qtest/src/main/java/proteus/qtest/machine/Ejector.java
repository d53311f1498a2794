package proteus.qtest.machine;

import java.util.function.IntConsumer;
import proteus.api.io.Bus;
import proteus.api.io.BusDevice;

/**
 * The register with which an operating system lets a PCI device go that was asked to be unplugged (QEMU docs/specs/acpi_pci_hotplug): a bit
 * for each slot at 0xae08. The tables of our board do not describe it: only programs that know of it find it.
 */
record Ejector(IntConsumer letGo) implements BusDevice {
    private static final int PORT = 0xae08;
    private static final int BYTES = 4;

    void attach(Bus ports) {
        ports.attach(PORT, BYTES, "PCI hot-plug: eject", this);
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int slot = 0; slot < Integer.SIZE; slot++) {
            if ((value & 1L << slot) != 0) {
                letGo.accept(slot);
            }
        }
    }
}
