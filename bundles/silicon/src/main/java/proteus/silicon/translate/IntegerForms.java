package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.silicon.translate.HostAssembler.RAX;
import static proteus.silicon.translate.HostAssembler.RDX;
import static proteus.silicon.translate.HostAssembler.R8;
import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.GPR8_HIGH;
import static proteus.x86.decode.Instruction.IMMEDIATE;
import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Op;

/**
 * Integer instructions as the host's own, with operands where the guest's registers and memory are. Each method returns false,
 * having emitted nothing, for a form that is left to the slow way.
 */
final class IntegerForms {
    private static final int ADC = 2, SBB = 3, CMP = 7;
    private static final int RAX_OFFSET = CpuLayout.gpr(0), RDX_OFFSET = CpuLayout.gpr(2);

    private final Emission e;
    private final HostAssembler a;

    IntegerForms(Emission e) {
        this.e = e;
        a = e.a;
    }

    boolean emit(Op op) {
        return switch (op.mnemonic) {
            case MOV -> mov(op);
            case MOVZX -> extend(op, 0x0fb6);
            case MOVSX, MOVSXD -> extend(op, 0x0fbe);
            case LEA -> lea(op);
            case XCHG -> exchange(op);
            case ADD -> binary(op, 0);
            case OR -> binary(op, 1);
            case ADC -> binary(op, ADC);
            case SBB -> binary(op, SBB);
            case AND -> binary(op, 4);
            case SUB -> binary(op, 5);
            case XOR -> binary(op, 6);
            case CMP -> binary(op, CMP);
            case TEST -> test(op);
            case INC -> unary(op, 0xfe, 0, true, true);
            case DEC -> unary(op, 0xfe, 1, true, true);
            case NOT -> unary(op, 0xf6, 2, false, false);
            case NEG -> unary(op, 0xf6, 3, false, true);
            case ROL -> shift(op, 0, true);
            case ROR -> shift(op, 1, true);
            case RCL -> shift(op, 2, true);
            case RCR -> shift(op, 3, true);
            case SHL -> shift(op, 4, false);
            case SHR -> shift(op, 5, false);
            case SAR -> shift(op, 7, false);
            case SHLD -> doubleShift(op, 0x0fa4);
            case SHRD -> doubleShift(op, 0x0fac);
            case IMUL -> op.operandCount == 1 ? product(op, 5) : imul(op);
            case MUL -> product(op, 4);
            case DIV -> divide(op);
            case IDIV -> signedDivide(op);
            case CBW -> widen(op);
            case CWD -> sign(op);
            case SETCC -> setcc(op);
            case CMOVCC -> cmov(op);
            case BT -> bit(op, 4);
            case BTS -> bit(op, 5);
            case BTR -> bit(op, 6);
            case BTC -> bit(op, 7);
            case BSF -> scan(op, 0x0fbc);
            case BSR -> scan(op, 0x0fbd);
            case BSWAP -> bswap(op);
            case CMPXCHG -> cmpxchg(op);
            case CMPXCHG8B -> cmpxchg8b(op);
            case XADD -> xadd(op);
            case CLC -> single(0xf8);
            case STC -> single(0xf9);
            case CMC -> single(0xf5);
            case NOP, ENDBR32, ENDBR64, PREFETCH, PREFETCHW, PREFETCHWT1, PREFETCHNTA, PREFETCHT0, PREFETCHT1, PREFETCHT2, PREFETCHIT0, PREFETCHIT1 -> true;
            default -> false;
        };
    }

    private static boolean gpr(int kind) {
        return kind == GPR || kind == GPR8_HIGH;
    }

    /** The opcode of a size: the even one for bytes, the odd one for the rest. */
    private static int sized(int opcode, int size) {
        return size == 8 ? opcode : opcode + 1;
    }

    // ---- moves

