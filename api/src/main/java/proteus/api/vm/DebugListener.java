package proteus.api.vm;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.silicon.DebugHit;

/** Whoever debugs a VM. */
@ConsumerType
@FunctionalInterface
public interface DebugListener {
    /**
     * The guest has come to rest. Called on the VM's thread: be quick, and hand on to another thread what takes time.
     *
     * @param state what the VM is now
     * @param hit the debug point that stopped it, if one did
     */
    void stopped(VmState state, Optional<DebugHit> hit);
}
