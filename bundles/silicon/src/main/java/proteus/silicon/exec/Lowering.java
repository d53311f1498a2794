package proteus.silicon.exec;

import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.GPR8_HIGH;
import static proteus.x86.decode.Instruction.IMMEDIATE;
import static proteus.x86.decode.Instruction.MEMORY;
import static proteus.x86.decode.Instruction.NO_REGISTER;
import static proteus.x86.decode.Instruction.RELATIVE;
import static proteus.x86.decode.Instruction.RIP;
import static proteus.x86.decode.Instruction.SEGMENT;
import static proteus.x86.decode.Instruction.XMM;
import static proteus.x86.decode.Instruction.YMM;

import java.util.function.Consumer;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Turns decoded instructions into operations: operands become offsets in the processor's struct, common forms an {@link Operation} of their own. */
final class Lowering {
    static final Handler UNDEFINED = (cpu, op) -> {
        throw cpu.undefined();
    };
    private static final Handler TOO_LONG = (cpu, op) -> {
        throw cpu.protection(0);
    };

    private static final Operation[] LOADS = {MoveOperations.MOV_RM8, MoveOperations.MOV_RM16, MoveOperations.MOV_RM32, MoveOperations.MOV_RM64};
    private static final Operation[] STORES = {MoveOperations.MOV_M8R, MoveOperations.MOV_M16R, MoveOperations.MOV_M32R, MoveOperations.MOV_M64R};

    /** Base of the processor's struct: operations belong to one processor. */
    private final long struct;
    private final long isa;
    private final HandlerTable handlers;
    private final Consumer<Mnemonic> missing;
    private Operation operation;

    /**
     * @param struct base of the processor's struct
     * @param isa what the processor has, as {@link Cpu#isa}
     * @param missing told when an instruction that the decoder knows has no handler and is about to be #UD
     */
    Lowering(long struct, long isa, HandlerTable handlers, Consumer<Mnemonic> missing) {
        this.struct = struct;
        this.isa = isa;
        this.handlers = handlers;
        this.missing = missing;
    }

    /** Near branches: a target outside the limit of CS is their fault, not that of the fetch. */
    static boolean branches(Op op) {
        return op.mnemonic == Mnemonic.JMP || op.mnemonic == Mnemonic.JCC;
    }

    /** What the instruction lowered last does. */
    Operation operation() {
        return operation;
    }

    /** @param start offset of the instruction in its block */
    Op lower(Instruction in, int start, int mode) {
        Op op = new Op();
        op.mnemonic = Requirements.effective(isa, in.mnemonic);
        op.start = start;
        op.length = in.length;
        op.mode = mode;
        if (in.mnemonic == Mnemonic.INVALID || in.evex) {
            op.handler = in.length == Decoder.TOO_LONG ? TOO_LONG : UNDEFINED;
            operation = EndOperations.HANDLER;
            op.endsBlock = true;
            return op;
        }
        op.operandSize = in.operandSize;
        op.addressSize = in.addressSize;
        op.condition = in.condition;
        op.lock = in.lock;
        op.rep = in.rep;
        op.repne = in.repne;
        op.immediate = in.immediate;
        op.immediate2 = in.immediate2;
        op.modrmMod = in.mod;
        op.modrmReg = in.reg;
        op.modrmRm = in.rm;
        op.vectorLength = in.vectorLength;
        operands(op, in);
        sources(op);
        address(op, in);
        derived(op);
        if (Requirements.met(isa, op)) {
            operation = operation(op);
        } else {
            op.mnemonic = Mnemonic.INVALID;
            op.handler = UNDEFINED;
            operation = EndOperations.HANDLER;
            op.endsBlock = true;
        }
        return op;
    }

