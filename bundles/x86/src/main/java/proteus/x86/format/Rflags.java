package proteus.x86.format;

/** RFLAGS (SDM vol. 1, 3.4.3). */
public final class Rflags {
    public static final int CF = 1, PF = 1 << 2, AF = 1 << 4, ZF = 1 << 6, SF = 1 << 7, TF = 1 << 8, IF = 1 << 9, DF = 1 << 10, OF = 1 << 11,
        IOPL = 3 << 12, NT = 1 << 14, RF = 1 << 16, VM = 1 << 17, AC = 1 << 18, VIF = 1 << 19, VIP = 1 << 20, ID = 1 << 21;
    public static final int IOPL_SHIFT = 12;
    /** Bit 1 reads as 1 always; the value after reset. */
    public static final int ALWAYS_ONE = 1 << 1;
    /** The six arithmetic flags. */
    public static final int STATUS = CF | PF | AF | ZF | SF | OF;
    /** All bits that exist; the others read as 0 (bit 1 as 1). */
    public static final int DEFINED = STATUS | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID;

    private Rflags() {
    }

    public static int iopl(long rflags) {
        return (int) (rflags >>> IOPL_SHIFT) & 3;
    }

    /** The flags that are set, as in {@code "IF ZF PF"}. */
    public static String describe(long rflags) {
        int iopl = iopl(rflags);
        String flags = Bits.names(rflags, "CF", "", "PF", "", "AF", "", "ZF", "SF", "TF", "IF", "DF", "OF", "", "", "NT", "", "RF", "VM", "AC", "VIF",
            "VIP", "ID");
        return iopl == 0 ? flags : flags.isEmpty() ? "IOPL=" + iopl : flags + " IOPL=" + iopl;
    }
}
