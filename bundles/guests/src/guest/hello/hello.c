/* Says in which state the processor runs this code, and ends. */
#include "kit.h"

static void bits(const char *name, u64 value, const char *const names[64])
{
    print("%-7s %08llx", name, (unsigned long long)value);
    const char *separator = "  ";
    for (int i = 63; i >= 0; i--)
        if ((value >> i & 1) && names[i]) {
            print("%s%s", separator, names[i]);
            separator = " ";
        }
    print("\n");
}

int guest_main(void)
{
    static const char *const cr0[64] = {[0] = "PE", [1] = "MP", [2] = "EM", [3] = "TS", [4] = "ET", [5] = "NE",
                                        [16] = "WP", [18] = "AM", [29] = "NW", [30] = "CD", [31] = "PG"};
    static const char *const cr4[64] = {[0] = "VME", [1] = "PVI", [2] = "TSD", [3] = "DE", [4] = "PSE", [5] = "PAE",
                                        [6] = "MCE", [7] = "PGE", [9] = "OSFXSR", [10] = "OSXMMEXCPT",
                                        [11] = "UMIP", [20] = "SMEP", [21] = "SMAP"};
    static const char *const efer[64] = {[0] = "SCE", [8] = "LME", [10] = "LMA", [11] = "NXE"};
    static const char *const protocols[] = {"unknown", "multiboot", "pvh"};
    u16 cs;
    __asm__("mov %%cs,%0" : "=r"(cs));

    print("hello%d: a guest of Proteus\n", BITS);
    print("boot    %s\n", protocols[boot_protocol]);
    print("mode    %s\n", BITS == 64 ? "64-bit long mode, 4-level paging" : "32-bit protected mode, 32-bit paging");
    print("cpl     %d\n", cs & 3);
    bits("cr0", read_cr0(), cr0);
    if (has_cpuid()) {
        u32 a, b, c, d, max;
        cpuid(0, &max, &b, &c, &d);
        u32 name[3] = {b, d, c};
        bits("cr4", read_cr4(), cr4); /* there is no CR4 before CPUID: SDM 3A 2.5 */
        if (BITS == 64)
            bits("efer", read_msr(MSR_EFER), efer);
        print("vendor  %.12s\n", (const char *)name);
        cpuid(1, &a, &b, &c, &d);
        print("cpu     family %u model %u stepping %u\n", (a >> 8 & 15) + ((a >> 8 & 15) == 15 ? a >> 20 & 255 : 0),
              (a >> 4 & 15) | (a >> 12 & 0xf0), a & 15);
    } else {
        print("cpu     without CPUID\n");
    }
    print("hello%d: done\n", BITS);
    return 0;
}
