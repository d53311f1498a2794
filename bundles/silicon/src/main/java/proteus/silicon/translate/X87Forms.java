package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.MEMORY;

import java.util.EnumSet;
import java.util.Set;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/**
 * x87 instructions as they stand, on the host's own register stack, with the memory operand replaced. The stack is in the host's
 * registers only after the way in loaded it, which {@link StateLayout#x87} says: it does where the code to enter has such
 * instructions and none of them can raise an exception. What the host approximates (the transcendental functions) and what
 * touches the pointers as a whole stays the model's.
 */
final class X87Forms {
    /** With FIP: what {@code X87.begin} does for the interpreter. */
    private static final Set<Mnemonic> COMPUTING = SseForms.names("""
        FADD FADDP FIADD FSUB FSUBP FISUB FSUBR FSUBRP FISUBR FMUL FMULP FIMUL FDIV FDIVP FIDIV FDIVR FDIVRP FIDIVR FSQRT FABS FCHS FRNDINT
        FCOM FCOMP FCOMPP FUCOM FUCOMP FUCOMPP FICOM FICOMP FTST FXAM FLD FST FSTP FILD FIST FISTP FISTTP FXCH
        FLD1 FLDL2T FLDL2E FLDPI FLDLG2 FLDLN2 FLDZ""");
    /** ZF, PF and CF by the comparison, the others cleared (SDM vol. 2, FCOMI). */
    private static final Set<Mnemonic> COMPARING = EnumSet.of(Mnemonic.FCOMI, Mnemonic.FCOMIP, Mnemonic.FUCOMI, Mnemonic.FUCOMIP);
    private static final Set<Mnemonic> CONDITIONAL = SseForms.names("FCMOVB FCMOVE FCMOVBE FCMOVU FCMOVNB FCMOVNE FCMOVNBE FCMOVNU");
    private static final Set<Mnemonic> CONTROL = EnumSet.of(Mnemonic.FLDCW, Mnemonic.FNSTCW, Mnemonic.FNSTSW);
    /** Exceptions that must be masked. */
    private static final int MASKS = 0x3f;

    private final Emission e;
    private final HostAssembler a;
    private final StateLayout state;

    X87Forms(Emission e, StateLayout state) {
        this.e = e;
        a = e.a;
        this.state = state;
    }

    /**
     * @param code the block's bytes; empty if they are not to be had in one piece
     * @return false, with nothing emitted, if the instruction is left to the slow way
     */
    boolean emit(Op op, byte[] code) {
        boolean control = CONTROL.contains(op.mnemonic);
        boolean comparing = COMPARING.contains(op.mnemonic);
        boolean conditional = CONDITIONAL.contains(op.mnemonic);
        boolean memory = op.k0 == MEMORY;
        if (code.length == 0 || !control && !comparing && !conditional && !COMPUTING.contains(op.mnemonic) || memory && !e.addressable(op)) {
            return false;
        }
        check();
        if (memory) {
            e.access(op, op.bytes, stores(op.mnemonic));
            if (op.mnemonic == Mnemonic.FLDCW) {
                a.rm(32, 0x8b, T1, T0, 0);
                a.digit(32, 0xf7, 2, T1); // not
                a.digit(8, 0xf6, 0, T1); // test: an exception unmasked is the slow way's
                a.put8(MASKS);
                e.slowIf(5);
            }
        }
        if (!control) {
            a.constant(T1, e.rip + op.start & (op.mode == 64 ? -1 : 0xffffffffL));
            a.absolute(64, 0x89, T1, e.s + CpuLayout.FIP, 0);
        }
        if (conditional) {
            e.needFlags();
        }
        put(op, escape(op, code), memory);
        if (comparing) {
            e.flagsWritten();
        }
        return true;
    }

    private static boolean stores(Mnemonic mnemonic) {
        return switch (mnemonic) {
            case FST, FSTP, FIST, FISTP, FISTTP, FNSTCW, FNSTSW -> true;
            default -> false;
        };
    }

    /** Once in a block: code is entered behind one of these instructions only with the stack loaded. */
    private void check() {
        if (!e.usesX87) {
            e.clobberFlags();
            a.absolute(8, 0x80, 7, state.x87(), 1);
            a.put8(0);
            e.slowIf(4);
            e.usesX87 = true;
        }
    }

    /** The byte D8 to DF: no prefix is one of them. */
    private static int escape(Op op, byte[] code) {
        int at = op.start;
        while ((code[at] & 0xf8) != 0xd8) {
            at++;
        }
        return code[at] & 0xff;
    }

    private void put(Op op, int escape, boolean memory) {
        if (memory) {
            a.rm(32, escape, op.modrmReg & 7, T0, 0);
        } else if (op.k0 == GPR) {
            e.swapRax(); // FNSTSW AX
            a.put8(escape);
            a.put8(0xe0);
            e.swapRax();
        } else {
            a.put8(escape);
            a.put8(0xc0 | (op.modrmReg & 7) << 3 | op.modrmRm & 7);
        }
    }
}
