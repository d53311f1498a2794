package proteus.api.silicon;

/**
 * Paging as a guest believes it to be, where the processor's own registers hold what its VMM derived (shadow page tables): the
 * guest's registers, and what its physical addresses stand for. A live view, asked at each use.
 */
public interface GuestPaging {
    long cr0();

    long cr3();

    long cr4();

    long efer();

    /** One of the four PDPTE registers of PAE paging (SDM 3A, 4.4.1). */
    long pdpte(int index);

    /** MAXPHYADDR as the guest's CPUID says: address bits from it on are reserved in the guest's tables. */
    int physicalBits();

    /** Host-physical address behind a guest-physical one, or -1 where there is neither RAM nor ROM. */
    long hpa(long gpa);

    /** The same for what is about to be written: a frame that nobody shares. */
    default long hpaToWrite(long gpa) {
        return hpa(gpa);
    }

    /** Whether a write there may go to memory without anybody being told; ROM, traced and shared pages may not. */
    boolean writable(long gpa);

    /** A task switch that was emulated has loaded CR3 and set CR0.TS. */
    void taskSwitched(long cr0, long cr3);

    /**
     * An emulated instruction has changed one of these: a task switch, or what a VMM emulates because its guest is deprivileged (MOV
     * to a control register, LMSW, CLTS, WRMSR to EFER). PDPTEs are those that the processor would hold now.
     */
    default void changed(long cr0, long cr3, long cr4, long efer, long[] pdptes) {
        taskSwitched(cr0, cr3);
    }

    /**
     * Whether what ring 3 of the processor does now is the guest's supervisor's: a kernel of 64 bits has no other ring to be
     * deprivileged to. Shadow tables then allow ring 3 what the guest's tables allow the supervisor.
     */
    default boolean supervisorInRing3() {
        return false;
    }
}
