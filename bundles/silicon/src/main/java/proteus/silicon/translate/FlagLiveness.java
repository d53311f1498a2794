package proteus.silicon.translate;

import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.GPR8_HIGH;
import static proteus.x86.decode.Instruction.IMMEDIATE;
import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.Op;

/**
 * Which instructions of a block write arithmetic flags that nobody can see: all are overwritten before anything reads them and before
 * the code can be left, for at each exit they are exact. Only instructions on registers whose code is never left count as harmless;
 * whatever is not known to be is taken to see every flag.
 */
final class FlagLiveness {
    private static final int SEES = 0, PASSES = 1, OVERWRITES = 2;

    private FlagLiveness() {}

    /** One bit an instruction, set where the flags behind it are dead. */
    static long dead(Op[] ops) {
        long dead = 0;
        boolean live = true;
        for (int i = ops.length - 1; i >= 0; i--) {
            if (!live) {
                dead |= 1L << i;
            }
            switch (effect(ops[i])) {
                case OVERWRITES -> live = false;
                case PASSES -> { }
                default -> live = true;
            }
        }
        return dead;
    }

    private static int effect(Op op) {
        if (op.endsBlock || op.k0 == MEMORY || op.k1 == MEMORY) {
            return SEES;
        }
        return switch (op.mnemonic) {
            case ADD, SUB, AND, OR, XOR, CMP, TEST -> general(op.k0) && (general(op.k1) || op.k1 == IMMEDIATE) ? OVERWRITES : SEES;
            case NEG -> OVERWRITES;
            case IMUL -> op.operandCount > 1 ? OVERWRITES : SEES;
            case SHL, SHR, SAR -> count(op) == 0 ? SEES : op.k1 == GPR ? PASSES : OVERWRITES;
            case ROL, ROR -> count(op) == 0 ? SEES : PASSES;
            case MOV -> general(op.k0) && (general(op.k1) || op.k1 == IMMEDIATE) ? PASSES : SEES;
            case MOVZX, MOVSX, MOVSXD, INC, DEC, NOT -> PASSES;
            default -> SEES;
        };
    }

    private static boolean general(int kind) {
        return kind == GPR || kind == GPR8_HIGH;
    }

    /** What an immediate shifts by; not 0 for a count in CL, which may be. */
    private static int count(Op op) {
        return op.operandCount > 1 && op.k1 == IMMEDIATE ? (int) op.immediate & (op.operandSize == 64 ? 63 : 31) : 1;
    }
}
