package proteus.x86.disasm;

import proteus.x86.decode.Instruction;

/** Names of registers by operand kind, number and size. */
public final class RegisterNames {
    private static final String[] LEGACY = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] BYTES = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH_BYTES = {"", "", "", "", "ah", "ch", "dh", "bh"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs", "?", "?"};

    private RegisterNames() {}

    /**
     * @param kind one of Instruction's operand kinds
     * @param bits size of a general register; ignored for others
     */
    public static String of(int kind, int number, int bits) {
        return switch (kind) {
            case Instruction.GPR -> general(number, bits);
            case Instruction.GPR8_HIGH -> HIGH_BYTES[number];
            case Instruction.SEGMENT -> SEGMENTS[number];
            case Instruction.CONTROL -> "cr" + number;
            case Instruction.DEBUG -> "dr" + number;
            case Instruction.X87 -> number == 0 ? "st" : "st(" + number + ")";
            case Instruction.MMX -> "mm" + number;
            case Instruction.XMM -> "xmm" + number;
            case Instruction.YMM -> "ymm" + number;
            case Instruction.ZMM -> "zmm" + number;
            case Instruction.MASK -> "k" + number;
            default -> "?";
        };
    }

    private static String general(int number, int bits) {
        if (number >= 8) {
            return "r" + number + switch (bits) {
                case 8 -> "b";
                case 16 -> "w";
                case 32 -> "d";
                default -> "";
            };
        }
        return switch (bits) {
            case 8 -> BYTES[number];
            case 16 -> LEGACY[number];
            case 32 -> "e" + LEGACY[number];
            default -> "r" + LEGACY[number];
        };
    }
}
