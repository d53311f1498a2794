package proteus.silicon.cpu;

/**
 * Offsets in the off-heap struct that holds the hot state of a processor. All engines share it. A register operand is
 * the byte offset of its register here, so AH is simply one past AL.
 */
public final class CpuLayout {
    /** RAX RCX RDX RBX RSP RBP RSI RDI R8..R15, 8 bytes each. */
    public static final int GPR = 0;
    /** Always zero: base or index of an operand that has none. */
    public static final int ZERO = 128;
    /** Instruction pointer (an offset in CS), valid whenever no block is running. */
    public static final int RIP = 136;
    /** RIP of the first instruction of the running block; base of RIP-relative operands. */
    public static final int BLOCK_RIP = 144;
    /** Result of the last flag-setting operation, sign-extended: ZF is {@code == 0}, SF its sign, PF the parity of its low byte. See {@link Flags}. */
    public static final int FLAG_RESULT = 152;
    /** Carries of the last flag-setting operation. See {@link Flags}. */
    public static final int FLAG_AUX = 160;
    /** RFLAGS without CF PF AF ZF SF OF; bit 1 set. */
    public static final int FLAGS = 168;
    /** Effective bases of ES CS SS DS FS GS: in 64-bit code ES CS SS DS read 0 here. */
    public static final int SEG_BASE = 176;
    /**
     * One past the highest offset a read may touch in each segment (unsigned); -1 in 64-bit code. A segment that needs more than
     * this compare (expand-down, null, execute-only) has 0 here, which sends every access to the slow path.
     */
    public static final int SEG_READ_END = 224;
    /** The same for writes. */
    public static final int SEG_WRITE_END = 272;
    /** MXCSR. */
    public static final int MXCSR = 320;
    /** x87 control word, status word (TOP included), full tag word, last opcode: 16 bits each. */
    public static final int FCW = 324, FSW = 326, FTW = 328, FOP = 330;
    /** x87 last instruction and data pointers, 64 bits, and their selectors, 16 bits. */
    public static final int FIP = 336, FDP = 344, FCS = 352, FDS = 354;
    /** Physical x87 registers R0..R7 (not rotated by TOP), 16 bytes each: significand, then sign and exponent. MMX is their significands. */
    public static final int X87 = 384;
    /** YMM0..YMM15, 32 bytes each; the low half is XMM. */
    public static final int XMM = 512;
    /** Vector instructions: a memory operand brought in, and a result before it is known that nothing faults. 32 bytes each. */
    public static final int SOURCE = 1024, RESULT = 1056;
    public static final int SIZE = 1152;

    private CpuLayout() {}

    /** Offset of a general register. */
    public static int gpr(int register) {
        return GPR + 8 * register;
    }

    /** Offset of an XMM register. */
    public static int xmm(int register) {
        return XMM + 32 * register;
    }
}
