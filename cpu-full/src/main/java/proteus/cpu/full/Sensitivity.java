package proteus.cpu.full;

import static proteus.x86.decode.Instruction.SEGMENT;

import proteus.api.event.CountedEvent;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * Which instructions of a kernel cannot run outside ring 0 as they are: the privileged ones, which trap, and the sensitive ones, which
 * do not (J. S. Robin, C. E. Irvine, Analysis of the Intel Pentium's ability to support a secure virtual machine monitor, 2000).
 */
final class Sensitivity {
    /** The families of that list. */
    enum Family {
        SGDT, SIDT, SLDT, SMSW, PUSHF, POPF, LAR, LSL, VERR, VERW, POP, PUSH, CALL, JMP, INT, RET, STR, MOV;

        private final CountedEvent event = CountedEvent.valueOf("SENSITIVE_" + name());

        /** What is counted when a deprivileged kernel executes one. */
        CountedEvent event() {
            return event;
        }
    }

    private Sensitivity() {}

    /** The family of an instruction, or null: not sensitive, or privileged. */
    static Family family(Instruction i) {
        return switch (i.mnemonic) {
            case SGDT -> Family.SGDT;
            case SIDT -> Family.SIDT;
            case SLDT -> Family.SLDT;
            case STR -> Family.STR;
            case SMSW -> Family.SMSW;
            case PUSHF -> Family.PUSHF;
            case POPF -> Family.POPF;
            case LAR -> Family.LAR;
            case LSL -> Family.LSL;
            case VERR -> Family.VERR;
            case VERW -> Family.VERW;
            case POP, LDS, LES, LFS, LGS, LSS -> i.mnemonic != Mnemonic.POP || i.kind[0] == SEGMENT ? Family.POP : null;
            case PUSH -> i.kind[0] == SEGMENT ? Family.PUSH : null;
            case MOV -> i.kind[0] == SEGMENT || i.kind[1] == SEGMENT ? Family.MOV : null;
            case CALL_FAR -> Family.CALL;
            case JMP_FAR -> Family.JMP;
            case INT, INT3, INTO, INT1 -> Family.INT;
            case RET_FAR, IRET -> Family.RET;
            default -> null;
        };
    }

    /** Whether the VMM must carry it out. */
    static boolean needsVmm(Instruction i) {
        return family(i) != null || switch (i.mnemonic) {
            // Privileged: they would trap by themselves.
            case HLT, CLTS, LMSW, INVD, WBINVD, WBNOINVD, INVLPG, INVPCID, MOV_CR, MOV_DR, RDMSR, WRMSR, LGDT, LIDT, LLDT, LTR, SWAPGS, RDPMC, XSETBV,
                MONITOR, MWAIT, XSAVES, XRSTORS, SYSRET, SYSEXIT, RSM, IN, OUT, INS, OUTS, RDTSC, RDTSCP, CLAC, STAC -> true;
            // What it means is told by the guest's state, not the processor's.
            case CPUID, SYSCALL, SYSENTER, RDPID, INVALID -> true;
            case VMXON, VMXOFF, VMCLEAR, VMPTRLD, VMPTRST, VMREAD, VMWRITE, VMLAUNCH, VMRESUME, VMCALL, VMFUNC, INVEPT, INVVPID, VMMCALL, GETSEC -> true;
            // Branches without a long form.
            case LOOP, LOOPE, LOOPNE, JCXZ, XBEGIN -> true;
            default -> false;
        };
    }

    /** Whether the next instruction in memory may not be the next one. */
    static boolean leaves(Instruction i) {
        return switch (i.mnemonic) {
            case CALL, CALL_FAR, JMP, JMP_FAR, RET, RET_FAR, IRET, INT, INT3, INT1, INTO, SYSCALL, SYSRET, SYSENTER, SYSEXIT, HLT, INVALID, UD0, UD1, UD2,
                LOOP, LOOPE, LOOPNE, JCXZ, XBEGIN -> true;
            default -> false;
        };
    }
}
