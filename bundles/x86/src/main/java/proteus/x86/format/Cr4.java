package proteus.x86.format;

/** CR4 (SDM 3A 2.5). */
public final class Cr4 {
    public static final long VME = 1, PVI = 1 << 1, TSD = 1 << 2, DE = 1 << 3, PSE = 1 << 4, PAE = 1 << 5, MCE = 1 << 6, PGE = 1 << 7, PCE = 1 << 8,
        OSFXSR = 1 << 9, OSXMMEXCPT = 1 << 10, UMIP = 1 << 11, LA57 = 1 << 12, VMXE = 1 << 13, SMXE = 1 << 14, FSGSBASE = 1 << 16, PCIDE = 1 << 17,
        OSXSAVE = 1 << 18, KL = 1 << 19, SMEP = 1 << 20, SMAP = 1 << 21, PKE = 1 << 22, CET = 1 << 23, PKS = 1 << 24, UINTR = 1 << 25;

    private Cr4() {
    }

    public static String describe(long cr4) {
        return Bits.names(cr4, "VME", "PVI", "TSD", "DE", "PSE", "PAE", "MCE", "PGE", "PCE", "OSFXSR", "OSXMMEXCPT", "UMIP", "LA57", "VMXE", "SMXE", "",
            "FSGSBASE", "PCIDE", "OSXSAVE", "KL", "SMEP", "SMAP", "PKE", "CET", "PKS", "UINTR");
    }
}
