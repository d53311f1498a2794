package proteus.x86.disasm;

import java.util.EnumSet;
import java.util.Set;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Prefixes whose effect the rest of the text does not show. */
final class Prefixes {
    /** Operand size 64 is the default of these in 64-bit mode. */
    private static final Set<Mnemonic> DEFAULT_64 = EnumSet.of(Mnemonic.JCC, Mnemonic.JMP, Mnemonic.CALL, Mnemonic.RET, Mnemonic.LOOP, Mnemonic.LOOPE,
        Mnemonic.LOOPNE, Mnemonic.JCXZ, Mnemonic.LEAVE, Mnemonic.ENTER, Mnemonic.PUSH, Mnemonic.POP);
    private static final Set<Mnemonic> BRANCHES = EnumSet.of(Mnemonic.JCC, Mnemonic.JMP, Mnemonic.CALL, Mnemonic.RET, Mnemonic.LOOP, Mnemonic.LOOPE, Mnemonic.LOOPNE,
        Mnemonic.JCXZ);
    /** The operand size matters and no operand tells it. */
    private static final Set<Mnemonic> SIZED = EnumSet.of(Mnemonic.RET_FAR, Mnemonic.LEAVE, Mnemonic.ENTER, Mnemonic.XBEGIN, Mnemonic.LGDT, Mnemonic.LIDT,
        Mnemonic.SGDT, Mnemonic.SIDT, Mnemonic.FLDENV, Mnemonic.FNSTENV, Mnemonic.FNSAVE, Mnemonic.FRSTOR);
    /** They address memory by registers that no operand tells. */
    private static final Set<Mnemonic> IMPLIED_MEMORY = EnumSet.of(Mnemonic.XLAT, Mnemonic.MASKMOVQ, Mnemonic.MASKMOVDQU, Mnemonic.VMASKMOVDQU,
        Mnemonic.MONITOR, Mnemonic.MONITORX, Mnemonic.CLZERO, Mnemonic.VMRUN, Mnemonic.VMLOAD, Mnemonic.VMSAVE, Mnemonic.INVLPGA, Mnemonic.INVLPGB);
    private static final Set<Mnemonic> COUNTED = EnumSet.of(Mnemonic.LOOP, Mnemonic.LOOPE, Mnemonic.LOOPNE);

    private Prefixes() {}

    static void append(Instruction in, StringBuilder out) {
        if (in.lock) {
            out.append("lock ");
        }
        repeat(in, out);
        if (IMPLIED_MEMORY.contains(in.mnemonic) && in.segmentOverride >= 0) {
            out.append(RegisterNames.of(Instruction.SEGMENT, in.segmentOverride, 16)).append(' ');
        }
        if (sizeHidden(in) && in.operandSize != defaultSize(in)) {
            out.append(in.operandSize == 16 ? "data16 " : in.operandSize == 32 ? "data32 " : "rex.W ");
        }
        boolean bare = MnemonicText.hasMemory(in) && in.base == Instruction.NO_REGISTER && in.index == Instruction.NO_REGISTER;
        if (in.addressSize != in.mode && (bare || COUNTED.contains(in.mnemonic) || IMPLIED_MEMORY.contains(in.mnemonic))) {
            out.append(in.addressSize == 16 ? "addr16 " : "addr32 ");
        }
    }

    private static void repeat(Instruction in, StringBuilder out) {
        if (!in.rep && !in.repne) {
            return;
        }
        if (MnemonicText.isString(in.mnemonic)) {
            boolean compares = in.mnemonic == Mnemonic.CMPS || in.mnemonic == Mnemonic.SCAS;
            out.append(in.repne ? "repnz " : compares ? "repz " : "rep ");
        } else if (in.lock) {
            out.append(in.rep ? "xrelease " : "xacquire ");
        } else {
            out.append(in.rep ? "repz " : BRANCHES.contains(in.mnemonic) ? "bnd " : "repnz ");
        }
    }

    private static boolean sizeHidden(Instruction in) {
        boolean relative = in.operandCount > 0 && in.kind[0] == Instruction.RELATIVE;
        boolean pointer = in.operandCount > 0 && in.kind[0] == Instruction.FAR_POINTER;
        boolean stack = (in.mnemonic == Mnemonic.PUSH || in.mnemonic == Mnemonic.POP) && (in.kind[0] == Instruction.IMMEDIATE || in.kind[0] == Instruction.SEGMENT);
        boolean table = in.mode == 64 && MnemonicText.hasMemory(in) && in.size[0] == 80;
        return (relative || pointer || stack || in.mnemonic == Mnemonic.RET || SIZED.contains(in.mnemonic)) && !table;
    }

    private static int defaultSize(Instruction in) {
        return in.mode != 64 ? in.mode : DEFAULT_64.contains(in.mnemonic) ? 64 : 32;
    }
}
