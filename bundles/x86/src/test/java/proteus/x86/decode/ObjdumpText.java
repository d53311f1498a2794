package proteus.x86.decode;

import java.util.Locale;
import java.util.Set;

/** Prints an {@link Instruction} as {@code objdump -M intel} does, prefixes and comments aside, so that the two can be compared. */
final class ObjdumpText {
    private static final String[] CONDITIONS = {"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"};
    private static final String[] SEGMENTS = {"es", "cs", "ss", "ds", "fs", "gs"};
    private static final String[] NAMES = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] LOW_BYTES = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH_BYTES = {"ah", "ch", "dh", "bh"};
    private static final String[] COMPARISONS = {"eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord", "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt",
        "true", "eq_os", "lt_oq", "le_oq", "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os", "neq_os", "ge_oq",
        "gt_oq", "true_us"};
    private static final String[] INTEGER_COMPARISONS = {"eq", "lt", "le", "", "neq", "nlt", "nle", ""};
    private static final Set<String> FLOAT_COMPARES = Set.of("CMPPS", "CMPPD", "CMPSS", "CMPSD");
    private static final String[] CARRYLESS = {"lql", "hql", "lqh", "hqh"};

    private final Instruction in;
    private final long address;

    private final int escape;

    private ObjdumpText(Instruction in, byte[] bytes, long address) {
        this.in = in;
        this.address = address;
        this.escape = bytes.length >= 2 ? bytes[bytes.length - 2] & 0xFF : 0;
    }

    /** @param bytes the instruction itself, since it alone tells one x87 escape from another */
    static String of(Instruction in, byte[] bytes, long address) {
        return new ObjdumpText(in, bytes, address).text();
    }

    private String text() {
        String string = string();
        if (string != null) {
            return string;
        }
        int shown = in.operandCount;
        String name = name();
        if (name.startsWith("#")) {
            name = name.substring(1);
            shown--;
        }
        StringBuilder text = new StringBuilder(name);
        boolean immediateSeen = false;
        for (int i = 0; i < shown; i++) {
            String operand = operand(i, immediateSeen);
            immediateSeen |= in.kind[i] == Instruction.IMMEDIATE;
            if (operand.isEmpty()) {
                continue;
            }
            text.append(text.indexOf(" ") < 0 ? ' ' : ',').append(operand);
            boolean lastVector = in.kind[i] >= Instruction.XMM && in.kind[i] <= Instruction.ZMM && (i + 1 == shown || in.kind[i + 1] == Instruction.IMMEDIATE);
            if (lastVector && in.broadcast && in.mod == 3) {
                // Which of the two it is the table knows and the instruction does not say
                text.append("{sae}");
            }
            if (i == 0 && in.maskRegister != 0) {
                text.append("{k").append(in.maskRegister).append('}').append(in.zeroing ? "{z}" : "");
            }
        }
        return text.toString();
    }

    /** The string instructions, whose operands objdump shows and ours are implicit. */
    private String string() {
        int size = in.operandSize;
        String source = pointer(size) + SEGMENTS[in.segment] + ":[" + register(6, in.addressSize) + "]";
        String destination = pointer(size) + "es:[" + register(7, in.addressSize) + "]";
        return switch (in.mnemonic) {
            case MOVS -> "movs " + destination + "," + source;
            case CMPS -> "cmps " + source + "," + destination;
            case SCAS -> "scas " + register(0, size) + "," + destination;
            case STOS -> "stos " + destination + "," + register(0, size);
            case LODS -> "lods " + register(0, size) + "," + source;
            case INS -> "ins " + destination + ",dx";
            case OUTS -> "outs dx," + source;
            case XLAT -> "xlat BYTE PTR " + SEGMENTS[in.segment] + ":[" + register(3, in.addressSize) + "]";
            default -> null;
        };
    }

    private String name() {
        String name = in.mnemonic.name();
        boolean far16 = in.operandSize == 16;
        boolean plain = in.operandSize == (in.mode == 16 ? 16 : 32);
        switch (in.mnemonic) {
            case JCC:
                return "j" + CONDITIONS[in.condition];
            case SETCC:
                return "set" + CONDITIONS[in.condition];
            case CMOVCC:
                return "cmov" + CONDITIONS[in.condition];
            case CBW:
                return far16 ? "cbw" : in.operandSize == 32 ? "cwde" : "cdqe";
            case CWD:
                return far16 ? "cwd" : in.operandSize == 32 ? "cdq" : "cqo";
            case JCXZ:
                return in.addressSize == 16 ? "jcxz" : in.addressSize == 32 ? "jecxz" : "jrcxz";
            case MOV_CR, MOV_DR:
                return "mov";
            case MOV:
                boolean moffs = in.mod < 0 && (in.kind[0] == Instruction.MEMORY || in.kind[1] == Instruction.MEMORY);
                boolean imm64 = in.mod < 0 && in.kind[1] == Instruction.IMMEDIATE && in.size[1] == 64;
                return imm64 || moffs && in.addressSize == 64 ? "movabs" : "mov";
            case CALL_FAR, JMP_FAR:
                return name.substring(0, name.indexOf('_')).toLowerCase(Locale.ROOT);
            case RET_FAR:
                return "retf" + (far16 && in.mode != 16 ? "w" : in.operandSize == 64 ? "q" : "");
            case IRET:
                return "iret" + (in.operandSize == 64 ? "q" : plain ? "" : far16 ? "w" : "d");
            case PUSHF, POPF, PUSHA, POPA:
                return name.toLowerCase(Locale.ROOT) + (in.mode == 64 ? in.operandSize == 64 ? "" : "w" : plain ? "" : far16 ? "w" : "d");
            case SYSRET:
                return in.operandSize == 64 ? "sysretq" : "sysretd";
            case LGDT, LIDT, SGDT, SIDT:
                return name.toLowerCase(Locale.ROOT) + (in.mode == 64 ? "" : far16 ? "w" : "d");
            case SYSEXIT:
                return in.mode != 64 ? "sysexit" : in.operandSize == 64 ? "sysexitq" : "sysexitd";
            case FXSAVE, FXRSTOR, XSAVE, XRSTOR, XSAVEC, XSAVES, XRSTORS, XSAVEOPT:
                return name.toLowerCase(Locale.ROOT) + (in.operandSize == 64 ? "64" : "");
            case RDSSP, INCSSP:
                return name.toLowerCase(Locale.ROOT) + (in.operandSize == 64 ? "q" : "d");
            case PTWRITE, WRSS, WRUSS:
                return name.toLowerCase(Locale.ROOT) + (in.mnemonic == Mnemonic.PTWRITE ? "" : in.operandSize == 64 ? "q" : "d");
            case INT3, INT1:
                return name.toLowerCase(Locale.ROOT);
            case XSTORE, XCRYPTECB, XCRYPTCBC, XCRYPTCTR, XCRYPTCFB, XCRYPTOFB:
                return name.toLowerCase(Locale.ROOT).replace("xcrypt", "xcrypt-").replace("xstore", "xstore-rng");
            default:
                break;
        }
        String lower = name.toLowerCase(Locale.ROOT);
        boolean vector = name.startsWith("V");
        if (FLOAT_COMPARES.contains(vector ? name.substring(1) : name) && in.immediate < (vector ? 32 : 8)) {
            int split = lower.length() - 2;
            return "#" + lower.substring(0, split) + COMPARISONS[(int) in.immediate] + lower.substring(split);
        }
        if (name.startsWith("VPCMP") && in.operandCount == 4 && in.kind[3] == Instruction.IMMEDIATE && !name.contains("STR") && in.immediate < 8
            && !INTEGER_COMPARISONS[(int) in.immediate].isEmpty()) {
            return "#vpcmp" + INTEGER_COMPARISONS[(int) in.immediate] + lower.substring(5);
        }
        if (name.endsWith("PCLMULQDQ") && (in.immediate & ~0x11) == 0) {
            return "#" + lower.replace("lqdq", "l" + CARRYLESS[(int) (in.immediate & 1 | in.immediate >> 3)] + "qdq");
        }
        return lower;
    }

    private String operand(int i, boolean immediateSeen) {
        int number = in.register[i];
        return switch (in.kind[i]) {
            case Instruction.GPR -> register(number, in.size[i]);
            case Instruction.GPR8_HIGH -> HIGH_BYTES[number - 4];
            case Instruction.SEGMENT -> SEGMENTS[number];
            case Instruction.CONTROL -> "cr" + number;
            case Instruction.DEBUG -> "dr" + number;
            case Instruction.X87 -> number == 0 && !fromModRm(i) ? "st" : "st(" + number + ")";
            case Instruction.MMX -> "mm" + number;
            case Instruction.XMM -> "xmm" + number;
            case Instruction.YMM -> "ymm" + number;
            case Instruction.ZMM -> "zmm" + number;
            case Instruction.MASK -> "k" + number;
            case Instruction.MEMORY -> memory(in.size[i]);
            case Instruction.IMMEDIATE -> immediateSeen ? hex(in.immediate2) : hex(in.immediate & mask(in.size[i]));
            case Instruction.RELATIVE -> hex(target());
            case Instruction.FAR_POINTER -> hex(in.immediate2) + ":" + hex(in.immediate);
            default -> "";
        };
    }

    /** ST(0) is written st(0) where ModRM says so, and st where the opcode does. */
    private boolean fromModRm(int i) {
        if (in.operandCount == 1) {
            return true;
        }
        boolean destination = switch (in.mnemonic) {
            case FADDP, FMULP, FSUBP, FSUBRP, FDIVP, FDIVRP -> true;
            case FADD, FMUL, FSUB, FSUBR, FDIV, FDIVR -> escape == 0xDC;
            default -> false;
        };
        return i == (destination ? 0 : 1);
    }

    private long target() {
        long to = address + in.length + in.immediate;
        return in.operandSize == 16 ? to & 0xFFFF : in.mode == 64 ? to : to & 0xFFFF_FFFFL;
    }

    private static long mask(int bits) {
        return bits == 64 ? -1 : (1L << bits) - 1;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static String register(int number, int bits) {
        if (number >= 8) {
            return "r" + number + (bits == 64 ? "" : bits == 32 ? "d" : bits == 16 ? "w" : "b");
        }
        return switch (bits) {
            case 8 -> LOW_BYTES[number];
            case 16 -> NAMES[number];
            case 32 -> "e" + NAMES[number];
            default -> "r" + NAMES[number];
        };
    }

    private String pointer(int bits) {
        return switch (bits) {
            case 8 -> "BYTE PTR ";
            case 16 -> "WORD PTR ";
            case 32 -> "DWORD PTR ";
            case 48 -> "FWORD PTR ";
            case 64 -> "QWORD PTR ";
            case 80 -> "TBYTE PTR ";
            case 128 -> in.mnemonic == Mnemonic.CMPXCHG16B ? "OWORD PTR " : "XMMWORD PTR ";
            case 256 -> "YMMWORD PTR ";
            case 512 -> "ZMMWORD PTR ";
            default -> "";
        };
    }

    private boolean sizeShown() {
        return switch (in.mnemonic) {
            case LGDT, LIDT, SGDT, SIDT, INVPCID, MOVDIR64B, ENQCMD, ENQCMDS, WRSS, WRUSS, XLAT -> false;
            case MOV -> in.mod >= 0;
            default -> true;
        };
    }

    private String memory(int bits) {
        StringBuilder text = new StringBuilder();
        text.append(in.broadcast ? (bits == 64 ? "QWORD BCST " : "DWORD BCST ") : sizeShown() ? pointer(bits) : "");
        boolean absolute = in.base < 0 && in.index < 0 && !(sib() && (in.mode != 64 || in.scale != 0));
        if (in.segmentOverride >= 0 || absolute) {
            text.append(SEGMENTS[in.segment]).append(':');
        }
        long displacement = in.displacement & mask(in.addressSize);
        if (absolute) {
            return text.append(hex(displacement)).toString();
        }
        text.append('[');
        String plus = "";
        if (in.base == Instruction.RIP) {
            text.append(in.addressSize == 64 ? "rip" : "eip");
            plus = "+";
        } else if (in.base >= 0) {
            text.append(register(in.base, in.addressSize));
            plus = "+";
        }
        if (in.index >= 0) {
            text.append(plus).append(index()).append(in.addressSize == 16 ? "" : "*" + (1 << in.scale));
        } else if (sib() && (in.base < 0 || in.scale != 0 || in.base % 8 != 4)) {
            text.append(plus).append(in.addressSize == 64 ? "riz" : "eiz").append('*').append(1 << in.scale);
        }
        if (in.base == Instruction.RIP) {
            text.append('+').append(hex(in.mode == 64 ? in.displacement : displacement));
        } else if (in.mod != 0 || in.base < 0) {
            text.append(in.displacement < 0 ? "-" : "+").append(hex(Math.abs(in.displacement)));
        }
        return text.append(']').toString();
    }

    /** VSIB: as many indices as elements, dwords or qwords as the name says. */
    private String index() {
        String name = in.mnemonic.name();
        boolean gather = name.contains("GATHER") || name.contains("SCATTER");
        if (!gather) {
            return register(in.index, in.addressSize);
        }
        String kind = name.substring(name.lastIndexOf('R') + 1);
        boolean wideElement = kind.endsWith("Q") && kind.length() == 2 || kind.endsWith("PD");
        int bits = in.vectorLength;
        if (kind.startsWith("D") && wideElement) {
            bits /= 2;
        }
        return (bits > 256 ? "zmm" : bits > 128 ? "ymm" : "xmm") + in.index;
    }

    private boolean sib() {
        return in.addressSize != 16 && in.rm == 4 && in.mod >= 0 && in.mod != 3;
    }
}
