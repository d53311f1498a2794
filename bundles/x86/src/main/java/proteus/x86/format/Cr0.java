package proteus.x86.format;

/** CR0 (SDM 3A 2.5). */
public final class Cr0 {
    public static final long PE = 1, MP = 1 << 1, EM = 1 << 2, TS = 1 << 3, ET = 1 << 4, NE = 1 << 5, WP = 1 << 16, AM = 1 << 18, NW = 1 << 29,
        CD = 1 << 30, PG = 1L << 31;
    public static final long DEFINED = PE | MP | EM | TS | ET | NE | WP | AM | NW | CD | PG;
    /** After power-up and reset (SDM 3A table 10-1). */
    public static final long RESET = CD | NW | ET;

    private Cr0() {
    }

    public static String describe(long cr0) {
        return Bits.names(cr0, "PE", "MP", "EM", "TS", "ET", "NE", "", "", "", "", "", "", "", "", "", "", "WP", "", "AM", "", "", "", "", "", "", "",
            "", "", "", "NW", "CD", "PG");
    }
}
