package proteus.vmm;

import proteus.api.cpu.CpuContext;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestContract;

/** What techniques get. */
final class Contexts {
    private Contexts() {}

    record Cpu(
            Silicon silicon,
            Processor processor,
            MemoryVirtualization memory,
            MachineBus bus,
            InterruptController interrupts,
            GuestMemory guestMemory,
            GuestContract contract,
            EventCounters counters,
            RunSchedule schedule,
            int index)
            implements CpuContext {}

    record Memory(HostMemory hostMemory, MemoryMap map, EventCounters counters, String owner) implements MemoryContext {}
}
