package proteus.x86.format;

/** CR3 (SDM 3A 2.5, 4.3 to 4.5). */
public final class Cr3 {
    public static final long PWT = 1 << 3, PCD = 1 << 4;
    /** With CR4.PCIDE: the process-context identifier. */
    public static final long PCID = 0xfff;
    /** In the source of a MOV to CR3 with CR4.PCIDE: keep the TLB entries of the PCID. Never stored in CR3. */
    public static final long NO_FLUSH = 1L << 63;
    /** Physical address of the root under 32-bit and 4-level paging (before the limit of MAXPHYADDR). */
    public static final long ROOT = 0x000f_ffff_ffff_f000L;
    /** Physical address of the page-directory-pointer table under PAE paging. */
    public static final long ROOT_PAE = 0xffff_ffe0L;

    private Cr3() {
    }
}