    private boolean mov(Op op) {
        int size = op.operandSize;
        if (op.k0 == MEMORY) {
            if (!e.addressable(op) || !gpr(op.k1) && op.k1 != IMMEDIATE) {
                return false;
            }
            e.access(op, size >> 3, true);
            if (op.k1 == IMMEDIATE) {
                storeImmediate(size, op.immediate);
            } else {
                a.rm(size, sized(0x88, size), e.read(op.r1, T1), T0, 0);
            }
            return true;
        }
        if (!gpr(op.k0)) {
            return false;
        }
        if (op.k1 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, size >> 3, false);
            int to = e.target(op.r0, size, T1);
            a.rm(size, sized(0x8a, size), to, T0, 0);
            e.written(op.r0, to);
            return true;
        }
        if (op.k1 == IMMEDIATE) {
            int to = e.target(op.r0, size, T0);
            if (size >= 32) {
                a.constant(to, op.immediate & op.mask);
            } else {
                a.digit(size, sized(0xc6, size), 0, to);
                a.immediate(size, (int) op.immediate);
            }
            e.written(op.r0, to);
            return true;
        }
        if (!gpr(op.k1)) {
            return false;
        }
        int from = e.read(op.r1, T1);
        int to = e.target(op.r0, size, T0);
        a.move8(size, to, from);
        e.written(op.r0, to);
        return true;
    }

    /** Stores a constant at the host address T0. */
    void storeImmediate(int size, long value) {
        if (size == 64 && value != (int) value) {
            a.constant(T1, value);
            a.rm(64, 0x89, T1, T0, 0);
        } else {
            a.rm(size, sized(0xc6, size), 0, T0, 0);
            a.immediate(size, (int) value);
        }
    }

    /** MOVZX and MOVSX by the opcode of their byte form; MOVSXD. */
    private boolean extend(Op op, int opcode) {
        int from = op.s1;
        boolean signed = opcode == 0x0fbe;
        int code = from == 8 ? opcode : from == 16 ? opcode + 1 : 0x63;
        if (from == 32 && !signed) {
            return false;
        }
        if (op.k1 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, from >> 3, false);
            int to = e.target(op.r0, op.operandSize, T1);
            a.rm(op.operandSize, code, to, T0, 0);
            e.written(op.r0, to);
        } else {
            int source = e.read(op.r1, T1);
            int to = e.target(op.r0, op.operandSize, T0);
            a.extend(op.operandSize, code, to, source, from);
            e.written(op.r0, to);
        }
        return true;
    }

    private boolean lea(Op op) {
        if (!e.addressable(op)) {
            return false;
        }
        int size = op.operandSize;
        int to;
        if (size == 16) {
            e.offset(op, T1, 32); // first: both temporaries may be used for it
            to = e.target(op.r0, size, T0);
            a.move(16, to, T1);
        } else {
            to = e.target(op.r0, size, T0);
            e.offset(op, to, Math.min(size, op.addressSize));
        }
        e.written(op.r0, to);
        return true;
    }

    private boolean exchange(Op op) {
        int size = op.operandSize;
        int memory = op.k0 == MEMORY ? op.r1 : op.k1 == MEMORY ? op.r0 : -1;
        if (memory >= 0) {
            if (!e.addressable(op) || Emission.high(memory)) {
                return false;
            }
            e.access(op, size >> 3, true);
            // a load and a store: XCHG itself would lock
            int register = e.modify(memory, T1);
            if (register == T1) {
                return exchangeInStruct(memory, size);
            }
            a.rm(size, sized(0x8a, size), T1, T0, 0);
            a.rm(size, sized(0x88, size), register, T0, 0);
            a.move8(size, register, T1);
            return true;
        }
        if (Emission.high(op.r0) || Emission.high(op.r1)) {
            return false;
        }
        int first = e.modify(op.r0, T0);
        int second = e.modify(op.r1, T1);
        a.rr(size, sized(0x86, size), first, second);
        if (size == 32 && first == second) {
            a.move(32, first, first);
        }
        e.written(op.r0, first);
        e.written(op.r1, second);
        return true;
    }

    /** The register, in T1 now, has no host register: the host's XCHG after all. */
    private boolean exchangeInStruct(int offset, int size) {
        a.rm(size, sized(0x86, size), T1, T0, 0);
        e.written(offset, T1);
        return true;
    }

    // ---- arithmetic and logic

    private boolean binary(Op op, int operation) {
        int size = op.operandSize;
        boolean carry = operation == ADC || operation == SBB;
        if (op.k0 == MEMORY) {
            if (!e.addressable(op) || !gpr(op.k1) && op.k1 != IMMEDIATE) {
                return false;
            }
            e.access(op, size >> 3, operation != CMP);
            if (carry) {
                e.needFlags();
            }
            if (op.k1 == IMMEDIATE) {
                int value = (int) op.immediate;
                boolean small = size > 8 && small(size, value);
                a.rm(size, size == 8 ? 0x80 : small ? 0x83 : 0x81, operation, T0, 0);
                a.immediate(small ? 8 : size, value);
            } else {
                a.rm(size, sized(operation << 3, size), e.read(op.r1, T1), T0, 0);
            }
            e.flagsWritten();
            return true;
        }
        if (op.k1 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, size >> 3, false);
            if (carry) {
                e.needFlags();
            }
            int to = e.modify(op.r0, T1);
            a.rm(size, sized(operation << 3 | 2, size), to, T0, 0);
            e.flagsWritten();
            if (operation != CMP) {
                e.written(op.r0, to);
            }
            return true;
        }
        if (carry) {
            e.needFlags();
        }
        int to = e.modify(op.r0, T0);
        if (op.k1 == IMMEDIATE) {
            int value = (int) op.immediate;
            boolean small = size > 8 && small(size, value);
            a.digit(size, size == 8 ? 0x80 : small ? 0x83 : 0x81, operation, to);
            a.immediate(small ? 8 : size, value);
        } else {
            a.rr(size, sized(operation << 3, size), e.read(op.r1, T1), to);
        }
        e.flagsWritten();
        if (operation != CMP) {
            e.written(op.r0, to);
        }
        return true;
    }

    /** Whether an immediate may be encoded in a byte that is sign-extended. */
    private static boolean small(int size, int value) {
        return size == 16 ? (short) value == (byte) value : value == (byte) value;
    }

    private boolean test(Op op) {
        int size = op.operandSize;
        boolean memory = op.k0 == MEMORY;
        if (op.k1 == MEMORY || memory && !e.addressable(op)) {
            return false;
        }
        if (memory) {
            e.access(op, size >> 3, false);
        }
        int first = memory ? T0 : e.read(op.r0, T0);
        if (op.k1 == IMMEDIATE) {
            if (memory) {
                a.rm(size, sized(0xf6, size), 0, first, 0);
            } else {
                a.digit(size, sized(0xf6, size), 0, first);
            }
            a.immediate(size, (int) op.immediate);
        } else if (memory) {
            a.rm(size, sized(0x84, size), e.read(op.r1, T1), first, 0);
        } else {
            a.rr(size, sized(0x84, size), e.read(op.r1, T1), first);
        }
        e.flagsWritten();
        return true;
    }

    /** One operand that is read and written. */
    private boolean unary(Op op, int opcode, int digit, boolean keepsFlags, boolean writesFlags) {
        int size = op.operandSize;
        int code = sized(opcode, size);
        int to;
        if (op.k0 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, size >> 3, true);
            to = T0;
        } else {
            to = e.modify(op.r0, T0);
        }
        if (keepsFlags) {
            e.keepFlags();
        }
        if (op.k0 == MEMORY) {
            a.rm(size, code, digit, T0, 0);
        } else {
            a.digit(size, code, digit, to);
        }
        if (writesFlags) {
            e.flagsWritten();
        }
        if (op.k0 != MEMORY) {
            e.written(op.r0, to);
        }
        return true;
    }

    // ---- shifts

    private boolean shift(Op op, int digit, boolean keepsFlags) {
        int size = op.operandSize;
        boolean byRegister = op.operandCount > 1 && gpr(op.k1);
        int count = byRegister ? 0 : op.operandCount < 2 ? 1 : (int) op.immediate & (size == 64 ? 63 : 31);
        if (op.k0 == MEMORY && !e.addressable(op) || !byRegister && count == 0) {
            return false;
        }
        if (digit < 2 && e.flagsDead && op.k0 == GPR && !byRegister && size >= 32) {
            int to = e.target(op.r0, size, T0);
            e.rotate(size, to, e.read(op.r0, T0), digit == 0 ? size - count : count);
            e.written(op.r0, to);
            return true;
        }
        if (op.k0 == MEMORY) {
            e.access(op, size >> 3, true);
        }
        int to = op.k0 == MEMORY ? T0 : e.modify(op.r0, T0);
        if (digit == 2 || digit == 3) {
            e.needFlags();
        } else if (byRegister || keepsFlags) {
            e.keepFlags(); // a count of zero changes none
        }
        int code = sized(byRegister ? 0xd2 : count == 1 ? 0xd0 : 0xc0, size);
        if (op.k0 == MEMORY) {
            a.rm(size, code, digit, T0, 0);
        } else {
            a.digit(size, code, digit, to);
        }
        if (!byRegister && count != 1) {
            a.put8(count);
        }
        e.flagsWritten();
        if (op.k0 != MEMORY) {
            if (byRegister && size == 32) {
                a.move(32, to, to); // a count of zero zero-extends too
            }
            e.written(op.r0, to);
        }
        return true;
    }

    private boolean doubleShift(Op op, int opcode) {
        int size = op.operandSize;
        boolean byRegister = gpr(op.k2);
        int count = (int) op.immediate & (size == 64 ? 63 : 31);
        // counts above 16 of the 16-bit form are undefined: the model's own answer
        if (size == 16 || op.k0 == MEMORY || !byRegister && count == 0) {
            return false;
        }
        int to = e.modify(op.r0, T0);
        int from = e.read(op.r1, T1);
        if (byRegister) {
            e.needFlags();
            a.rr(size, opcode + 1, from, to);
            if (size == 32) {
                a.move(32, to, to);
            }
        } else {
            a.rr(size, opcode, from, to);
            a.put8(count);
        }
        e.flagsWritten();
        e.written(op.r0, to);
        return true;
    }

    // ---- products

    private boolean imul(Op op) {
        int size = op.operandSize;
        boolean memory = op.k1 == MEMORY;
        if (memory && !e.addressable(op)) {
            return false;
        }
        if (memory) {
            e.access(op, size >> 3, false);
        }
        if (op.operandCount == 3) {
            int value = (int) op.immediate;
            boolean small = small(size, value);
            int opcode = small ? 0x6b : 0x69;
            int from = memory ? T0 : e.read(op.r1, T0);
            int to = e.target(op.r0, size, T1);
            if (memory) {
                a.rm(size, opcode, to, T0, 0);
            } else {
                a.rr(size, opcode, to, from);
            }
            a.immediate(small ? 8 : size, value);
            e.flagsWritten();
            e.written(op.r0, to);
            return true;
        }
        int to = e.modify(op.r0, T1);
        if (memory) {
            a.rm(size, 0x0faf, to, T0, 0);
        } else {
            a.rr(size, 0x0faf, to, e.read(op.r1, T0));
        }
        e.flagsWritten();
        e.written(op.r0, to);
        return true;
    }

    /** MUL and IMUL of one operand: guest RAX changes places with the flags for it. */
    private boolean product(Op op, int digit) {
        int size = op.operandSize;
        if (op.k0 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, size >> 3, false);
            e.swapRax();
            a.rm(size, sized(0xf6, size), digit, T0, 0);
        } else {
            int from = e.read(op.r0, T0);
            e.swapRax();
            a.digit(size, sized(0xf6, size), digit, from == R8 ? RAX : from);
        }
        e.swapRax();
        e.flagsWritten();
        return true;
    }

    /** The divisor in T1, zero-extended or whole. */
    private boolean divisor(Op op) {
        int size = op.operandSize;
        if (size < 32 || op.k0 == MEMORY && !e.addressable(op)) {
            return false;
        }
        e.clobberFlags();
        if (op.k0 == MEMORY) {
            e.access(op, size >> 3, false);
            a.rm(size, 0x8b, T1, T0, 0);
        } else {
            a.move(size, T1, e.read(op.r0, T1));
        }
        return true;
    }

    /** Flags stay, undefined as they are. What faults goes the slow way: the quotient fits if the dividend's upper half is below the divisor. */
    private boolean divide(Op op) {
        if (!divisor(op)) {
            return false;
        }
        a.rr(op.operandSize, 0x39, T1, RDX);
        e.slowIf(3);
        e.swapRax();
        a.digit(op.operandSize, 0xf7, 6, T1);
        e.swapRax();
        return true;
    }

    /** As {@link #divide}; the ordinary case is a dividend sign-extended by CDQ or CQO and a divisor other than 0 and -1. */
    private boolean signedDivide(Op op) {
        int size = op.operandSize;
        if (!divisor(op)) {
            return false;
        }
        a.rm(size, 0x8d, T0, T1, 1);
        a.alu(size, 7, T0, 1);
        e.slowIf(6);
        a.move(size, T0, R8);
        a.digit(size, 0xc1, 7, T0);
        a.put8(size - 1);
        a.rr(size, 0x39, T0, RDX);
        e.slowIf(5);
        e.swapRax();
        a.digit(size, 0xf7, 7, T1);
        e.swapRax();
        return true;
    }

    /** CBW, CWDE, CDQE. */
    private boolean widen(Op op) {
        int size = op.operandSize;
        int host = Emission.host(RAX_OFFSET);
        a.extend(size, size == 64 ? 0x63 : size == 32 ? 0x0fbf : 0x0fbe, host, host, size >> 1);
        return true;
    }

    /** CDQ, CQO: SARX leaves the flags alone. */
    private boolean sign(Op op) {
        if (op.operandSize == 16) {
            return false;
        }
        a.constant(T0, op.operandSize - 1);
        int rax = Emission.host(RAX_OFFSET);
        // VEX.LZ.F3.0F38.W F7 /r: SARX rdx, rax, T0
        a.put8(0xc4);
        a.put8(0x80 | 0x40 | (rax >= 8 ? 0 : 0x20) | 2);
        a.put8((op.operandSize == 64 ? 0x80 : 0) | (~T0 & 15) << 3 | 2);
        a.put8(0xf7);
        a.put8(0xc0 | Emission.host(RDX_OFFSET) << 3 | rax & 7);
        return true;
    }

    // ---- conditions

    private boolean setcc(Op op) {
        if (op.k0 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, 1, true);
            e.needFlags();
            a.rm(8, 0x0f90 | op.condition, 0, T0, 0);
            return true;
        }
        e.needFlags();
        int to = e.target(op.r0, 8, T0);
        a.digit(8, 0x0f90 | op.condition, 0, to);
        e.written(op.r0, to);
        return true;
    }

    private boolean cmov(Op op) {
        int size = op.operandSize;
        if (op.k1 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, size >> 3, false);
            e.needFlags();
            int to = e.modify(op.r0, T1);
            a.rm(size, 0x0f40 | op.condition, to, T0, 0);
            e.written(op.r0, to);
            return true;
        }
        e.needFlags();
        int to = e.modify(op.r0, T0);
        a.rr(size, 0x0f40 | op.condition, to, e.read(op.r1, T1));
        e.written(op.r0, to);
        return true;
    }

    // ---- bits

    private boolean bit(Op op, int digit) {
        int size = op.operandSize;
        boolean byRegister = op.k1 != IMMEDIATE;
        if (op.k0 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            if (byRegister) {
                return bitString(op, digit);
            }
            e.access(op, size >> 3, digit != 4);
            e.needFlags();
            a.rm(size, 0x0fba, digit, T0, 0);
            a.put8((int) op.immediate & size - 1);
            e.flagsWritten();
            return true;
        }
        e.needFlags();
        int to = e.modify(op.r0, T0);
        if (byRegister) {
            a.rr(size, 0x0f83 | digit << 3, e.read(op.r1, T1), to);
        } else {
            a.digit(size, 0x0fba, digit, to);
            a.put8((int) op.immediate & size - 1);
        }
        e.flagsWritten();
        if (digit != 4) {
            e.written(op.r0, to);
        }
        return true;
    }

    /** A bit of memory, as far from the operand as the register says: the element is found first, the bit in a temporary changed. */
    private boolean bitString(Op op, int digit) {
        int size = op.operandSize;
        int position = Emission.host(op.r1);
        if (size == 16 || position == HostAssembler.NONE || op.segment >= 4 || op.addressSize != e.pointerSize()) {
            return false;
        }
        boolean write = digit != 4;
        e.clobberFlags();
        e.offset(op, T0, op.addressSize);
        a.move(size, T1, position);
        a.digit(size, 0xc1, 7, T1);
        a.put8(size == 64 ? 6 : 5);
        if (size == 32 && e.mode == 64) {
            a.rr(64, 0x63, T1, T1);
        }
        a.rmx(e.pointerSize(), 0x8d, T0, T0, T1, size == 64 ? 3 : 2, 0);
        e.probe(size >> 3, write);
        a.rm(size, 0x8b, T1, T0, 0);
        e.needFlags();
        a.rr(size, 0x0f83 | digit << 3, position, T1);
        e.flagsWritten();
        if (write) {
            a.rm(size, 0x89, T1, T0, 0);
        }
        return true;
    }

    /** BSF and BSR leave the destination alone if the source is zero; the flags are those of the source. */
    private boolean scan(Op op, int opcode) {
        int size = op.operandSize;
        boolean memory = op.k1 == MEMORY;
        if (size == 16 || memory && !e.addressable(op)) {
            return false;
        }
        if (memory) {
            e.access(op, size >> 3, false);
            a.rm(size, 0x8b, T0, T0, 0);
        } else {
            a.move(size, T0, e.read(op.r1, T0));
        }
        int to = e.modify(op.r0, T1);
        a.rr(size, 0x85, T0, T0);
        a.put8(0x74);
        a.put8(0);
        int skip = a.length();
        a.rr(size, opcode, to, T0);
        a.rr(size, 0x85, T0, T0);
        a.land8(skip);
        e.flagsWritten();
        e.written(op.r0, to);
        return true;
    }

    private boolean bswap(Op op) {
        if (op.operandSize == 16) {
            return false;
        }
        int to = e.modify(op.r0, T0);
        int rex = (op.operandSize == 64 ? 0x48 : 0x40) | to >> 3;
        if (rex != 0x40) {
            a.put8(rex);
        }
        a.put8(0x0f);
        a.put8(0xc8 | to & 7);
        e.written(op.r0, to);
        return true;
    }

    // ---- read, modify, write

    private boolean cmpxchg(Op op) {
        int size = op.operandSize;
        if (op.k0 != MEMORY || !e.addressable(op) || Emission.high(op.r1)) {
            return false;
        }
        e.access(op, size >> 3, true);
        int from = e.read(op.r1, T1);
        e.swapRax();
        a.rm(size, sized(0x0fb0, size), from == R8 ? RAX : from, T0, 0);
        e.swapRax();
        e.flagsWritten();
        return true;
    }

    /** Compares with EDX:EAX, stores ECX:EBX; of the flags it writes ZF only. */
    private boolean cmpxchg8b(Op op) {
        if (op.operandSize == 64 || op.k0 != MEMORY || !e.addressable(op)) {
            return false;
        }
        e.access(op, 8, true);
        e.needFlags();
        e.swapRax();
        a.rm(32, 0x0fc7, 1, T0, 0);
        e.swapRax();
        e.flagsWritten();
        return true;
    }

    private boolean xadd(Op op) {
        int size = op.operandSize;
        if (op.k0 != MEMORY || !e.addressable(op) || Emission.high(op.r1)) {
            return false;
        }
        e.access(op, size >> 3, true);
        int register = e.modify(op.r1, T1);
        a.rm(size, sized(0x0fc0, size), register, T0, 0);
        e.flagsWritten();
        e.written(op.r1, register);
        return true;
    }

    private boolean single(int opcode) {
        e.needFlags();
        a.put8(opcode);
        e.flagsWritten();
        return true;
    }
}
