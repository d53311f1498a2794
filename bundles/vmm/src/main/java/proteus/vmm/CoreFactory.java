package proteus.vmm;

import java.util.Optional;
import java.util.Set;
import proteus.api.compose.Composition;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.event.EventCounters;
import proteus.api.io.InterruptController;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.api.vm.GuestContract;
import proteus.api.vm.VmException;
import proteus.api.vm.VmSpec;

/**
 * Makes cores for the vCPU of one VM, at its start and at each hand-over.
 *
 * @param map guest-physical pages as processors see them
 * @param memory the same for the techniques' own accesses
 */
record CoreFactory(
        VmSpec spec,
        TechniqueRegistry registry,
        GuestContract contract,
        EventCounters counters,
        MemoryMap map,
        MachineMemory memory,
        MachineBus bus,
        InterruptController interrupts,
        MachineSchedule schedule,
        Contexts.Services services,
        Vcpu vcpu) {

    /**
     * A core in its reset state, attached to nothing yet.
     *
     * @throws VmException when a part has gone meanwhile
     * @throws IllegalArgumentException in one sentence, for a wish that a part cannot fulfil
     */
    Core build(Composition composition, ExecutionEngine engine) {
        Silicon silicon = gone(registry.silicon(composition.silicon()));
        CpuTechnique cpuTechnique = gone(registry.cpu(composition.cpu()));
        MemoryTechnique memoryTechnique = gone(registry.memory(composition.memory()));
        Parts.Closing made = new Parts.Closing();
        try {
            Processor processor = made.own(silicon.createProcessor(new ProcessorSettings(
                    cpuTechnique.executionMode(), spec.cpu(), counters, MachineBus.NONE, spec.clock() == VmSpec.Clock.WALL, engine)));
            MemoryVirtualization tables =
                    made.own(memoryTechnique.virtualize(new Contexts.Memory(silicon.hostMemory(), map, counters, spec.name())));
            CpuVirtualization cpu = made.own(cpuTechnique.virtualize(new Contexts.Cpu(
                    silicon, processor, tables, bus, interrupts, memory, contract, counters, Vcpu.counting(schedule, vcpu), 0, Optional.of(services))));
            return new Core(composition, engine, processor, tables, cpu, Set.of(silicon, cpuTechnique, memoryTechnique), made);
        } catch (RuntimeException | Error e) {
            made.close();
            throw e;
        }
    }

    /** @throws VmException when a part of a core has gone since it was built */
    void stillOffered(Core core) {
        Composition parts = core.composition();
        if (!core.used().containsAll(Set.of(gone(registry.silicon(parts.silicon())), gone(registry.cpu(parts.cpu())), gone(registry.memory(parts.memory()))))) {
            gone(Optional.empty());
        }
    }

    /** Services may go between the examination and the building. */
    static <T> T gone(Optional<T> service) {
        return service.orElseThrow(() -> new VmException("a part of the hypervisor was just stopped; try again"));
    }
}
