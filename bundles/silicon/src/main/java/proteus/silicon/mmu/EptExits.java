package proteus.silicon.mmu;

/** Where the walker turns when second-level translation says no; both always leave the guest. */
public interface EptExits {
    /**
     * @param qualification bits 0..8 as in SDM 3C table 28-7
     */
    void violation(long gpa, long gva, long qualification);

    void misconfiguration(long gpa);
}
