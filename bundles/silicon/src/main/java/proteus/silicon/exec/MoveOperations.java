package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.exec.Operation.OnRegisters;

/** Moves, stack, and what else stays inside a block, an operation for each form: R register, I immediate, M memory, destination first; numbers are sizes in bits. */
final class MoveOperations {
    private static final int RDX = CpuLayout.gpr(2);

    private MoveOperations() {}

    private static void put(Op op, long value) {
        Raw.putLong(op.a0, Raw.getLong(op.a0) & op.keep | value & op.mask);
    }

    static final Operation NOP = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {}
    };
    static final Operation MOV_RR = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(op.a0, Raw.getLong(op.a1) & op.mask);
        }
    };
    static final Operation MOV_RR_PART = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getLong(op.a1));
        }
    };
    static final Operation MOV_RI = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, op.immediate);
        }
    };
    static final Operation MOV_RM8 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putByte(op.a0, Memory.load8(cpu, op));
        }
    };
    static final Operation MOV_RM16 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putShort(op.a0, Memory.load16(cpu, op));
        }
    };
    static final Operation MOV_RM32 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(op.a0, Memory.load32(cpu, op) & 0xffffffffL);
        }
    };
    static final Operation MOV_RM64 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(op.a0, Memory.load64(cpu, op));
        }
    };
    static final Operation MOV_M8R = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.store8(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation MOV_M16R = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.store16(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation MOV_M32R = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.store32(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation MOV_M64R = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.store64(cpu, op, Raw.getLong(op.a1));
        }
    };
    static final Operation MOV_MI = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Memory.store(cpu, op, op.immediate);
        }
    };
    static final Operation MOVZX_RR8 = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getByte(op.a1) & 0xffL);
        }
    };
    static final Operation MOVZX_RR16 = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getShort(op.a1) & 0xffffL);
        }
    };
    static final Operation MOVSX_RR8 = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getByte(op.a1));
        }
    };
    static final Operation MOVSX_RR16 = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getShort(op.a1));
        }
    };
    static final Operation MOVSX_RR32 = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Raw.getInt(op.a1));
        }
    };
    static final Operation MOVZX_RM8 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Memory.load8(cpu, op) & 0xffL);
        }
    };
    static final Operation MOVZX_RM16 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Memory.load16(cpu, op) & 0xffffL);
        }
    };
    static final Operation MOVSX_RM8 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Memory.load8(cpu, op));
        }
    };
    static final Operation MOVSX_RM16 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Memory.load16(cpu, op));
        }
    };
    static final Operation MOVSX_RM32 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Memory.load32(cpu, op));
        }
    };
    static final Operation LEA = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, Memory.address(op));
        }
    };
    static final Operation XCHG_RR = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            Moves.exchange(cpu.s, op);
        }
    };
    static final Operation PUSH_R64 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Stack.push64(cpu, Raw.getLong(op.a0));
        }
    };
    static final Operation PUSH_I64 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Stack.push64(cpu, op.immediate);
        }
    };
    static final Operation POP_R64 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(op.a0, Stack.pop64(cpu));
        }
    };
    static final Operation PUSH_R32 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Stack.push32(cpu, Raw.getInt(op.a0));
        }
    };
    static final Operation POP_R32 = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(op.a0, Stack.pop32(cpu) & 0xffffffffL);
        }
    };
    static final Operation SETCC_R = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putByte(op.a0, (byte) (cpu.condition(op.condition) ? 1 : 0));
        }
    };
    static final Operation CMOV_RR = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            put(op, cpu.condition(op.condition) ? Raw.getLong(op.a1) : Raw.getLong(op.a0));
        }
    };
    static final Operation CMOV_RM = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            long b = Memory.load(cpu, op);
            put(op, cpu.condition(op.condition) ? b : Raw.getLong(op.a0));
        }
    };
    static final Operation CDQE = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(cpu.s, Raw.getInt(cpu.s));
        }
    };
    static final Operation CDQ = new OnRegisters() {
        @Override
        void execute(Cpu cpu, Op op) {
            Raw.putLong(cpu.s + RDX, Raw.getInt(cpu.s) >> 31 & 0xffffffffL);
        }
    };
    /** What has a handler. */
    static final Operation HANDLER = new Operation() {
        @Override
        void execute(Cpu cpu, Op op) {
            op.handler.execute(cpu, op);
        }
    };
}
