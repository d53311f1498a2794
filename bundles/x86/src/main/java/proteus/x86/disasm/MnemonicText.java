package proteus.x86.disasm;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** What an instruction is called: families by condition and size under the names assemblers know. */
public final class MnemonicText {
    /** Conditions 0..15 in the preferred spelling. */
    private static final String[] CONDITIONS = {"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g"};
    private static final Set<Mnemonic> STRINGS =
        EnumSet.of(Mnemonic.MOVS, Mnemonic.CMPS, Mnemonic.SCAS, Mnemonic.LODS, Mnemonic.STOS, Mnemonic.INS, Mnemonic.OUTS);
    private static final Set<Mnemonic> WITH_64 =
        EnumSet.of(Mnemonic.FXSAVE, Mnemonic.FXRSTOR, Mnemonic.XSAVE, Mnemonic.XSAVEC, Mnemonic.XSAVEOPT, Mnemonic.XSAVES, Mnemonic.XRSTOR, Mnemonic.XRSTORS);

    private MnemonicText() {}

    static boolean isString(Mnemonic mnemonic) {
        return STRINGS.contains(mnemonic);
    }

    static boolean hasMemory(Instruction in) {
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.MEMORY) {
                return true;
            }
        }
        return false;
    }

    /** The name of a decoded instruction. */
    public static String of(Instruction in) {
        Mnemonic m = in.mnemonic;
        if (isString(m)) {
            return lower(m) + suffix(in.operandSize);
        }
        return switch (m) {
            case JCC -> "j" + CONDITIONS[in.condition];
            case SETCC -> "set" + CONDITIONS[in.condition];
            case CMOVCC -> "cmov" + CONDITIONS[in.condition];
            case JCXZ -> in.addressSize == 16 ? "jcxz" : in.addressSize == 32 ? "jecxz" : "jrcxz";
            case CBW -> in.operandSize == 16 ? "cbw" : in.operandSize == 32 ? "cwde" : "cdqe";
            case CWD -> in.operandSize == 16 ? "cwd" : in.operandSize == 32 ? "cdq" : "cqo";
            case IRET -> in.operandSize == 16 ? "iretw" : in.operandSize == 32 ? "iretd" : "iretq";
            case PUSHF, POPF, PUSHA, POPA -> lower(m) + (in.operandSize == 16 ? "w" : in.operandSize == 32 ? "d" : "q");
            case MOV_CR, MOV_DR -> "mov";
            case JMP_FAR -> "jmp far";
            case CALL_FAR -> "call far";
            case RET_FAR -> "retf";
            case INCSSP, RDSSP -> lower(m) + (in.operandSize == 64 ? "q" : "d");
            case SYSRET, SYSEXIT -> lower(m) + (in.operandSize == 64 ? "q" : "");
            default -> WITH_64.contains(m) && in.operandSize == 64 ? lower(m) + "64" : lower(m);
        };
    }

    private static String lower(Mnemonic m) {
        return m.name().toLowerCase(Locale.ROOT);
    }

    private static String suffix(int bits) {
        return switch (bits) {
            case 8 -> "b";
            case 16 -> "w";
            case 32 -> "d";
            default -> "q";
        };
    }
}