    private static void operands(Op op, Instruction in) {
        op.operandCount = in.operandCount;
        op.k0 = kind(in, 0);
        op.k1 = kind(in, 1);
        op.k2 = kind(in, 2);
        op.k3 = kind(in, 3);
        op.r0 = register(in, 0);
        op.r1 = register(in, 1);
        op.r2 = register(in, 2);
        op.r3 = register(in, 3);
        op.s0 = size(in, 0);
        op.s1 = size(in, 1);
        op.s2 = size(in, 2);
        op.s3 = size(in, 3);
    }

    private static int kind(Instruction in, int i) {
        return i < in.operandCount ? in.kind[i] : Instruction.NONE;
    }

    private static int size(Instruction in, int i) {
        return i < in.operandCount ? in.size[i] : 0;
    }

    private static int register(Instruction in, int i) {
        if (i >= in.operandCount) {
            return 0;
        }
        int number = in.register[i];
        return switch (in.kind[i]) {
            case GPR -> CpuLayout.gpr(number);
            case GPR8_HIGH -> CpuLayout.gpr(number - 4) + 1;
            case XMM, YMM -> CpuLayout.xmm(number);
            default -> number;
        };
    }

    /** VEX may name a first source that is not the destination (SDM vol. 1, 14.1.1). */
    private static void sources(Op op) {
        boolean apart = op.vectorLength != 0 && (op.k1 == XMM || op.k1 == YMM) && op.k2 != Instruction.NONE && op.k2 != IMMEDIATE;
        op.first = apart ? op.r1 : op.r0;
        op.secondKind = apart ? op.k2 : op.k1;
        op.second = apart ? op.r2 : op.r1;
    }

    private static void address(Op op, Instruction in) {
        op.addressMask = op.addressSize == 16 ? 0xffff : op.addressSize == 32 ? 0xffffffffL : -1;
        op.linearMask = op.mode == 64 ? -1 : 0xffffffffL;
        op.base = CpuLayout.ZERO;
        op.index = CpuLayout.ZERO;
        op.segment = in.segmentOverride >= 0 ? in.segmentOverride : Cpu.DS;
        for (int i = 0; i < in.operandCount; i++) {
            if (in.kind[i] == RELATIVE) {
                op.immediate = op.start + op.length + in.immediate;
            } else if (in.kind[i] == MEMORY) {
                memory(op, in, in.size[i]);
            }
        }
    }

    private static void memory(Op op, Instruction in, int size) {
        if (!isString(in.mnemonic)) {
            op.segment = in.segment;
        }
        op.bytes = size >> 3;
        op.displacement = in.displacement;
        op.shift = in.scale;
        if (in.base == RIP) {
            op.base = CpuLayout.BLOCK_RIP;
            op.displacement += op.start + op.length;
        } else if (in.base != NO_REGISTER) {
            op.base = CpuLayout.gpr(in.base);
        }
        if (gathers(in.mnemonic)) {
            op.second = CpuLayout.xmm(in.index);
        } else if (in.index != NO_REGISTER) {
            op.index = CpuLayout.gpr(in.index);
        }
    }

    private static boolean gathers(Mnemonic m) {
        return switch (m) {
            case VGATHERDPS, VGATHERDPD, VGATHERQPS, VGATHERQPD, VPGATHERDD, VPGATHERDQ, VPGATHERQD, VPGATHERQQ -> true;
            default -> false;
        };
    }

    private static boolean isString(Mnemonic m) {
        return switch (m) {
            case MOVS, CMPS, SCAS, LODS, STOS, INS, OUTS -> true;
            default -> false;
        };
    }

    private void derived(Op op) {
        op.a0 = struct + op.r0;
        op.a1 = struct + op.r1;
        op.baseAddress = struct + op.base;
        op.indexAddress = struct + op.index;
        int bits = op.operandSize;
        op.unused = 64 - bits & 63;
        op.mask = bits == 8 ? 0xff : bits == 16 ? 0xffff : bits == 32 ? 0xffffffffL : -1;
        op.keep = bits < 32 ? ~op.mask : 0;
        op.plain = op.segment == Cpu.DS || op.segment == Cpu.SS || op.segment == Cpu.ES || op.segment == Cpu.CS && op.mode == 64;
        op.ripMask = bits == 16 ? 0xffff : op.mode == 64 ? -1 : 0xffffffffL;
    }

