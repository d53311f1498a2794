package proteus.conform.compare;

import java.util.HashMap;
import java.util.Map;
import proteus.conform.cases.Family;
import proteus.conform.cases.Sample;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segments;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.ExceptionVector;

/**
 * What the manual leaves undefined: the one place where a difference can be excused. Flags by the section "Flags Affected" of each
 * instruction in SDM vol. 2 (2A: A-L, 2B: M-U, 2C: V), results by its "Description" and "Operation".
 */
final class Undefined {
    private static final int CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800, ALL = CF | PF | AF | ZF | SF | OF;

    /** Undefined whatever the operands. */
    private static final String ALWAYS = """
        AND OR XOR TEST      AF              # "The state of the AF flag is undefined."
        MUL IMUL             SF ZF AF PF     # "The SF, ZF, AF, and PF flags are undefined."
        DIV IDIV             CF OF SF ZF AF PF # "The CF, OF, SF, ZF, AF, and PF flags are undefined."
        AAA AAS              OF SF ZF PF     # "The OF, SF, ZF, and PF flags are undefined."
        AAD AAM              OF AF CF        # "The OF, AF, and CF flags are undefined."
        DAA DAS              OF              # "The OF flag is undefined."
        BT BTS BTR BTC       OF SF AF PF     # "The OF, SF, AF, and PF flags are undefined." ZF is unaffected.
        BSF BSR              CF OF SF AF PF  # "The CF, OF, SF, AF, and PF flags are undefined."
        LZCNT TZCNT          OF SF AF PF     # "OF, SF, PF, and AF flags are undefined."
        ANDN BLSI BLSMSK BLSR AF PF          # "The AF and PF flags are undefined."
        BEXTR                AF SF PF        # "AF, SF, and PF are undefined."
        BZHI                 AF PF           # "The AF and PF flags are undefined."
        """;

    private static final Map<Mnemonic, Integer> FLAGS = new HashMap<>();

    static {
        for (String line : ALWAYS.split("\n")) {
            int flags = 0;
            String[] words = line.substring(0, line.indexOf('#') < 0 ? line.length() : line.indexOf('#')).strip().split("\\s+");
            for (String word : words) {
                flags |= flag(word);
            }
            for (String word : words) {
                if (flag(word) == 0) {
                    FLAGS.put(Mnemonic.valueOf(word), flags);
                }
            }
        }
    }

    private Undefined() {}

    private static int flag(String name) {
        return switch (name) {
            case "CF" -> CF;
            case "PF" -> PF;
            case "AF" -> AF;
            case "ZF" -> ZF;
            case "SF" -> SF;
            case "OF" -> OF;
            default -> 0;
        };
    }

    /** Flags whose value the manual does not say after this instruction in this state. */
    static int flags(Instruction in, Cases cases, long before) {
        return switch (in.mnemonic) {
            case SHL, SHR, SAR -> shift(in, count(in, cases, before, 1));
            case SHLD, SHRD -> doubleShift(count(in, cases, before, 2));
            case ROL, ROR, RCL, RCR -> rotate(count(in, cases, before, 1));
            default -> FLAGS.getOrDefault(in.mnemonic, 0);
        };
    }

    /**
     * SDM vol. 2B, SAL/SAR/SHL/SHR: "The CF flag ... is undefined for SHL and SHR instructions where the count is greater than or equal to the
     * size (in bits) of the destination operand. The OF flag is affected only for 1-bit shifts; otherwise, it is undefined. ... If the count is 0,
     * the flags are not affected. For a non-zero count, the AF flag is undefined."
     */
    private static int shift(Instruction in, int count) {
        if (count == 0) {
            return 0;
        }
        int carry = in.mnemonic != Mnemonic.SAR && count >= in.operandSize ? CF : 0;
        return carry | AF | (count == 1 ? 0 : OF);
    }

    /** SDM vol. 2B, SHLD, SHRD: "For a 1-bit shift, the OF flag is set if a sign change occurred; otherwise ... For shifts greater than 1 bit, the OF flag is undefined." */
    private static int doubleShift(int count) {
        return count == 0 ? 0 : AF | (count == 1 ? 0 : OF);
    }

    /** SDM vol. 2B, RCL/RCR/ROL/ROR: "The OF flag is affected for single-bit rotates; it is undefined for multi-bit rotates." A masked count of 0 affects none. */
    private static int rotate(int count) {
        return count > 1 ? OF : 0;
    }

    /** The count of a shift, masked as the processor does (to 5 bits, 6 with 64-bit operands). */
    private static int count(Instruction in, Cases cases, long before, int operand) {
        long count = in.kind[operand] == Instruction.GPR ? cases.get(before + Cases.GPRS + 8) : in.immediate;
        return (int) count & (in.operandSize == 64 ? 63 : 31);
    }

