package proteus.api.vm;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** All virtual machines of this host; a service. */
@ProviderType
public interface VirtualMachineManager {
    /**
     * Composes, builds and loads a VM; it does not run yet.
     *
     * @throws VmException with one clear sentence: impossible composition, name taken, not enough memory
     * @throws GuestLoadException when the image cannot be loaded
     */
    VirtualMachine create(VmSpec spec);

    Optional<VirtualMachine> find(String name);

    List<VirtualMachine> list();
}
