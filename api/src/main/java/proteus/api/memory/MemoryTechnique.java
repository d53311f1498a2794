package proteus.api.memory;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo;

/** A technique of memory virtualization; a service, one per bundle. */
@ConsumerType
public interface MemoryTechnique {
    TechniqueInfo info();

    /** Why this technique cannot be part of such a composition, in one sentence. */
    default Optional<String> objection(Composition wish) {
        return Optional.empty();
    }

    /** Takes charge of the memory of one VM. */
    MemoryVirtualization virtualize(MemoryContext context);
}
