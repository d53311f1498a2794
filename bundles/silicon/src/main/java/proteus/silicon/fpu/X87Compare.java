package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.IE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Comparison and classification (SDM vol. 1, 8.3.6). */
final class X87Compare {
    private static final int LESS = X87.C0, EQUAL = X87.C3, UNORDERED = X87.C0 | X87.C2 | X87.C3;

    private X87Compare() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FCOM, (c, o) -> compare(c, o, false, 0));
        t.put(Mnemonic.FCOMP, (c, o) -> compare(c, o, false, 1));
        t.put(Mnemonic.FCOMPP, (c, o) -> registers(c, o, 1, false, 2));
        t.put(Mnemonic.FUCOM, (c, o) -> compare(c, o, true, 0));
        t.put(Mnemonic.FUCOMP, (c, o) -> compare(c, o, true, 1));
        t.put(Mnemonic.FUCOMPP, (c, o) -> registers(c, o, 1, true, 2));
        t.put(Mnemonic.FICOM, (c, o) -> compareInteger(c, o, 0));
        t.put(Mnemonic.FICOMP, (c, o) -> compareInteger(c, o, 1));
        t.put(Mnemonic.FCOMI, (c, o) -> compareToFlags(c, o, false, false));
        t.put(Mnemonic.FCOMIP, (c, o) -> compareToFlags(c, o, false, true));
        t.put(Mnemonic.FUCOMI, (c, o) -> compareToFlags(c, o, true, false));
        t.put(Mnemonic.FUCOMIP, (c, o) -> compareToFlags(c, o, true, true));
        t.put(Mnemonic.FTST, (c, o) -> {
            Guard.x87(c);
            with(c, o, 0, 0, Extended.ZERO, false, 0);
        });
        t.put(Mnemonic.FXAM, X87Compare::examine);
    }

    /** The relation as condition codes, with flags; a quiet comparison takes quiet NaNs without complaint. */
    private static int relation(FloatUnit u, int a, long as, int ka, int b, long bs, int kb, boolean quiet) {
        int both = ka | kb;
        if ((both & (Extended.NAN | Extended.UNSUPPORTED)) != 0) {
            if (!quiet || (both & (Extended.SIGNALING | Extended.UNSUPPORTED)) != 0) {
                u.flags |= IE;
            }
            return UNORDERED;
        }
        Extended.denormal(u, both);
        if ((ka & kb & Extended.ZERO) != 0) {
            return EQUAL;
        }
        boolean negativeA = Extended.sign(a) != 0 && ka != Extended.ZERO;
        boolean negativeB = Extended.sign(b) != 0 && kb != Extended.ZERO;
        if (negativeA != negativeB) {
            return negativeA ? LESS : 0;
        }
        if (ka == Extended.ZERO || kb == Extended.ZERO) {
            return (ka == Extended.ZERO) != negativeB ? LESS : 0;
        }
        int order = Integer.compare(Extended.exponent(a, as), Extended.exponent(b, bs));
        if (order == 0) {
            order = Long.compareUnsigned(Extended.justified(as), Extended.justified(bs));
        }
        return order == 0 ? EQUAL : order < 0 != negativeA ? LESS : 0;
    }

    private static void compare(Cpu cpu, Op op, boolean quiet, int pops) {
        if (op.k0 != Instruction.MEMORY) {
            registers(cpu, op, op.operandCount > 1 ? op.r1 : op.r0, quiet, pops);
            return;
        }
        Guard.x87(cpu);
        if (op.s0 == 32) {
            int value = (int) cpu.readMemory(op, 32);
            with(cpu, op, Extended.tagOfSingle(value), Extended.significandOfSingle(value), Extended.kindOfSingle(value), quiet, pops);
        } else {
            long value = cpu.readMemory(op, 64);
            with(cpu, op, Extended.tagOfDouble(value), Extended.significandOfDouble(value), Extended.kindOfDouble(value), quiet, pops);
        }
    }

    private static void compareInteger(Cpu cpu, Op op, int pops) {
        Guard.x87(cpu);
        long value = op.s0 == 16 ? (short) cpu.readMemory(op, 16) : (int) cpu.readMemory(op, 32);
        with(cpu, op, Extended.tagOfInteger(value), Extended.significandOfInteger(value), value == 0 ? Extended.ZERO : Extended.NORMAL, false, pops);
    }

    private static void registers(Cpu cpu, Op op, int i, boolean quiet, int pops) {
        Guard.x87(cpu);
        if (X87.empty(cpu, i)) {
            X87.begin(cpu, op);
            unordered(cpu, op, pops);
            return;
        }
        long st = X87.st(cpu, i);
        int tag = X87.tag(st);
        long significand = X87.significand(st);
        with(cpu, op, tag, significand, Extended.kind(tag, significand), quiet, pops);
    }

    /** Stack underflow. */
    private static void unordered(Cpu cpu, Op op, int pops) {
        boolean masked = X87.stackFault(cpu, op, false);
        X87.conditions(cpu, UNORDERED, UNORDERED);
        if (masked) {
            pop(cpu, pops);
        }
    }

    private static void pop(Cpu cpu, int pops) {
        for (int i = 0; i < pops; i++) {
            X87.pop(cpu);
        }
    }

    private static void with(Cpu cpu, Op op, int b, long bs, int kb, boolean quiet, int pops) {
        FloatUnit u = X87.begin(cpu, op);
        if (X87.empty(cpu, 0)) {
            unordered(cpu, op, pops);
            return;
        }
        long st = X87.st(cpu, 0);
        int a = X87.tag(st);
        long as = X87.significand(st);
        int relation = relation(u, a, as, Extended.kind(a, as), b, bs, kb, quiet);
        boolean masked = X87.settle(cpu, op, u);
        X87.conditions(cpu, UNORDERED, relation);
        if (masked) {
            pop(cpu, pops);
        }
    }

    /** FCOMI and its kin: ZF, PF, CF as C3, C2, C0; OF, SF, AF cleared. The manual has C1 cleared; processors leave it unless the stack faults. */
    private static void compareToFlags(Cpu cpu, Op op, boolean quiet, boolean pop) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        int i = op.operandCount > 1 ? op.r1 : op.r0;
        int relation = UNORDERED;
        boolean proceed;
        if (X87.empty(cpu, 0) || X87.empty(cpu, i)) {
            proceed = X87.stackFault(cpu, op, false);
        } else {
            long st = X87.st(cpu, 0);
            int a = X87.tag(st);
            long as = X87.significand(st);
            long other = X87.st(cpu, i);
            int b = X87.tag(other);
            long bs = X87.significand(other);
            relation = relation(u, a, as, Extended.kind(a, as), b, bs, Extended.kind(b, bs), quiet);
            int keep = X87.c1(cpu);
            proceed = X87.settle(cpu, op, u);
            X87.conditions(cpu, X87.C1, keep);
        }
        // the flags tell the relation even if the exception is unmasked and nothing is popped
        cpu.arithmeticFlags(((relation & X87.C3) != 0 ? Flags.ZF : 0) | ((relation & X87.C2) != 0 ? Flags.PF : 0)
            | ((relation & X87.C0) != 0 ? Flags.CF : 0));
        if (proceed && pop) {
            X87.pop(cpu);
        }
    }

    private static void examine(Cpu cpu, Op op) {
        Guard.x87(cpu);
        X87.begin(cpu, op);
        long st = X87.st(cpu, 0);
        int tag = X87.tag(st);
        int kind;
        if (X87.empty(cpu, 0)) {
            kind = X87.C3 | X87.C0;
        } else {
            kind = switch (Extended.kind(tag, X87.significand(st))) {
                case Extended.UNSUPPORTED -> 0;
                case Extended.QUIET, Extended.SIGNALING -> X87.C0;
                case Extended.NORMAL -> X87.C2;
                case Extended.INFINITE -> X87.C2 | X87.C0;
                case Extended.ZERO -> X87.C3;
                default -> X87.C3 | X87.C2;
            };
        }
        X87.conditions(cpu, X87.CONDITIONS, kind | ((tag & Extended.SIGN) != 0 ? X87.C1 : 0));
    }
}
