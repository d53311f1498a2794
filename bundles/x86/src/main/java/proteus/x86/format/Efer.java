package proteus.x86.format;

/** IA32_EFER (SDM 3A 2.2.1; AMD APM vol. 2, 3.1.7). */
public final class Efer {
    public static final long SCE = 1, LME = 1 << 8, LMA = 1 << 10, NXE = 1 << 11, SVME = 1 << 12, FFXSR = 1 << 14;

    private Efer() {
    }

    public static String describe(long efer) {
        return Bits.names(efer, "SCE", "", "", "", "", "", "", "", "LME", "", "LMA", "NXE", "SVME", "", "FFXSR");
    }
}
