package proteus.silicon.vmx;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** The VM-exit instruction information field: the operands of the instruction that exited (SDM 3C, 28.2.5, tables 28-8 to 28-15). */
final class InstructionInformation {
    private static final int REGISTER_1 = 3, ADDRESS_SIZE = 7, REGISTER_OPERAND = 1 << 10, OPERAND_SIZE = 11, SEGMENT = 15, INDEX = 18, NO_INDEX = 1 << 22, BASE = 23,
        NO_BASE = 1 << 27, IDENTITY = 28;

    private InstructionInformation() {}

    static int of(Op op, ExitReason reason) {
        return switch (reason) {
            case IO_INSTRUCTION -> size(op.addressSize) << ADDRESS_SIZE | op.segment << SEGMENT;
            case RDRAND, RDSEED -> op.r0 >> 3 << REGISTER_1 | size(op.operandSize) << OPERAND_SIZE;
            case GDTR_IDTR_ACCESS -> memory(op) | (op.operandSize == 16 ? 0 : 1) << OPERAND_SIZE | identity(op.mnemonic) << IDENTITY;
            case LDTR_TR_ACCESS -> (op.k0 == Instruction.MEMORY ? memory(op) : REGISTER_OPERAND | op.r0 >> 3 << REGISTER_1) | identity(op.mnemonic) << IDENTITY;
            case INVEPT, INVVPID, INVPCID -> memory(op) | op.r0 >> 3 << IDENTITY;
            case VMCLEAR, VMPTRLD, VMPTRST, VMXON, XSAVES, XRSTORS -> memory(op);
            case VMREAD, VMWRITE -> {
                int other = op.k0 == Instruction.GPR && op.k1 == Instruction.GPR ? 1 : 0;
                int field = reason == ExitReason.VMREAD ? op.r1 : op.r0;
                int operand = reason == ExitReason.VMREAD ? op.r0 : op.r1;
                yield (other != 0 ? REGISTER_OPERAND | operand >> 3 << REGISTER_1 : memory(op)) | field >> 3 << IDENTITY;
            }
            default -> 0;
        };
    }

    private static int size(int bits) {
        return bits == 16 ? 0 : bits == 32 ? 1 : 2;
    }

    private static int memory(Op op) {
        return op.shift
            | size(op.addressSize) << ADDRESS_SIZE
            | op.segment << SEGMENT
            | (op.index == CpuLayout.ZERO ? NO_INDEX : op.index >> 3 << INDEX)
            | (op.base == CpuLayout.ZERO || op.base == CpuLayout.BLOCK_RIP ? NO_BASE : op.base >> 3 << BASE);
    }

    private static int identity(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case SIDT, STR -> 1;
            case LGDT, LLDT -> 2;
            case LIDT, LTR -> 3;
            default -> 0; // SGDT, SLDT
        };
    }
}
