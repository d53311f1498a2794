package proteus.x86.format;

/** Offsets in a 64-bit task state segment (SDM 3A 7.7). */
public final class Tss64 {
    public static final int RSP0 = 4, RSP1 = 12, RSP2 = 20, IST1 = 36, IO_MAP_BASE = 102, SIZE = 104;

    private Tss64() {
    }

    /** Offset of the stack pointer for a privilege level 0..2. */
    public static int rsp(int level) {
        return RSP0 + 8 * level;
    }

    /** Offset of the stack pointer of an interrupt stack table entry 1..7. */
    public static int ist(int entry) {
        return IST1 + 8 * (entry - 1);
    }
}
