package proteus.x86.decode;

/**
 * Operand codes of the opcode tables: an addressing method and two sizes (register form, memory form) packed in 16 bits.
 * Methods and sizes are the letters of SDM vol. 2, A.2.1 and A.2.2; what differs is said in {@link OpcodeTable}.
 */
final class OperandCode {
    // Addressing methods
    static final int STRING = 0, RM_GPR = 1, REG_GPR = 2, OPCODE_GPR = 3, FIXED_GPR = 4, VVVV_GPR = 5, SEGMENT = 6, FIXED_SEGMENT = 7, CONTROL = 8,
        DEBUG = 9, MOFFS = 10, IMMEDIATE = 11, IMMEDIATE_SIGNED = 12, ONE = 13, RELATIVE = 14, FAR = 15, ST_TOP = 16, ST_RM = 17, REG_MMX = 18,
        RM_MMX = 19, REG_VECTOR = 20, RM_VECTOR = 21, VVVV_VECTOR = 22, IMMEDIATE_VECTOR = 23, XMM0 = 24, REG_MASK = 25, RM_MASK = 26, VVVV_MASK = 27;

    // Sizes
    static final int SIZE_NONE = 0, B = 1, W = 2, D = 3, Q = 4, DQ = 5, QQ = 6, OQ = 7, T = 8, V = 9, Z = 10, Y = 11, R = 12, J = 13, P = 14, S = 15,
        A = 16, X = 17, H = 18, F = 19, E = 20, XD = 21;

    private static final int FIELD = 0x1F;
    private static final String[] SEGMENTS = {"ES", "CS", "SS", "DS", "FS", "GS"};

    private OperandCode() {
    }

    static char pack(int method, int registerSize, int memorySize) {
        return (char) (method | registerSize << 5 | memorySize << 10);
    }

    static int method(int code) {
        return code & FIELD;
    }

    static int registerSize(int code) {
        return code >> 5 & FIELD;
    }

    /** The size of the memory form; for fixed registers: which one. */
    static int memorySize(int code) {
        return code >> 10 & FIELD;
    }

    /** Does this operand come from ModRM, vvvv aside? */
    static boolean usesModRm(int method) {
        return switch (method) {
            case RM_GPR, REG_GPR, SEGMENT, CONTROL, DEBUG, ST_RM, REG_MMX, RM_MMX, REG_VECTOR, RM_VECTOR, REG_MASK, RM_MASK -> true;
            default -> false;
        };
    }

    static boolean isRm(int method) {
        return method == RM_GPR || method == RM_MMX || method == RM_VECTOR || method == RM_MASK;
    }

    /** Does this operand tell whether the instruction is a byte form? Immediates and displacements do not. */
    static boolean decidesSize(int method) {
        return method != IMMEDIATE && method != IMMEDIATE_SIGNED && method != ONE && method != RELATIVE;
    }

    static boolean usesVvvv(int method) {
        return method == VVVV_GPR || method == VVVV_VECTOR || method == VVVV_MASK;
    }

    /** Parses one operand of a table line. */
    static char parse(String text) {
        for (int i = 0; i < SEGMENTS.length; i++) {
            if (text.equals(SEGMENTS[i])) {
                return pack(FIXED_SEGMENT, W, i);
            }
        }
        switch (text) {
            case "1":
                return pack(ONE, B, B);
            case "AL":
                return pack(FIXED_GPR, B, 0);
            case "CL":
                return pack(FIXED_GPR, B, 1);
            case "AX":
                return pack(FIXED_GPR, W, 0);
            case "DX":
                return pack(FIXED_GPR, W, 2);
            case "eAX":
                return pack(FIXED_GPR, Z, 0);
            case "rAX":
                return pack(FIXED_GPR, V, 0);
            case "ST0":
                return pack(ST_TOP, T, 0);
            case "STi":
                return pack(ST_RM, T, 0);
            case "XMM0":
                return pack(XMM0, DQ, 0);
            case "Ibs":
                return pack(IMMEDIATE_SIGNED, B, B);
            default:
                break;
        }
        int split = text.indexOf('/');
        int registerSize = size(split < 0 ? text.substring(1) : text.substring(1, split));
        return pack(method(text), registerSize, split < 0 ? registerSize : size(text.substring(split + 2)));
    }

    private static int method(String text) {
        return switch (text.charAt(0)) {
            case 'E', 'M', 'R' -> RM_GPR;
            case 'G' -> REG_GPR;
            case 'Z' -> OPCODE_GPR;
            case 'B' -> VVVV_GPR;
            case 'S' -> SEGMENT;
            case 'C' -> CONTROL;
            case 'D' -> DEBUG;
            case 'O' -> MOFFS;
            case 'I' -> IMMEDIATE;
            case 'J' -> RELATIVE;
            case 'A' -> FAR;
            case 'P' -> REG_MMX;
            case 'Q', 'N' -> RM_MMX;
            case 'V' -> REG_VECTOR;
            case 'W', 'U' -> RM_VECTOR;
            case 'H' -> VVVV_VECTOR;
            case 'L' -> IMMEDIATE_VECTOR;
            case 'K' -> REG_MASK;
            case 'k' -> RM_MASK;
            case 'h' -> VVVV_MASK;
            case 'X', 'Y' -> STRING;
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static int size(String text) {
        return switch (text) {
            case "" -> SIZE_NONE;
            case "b" -> B;
            case "w" -> W;
            case "d" -> D;
            case "q" -> Q;
            case "dq" -> DQ;
            case "qq" -> QQ;
            case "oq" -> OQ;
            case "t" -> T;
            case "v" -> V;
            case "z" -> Z;
            case "y" -> Y;
            case "r" -> R;
            case "j" -> J;
            case "p" -> P;
            case "s" -> S;
            case "a" -> A;
            case "x" -> X;
            case "h" -> H;
            case "f" -> F;
            case "e" -> E;
            case "xd" -> XD;
            default -> throw new IllegalArgumentException(text);
        };
    }

    /**
     * Bits of a size code.
     *
     * @param operand effective operand size in bits
     * @param wide REX.W or VEX.W in 64-bit mode
     * @param vector vector length in bits, 128 for legacy encodings
     */
    static int bits(int size, int operand, int mode, boolean wide, int vector, int address) {
        return switch (size) {
            case B -> 8;
            case W -> 16;
            case D -> 32;
            case Q -> 64;
            case DQ -> 128;
            case QQ -> 256;
            case OQ -> 512;
            case T -> 80;
            case V -> operand;
            case Z -> Math.min(operand, 32);
            case Y -> wide ? 64 : 32;
            case R -> mode == 64 ? 64 : 32;
            case J -> address;
            case P -> operand + 16;
            case S -> mode == 64 ? 80 : 48;
            case A -> operand * 2;
            case X -> vector;
            case H -> vector / 2;
            case F -> vector / 4;
            case E -> vector / 8;
            case XD -> vector == 128 ? 64 : vector;
            default -> 0;
        };
    }
}
