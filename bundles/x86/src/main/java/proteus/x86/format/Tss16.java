package proteus.x86.format;

/** Offsets in a 16-bit task state segment (SDM 3A 7.6). */
public final class Tss16 {
    public static final int LINK = 0, SP0 = 2, SS0 = 4, SP1 = 6, SS1 = 8, SP2 = 10, SS2 = 12, IP = 14, FLAGS = 16, AX = 18, CX = 20, DX = 22, BX = 24, SP = 26,
        BP = 28, SI = 30, DI = 32, ES = 34, CS = 36, SS = 38, DS = 40, LDT = 42, SIZE = 44;

    private Tss16() {
    }
}
