package proteus.x86.disasm;

import proteus.x86.decode.Instruction;

/** The implicit operands of string instructions, shown only where they are not the usual ones: a segment override, another address size. */
final class StringOperands {
    private StringOperands() {}

    static void append(Instruction in, StringBuilder out) {
        String source = RegisterNames.of(Instruction.SEGMENT, in.segmentOverride >= 0 ? in.segmentOverride : 3, 16) + ":["
            + RegisterNames.of(Instruction.GPR, 6, in.addressSize) + "]";
        String target = "es:[" + RegisterNames.of(Instruction.GPR, 7, in.addressSize) + "]";
        String accumulator = RegisterNames.of(Instruction.GPR, 0, in.operandSize);
        out.append(' ').append(switch (in.mnemonic) {
            case MOVS -> target + "," + source;
            case CMPS -> source + "," + target;
            case SCAS -> accumulator + "," + target;
            case LODS -> accumulator + "," + source;
            case STOS -> target + "," + accumulator;
            case INS -> target + ",dx";
            default -> "dx," + source;
        });
    }
}
