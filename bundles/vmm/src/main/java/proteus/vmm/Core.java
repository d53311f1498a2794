package proteus.vmm;

import java.util.Set;
import proteus.api.compose.Composition;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.silicon.Processor;

/**
 * What carries a vCPU: a processor in the hands of one CPU and one memory technique. It holds nothing that the guest could miss: a
 * hand-over builds another one and gives it the guest's state.
 *
 * @param used the services that made it
 * @param owned everything to close, in the order of making
 */
record Core(
        Composition composition,
        ExecutionEngine engine,
        Processor processor,
        MemoryVirtualization memory,
        CpuVirtualization cpu,
        Set<Object> used,
        Parts.Closing owned)
        implements AutoCloseable {
    @Override
    public void close() {
        owned.close();
    }
}
