package proteus.api.silicon;

/** Hardware features on which techniques depend. CPUID features of the guest are another matter (see GuestContract). */
public enum SiliconFeature {
    /** Intel VT-x: VMX root and non-root operation (SDM 3C, chapter 24). */
    VMX,
    /** Extended page tables (SDM 3C, 29.3). */
    EPT,
    /** Virtual-processor identifiers: TLB entries survive VM entries and exits (SDM 3C, 29.1). */
    VPID,
    /** Unrestricted guest: real mode and unpaged protected mode in non-root operation. */
    UNRESTRICTED_GUEST,
    /** VMX-preemption timer. */
    PREEMPTION_TIMER,
    /** SGDT, SIDT, SLDT, STR and SMSW can be made to fault outside ring 0 (CR4.UMIP). */
    UMIP,
    /** Execute-disable page protection. */
    NX,
    /** Process-context identifiers. */
    PCID;

    /** Name as a user writes it: lower case, words joined by a hyphen. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
