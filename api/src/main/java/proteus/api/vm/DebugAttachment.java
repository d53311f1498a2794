package proteus.api.vm;

import org.osgi.annotation.versioning.ProviderType;
import proteus.api.silicon.DebugPoints;

/** A debugger's hold on a VM. Methods may be called from any thread. */
@ProviderType
public interface DebugAttachment extends AutoCloseable {
    /**
     * Where the guest stops; replaces what was set before. The VM is paused at each stop. The points stay when a technique or the
     * silicon under the VM is exchanged.
     *
     * @throws IllegalArgumentException with one sentence when the silicon cannot watch as much
     */
    void points(DebugPoints points);

    /** Takes all points away; the VM stays as it is. */
    @Override
    void close();
}
