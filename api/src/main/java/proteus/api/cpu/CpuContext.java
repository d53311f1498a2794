package proteus.api.cpu;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.GuestMemory;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestContract;

/** What a technique gets to virtualize one vCPU. */
@ProviderType
public interface CpuContext {
    Silicon silicon();

    Processor processor();

    MemoryVirtualization memory();

    /** Ports and memory-mapped registers of the VM. */
    MachineBus bus();

    /** The board's interrupt controllers as this vCPU sees them. */
    InterruptController interrupts();

    GuestMemory guestMemory();

    GuestContract contract();

    EventCounters counters();

    RunSchedule schedule();

    /** Index of the vCPU, from 0. */
    int index();

    /** What a technique needs whose guest asks the hypervisor instead of a board's devices; empty where there is no such machine. */
    default Optional<ParavirtualServices> paravirtual() {
        return Optional.empty();
    }
}
