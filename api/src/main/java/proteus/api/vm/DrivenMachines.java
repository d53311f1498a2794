package proteus.api.vm;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** Makes machines without a processor; a service. */
@ProviderType
public interface DrivenMachines {
    /**
     * Makes a machine with a board and nothing plugged into it.
     *
     * @throws VmException with one sentence
     */
    DrivenMachine drive(Setup setup);

    /**
     * What machine to make.
     *
     * @param name for messages
     * @param memoryBytes of RAM, whole pages, at least 1 MiB
     * @param rom the firmware's image in whole pages; empty for an erased one
     * @param listener told on the driver's thread
     */
    record Setup(String name, long memoryBytes, Optional<byte[]> rom, DrivenMachine.Listener listener) {}
}
