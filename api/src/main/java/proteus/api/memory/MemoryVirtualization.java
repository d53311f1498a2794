package proteus.api.memory;

import org.osgi.annotation.versioning.ConsumerType;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;

/**
 * The memory of one VM in the hands of a technique: it owns the tables that the hardware walks. The CPU technique enters
 * the guest, this one answers what concerns translation.
 *
 * <p>Where {@link #nested} is false the processor's CR3 belongs to this technique. The CPU technique keeps the guest's paging
 * registers to itself ({@link GuestPaging}) and runs the processor with CR0.PG, CR0.WP, CR4.PAE and EFER.NXE set, CR4.PCIDE
 * clear, and EFER.LME and LMA as the guest's LMA: the shadow has four levels for a guest in IA-32e mode and PAE format for
 * every other, an unpaged one too. It brings all page faults, INVLPG and flushes here, and every change of those registers.
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
     * @param errorCode as the hardware gives it
     */
    FaultOutcome onPageFault(Processor processor, long gva, int errorCode);

    /**
     * The error code that the guest must see with the page fault last reflected. It is the one of the guest's own tables: where a
     * shadow has nothing yet, the hardware's would say "not present".
     */
    int reflectedErrorCode();

    /** The guest wrote CR0, CR3, CR4 or EFER, or its state was loaded as a whole. The view is the same for the processor's life. */
    void onPagingModeChange(Processor processor, GuestPaging paging);

    /** The guest executed an instruction that flushes more than one page and writes none of the registers above: INVPCID. */
    void onTlbFlush(Processor processor);

    /** Whether the guest's writes to this page must be known: {@link #onTracedWrite} has to follow each. */
    boolean traced(long gpa);

    /** An emulated instruction has written to a traced page; memory has the new bytes already. */
    void onTracedWrite(Processor processor, long gpa, int bytes);

    /** The guest executed INVLPG. */
    void onInvlpg(Processor processor, long gva);

    /**
     * Gives the VMM the last 2 MiB of every linear address space whose tables this technique makes. The guest's own mappings there are
     * not seen by the processor; the CPU technique handles faults in it and brings none of them here. Called once, before anything
     * else.
     *
     * @throws IllegalArgumentException with one sentence, when the hardware walks the guest's own tables
     */
    default void window(VmmWindow window) {
        throw new IllegalArgumentException("this memory technique leaves the guest's linear address space to the guest, so a VMM cannot live in it");
    }

    /** {@link GuestPaging#supervisorInRing3} changed and nothing else: another root, and no flush on the guest's behalf. */
    default void onPrivilegeChange(Processor processor) {}

    /** Who is told of writes to pages of {@link #watch}. */
    default void watcher(WriteWatcher watcher) {}

    /** Write-protects a guest-physical page (a trace of the CPU technique: translated code comes from it), or lets it go. */
    default void watch(long gpa, boolean on) {}

    /** The memory map changed in this range: drop what was derived from it. */
    void onMapChange(long gpa, long bytes);

    /**
     * The frame behind a page will be another one, or may no longer be written: drop the translations to it, large ones as a whole.
     * {@link MemoryMap#hpa} still tells the frame that goes.
     */
    default void onFrameChange(long gpa) {
        onMapChange(gpa, HostMemory.FRAME_SIZE);
    }

    @Override
    void close();
}
