package proteus.conform.privileged;

import java.util.LinkedHashMap;
import java.util.Map;

/** Where things are in the memory of a machine under test, and which selectors its tables start with. Physical and, below 1 MiB, linear addresses. */
final class Layout {
    /** The driver, its record of an outcome, the case at hand and its stack: below 64 KiB, so that real-mode code reaches them with CS 0. */
    static final int DRIVER = 0x1000, OUTCOME = 0x6000, CASE = 0x7000, DRIVER_STACK = 0x8000;
    /** Copies of the windows: as every case starts, and as this case started. */
    static final int PRISTINE = 0x7_0000, SHADOW = 0x7_8000;

    // ---- tables; supervisor's page
    static final int GDT = 0x1_0000, GDT_LIMIT = 0x1ff, LDT = 0x1_0200, LDT_LIMIT = 0xff;
    static final int TSS32 = 0x1_0300, TSS32_LIMIT = 0xff, TASK32 = 0x1_0400, TASK16 = 0x1_0480, TSS64 = 0x1_04c0, TSS64_LIMIT = 0x67;
    static final int IDT32 = 0x1_0600, IDT32_LIMIT = 0x1ff, IDT64 = 0x1_0800, IDT64_LIMIT = 0x3ff, TSS16 = 0x1_0c00, OPERANDS = 0x1_0d00;
    static final int VECTORS = 64;

    // ---- stacks (the addresses are their tops), data, code
    static final int STACK1 = 0x1_2c00, STACK2 = 0x1_2e00, STACK0 = 0x1_3000, USER_STACK = 0x1_4000, USER_DATA = 0x1_4000, KERNEL_DATA = 0x1_5000;
    static final int STACK_CASE = 0x1_2a00;
    /** 64 KiB of INT3 for ring 3, and the same for the supervisor; cases start at {@code CODE_OFFSET} of them. */
    static final int USER_CODE = 0x2_0000, KERNEL_CODE = 0x3_0000, CODE_OFFSET = 0x800, CODE_BYTES = 64;
    /**
     * Low halves of all addresses that cases transfer to. Whether the upper half or the base of a segment counts or not, INT3 is there: in both
     * code areas, in the pages, and below 128 KiB.
     */
    static final int TARGETS = 0xa000, TARGETS_BYTES = 0x3000;
    /** Pages whose entries cases change. */
    static final int PAGES = 0x4_0000;

    // ---- page tables; identity below 1 MiB, again at 4 MiB, and in IA-32e mode from every upper-level entry that is present
    static final int PD32 = 0x6_0000, PT32 = 0x6_1000, PDPT_PAE = 0x6_2000, PD = 0x6_3000, PT = 0x6_4000, PML4 = 0x6_5000, PDPT = 0x6_6000;
    static final int FIRST_PAGE = PAGES >> 12, PAGE_COUNT = 16;

    // ---- selectors
    static final int CODE32 = 0x08, DATA = 0x10, CODE16 = 0x18, DATA16 = 0x20, CODE64 = 0x28, TSS32_SEL = 0x30, TSS16_SEL = 0x38, TSS64_SEL = 0x40,
        LDT_SEL = 0x50, LDT64_SEL = 0x58, CODE_1 = 0x69, DATA_1 = 0x71, CODE_2 = 0x7a, DATA_2 = 0x82, CODE_3 = 0x8b, DATA_3 = 0x93, CODE64_3 = 0x9b,
        CODE16_3 = 0xa3, DATA16_3 = 0xab, TASK32_SEL = 0xb8, TASK16_SEL = 0xc0, CONFORMING_SEL = 0xc8;
    /** Descriptors that cases make: 32 in the GDT, the whole LDT. */
    static final int FREE = 0x100, FREE_COUNT = 32;

    /** Memory that is put back before each case and compared after it: address and bytes. */
    static final int[][] WINDOWS = {
        {0, 0x100}, {GDT, 0x1000}, {0x1_2900, 0x700}, {USER_STACK - 0x100, 0x200}, {KERNEL_DATA, 0x100},
        {USER_CODE + CODE_OFFSET, CODE_BYTES}, {KERNEL_CODE + CODE_OFFSET, CODE_BYTES}, {PAGES + 0xfc0, 0x80},
        {PT32 + 4 * FIRST_PAGE, 4 * PAGE_COUNT}, {PT + 8 * FIRST_PAGE, 8 * PAGE_COUNT}, {PD32 + 4, 4}, {PD + 16, 8}, {PML4 + 8, 8}, {PML4 + 0x800, 8}, {PDPT + 8, 8}, {PDPT_PAE + 8, 8},
    };

    private Layout() {}

    /** What the driver's source needs, by name. */
    static Map<String, Integer> symbols() {
        Map<String, Integer> symbols = new LinkedHashMap<>();
        symbols.put("OUTCOME", OUTCOME);
        symbols.put("CASE", CASE);
        symbols.put("STACK_TOP", DRIVER_STACK);
        symbols.put("PRISTINE", PRISTINE);
        symbols.put("SHADOW", SHADOW);
        symbols.put("GDT_BASE", GDT);
        symbols.put("GDT_SIZE", GDT_LIMIT);
        symbols.put("IDT_BASE", IDT32);
        symbols.put("IDT_SIZE", IDT32_LIMIT);
        symbols.put("WINDOW_COUNT", WINDOWS.length);
        symbols.put("VECTORS", VECTORS);
        symbols.put("CODE_PAGES", USER_CODE);
        symbols.put("CODE_PAGES_BYTES", PAGES + 0x1_0000 - USER_CODE);
        symbols.put("LOW_CODE", TARGETS);
        symbols.put("LOW_CODE_BYTES", TARGETS_BYTES + 0x1000);
        symbols.put("CODE32", CODE32);
        symbols.put("DATA", DATA);
        symbols.put("CODE16", CODE16);
        symbols.put("DATA16", DATA16);
        symbols.put("CODE64", CODE64);
        return symbols;
    }
}
