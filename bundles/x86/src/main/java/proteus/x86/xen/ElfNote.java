package proteus.x86.xen;

/** Types of the ELF notes that a kernel for Xen carries under the name {@link #OWNER} (Xen public/elfnote.h). */
public final class ElfNote {
    public static final String OWNER = "Xen";
    public static final int ENTRY = 1, HYPERCALL_PAGE = 2, VIRT_BASE = 3, PADDR_OFFSET = 4, XEN_VERSION = 5, GUEST_OS = 6, GUEST_VERSION = 7, LOADER = 8, PAE_MODE = 9,
        FEATURES = 10, HV_START_LOW = 12, L1_MFN_VALID = 13, SUSPEND_CANCEL = 14, INIT_P2M = 15, MOD_START_PFN = 16, SUPPORTED_FEATURES = 17, PHYS32_ENTRY = 18;

    private ElfNote() {}
}
