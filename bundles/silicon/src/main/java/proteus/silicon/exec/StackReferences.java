package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.format.ExceptionVector;

/**
 * In 64-bit code an address that is not canonical is #SS if the reference was to the stack segment, by PUSH and its like or because
 * the base register is RSP or RBP, and #GP else (SDM 3A, 3.3.7.1). Only asked when there is such a fault.
 */
final class StackReferences {
    private StackReferences() {}

    /** Makes a #GP for a non-canonical data address what it has to be. */
    static void settle(Cpu cpu, Op op, GuestFault fault) {
        boolean operand = op.k0 == Instruction.MEMORY || op.k1 == Instruction.MEMORY || op.k2 == Instruction.MEMORY || op.k3 == Instruction.MEMORY;
        if (operand && (!usesStack(op) || isOperand(cpu, op, fault.detail)) ? op.segment == Cpu.SS : usesStack(op)) {
            fault.vector = ExceptionVector.SS;
        }
    }

    private static boolean isOperand(Cpu cpu, Op op, long gva) {
        return Long.compareUnsigned(gva - cpu.effectiveAddress(op), 2L * op.bytes) < 0;
    }

    private static boolean usesStack(Op op) {
        return switch (op.mnemonic) {
            case PUSH, POP, PUSHF, POPF, ENTER, LEAVE, CALL, RET, CALL_FAR, RET_FAR, IRET -> true;
            default -> false;
        };
    }
}
