package proteus.api.cpu;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo;
import proteus.api.vm.GuestAbi;

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

    /** What its guests must have been made for. */
    default GuestAbi abi() {
        return GuestAbi.PC;
    }

    /** Why this technique cannot be part of such a composition, in one sentence. */
    default Optional<String> objection(Composition wish) {
        return Optional.empty();
    }

    /** The mode in which the silicon's processor must be created for this technique. */
    proteus.api.silicon.ExecutionMode executionMode();
}
