package proteus.io.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.DeviceContext;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;

/** A machine with one PCI slot, reached as the board does: configuration bytes, BARs by offset. */
final class PciMachine implements DeviceContext, PciSlots {
    final TestRam ram = new TestRam(1 << 18);
    final EventCounters counters = new EventCounters();
    final List<String> messages = new ArrayList<>();
    PciFunction function;
    boolean wire;
    boolean busMaster = true;

    long read(int bar, long offset, int size) {
        return function.bars().get(bar).registers().read(offset, size);
    }

    void write(int bar, long offset, int size, long value) {
        function.bars().get(bar).registers().write(offset, size, value);
    }

    int config(int offset, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= function.readConfig(offset + i) << 8 * i;
        }
        return value;
    }

    void config(int offset, int size, int value) {
        for (int i = 0; i < size; i++) {
            function.writeConfig(offset + i, value >>> 8 * i & 0xff);
        }
    }

    @Override
    public Slot plug(PciFunction plugged) {
        return plug(2, 0, plugged);
    }

    @Override
    public Slot plug(int device, int number, PciFunction plugged) {
        function = plugged;
        return new Slot() {
            @Override
            public int device() {
                return device;
            }

            @Override
            public int function() {
                return number;
            }

            @Override
            public InterruptLine interrupt() {
                return level -> wire = level;
            }

            @Override
            public boolean busMaster() {
                return busMaster;
            }

            @Override
            public void message(long address, int data) {
                messages.add("%x:%x".formatted(address, data));
            }

            @Override
            public void close() {
                function = null;
            }
        };
    }

    @Override
    public Optional<PciSlots> pci() {
        return Optional.of(this);
    }

    @Override
    public GuestMemory memory() {
        return ram;
    }

    @Override
    public EventCounters counters() {
        return counters;
    }

    @Override
    public Bus ports() {
        throw new UnsupportedOperationException("no ports");
    }

    @Override
    public Bus mmio() {
        throw new UnsupportedOperationException("BARs only");
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        throw new UnsupportedOperationException("PCI interrupts only");
    }

    @Override
    public Timers timers() {
        throw new UnsupportedOperationException("no timers");
    }

    @Override
    public void post(Runnable action) {
        action.run();
    }
}
