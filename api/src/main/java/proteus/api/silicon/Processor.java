package proteus.api.silicon;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;
import proteus.api.state.ArchState;

/**
 * One logical processor. {@link #kick} may be called from any thread, everything else only from the one thread that owns
 * the processor.
 */
@ProviderType
public interface Processor extends AutoCloseable {
    ExecutionMode mode();

    /** How guest code is executed, in a few words; if not as was wished, why. */
    String engine();

    /**
     * Enters the guest and runs until something exits or the budget is spent.
     *
     * @param budget how many instructions may retire, at least 1; it is met exactly
     * @return why it came out; details in {@link #exitInformation()} and {@link #exit()}
     */
    ExitReason run(long budget);

    /** Details of the last exit as primitives; the same object for the processor's life, changed by each {@link #run}. */
    ExitInformation exitInformation();

    /** Details of the last exit as a value that can be kept. */
    Exit exit();

    /**
     * The hypervisor's instruction emulator: executes the one instruction at the current RIP as its guest would, with its own
     * privilege, but with its port accesses, and its data accesses that the second-level tables do not allow (not present, or
     * a write to what is read-only), going to the given bus. Write protection by a shadow does not stop it. Nothing else of
     * the controls is consulted. It stands for the emulator that every hypervisor carries (KVM: x86_emulate_insn) and shares
     * the silicon's semantics tables.
     *
     * <p>In {@link ExecutionMode#VMX_NON_ROOT} mode an instruction that concerns what a VMM keeps beside the VMCS (CPUID, HLT, RDTSC, RDPMC,
     * INVLPG, MONITOR, MWAIT, RDMSR, WRMSR, and control registers but CR2) changes nothing: the reason and the information are those of
     * its VM exit, for the VMM to carry out.
     *
     * @return {@link ExitReason#NONE} when the instruction retired (or one iteration chunk of a REP instruction did);
     *     {@link ExitReason#EXCEPTION} when it faulted: nothing changed, vector and error code are in {@link #exitInformation()};
     *     {@link ExitReason#EPT_VIOLATION} when a paging structure of the guest or its code is not mapped: nothing changed
     */
    ExitReason emulate(MachineBus bus);

    /**
     * Whose tables {@link #emulate} and {@link #emulateDelivery} walk: with shadow page tables the guest's own, as the emulators of
     * hypervisors do (KVM: gva_to_gpa), since the shadow has only what was touched. Data accesses go to the bus then where the
     * guest has no memory, and writes where the view says that they may not go to memory.
     *
     * @param paging the view, or null: the tables in force
     */
    void emulatorPaging(GuestPaging paging);

    /**
     * Delivers an event through the guest's IDT as the hardware does without a hypervisor, a task gate included: what a
     * hypervisor emulates after a task-switch exit (KVM: kvm_task_switch).
     *
     * @param interruption VM-entry interruption information (SDM 3C, table 25-17)
     * @param instructionLength of a software interrupt or exception, else 0
     * @return {@link ExitReason#NONE} when it was delivered; {@link ExitReason#EPT_VIOLATION} when memory that it needs is not
     *     mapped; {@link ExitReason#TRIPLE_FAULT}
     */
    ExitReason emulateDelivery(int interruption, int errorCode, int instructionLength);

    /**
     * Debug exceptions that {@link #emulate} has met and left to be delivered (SDM 3C, table 25-4); asking takes them. With VMX they are
     * in the VMCS.
     */
    long takePendingDebug();

    /** Makes a running {@link #run} come out with {@link ExitReason#KICKED} soon. Sticky: a kick while outside makes the next run come out at once. */
    void kick();

    /** The live registers. */
    CpuRegisters registers();

    /**
     * The current VMCS.
     *
     * @throws IllegalStateException when the mode is not {@link ExecutionMode#VMX_NON_ROOT}
     */
    Vmcs vmcs();

    /** Instructions retired since creation; exact whenever the guest is not running. */
    long retired();

    /** What translated code had to do with it. */
    TranslationCounts translation();

    /**
     * The technique has carried out one of the guest's instructions itself, without {@link #emulate}: it counts as retired like those that
     * ran on the processor, so that the guest's time does not depend on what exits (docs/adr/0007).
     */
    void retire();

    /**
     * Corrects the count of retired instructions, and with it the TSC of the count clock, so that it counts the guest's: by what a VMM
     * carried out itself, or executed in its guest's place (the code of a binary translator is longer than its source).
     *
     * @param instructions added, may be negative
     */
    void correctRetired(long instructions);

    /** The time-stamp counter as the processor itself has it (guest offsets not added). */
    long tsc();

    /** Lets time pass without instructions (idle): moves the TSC of the count clock forward. */
    void advanceTsc(long ticks);

    /** Exports everything the guest can see; changes nothing. */
    ArchState save();

    /** Imports what {@link #save} gave, from any silicon. */
    void load(ArchState state);

    /** Translates a linear address through the tables in force, without side effects or counts; for inspection. */
    WalkReport walk(long gva);

    /**
     * Where {@link #run} stops with {@link ExitReason#DEBUG}, from the next run on; replaces what was set before. A processor that
     * stopped in front of an instruction passes it when it runs again. {@link #emulate} does not stop; a watched access it
     * makes stops the next run before anything.
     *
     * @throws IllegalArgumentException with one sentence when this silicon cannot watch as much; then nothing has changed
     */
    void debugPoints(DebugPoints points);

    /** What the last {@link ExitReason#DEBUG} met. */
    Optional<DebugHit> debugHit();

    /** INVEPT, all contexts (SDM 3C, 29.4.3.1). */
    void invalidateEpt();

    /** INVVPID, single context (SDM 3C, 29.4.3.2), or on {@link ExecutionMode#DEPRIVILEGED} a full flush. */
    void invalidateTlb();

    /**
     * INVVPID of any type and any VPID, for a VMM that gives one processor several.
     *
     * @param vpid 1 to 0xffff; without meaning for all contexts
     * @param gva canonical; for an individual address only
     * @throws IllegalArgumentException where the instruction fails: VPID 0, an address that is not canonical
     * @throws IllegalStateException when the mode is not {@link ExecutionMode#VMX_NON_ROOT}
     */
    void invalidateVpid(VpidInvalidation type, int vpid, long gva);

    /** INVLPG, or INVVPID individual-address. */
    void invalidatePage(long gva);

    @Override
    void close();
}
