package proteus.x86.decode;

import java.util.ArrayList;
import java.util.List;

/**
 * An instruction as somebody wants it, for {@link Encoder}: what must hold, and 0 or null where anything will do. A mutable
 * carrier for one thread, like {@link Instruction}.
 */
public final class EncodeRequest {
    /** {@link Operand#size} of a RELATIVE operand: 8 for a short jump, this for any other. */
    public static final int NEAR = 1;
    /** {@link #rounding}: none, or exceptions suppressed without a rounding mode; else the RC field. */
    public static final int NO_ROUNDING = -1, SUPPRESS_EXCEPTIONS = 4;

    /** Which of the encodings of an AVX instruction. */
    public enum Family { ANY, VEX, EVEX }

    /**
     * An operand.
     *
     * @param kind one of {@link Instruction}'s; IMMEDIATE also stands for the target of a near branch
     * @param register its number; the selector of a FAR_POINTER
     * @param size in bits, 0 if nobody said; of a FAR_POINTER or a branch target: the operand size
     * @param value of an IMMEDIATE, target of a branch, offset of a FAR_POINTER
     * @param strict the immediate must be as wide in the code as its size says
     */
    public record Operand(int kind, int register, int size, long value, boolean strict) {
        public static Operand register(int kind, int number, int bits) {
            return new Operand(kind, number, bits, 0, false);
        }

        public static Operand immediate(long value) {
            return new Operand(Instruction.IMMEDIATE, 0, 0, value, false);
        }

        public static Operand memory(int bits) {
            return new Operand(Instruction.MEMORY, 0, bits, 0, false);
        }
    }

    /**
     * Where the memory operand is.
     *
     * @param base register, {@link Instruction#NO_REGISTER} or {@link Instruction#RIP}
     * @param index register (vector register for VSIB) or {@link Instruction#NO_REGISTER}
     * @param scale as a shift
     * @param displacement in full; with base RIP the address meant, if {@code target}
     * @param displacementBits width it must have in the code, 0 for the shortest
     * @param target whether displacement is an address rather than a distance
     */
    public record Memory(int base, int index, int scale, long displacement, int displacementBits, boolean target) {
    }

    /** What is wanted. */
    public Mnemonic mnemonic = Mnemonic.INVALID;
    /** Code size: 16, 32 or 64. */
    public int mode;
    /** Where the instruction will stand; branches and RIP-relative operands depend on it. */
    public long address;
    /** Condition of JCC, SETCC, CMOVCC. */
    public int condition;
    /** As {@link Instruction#operandSize}, 0 for any. */
    public int operandSize;
    /** Effective address size, 0 for what the mode has. */
    public int addressSize;
    public boolean lock, rep, repne;
    /** Segment override, or -1. */
    public int segmentOverride = -1;
    public List<Operand> operands = new ArrayList<>(4);
    /** Describes the operand of kind MEMORY, if there is one. */
    public Memory memory;
    public int maskRegister;
    public boolean zeroing, broadcast;
    public int rounding = NO_ROUNDING;
    public Family family = Family.ANY;
}
