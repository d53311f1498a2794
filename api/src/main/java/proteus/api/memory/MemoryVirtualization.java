package proteus.api.memory;

import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.silicon.Processor;

/**
 * The memory of one VM in the hands of a technique: it owns the tables that the hardware walks. The CPU technique enters
 * the guest, this one answers what concerns translation.
 */
@ConsumerType
public interface MemoryVirtualization extends AutoCloseable {
    /** Whether the hardware walks two dimensions (nested paging); false: the guest's CR3 is virtual and a shadow is walked. */
    boolean nested();

    /** Sets the processor's translation root and the controls this technique depends on (EPT pointer, or shadow CR3 and the intercepts that go with it). */
    void attach(Processor processor);

    /** Lets go of the processor; its controls are as before {@link #attach}. */
    void detach(Processor processor);

    /**
     * An EPT violation.
     *
     * @param gpa the address
     * @param qualification exit qualification (SDM 3C, table 28-7)
     */
    FaultOutcome onEptViolation(Processor processor, long gpa, long qualification);

    /**
     * A page fault the hardware raised on tables of this technique (shadow).
     *
     * @param gva CR2's value
     * @param errorCode as pushed
     */
    FaultOutcome onPageFault(Processor processor, long gva, int errorCode);

    /** The guest changed CR0, CR3, CR4 or EFER: the values it now sees. */
    void onPagingModeChange(Processor processor, long cr0, long cr3, long cr4, long efer);

    /** The guest executed INVLPG. */
    void onInvlpg(Processor processor, long gva);

    /** The memory map changed in this range: drop what was derived from it. */
    void onMapChange(long gpa, long bytes);

    @Override
    void close();
}