    /**
     * Whether faults of this instruction are left open, so that a case with one cannot be compared.
     * SDM vol. 2B, MASKMOVQ, MASKMOVDQU: with a mask of zeros "exceptions associated with addressing memory and page faults may still be signaled
     * (implementation dependent)"; and the order of the bytes is not said, so neither is which of them faults.
     */
    static boolean faults(Instruction in) {
        return in.mnemonic == Mnemonic.MASKMOVQ || in.mnemonic == Mnemonic.MASKMOVDQU || in.mnemonic == Mnemonic.VMASKMOVDQU;
    }

    /**
     * Whether #GP and #SS are both right: an operand that must be aligned and is not, at an address of the stack segment that is not canonical.
     * SDM 3A, table 6-2: among faults of one class the order depends on the implementation. Likewise #AC and #GP of a state image or a number of 80
     * bits, which is several accesses (9.1.1); for an FXSAVE image that is not aligned SDM vol. 2A says itself that #AC "is not guaranteed" and #GP comes in its place.
     */
    static boolean eitherFault(Instruction in, long host, long model) {
        if (in.length == Decoder.TOO_LONG) {
            // too long and undefined are of one class: "Faults from decoding the next instruction" (SDM 3A, table 6-2)
            return host == ExceptionVector.UD && model == ExceptionVector.GP || host == ExceptionVector.GP && model == ExceptionVector.UD;
        }
        boolean alignmentAndAnother = host == ExceptionVector.AC && isProtection(model) || isProtection(host) && model == ExceptionVector.AC;
        if (alignmentAndAnother) {
            return switch (in.mnemonic) {
                case FXSAVE, FXRSTOR, FLDENV, FNSTENV, FRSTOR, FNSAVE, FBLD, FBSTP -> true;
                case FLD, FSTP -> in.size[0] == 80;
                default -> false;
            };
        }
        boolean stackOrProtection = host != model && isProtection(host) && isProtection(model);
        if (!stackOrProtection) {
            return false;
        }
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.MEMORY && (in.size[i] >= 128 || in.size[i] == 0)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether TOP and tags after a fault are left open. SDM vol. 1, 9.5.1 has every MMX instruction but EMMS change to MMX state, but not whether it
     * does so before its memory operand faults; the instruction changes to it again when it is restarted.
     */
    static boolean stateAfterFault(Instruction in) {
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == Instruction.MMX) {
                return true;
            }
        }
        return false;
    }

    /**
     * Whether, after a fault, an element of a gather's destination or mask may be done or not done. SDM vol. 2C, VGATHER: "If a fault is triggered by
     * an element and delivered, all elements closer to the LSB of the destination ... will be completed ... Individual elements closer to the MSB
     * may or may not be completed."
     */
    static boolean elementAfterFault(Sample sample, int register) {
        Instruction in = sample.decoded;
        return sample.family == Family.GATHER && (register == in.register[0] || register == in.register[2]);
    }

    /**
     * Whether the upper halves of general registers are open, since the case has left 64-bit mode. SDM vol. 1, 3.4.1.1: "the upper 32 bits of any
     * general-purpose register are not preserved when switching from 64-bit mode to a 32-bit mode".
     */
    static boolean upperHalves(Mode before, int codeSelector) {
        return before.isLong() && !Segments.isLongCode(codeSelector);
    }

    private static boolean isProtection(long vector) {
        return vector == ExceptionVector.GP || vector == ExceptionVector.SS;
    }

    /**
     * Whether memory may have been written in part after a fault. SDM vol. 3A, 9.1.1: "An x87 instruction or an SSE instruction that accesses data larger
     * than a quadword may be implemented using multiple memory accesses ... some of the accesses may complete (writing to memory) while another causes
     * the operation to fault". PUSHA is a documented difference and no rule of the manual: the host leaves what it had pushed before it faulted below the
     * stack pointer, the model stores nothing.
     */
    static boolean storeAfterFault(Sample sample) {
        if (sample.decoded.mnemonic == Mnemonic.PUSHA) {
            return true;
        }
        int operand = sample.memoryOperand();
        return sample.family.vectors() && operand >= 0 && (sample.decoded.size[operand] > 64 || sample.decoded.size[operand] == 0);
    }

    /**
     * Whether general registers other than RSP are open after a fault. SDM vol. 3A, 6.5: "executing a POPAD instruction where the stack frame crosses
     * over the end of the stack segment ... internal processor state (the general-purpose registers) will have been modified"; not which.
     */
    static boolean registersAfterFault(Instruction in) {
        return in.mnemonic == Mnemonic.POPA;
    }

    /**
     * Whether the result itself is undefined, so that nothing can be compared.
     * SDM vol. 2A, BSF, BSR: "If the content of the source operand is 0, the content of the destination operand is undefined."
     * SDM vol. 2B, SHLD, SHRD: "If the count is greater than the operand size, the result is undefined" (and all flags are).
     */
    static boolean result(Instruction in, Cases cases, long before, long after) {
        return switch (in.mnemonic) {
            case BSF, BSR -> (cases.get(after + Cases.RFLAGS) & ZF) != 0;
            case SHLD, SHRD -> count(in, cases, before, 2) > in.operandSize;
            default -> false;
        };
    }
}
