package proteus.api.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
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

    /**
     * Makes a VM out of a snapshot; it is paused.
     *
     * @param change what to do otherwise than the VM that was saved: name, CPU and memory technique, engine
     * @throws VmException with one clear sentence when the file is damaged or of another version, or when the guest would see a
     *     difference; then there is no new VM
     */
    VirtualMachine restore(Path file, UnaryOperator<VmSpec> change);

    Optional<VirtualMachine> find(String name);

    List<VirtualMachine> list();
}
