package proteus.api.memory;

import org.osgi.annotation.versioning.ProviderType;
import proteus.api.event.EventCounters;
import proteus.api.silicon.HostMemory;

/** What a memory technique gets. Tables it builds live in frames of host memory. */
@ProviderType
public interface MemoryContext {
    HostMemory hostMemory();

    MemoryMap map();

    EventCounters counters();

    /** Name of the VM, for the ownership of frames. */
    String owner();
}
