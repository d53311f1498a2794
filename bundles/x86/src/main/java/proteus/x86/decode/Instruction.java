package proteus.x86.decode;

/**
 * One decoded instruction. A mutable carrier that {@link Decoder} fills, so that decoding allocates nothing; copy what must
 * outlive the next call. Operands are in Intel order (destination first) and include the implicit ones that the manual's
 * operand column shows (SDM vol. 2, chapter 2 and appendix A).
 */
public final class Instruction {
    /** Operand kinds, see {@link #kind}. */
    public static final int NONE = 0, GPR = 1, GPR8_HIGH = 2, SEGMENT = 3, CONTROL = 4, DEBUG = 5, X87 = 6, MMX = 7, XMM = 8, YMM = 9, ZMM = 10, MASK = 11,
        MEMORY = 12, IMMEDIATE = 13, RELATIVE = 14, FAR_POINTER = 15;
    /** "No register" in {@link #base} and {@link #index}. */
    public static final int NO_REGISTER = -1;
    /** {@link #base} of a RIP-relative operand; the displacement is relative to the next instruction. */
    public static final int RIP = 16;
    /** Most operands an instruction has. */
    public static final int MAX_OPERANDS = 5;
    /** Longest legal instruction in bytes (SDM vol. 2, 2.3.11). */
    public static final int MAX_LENGTH = 15;

    public Mnemonic mnemonic = Mnemonic.INVALID;
    /** Length in bytes, prefixes included. */
    public int length;
    /** Code size of the mode decoded for: 16, 32 or 64. */
    public int mode;
    /** Effective operand size in bits (16, 32, 64); for byte forms 8; for string instructions the element size. */
    public int operandSize;
    /** Effective address size in bits: 16, 32 or 64. */
    public int addressSize;
    /** Condition 0..15 (SDM vol. 2, appendix B, tttn) of JCC, SETCC and CMOVCC; the low nibble of the opcode. */
    public int condition;
    /** LOCK (F0) was there; the decoder has already refused it where the manual makes it #UD. */
    public boolean lock;
    /** F3 (REP/REPE) or F2 (REPNE) was there and is not part of the opcode. Both true never: the last one counts. */
    public boolean rep, repne;
    /** Segment override prefix in force: 0..5 (ES CS SS DS FS GS), or -1. In 64-bit mode only FS and GS. */
    public int segmentOverride;
    public int operandCount;
    /** Kind of each operand, one of the constants above. */
    public final int[] kind = new int[MAX_OPERANDS];
    /** Register number of each register operand (0..31; GPR8_HIGH: 4..7 are AH CH DH BH). */
    public final int[] register = new int[MAX_OPERANDS];
    /**
     * Size of each operand in bits (8..512, 80 for x87 memory, 0 where the manual gives none, e.g. LEA, FXSAVE). Of a vector
     * register, what the instruction uses of it: 32 or 64 where it is a scalar.
     */
    public final int[] size = new int[MAX_OPERANDS];

    /** Segment of the memory operand, default or override applied: 0..5. */
    public int segment;
    /** Base register of the memory operand: 0..15, {@link #RIP} or {@link #NO_REGISTER}. */
    public int base;
    /** Index register of the memory operand: 0..15 (vector number for VSIB) or {@link #NO_REGISTER}. */
    public int index;
    /** Index scale as a shift: 0..3. */
    public int scale;
    /** Sign-extended displacement of the memory operand; a moffs in full. */
    public long displacement;
    /**
     * The immediate, sign-extended to 64 bits where the manual sign-extends it (imm8 of 6A, 6B and 83, imm32 with operand size
     * 64), else zero-extended; its {@link #size} is that of the value the instruction works with, not of the encoding. RELATIVE:
     * offset from the next instruction, sign-extended; FAR_POINTER: the offset.
     */
    public long immediate;
    /** Second immediate: nesting level of ENTER, selector of a far pointer, second byte of EXTRQ/INSERTQ. */
    public int immediate2;

    /** ModRM.mod, .reg and .rm as they stand (REX not applied), or -1 without a ModRM byte. */
    public int mod, reg, rm;
    /** VEX/EVEX: vector length in bits (128, 256, 512), 0 for legacy encodings. */
    public int vectorLength;
    /** EVEX-encoded, of which the fields below are. */
    public boolean evex;
    /** EVEX: opmask register. */
    public int maskRegister;
    /** EVEX.z and EVEX.b. The latter is a broadcast of a memory operand; with registers only, {@link #roundingControl} or SAE. */
    public boolean zeroing, broadcast;
    /** EVEX.b of a register form of an instruction that rounds: by {@link #roundingControl}; of others it only suppresses exceptions. */
    public boolean embeddedRounding;
    /** EVEX: embedded rounding (MXCSR.RC) of a register form that has it, where {@link #broadcast} is set. */
    public int roundingControl;
}
