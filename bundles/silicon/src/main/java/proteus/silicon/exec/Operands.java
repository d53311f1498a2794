package proteus.silicon.exec;

import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;

/** Operand patterns of the handlers. */
final class Operands {
    private Operands() {}

    /** The first operand as a source, zero-extended. */
    static long first(Cpu cpu, Op op) {
        return cpu.readOperand(op, op.k0, op.r0, op.operandSize);
    }

    /** The second operand at the operand size, zero-extended. */
    static long second(Cpu cpu, Op op) {
        return cpu.readOperand(op, op.k1, op.r1, op.operandSize);
    }

    /** The third operand at the operand size. */
    static long third(Cpu cpu, Op op) {
        return cpu.readOperand(op, op.k2, op.r2, op.operandSize);
    }

    /** {@code a} and {@code b} at a size; leaves flags. */
    @FunctionalInterface
    interface Binary {
        long apply(long s, long a, long b, int unused);
    }

    @FunctionalInterface
    interface Unary {
        long apply(long s, long a, int unused);
    }

    @FunctionalInterface
    interface Shift {
        long apply(long s, long a, int count, int unused);
    }

    /** {@code first = f(first, second)}. */
    static void modify(Cpu cpu, Op op, Binary f) {
        if (op.k0 == MEMORY) {
            long b = cpu.readOperand(op, op.k1, op.r1, op.operandSize);
            long gva = Memory.modify(cpu, op);
            Memory.put(cpu, op, gva, f.apply(cpu.s, Memory.take(cpu, op, gva), b, op.unused));
        } else {
            long b = second(cpu, op);
            cpu.register(op.r0, op.operandSize, f.apply(cpu.s, cpu.register(op.r0, op.operandSize), b, op.unused));
        }
    }

    /** {@code first = f(first)}. */
    static void modify(Cpu cpu, Op op, Unary f) {
        if (op.k0 == MEMORY) {
            long gva = Memory.modify(cpu, op);
            Memory.put(cpu, op, gva, f.apply(cpu.s, Memory.take(cpu, op, gva), op.unused));
        } else {
            cpu.register(op.r0, op.operandSize, f.apply(cpu.s, cpu.register(op.r0, op.operandSize), op.unused));
        }
    }

    /** {@code first = f(first, count)}; a masked count of 0 changes no flags but still writes (a 32-bit register is zero-extended). */
    static void shift(Cpu cpu, Op op, Shift f) {
        int count = op.operandCount < 2 ? 1 : op.k1 == proteus.x86.decode.Instruction.IMMEDIATE ? (int) op.immediate : (int) cpu.register(op.r1, 8);
        shift(cpu, op, f, count);
    }

    static void shift(Cpu cpu, Op op, Shift f, int counted) {
        int count = counted & (op.operandSize == 64 ? 63 : 31);
        if (op.k0 == MEMORY) {
            long gva = Memory.modify(cpu, op);
            long a = Memory.take(cpu, op, gva);
            Memory.put(cpu, op, gva, count == 0 ? a : f.apply(cpu.s, a, count, op.unused));
        } else {
            long a = cpu.register(op.r0, op.operandSize);
            cpu.register(op.r0, op.operandSize, count == 0 ? a : f.apply(cpu.s, a, count, op.unused));
        }
    }
}
