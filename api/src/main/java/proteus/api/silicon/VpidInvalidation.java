package proteus.api.silicon;

/** What INVVPID forgets (SDM 3C, 29.4.3.2 and INVVPID in chapter 31). */
public enum VpidInvalidation {
    /** The page of one linear address, in one VPID. */
    INDIVIDUAL_ADDRESS,
    /** All of one VPID. */
    SINGLE_CONTEXT,
    /** All VPIDs but 0. */
    ALL_CONTEXTS,
    /** All of one VPID that is not global. */
    SINGLE_CONTEXT_RETAINING_GLOBALS
}
