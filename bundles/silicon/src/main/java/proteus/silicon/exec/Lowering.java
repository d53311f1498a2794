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

/** Turns decoded instructions into operations: operands become offsets in the processor's struct, common forms a code of the hot switch. */
final class Lowering {
    static final Handler UNDEFINED = (cpu, op) -> {
        throw cpu.undefined();
    };
    private static final Handler TOO_LONG = (cpu, op) -> {
        throw cpu.protection(0);
    };

    /** Base of the processor's struct: operations belong to one processor. */
    private final long struct;
    private final long isa;
    private final HandlerTable handlers;
    private final Consumer<Mnemonic> missing;

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

    /** @param start offset of the instruction in its block */
    Op lower(Instruction in, int start, int mode) {
        Op op = new Op();
        op.mnemonic = Requirements.effective(isa, in.mnemonic);
        op.start = start;
        op.length = in.length;
        op.mode = mode;
        if (in.mnemonic == Mnemonic.INVALID || in.evex) {
            op.handler = in.length == Decoder.TOO_LONG ? TOO_LONG : UNDEFINED;
            op.code = Code.ENDING;
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
            code(op);
        } else {
            op.handler = UNDEFINED;
            op.code = Code.ENDING;
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
        op.ripMask = bits == 16 ? 0xffff : op.mode == 64 ? -1 : 0xffffffffL;
    }

    private static boolean gpr(int kind) {
        return kind == GPR || kind == GPR8_HIGH;
    }

    private void code(Op op) {
        int hot = hot(op);
        if (hot != Code.HANDLER) {
            op.code = hot;
            op.endsBlock = hot >= Code.JO && hot <= Code.RET;
            return;
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
        op.code = op.endsBlock ? Code.ENDING : Code.HANDLER;
    }

    /** The code of the hot switch for a form that has one, else HANDLER. */
    private static int hot(Op op) {
        return switch (op.mnemonic) {
            case MOV -> mov(op);
            case MOVZX -> extend(op, Code.MOVZX_RR8, Code.MOVZX_RR16, Code.HANDLER, Code.MOVZX_RM8, Code.MOVZX_RM16, Code.HANDLER);
            case MOVSX, MOVSXD -> extend(op, Code.MOVSX_RR8, Code.MOVSX_RR16, Code.MOVSX_RR32, Code.MOVSX_RM8, Code.MOVSX_RM16, Code.MOVSX_RM32);
            case LEA -> Code.LEA;
            case XCHG -> gpr(op.k0) && gpr(op.k1) ? Code.XCHG_RR : Code.HANDLER;
            case ADD -> binary(op, Code.ADD_RR);
            case SUB -> binary(op, Code.SUB_RR);
            case AND -> binary(op, Code.AND_RR);
            case OR -> binary(op, Code.OR_RR);
            case XOR -> binary(op, Code.XOR_RR);
            case CMP -> binary(op, Code.CMP_RR);
            case TEST -> test(op);
            case ADC -> register(op, Code.ADC_RR);
            case SBB -> register(op, Code.SBB_RR);
            case INC -> gpr(op.k0) ? Code.INC_R : Code.INC_M;
            case DEC -> gpr(op.k0) ? Code.DEC_R : Code.DEC_M;
            case NEG -> gpr(op.k0) ? Code.NEG_R : Code.HANDLER;
            case NOT -> gpr(op.k0) ? Code.NOT_R : Code.HANDLER;
            case SHL -> shift(op, Code.SHL_RI);
            case SHR -> shift(op, Code.SHR_RI);
            case SAR -> shift(op, Code.SAR_RI);
            case ROL -> shift(op, Code.ROL_RI);
            case ROR -> shift(op, Code.ROR_RI);
            case IMUL -> imul(op);
            case PUSH -> op.k0 == GPR ? sized(op, Code.PUSH_R32, Code.PUSH_R64) : op.k0 == IMMEDIATE ? sized(op, Code.HANDLER, Code.PUSH_I64) : Code.HANDLER;
            case POP -> op.k0 == GPR ? sized(op, Code.POP_R32, Code.POP_R64) : Code.HANDLER;
            case JCC -> Code.JO + op.condition;
            case JMP -> branch(op, Code.JMP, Code.JMP_R, Code.JMP_M);
            case CALL -> branch(op, Code.CALL, Code.CALL_R, Code.CALL_M);
            case RET -> Code.RET;
            case SETCC -> gpr(op.k0) ? Code.SETCC_R : Code.HANDLER;
            case CMOVCC -> op.k1 == MEMORY ? Code.CMOV_RM : Code.CMOV_RR;
            case CBW -> op.operandSize == 64 ? Code.CDQE : Code.HANDLER;
            case CWD -> op.operandSize == 32 ? Code.CDQ : Code.HANDLER;
            case NOP, ENDBR32, ENDBR64, PREFETCH, PREFETCHW, PREFETCHWT1, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2, PREFETCHIT0, PREFETCHIT1 -> Code.NOP;
            default -> Code.HANDLER;
        };
    }

    private static int sized(Op op, int code32, int code64) {
        return op.operandSize == 64 ? code64 : op.operandSize == 32 ? code32 : Code.HANDLER;
    }

    private static int mov(Op op) {
        if (op.k0 == GPR || op.k0 == GPR8_HIGH) {
            if (gpr(op.k1)) {
                return op.keep == 0 ? Code.MOV_RR : Code.MOV_RR_PART;
            }
            if (op.k1 == IMMEDIATE) {
                return Code.MOV_RI;
            }
            return op.k1 == MEMORY ? bySize(op, Code.MOV_RM8) : Code.HANDLER;
        }
        if (op.k0 == MEMORY) {
            return gpr(op.k1) ? bySize(op, Code.MOV_M8R) : op.k1 == IMMEDIATE ? Code.MOV_MI : Code.HANDLER;
        }
        return Code.HANDLER;
    }

    private static int bySize(Op op, int code8) {
        return code8 + Integer.numberOfTrailingZeros(op.bytes);
    }

    private static int extend(Op op, int r8, int r16, int r32, int m8, int m16, int m32) {
        boolean memory = op.k1 == MEMORY;
        return switch (op.s1) {
            case 8 -> memory ? m8 : r8;
            case 16 -> memory ? m16 : r16;
            case 32 -> memory ? m32 : r32;
            default -> Code.HANDLER;
        };
    }

    /** Forms in the order RR, RI, RM, MR, MI. */
    private static int binary(Op op, int rr) {
        if (gpr(op.k0)) {
            return gpr(op.k1) ? rr : op.k1 == IMMEDIATE ? rr + 1 : rr + 2;
        }
        return gpr(op.k1) ? rr + 3 : rr + 4;
    }

    private static int test(Op op) {
        if (gpr(op.k0)) {
            return gpr(op.k1) ? Code.TEST_RR : op.k1 == IMMEDIATE ? Code.TEST_RI : Code.HANDLER;
        }
        return gpr(op.k1) ? Code.TEST_MR : Code.TEST_MI;
    }

    private static int register(Op op, int rr) {
        return !gpr(op.k0) || op.k1 == MEMORY ? Code.HANDLER : gpr(op.k1) ? rr : rr + 1;
    }

    private static int shift(Op op, int code) {
        if (!gpr(op.k0) || op.k1 != IMMEDIATE) {
            return Code.HANDLER;
        }
        int count = (int) op.immediate & (op.operandSize == 64 ? 63 : 31);
        op.immediate = count;
        return count == 0 ? Code.HANDLER : code;
    }

    private static int imul(Op op) {
        if (op.operandCount == 2) {
            return op.k1 == MEMORY ? Code.IMUL_RM : Code.IMUL_RR;
        }
        return op.operandCount == 3 && gpr(op.k1) ? Code.IMUL_RRI : Code.HANDLER;
    }

    private static int branch(Op op, int relative, int register, int memory) {
        return op.k0 == RELATIVE ? relative : op.k0 == MEMORY ? memory : register;
    }
}
