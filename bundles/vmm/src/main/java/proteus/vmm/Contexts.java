package proteus.vmm;

import java.util.Optional;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.ParavirtualServices;
import proteus.api.cpu.RunSchedule;
import proteus.api.event.EventCounters;
import proteus.api.io.CharacterBackend;
import proteus.api.io.InterruptController;
import proteus.api.io.Timers;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestContract;
import proteus.api.vm.VmEnd;

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
            int index,
            Optional<ParavirtualServices> paravirtual)
            implements CpuContext {}

    /** What a guest without a board asks its hypervisor for. */
    record Services(Timers timers, CharacterBackend console, MachineLink link) implements ParavirtualServices {
        @Override
        public void powerOff() {
            link.end(VmEnd.Kind.POWER_OFF, 0, "the guest powered off");
        }

        @Override
        public void reset() {
            link.reset("the guest reset the machine");
        }

        @Override
        public void crashed(String why) {
            link.end(VmEnd.Kind.FAILED, 0, why);
        }
    }

    record Memory(HostMemory hostMemory, MemoryMap map, EventCounters counters, String owner) implements MemoryContext {}
}
