package proteus.api.cpu;

import org.osgi.annotation.versioning.ProviderType;
import proteus.api.io.CharacterBackend;
import proteus.api.io.Timers;

/** Time, console and switches of a machine, for a hypervisor that gives them to its guest by hypercalls. Used on the VM's thread. */
@ProviderType
public interface ParavirtualServices {
    Timers timers();

    CharacterBackend console();

    /** The guest ended its run well. */
    void powerOff();

    /** The guest wishes to start again. */
    void reset();

    /** The guest's kernel gave up, or did what a hypervisor answers by ending the guest: one sentence. */
    void crashed(String why);
}
