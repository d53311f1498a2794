package proteus.vmm;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.MachineBus;

/** What a vCPU's accesses reach: the ports and memory-mapped registers of its VM, counted. */
final class DispatchBus implements MachineBus {
    private final AddressBus ports;
    private final AddressBus mmio;
    private final EventCounters counters;

    DispatchBus(AddressBus ports, AddressBus mmio, EventCounters counters) {
        this.ports = ports;
        this.mmio = mmio;
        this.counters = counters;
    }

    @Override
    public int readPort(int port, int size) {
        counters.count(CountedEvent.PORT_ACCESSES);
        return (int) ports.read(port, size);
    }

    @Override
    public void writePort(int port, int size, int value) {
        counters.count(CountedEvent.PORT_ACCESSES);
        ports.write(port, size, value & 0xffffffffL);
    }

    @Override
    public long readMemory(long gpa, int size) {
        counters.count(CountedEvent.MMIO_ACCESSES);
        return mmio.read(gpa, size);
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {
        counters.count(CountedEvent.MMIO_ACCESSES);
        mmio.write(gpa, size, value);
    }
}
