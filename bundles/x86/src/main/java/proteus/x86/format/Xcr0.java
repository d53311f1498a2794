package proteus.x86.format;

/** XCR0: state components the OS enables (SDM vol. 1, 13.1). */
public final class Xcr0 {
    public static final long X87 = 1, SSE = 1 << 1, AVX = 1 << 2, BNDREGS = 1 << 3, BNDCSR = 1 << 4, OPMASK = 1 << 5, ZMM_HI256 = 1 << 6,
        HI16_ZMM = 1 << 7, PKRU = 1 << 9;

    private Xcr0() {
    }
}
