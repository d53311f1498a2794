package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.exec.Operation.OnRegisters;

/** Arithmetic and logic, an operation for each form: R register, I immediate, M memory, destination first; QUIET without flags. What is computed stands in {@link Alu}. */
final class ArithmeticOperations {
    private ArithmeticOperations() {}

    /** The forms of an instruction with two operands. */
    record Forms(Operation rr, Operation ri, Operation rm, Operation mr, Operation mi) {}

    /** Writes the destination register whose whole old value is {@code old}. */
    private static void put(Op op, long old, long value) {
        Raw.putLong(op.a0, old & op.keep | value & op.mask);
    }

    private static final Operation ADD_RR_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, a + b);
        }
    };
    static final Operation ADD_RR = new OnRegisters(ADD_RR_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.add(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation ADD_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, a + b);
        }
    };
    static final Operation ADD_RI = new OnRegisters(ADD_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.add(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation ADD_RM_QUIET = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, a + b);
        }
    };
    static final Operation ADD_RM = new Operation(ADD_RM_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.add(cpu.s, a, b, op.unused));
        }
    };
    static final Operation ADD_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.add(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation ADD_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.add(cpu, op, op.immediate);
        }
    };
    static final Forms ADD = new Forms(ADD_RR, ADD_RI, ADD_RM, ADD_MR, ADD_MI);

    private static final Operation SUB_RR_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, a - b);
        }
    };
    static final Operation SUB_RR = new OnRegisters(SUB_RR_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.sub(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation SUB_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, a - b);
        }
    };
    static final Operation SUB_RI = new OnRegisters(SUB_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.sub(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation SUB_RM_QUIET = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, a - b);
        }
    };
    static final Operation SUB_RM = new Operation(SUB_RM_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.sub(cpu.s, a, b, op.unused));
        }
    };
    static final Operation SUB_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.sub(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation SUB_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.sub(cpu, op, op.immediate);
        }
    };
    static final Forms SUB = new Forms(SUB_RR, SUB_RI, SUB_RM, SUB_MR, SUB_MI);

    private static final Operation AND_RR_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, a & b);
        }
    };
    static final Operation AND_RR = new OnRegisters(AND_RR_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.and(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation AND_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, a & b);
        }
    };
    static final Operation AND_RI = new OnRegisters(AND_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.and(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation AND_RM_QUIET = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, a & b);
        }
    };
    static final Operation AND_RM = new Operation(AND_RM_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.and(cpu.s, a, b, op.unused));
        }
    };
    static final Operation AND_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.and(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation AND_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.and(cpu, op, op.immediate);
        }
    };
    static final Forms AND = new Forms(AND_RR, AND_RI, AND_RM, AND_MR, AND_MI);

    private static final Operation OR_RR_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, a | b);
        }
    };
    static final Operation OR_RR = new OnRegisters(OR_RR_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.or(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation OR_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, a | b);
        }
    };
    static final Operation OR_RI = new OnRegisters(OR_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.or(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation OR_RM_QUIET = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, a | b);
        }
    };
    static final Operation OR_RM = new Operation(OR_RM_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.or(cpu.s, a, b, op.unused));
        }
    };
    static final Operation OR_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.or(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation OR_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.or(cpu, op, op.immediate);
        }
    };
    static final Forms OR = new Forms(OR_RR, OR_RI, OR_RM, OR_MR, OR_MI);

    private static final Operation XOR_RR_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, a ^ b);
        }
    };
    static final Operation XOR_RR = new OnRegisters(XOR_RR_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Raw.getLong(op.a1);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.xor(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation XOR_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, a ^ b);
        }
    };
    static final Operation XOR_RI = new OnRegisters(XOR_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = op.immediate;
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.xor(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation XOR_RM_QUIET = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, a ^ b);
        }
    };
    static final Operation XOR_RM = new Operation(XOR_RM_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.xor(cpu.s, a, b, op.unused));
        }
    };
    static final Operation XOR_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.xor(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation XOR_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.xor(cpu, op, op.immediate);
        }
    };
    static final Forms XOR = new Forms(XOR_RR, XOR_RI, XOR_RM, XOR_MR, XOR_MI);

    static final Operation CMP_RR = new OnRegisters(MoveOperations.NOP) {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.sub(cpu.s, Raw.getLong(op.a0), Raw.getLong(op.a1), op.unused);
        }
    };
    static final Operation CMP_RI = new OnRegisters(MoveOperations.NOP) {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.sub(cpu.s, Raw.getLong(op.a0), op.immediate, op.unused);
        }
    };
    static final Operation CMP_RM = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.sub(cpu.s, Raw.getLong(op.a0), Memory.load(cpu, op), op.unused);
        }
    };
    static final Operation CMP_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.sub(cpu.s, Memory.load(cpu, op), Raw.getLong(op.a1), op.unused);
        }
    };
    static final Operation CMP_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.sub(cpu.s, Memory.load(cpu, op), op.immediate, op.unused);
        }
    };
    static final Forms CMP = new Forms(CMP_RR, CMP_RI, CMP_RM, CMP_MR, CMP_MI);

    static final Operation TEST_RR = new OnRegisters(MoveOperations.NOP) {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.and(cpu.s, Raw.getLong(op.a0), Raw.getLong(op.a1), op.unused);
        }
    };
    static final Operation TEST_RI = new OnRegisters(MoveOperations.NOP) {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.and(cpu.s, Raw.getLong(op.a0), op.immediate, op.unused);
        }
    };
    static final Operation TEST_MR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.and(cpu.s, Memory.load(cpu, op), Raw.getLong(op.a1), op.unused);
        }
    };
    static final Operation TEST_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Alu.and(cpu.s, Memory.load(cpu, op), op.immediate, op.unused);
        }
    };
    static final Forms TEST = new Forms(TEST_RR, TEST_RI, TEST_MR, TEST_MR, TEST_MI);

    static final Operation ADC_RR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.adc(cpu.s, a, Raw.getLong(op.a1), op.unused));
        }
    };
    static final Operation ADC_RI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.adc(cpu.s, a, op.immediate, op.unused));
        }
    };
    static final Operation SBB_RR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.sbb(cpu.s, a, Raw.getLong(op.a1), op.unused));
        }
    };
    static final Operation SBB_RI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.sbb(cpu.s, a, op.immediate, op.unused));
        }
    };
    private static final Operation INC_R_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, a + 1);
        }
    };
    static final Operation INC_R = new Operation(INC_R_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.inc(cpu.s, a, op.unused));
        }
    };
    static final Operation INC_M = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.inc(cpu, op);
        }
    };
    private static final Operation DEC_R_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, a - 1);
        }
    };
    static final Operation DEC_R = new Operation(DEC_R_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.dec(cpu.s, a, op.unused));
        }
    };
    static final Operation DEC_M = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.dec(cpu, op);
        }
    };
    static final Operation NEG_R = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.neg(cpu.s, a, op.unused));
        }
    };
    static final Operation NOT_R = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, ~a);
        }
    };
    private static final Operation SHL_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, a << op.immediate);
        }
    };
    static final Operation SHL_RI = new OnRegisters(SHL_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.shl(cpu.s, a, (int) op.immediate, op.unused));
        }
    };
    private static final Operation SHR_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, (a & op.mask) >>> op.immediate);
        }
    };
    static final Operation SHR_RI = new OnRegisters(SHR_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.shr(cpu.s, a, (int) op.immediate, op.unused));
        }
    };
    private static final Operation SAR_RI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, a << op.unused >> op.unused >> op.immediate);
        }
    };
    static final Operation SAR_RI = new OnRegisters(SAR_RI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.sar(cpu.s, a, (int) op.immediate, op.unused));
        }
    };
    static final Operation ROL_RI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.rol(cpu.s, a, (int) op.immediate, op.unused));
        }
    };
    static final Operation ROR_RI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.ror(cpu.s, a, (int) op.immediate, op.unused));
        }
    };
    private static final Operation IMUL_RR_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, a * Raw.getLong(op.a1));
        }
    };
    static final Operation IMUL_RR = new OnRegisters(IMUL_RR_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.imul(cpu.s, a, Raw.getLong(op.a1), op.unused));
        }
    };
    static final Operation IMUL_RM = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            long a = Raw.getLong(op.a0);
            put(op, a, Alu.imul(cpu.s, a, b, op.unused));
        }
    };
    private static final Operation IMUL_RRI_QUIET = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getLong(op.a0), Raw.getLong(op.a1) * op.immediate);
        }
    };
    static final Operation IMUL_RRI = new OnRegisters(IMUL_RRI_QUIET) {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getLong(op.a0), Alu.imul(cpu.s, Raw.getLong(op.a1), op.immediate, op.unused));
        }
    };
}
