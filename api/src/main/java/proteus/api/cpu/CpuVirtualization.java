package proteus.api.cpu;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;
import proteus.api.state.ArchState;

/** One vCPU in the hands of a technique. Owned by the thread that runs the vCPU. */
@ConsumerType
public interface CpuVirtualization extends AutoCloseable {
    /**
     * Runs the guest, handling exits, until the schedule's limit, a halt, or an end. Interrupts waiting at the context's
     * interrupt controller are injected as the architecture allows.
     */
    RunOutcome run();

    /** The guest-visible state, as if the guest ran on the bare processor; changes nothing. */
    ArchState exportState();

    /** Takes over guest-visible state: a boot state from a loader, or another technique's export. */
    void importState(ArchState state);

    /** The time-stamp counter as the guest reads it now: the processor's with the guest's offset. */
    long guestTsc();

    /**
     * Where the guest is to stop for a debugger; the processor has been told already. For techniques that run the guest's code at
     * other addresses than the guest's own (binary translation): they stop with {@link RunOutcome#DEBUG} by themselves.
     */
    default void debugPoints(DebugPoints points) {}

    /** What the last {@link RunOutcome#DEBUG} met, if the technique knows better than the processor. */
    default Optional<DebugHit> debugHit() {
        return Optional.empty();
    }

    /** Sentence about the last {@link RunOutcome#FAILED}, with RIP and what to look at. */
    String failure();

    @Override
    void close();
}
