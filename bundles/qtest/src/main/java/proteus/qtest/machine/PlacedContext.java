package proteus.qtest.machine;

import java.util.Optional;
import proteus.api.event.EventCounters;
import proteus.api.io.Bus;
import proteus.api.io.DeviceContext;
import proteus.api.io.InterruptLine;
import proteus.api.io.PciFunction;
import proteus.api.io.PciSlots;
import proteus.api.io.PlatformDevice;
import proteus.api.io.Ps2Port;
import proteus.api.io.Timers;
import proteus.api.io.Transport;
import proteus.api.memory.GuestMemory;

/**
 * The machine for one device whose PCI function goes to a slot that was asked for.
 *
 * @param device PCI device number
 * @param function number, with it
 */
record PlacedContext(DeviceContext machine, int device, int function) implements DeviceContext {
    @Override
    public Optional<PciSlots> pci() {
        return machine.pci().map(slots -> new PciSlots() {
            @Override
            public Slot plug(PciFunction plugged) {
                return slots.plug(device, function, plugged);
            }

            @Override
            public Slot plug(int fixedDevice, int fixedFunction, PciFunction plugged) {
                return slots.plug(fixedDevice, fixedFunction, plugged);
            }
        });
    }

    @Override
    public Bus ports() {
        return machine.ports();
    }

    @Override
    public Bus mmio() {
        return machine.mmio();
    }

    @Override
    public GuestMemory memory() {
        return machine.memory();
    }

    @Override
    public InterruptLine interrupt(int gsi) {
        return machine.interrupt(gsi);
    }

    @Override
    public Optional<Ps2Port> keyboardPort() {
        return machine.keyboardPort();
    }

    @Override
    public Transport transport() {
        return Transport.PCI;
    }

    @Override
    public void platformDevice(PlatformDevice platformDevice) {
        machine.platformDevice(platformDevice);
    }

    @Override
    public Timers timers() {
        return machine.timers();
    }

    @Override
    public EventCounters counters() {
        return machine.counters();
    }

    @Override
    public void post(Runnable action) {
        machine.post(action);
    }
}
