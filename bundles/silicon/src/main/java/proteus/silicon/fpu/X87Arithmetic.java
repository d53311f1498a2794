package proteus.silicon.fpu;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Addition, subtraction, multiplication, division and square root of the x87 (SDM vol. 1, 8.3.3, 8.3.5). */
final class X87Arithmetic {
    private X87Arithmetic() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FADD, (c, o) -> arithmetic(c, o, Extended.ADD));
        t.put(Mnemonic.FSUB, (c, o) -> arithmetic(c, o, Extended.SUB));
        t.put(Mnemonic.FSUBR, (c, o) -> arithmetic(c, o, Extended.SUBR));
        t.put(Mnemonic.FMUL, (c, o) -> arithmetic(c, o, Extended.MUL));
        t.put(Mnemonic.FDIV, (c, o) -> arithmetic(c, o, Extended.DIV));
        t.put(Mnemonic.FDIVR, (c, o) -> arithmetic(c, o, Extended.DIVR));
        t.put(Mnemonic.FADDP, (c, o) -> registers(c, o, Extended.ADD, true));
        t.put(Mnemonic.FSUBP, (c, o) -> registers(c, o, Extended.SUB, true));
        t.put(Mnemonic.FSUBRP, (c, o) -> registers(c, o, Extended.SUBR, true));
        t.put(Mnemonic.FMULP, (c, o) -> registers(c, o, Extended.MUL, true));
        t.put(Mnemonic.FDIVP, (c, o) -> registers(c, o, Extended.DIV, true));
        t.put(Mnemonic.FDIVRP, (c, o) -> registers(c, o, Extended.DIVR, true));
        t.put(Mnemonic.FIADD, (c, o) -> integer(c, o, Extended.ADD));
        t.put(Mnemonic.FISUB, (c, o) -> integer(c, o, Extended.SUB));
        t.put(Mnemonic.FISUBR, (c, o) -> integer(c, o, Extended.SUBR));
        t.put(Mnemonic.FIMUL, (c, o) -> integer(c, o, Extended.MUL));
        t.put(Mnemonic.FIDIV, (c, o) -> integer(c, o, Extended.DIV));
        t.put(Mnemonic.FIDIVR, (c, o) -> integer(c, o, Extended.DIVR));
        t.put(Mnemonic.FSQRT, X87Arithmetic::squareRoot);
    }

    private static void arithmetic(Cpu cpu, Op op, int operation) {
        if (op.k0 != Instruction.MEMORY) {
            registers(cpu, op, operation, false);
            return;
        }
        Guard.x87(cpu);
        if (op.s0 == 32) {
            int value = (int) cpu.readMemory(op, 32);
            withMemory(cpu, op, operation, Extended.tagOfSingle(value), Extended.significandOfSingle(value), Extended.kindOfSingle(value));
        } else {
            long value = cpu.readMemory(op, 64);
            withMemory(cpu, op, operation, Extended.tagOfDouble(value), Extended.significandOfDouble(value), Extended.kindOfDouble(value));
        }
    }

    private static void integer(Cpu cpu, Op op, int operation) {
        Guard.x87(cpu);
        long value = op.s0 == 16 ? (short) cpu.readMemory(op, 16) : (int) cpu.readMemory(op, 32);
        withMemory(cpu, op, operation, Extended.tagOfInteger(value), Extended.significandOfInteger(value), value == 0 ? Extended.ZERO : Extended.NORMAL);
    }

    private static void withMemory(Cpu cpu, Op op, int operation, int b, long bs, int kb) {
        FloatUnit u = X87.begin(cpu, op);
        if (X87.empty(cpu, 0)) {
            if (X87.stackFault(cpu, op, false)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        long st = X87.st(cpu, 0);
        int a = X87.tag(st);
        long as = X87.significand(st);
        Extended.arithmetic(u, operation, a, as, Extended.kind(a, as), b, bs, kb, X87.precision(cpu));
        if (X87.settle(cpu, op, u)) {
            X87.write(cpu, 0, u.tag, u.bits);
        }
    }

    private static void registers(Cpu cpu, Op op, int operation, boolean pop) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (X87.empty(cpu, op.r0) || X87.empty(cpu, op.r1)) {
            if (!X87.stackFault(cpu, op, false)) {
                return;
            }
            X87.write(cpu, op.r0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
        } else {
            long st = X87.st(cpu, op.r0);
            int a = X87.tag(st);
            long as = X87.significand(st);
            long source = X87.st(cpu, op.r1);
            int b = X87.tag(source);
            long bs = X87.significand(source);
            Extended.arithmetic(u, operation, a, as, Extended.kind(a, as), b, bs, Extended.kind(b, bs), X87.precision(cpu));
            if (!X87.settle(cpu, op, u)) {
                return;
            }
            X87.write(cpu, op.r0, u.tag, u.bits);
        }
        if (pop) {
            X87.pop(cpu);
        }
    }

    private static void squareRoot(Cpu cpu, Op op) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (X87.empty(cpu, 0)) {
            if (X87.stackFault(cpu, op, false)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        long st = X87.st(cpu, 0);
        Extended.squareRoot(u, X87.tag(st), X87.significand(st), X87.precision(cpu));
        if (X87.settle(cpu, op, u)) {
            X87.write(cpu, 0, u.tag, u.bits);
        }
    }
}
