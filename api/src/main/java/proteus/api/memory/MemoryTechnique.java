package proteus.api.memory;

import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.compose.TechniqueInfo;

/** A technique of memory virtualization; a service, one per bundle. */
@ConsumerType
public interface MemoryTechnique {
    TechniqueInfo info();

    /** Takes charge of the memory of one VM. */
    MemoryVirtualization virtualize(MemoryContext context);
}
