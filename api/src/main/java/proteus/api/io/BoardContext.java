package proteus.api.io;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** What a board gets: a device's context and the switches of the machine. */
@ProviderType
public interface BoardContext extends DeviceContext {
    int vcpus();

    /** Nanosecond-to-TSC ratio of this VM: TSC ticks per second. */
    long tscFrequency();

    /** The TSC as the guest reads it now, for TSC-deadline timers. */
    long guestTsc(int vcpu);

    /** An interrupt may have become deliverable: the vCPU must look. Called on the VM's thread. */
    void interruptRaised(int vcpu);

    /** ACPI S5. */
    void powerOff();

    /** Reset by keyboard controller, port 0xcf9 or ACPI. */
    void resetRequested();

    /** Debug exit: the guest wrote this value to port 0xf4. */
    void debugExit(int value);

    /** A character written to port 0xe9. */
    void debugCharacter(int value);

    /** A character written to port 0x402, where firmware tells what it does. */
    default void firmwareCharacter(int value) {}

    /**
     * Address line 20 of the processors: while it is closed they put out 0 there, and addresses go around at 1 MiB. Open at the start;
     * called on the VM's thread.
     */
    default void addressLine20(boolean open) {}

    /** What may be changed between ROM and RAM; empty when the machine starts without ROM: then all is RAM. */
    default Optional<ShadowMemory> shadowMemory() {
        return Optional.empty();
    }
}
