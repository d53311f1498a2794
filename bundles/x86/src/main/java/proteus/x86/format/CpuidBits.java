package proteus.x86.format;

/** CPUID feature bits that a hypervisor itself acts on (SDM 2A, CPUID). */
public final class CpuidBits {
    public static final int EDX1_VME = 1 << 1, EDX1_DE = 1 << 2, EDX1_PSE = 1 << 3, EDX1_TSC = 1 << 4, EDX1_PAE = 1 << 6, EDX1_MCE = 1 << 7,
        EDX1_APIC = 1 << 9, EDX1_MTRR = 1 << 12, EDX1_PGE = 1 << 13, EDX1_MCA = 1 << 14, EDX1_PAT = 1 << 16, EDX1_FXSR = 1 << 24,
        EDX1_SSE = 1 << 25;
    public static final int ECX1_MONITOR = 1 << 3, ECX1_PCID = 1 << 17, ECX1_XSAVE = 1 << 26, ECX1_OSXSAVE = 1 << 27;
    public static final int EBX7_FSGSBASE = 1, EBX7_TSC_ADJUST = 1 << 1, EBX7_SMEP = 1 << 7, EBX7_INVPCID = 1 << 10, EBX7_SMAP = 1 << 20;
    public static final int ECX7_UMIP = 1 << 2, ECX7_PKU = 1 << 3, ECX7_OSPKE = 1 << 4, ECX7_LA57 = 1 << 16;
    public static final int EDX7_SPEC_CTRL = 1 << 26, EDX7_ARCH_CAPABILITIES = 1 << 29;
    public static final int EAXD1_XSAVES = 1 << 3;
    public static final int EDX80000001_SYSCALL = 1 << 11, EDX80000001_NX = 1 << 20, EDX80000001_RDTSCP = 1 << 27, EDX80000001_LM = 1 << 29;

    private CpuidBits() {}
}