    private static boolean gpr(int kind) {
        return kind == GPR || kind == GPR8_HIGH;
    }

    private Operation operation(Op op) {
        Operation common = common(op);
        if (common != null) {
            op.endsBlock = common.ends();
            return common;
        }
        boolean segment = op.k0 == SEGMENT || op.k1 == SEGMENT;
        op.handler = segment ? handlers.segmentForm(op.mnemonic) : null;
        if (op.handler == null) {
            op.handler = handlers.get(op.mnemonic);
            op.endsBlock = handlers.endsBlock(op.mnemonic);
        }
        op.endsBlock |= op.k0 == SEGMENT || isString(op.mnemonic) && (op.rep || op.repne);
        if (op.handler == null) {
            Mnemonic mnemonic = op.mnemonic;
            op.handler = (cpu, o) -> {
                missing.accept(mnemonic);
                throw cpu.undefined();
            };
            op.endsBlock = true;
        }
        return op.endsBlock ? EndOperations.HANDLER : MoveOperations.HANDLER;
    }

    /** The operation of a form that has one of its own, else null. */
    private static Operation common(Op op) {
        return switch (op.mnemonic) {
            case MOV -> mov(op);
            case MOVZX -> extend(op, MoveOperations.MOVZX_RR8, MoveOperations.MOVZX_RR16, null, MoveOperations.MOVZX_RM8, MoveOperations.MOVZX_RM16, null);
            case MOVSX, MOVSXD -> extend(op, MoveOperations.MOVSX_RR8, MoveOperations.MOVSX_RR16, MoveOperations.MOVSX_RR32, MoveOperations.MOVSX_RM8, MoveOperations.MOVSX_RM16, MoveOperations.MOVSX_RM32);
            case LEA -> MoveOperations.LEA;
            case XCHG -> gpr(op.k0) && gpr(op.k1) ? MoveOperations.XCHG_RR : null;
            case ADD -> binary(op, ArithmeticOperations.ADD);
            case SUB -> binary(op, ArithmeticOperations.SUB);
            case AND -> binary(op, ArithmeticOperations.AND);
            case OR -> binary(op, ArithmeticOperations.OR);
            case XOR -> binary(op, ArithmeticOperations.XOR);
            case CMP -> binary(op, ArithmeticOperations.CMP);
            case TEST -> binary(op, ArithmeticOperations.TEST);
            case ADC -> onRegister(op, ArithmeticOperations.ADC_RR, ArithmeticOperations.ADC_RI);
            case SBB -> onRegister(op, ArithmeticOperations.SBB_RR, ArithmeticOperations.SBB_RI);
            case INC -> gpr(op.k0) ? ArithmeticOperations.INC_R : ArithmeticOperations.INC_M;
            case DEC -> gpr(op.k0) ? ArithmeticOperations.DEC_R : ArithmeticOperations.DEC_M;
            case NEG -> gpr(op.k0) ? ArithmeticOperations.NEG_R : null;
            case NOT -> gpr(op.k0) ? ArithmeticOperations.NOT_R : null;
            case SHL -> shift(op, ArithmeticOperations.SHL_RI);
            case SHR -> shift(op, ArithmeticOperations.SHR_RI);
            case SAR -> shift(op, ArithmeticOperations.SAR_RI);
            case ROL -> shift(op, ArithmeticOperations.ROL_RI);
            case ROR -> shift(op, ArithmeticOperations.ROR_RI);
            case IMUL -> imul(op);
            case PUSH -> op.k0 == GPR ? sized(op, MoveOperations.PUSH_R32, MoveOperations.PUSH_R64) : op.k0 == IMMEDIATE ? sized(op, null, MoveOperations.PUSH_I64) : null;
            case POP -> op.k0 == GPR ? sized(op, MoveOperations.POP_R32, MoveOperations.POP_R64) : null;
            case JCC -> EndOperations.JCC[op.condition];
            case JMP -> branch(op, EndOperations.JMP, EndOperations.JMP_R, EndOperations.JMP_M);
            case CALL -> branch(op, EndOperations.CALL, EndOperations.CALL_R, EndOperations.CALL_M);
            case RET -> EndOperations.RET;
            case SETCC -> gpr(op.k0) ? MoveOperations.SETCC_R : null;
            case CMOVCC -> op.k1 == MEMORY ? MoveOperations.CMOV_RM : MoveOperations.CMOV_RR;
            case CBW -> op.operandSize == 64 ? MoveOperations.CDQE : null;
            case CWD -> op.operandSize == 32 ? MoveOperations.CDQ : null;
            case NOP, ENDBR32, ENDBR64, PREFETCH, PREFETCHW, PREFETCHWT1, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2, PREFETCHIT0, PREFETCHIT1 -> MoveOperations.NOP;
            default -> null;
        };
    }

