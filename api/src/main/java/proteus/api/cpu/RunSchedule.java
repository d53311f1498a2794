package proteus.api.cpu;

import org.osgi.annotation.versioning.ProviderType;

/** How far a vCPU may run; devices change it while exits are handled, so ask again after each. */
@ProviderType
public interface RunSchedule {
    /** Count of retired instructions (of the processor) at which to give the vCPU back; exact. */
    long limit();

    /** Whether the run must end as soon as the current exit is handled. */
    boolean stopRequested();

    /**
     * Whether a debugger steps: the vCPU is given back behind one instruction, also behind an iteration of one that repeats.
     */
    default boolean singleInstruction() {
        return false;
    }
}
