package proteus.vmm;

import java.util.function.LongConsumer;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.MachineBus;

/**
 * What a vCPU's accesses reach: the ports and memory-mapped registers of its VM, counted. A port access takes the time of a
 * cycle on the ISA bus, so that delays made of port reads last as long as their authors meant (docs/adr/0007).
 */
final class DispatchBus implements MachineBus {
    /** Nanoseconds: about eight clocks at 8.33 MHz. */
    static final long PORT_CYCLE = 1_000;

    private final AddressBus ports;
    private final AddressBus mmio;
    private final AddressLine20 line20;
    private final EventCounters counters;
    private final LongConsumer time;

    /** @param time lets nanoseconds pass in the guest's time */
    DispatchBus(AddressBus ports, AddressBus mmio, AddressLine20 line20, EventCounters counters, LongConsumer time) {
        this.ports = ports;
        this.mmio = mmio;
        this.line20 = line20;
        this.counters = counters;
        this.time = time;
    }

    @Override
    public int readPort(int port, int size) {
        counters.count(CountedEvent.PORT_ACCESSES);
        time.accept(PORT_CYCLE);
        return (int) ports.read(port, size);
    }

    @Override
    public void writePort(int port, int size, int value) {
        counters.count(CountedEvent.PORT_ACCESSES);
        time.accept(PORT_CYCLE);
        ports.write(port, size, value & 0xffffffffL);
    }

    @Override
    public long readMemory(long gpa, int size) {
        counters.count(CountedEvent.MMIO_ACCESSES);
        return mmio.read(line20.through(gpa), size);
    }

    @Override
    public void writeMemory(long gpa, int size, long value) {
        counters.count(CountedEvent.MMIO_ACCESSES);
        mmio.write(line20.through(gpa), size, value);
    }
}
