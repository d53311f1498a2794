package proteus.x86.format;

/**
 * Entries of the paging structures under 32-bit, PAE, 4-level and 5-level paging (SDM 3A 4.3 to 4.5). Levels count up from the
 * page table: 1 PT, 2 PD, 3 PDPT, 4 PML4, 5 PML5.
 */
public final class PageTable {
    /** Bits common to all formats. PS is bit 7 above level 1, where level 1 has PAT; large pages have PAT at bit 12. */
    public static final long PRESENT = 1, WRITABLE = 2, USER = 4, PWT = 8, PCD = 16, ACCESSED = 32, DIRTY = 64, LARGE = 128, PAT = 128, GLOBAL = 256,
        LARGE_PAT = 1 << 12;
    /** Execute-disable, in the 8-byte formats. */
    public static final long NX = 1L << 63;
    /** Frame of a 4-KByte page or of the next table: 32-bit format, 8-byte formats (before the limit of MAXPHYADDR). */
    public static final long FRAME32 = 0xffff_f000L, FRAME = 0x000f_ffff_ffff_f000L;
    /** Frame of a large page in the 8-byte formats: 2 MBytes, 1 GByte. */
    public static final long FRAME_2M = 0x000f_ffff_ffe0_0000L, FRAME_1G = 0x000f_ffff_c000_0000L;
    /** Protection key of user pages. */
    public static final int PROTECTION_KEY_SHIFT = 59;
    public static final long PROTECTION_KEY = 0xfL << PROTECTION_KEY_SHIFT;
    public static final int PAGE_SHIFT = 12, PAGE_SIZE = 1 << PAGE_SHIFT;
    /** Entry sizes in bytes. */
    public static final int ENTRY32_SIZE = 4, ENTRY_SIZE = 8;

    /** Reserved in the PDE of a 4-MByte page beyond PSE-36: bit 21. */
    private static final long PSE36_RESERVED = 1 << 21;
    /** Reserved in a PDPTE of PAE paging: 1..2, 5..8. */
    private static final long PAE_PDPTE_RESERVED = 0x1e6;

    private PageTable() {
    }

    /** Index into a table of 4-byte entries (level 1 or 2). */
    public static int index32(long linear, int level) {
        return (int) (linear >>> 12 + 10 * (level - 1)) & 0x3ff;
    }

    /** Index into a table of 8-byte entries; the PDPT of PAE paging has only two index bits, which a 32-bit address leaves. */
    public static int index(long linear, int level) {
        return (int) (linear >>> 12 + 9 * (level - 1)) & 0x1ff;
    }

    /** Bytes that one entry of a level maps in the 8-byte formats. */
    public static long span(int level) {
        return 1L << 12 + 9 * (level - 1);
    }

    /** Frame of a 4-MByte page with PSE-36: bits 13..20 of the entry are address bits 32..39. */
    public static long frame4M(long entry) {
        return entry & 0xffc0_0000L | (entry >>> 13 & 0xff) << 32;
    }

    /** Address bits at and above MAXPHYADDR, which are reserved in every entry. */
    public static long beyond(int maxPhyAddr) {
        return FRAME & -(1L << maxPhyAddr);
    }

    /** Reserved bits of a present 32-bit entry. */
    public static long reserved32(int level, boolean large, int maxPhyAddr) {
        if (level != 2 || !large) {
            return 0;
        }
        int extra = Math.min(40, maxPhyAddr) - 32;
        return PSE36_RESERVED | (extra <= 0 ? 0xffL << 13 : 0xffL << 13 + extra & 0x1f_e000L);
    }

    /** Reserved bits of a present 8-byte entry under 4-level or 5-level paging. */
    public static long reserved(int level, boolean large, int maxPhyAddr, boolean nxEnabled, boolean pages1G) {
        long mask = beyond(maxPhyAddr) | (nxEnabled ? 0 : NX);
        if (level >= 4) {
            return mask | LARGE;
        }
        if (level == 3) {
            return large ? pages1G ? mask | FRAME & ~FRAME_1G & ~LARGE_PAT : mask | LARGE : mask;
        }
        return level == 2 && large ? mask | FRAME & ~FRAME_2M & ~LARGE_PAT : mask;
    }

    /** Reserved bits of a present entry under PAE paging; bits 52..62 are reserved there too. */
    public static long reservedPae(int level, boolean large, int maxPhyAddr, boolean nxEnabled) {
        if (level == 3) {
            return PAE_PDPTE_RESERVED | -(1L << maxPhyAddr);
        }
        return reserved(level, large, maxPhyAddr, nxEnabled, false) | 0x7ffL << 52;
    }

    /** Whether an address has the upper bits all equal to the highest implemented bit (48 or 57 bits). */
    public static boolean canonical(long linear, int bits) {
        return linear << 64 - bits >> 64 - bits == linear;
    }

    /** The attribute bits in short, such as {@code "NX D A U W P"}. */
    public static String describe(long entry) {
        String flags = Bits.names(entry & 0x1ff, "P", "W", "U", "PWT", "PCD", "A", "D", "PS/PAT", "G");
        return (entry & NX) != 0 ? "NX " + flags : flags;
    }
}
