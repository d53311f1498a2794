package proteus.api.cpu;

import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.compose.TechniqueInfo;

/** A technique of CPU virtualization; a service, one per bundle. */
@ConsumerType
public interface CpuTechnique {
    TechniqueInfo info();

    /**
     * Takes charge of one vCPU. The context's processor is in the mode that {@link #executionMode} names.
     *
     * @throws IllegalArgumentException with one clear sentence when the context lacks what the technique needs
     */
    CpuVirtualization virtualize(CpuContext context);

    /** The mode in which the silicon's processor must be created for this technique. */
    proteus.api.silicon.ExecutionMode executionMode();
}