    private static Operation sized(Op op, Operation code32, Operation code64) {
        return op.operandSize == 64 ? code64 : op.operandSize == 32 ? code32 : null;
    }

    private static Operation mov(Op op) {
        if (op.k0 == GPR || op.k0 == GPR8_HIGH) {
            if (gpr(op.k1)) {
                return op.keep == 0 ? MoveOperations.MOV_RR : MoveOperations.MOV_RR_PART;
            }
            if (op.k1 == IMMEDIATE) {
                return MoveOperations.MOV_RI;
            }
            return op.k1 == MEMORY ? bySize(op, LOADS) : null;
        }
        if (op.k0 == MEMORY) {
            return gpr(op.k1) ? bySize(op, STORES) : op.k1 == IMMEDIATE ? MoveOperations.MOV_MI : null;
        }
        return null;
    }

    private static Operation bySize(Op op, Operation[] forms) {
        return forms[Integer.numberOfTrailingZeros(op.bytes)];
    }

    private static Operation extend(Op op, Operation r8, Operation r16, Operation r32, Operation m8, Operation m16, Operation m32) {
        boolean memory = op.k1 == MEMORY;
        return switch (op.s1) {
            case 8 -> memory ? m8 : r8;
            case 16 -> memory ? m16 : r16;
            case 32 -> memory ? m32 : r32;
            default -> null;
        };
    }

    private static Operation binary(Op op, ArithmeticOperations.Forms forms) {
        if (gpr(op.k0)) {
            return gpr(op.k1) ? forms.rr() : op.k1 == IMMEDIATE ? forms.ri() : forms.rm();
        }
        return gpr(op.k1) ? forms.mr() : forms.mi();
    }

    private static Operation onRegister(Op op, Operation rr, Operation ri) {
        return !gpr(op.k0) || op.k1 == MEMORY ? null : gpr(op.k1) ? rr : ri;
    }

    private static Operation shift(Op op, Operation code) {
        if (!gpr(op.k0) || op.k1 != IMMEDIATE) {
            return null;
        }
        int count = (int) op.immediate & (op.operandSize == 64 ? 63 : 31);
        op.immediate = count;
        return count == 0 ? null : code;
    }

    private static Operation imul(Op op) {
        if (op.operandCount == 2) {
            return op.k1 == MEMORY ? ArithmeticOperations.IMUL_RM : ArithmeticOperations.IMUL_RR;
        }
        return op.operandCount == 3 && gpr(op.k1) ? ArithmeticOperations.IMUL_RRI : null;
    }

    private static Operation branch(Op op, Operation relative, Operation register, Operation memory) {
        return op.k0 == RELATIVE ? relative : op.k0 == MEMORY ? memory : register;
    }
}
