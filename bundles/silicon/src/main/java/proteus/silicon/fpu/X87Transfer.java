package proteus.silicon.fpu;

import static proteus.silicon.fpu.SoftFloat.IE;
import static proteus.silicon.fpu.SoftFloat.OE;
import static proteus.silicon.fpu.SoftFloat.PRE_COMPUTATION;
import static proteus.silicon.fpu.SoftFloat.UE;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.FloatUnit;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Loads and stores of real numbers, constants, and moves within the stack (SDM vol. 1, 8.3.2, 8.3.4). */
final class X87Transfer {
    private X87Transfer() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.FLD, X87Transfer::load);
        t.put(Mnemonic.FST, (c, o) -> store(c, o, false));
        t.put(Mnemonic.FSTP, (c, o) -> store(c, o, true));
        t.put(Mnemonic.FXCH, X87Transfer::exchange);
        t.put(Mnemonic.FFREE, (c, o) -> free(c, o, false));
        t.put(Mnemonic.FFREEP, (c, o) -> free(c, o, true));
        t.put(Mnemonic.FINCSTP, (c, o) -> rotate(c, o, 1));
        t.put(Mnemonic.FDECSTP, (c, o) -> rotate(c, o, -1));
        t.put(Mnemonic.FCHS, (c, o) -> sign(c, o, 0xffff, Extended.SIGN));
        t.put(Mnemonic.FABS, (c, o) -> sign(c, o, 0x7fff, 0));
        t.put(Mnemonic.FLD1, (c, o) -> constant(c, o, 0x3fff, Extended.TOP, 0));
        t.put(Mnemonic.FLDZ, (c, o) -> constant(c, o, 0, 0, 0));
        // log2 10 lies above its nearest significand, the other four below theirs
        t.put(Mnemonic.FLDL2T, (c, o) -> constant(c, o, 0x4000, 0xd49a784bcd1b8afeL, 1));
        t.put(Mnemonic.FLDL2E, (c, o) -> constant(c, o, 0x3fff, 0xb8aa3b295c17f0bcL, -1));
        t.put(Mnemonic.FLDPI, (c, o) -> constant(c, o, 0x4000, 0xc90fdaa22168c235L, -1));
        t.put(Mnemonic.FLDLG2, (c, o) -> constant(c, o, 0x3ffd, 0x9a209a84fbcff799L, -1));
        t.put(Mnemonic.FLDLN2, (c, o) -> constant(c, o, 0x3ffe, 0xb17217f7d1cf79acL, -1));
        t.put(Mnemonic.FCMOVB, (c, o) -> conditional(c, o, 2));
        t.put(Mnemonic.FCMOVE, (c, o) -> conditional(c, o, 4));
        t.put(Mnemonic.FCMOVBE, (c, o) -> conditional(c, o, 6));
        t.put(Mnemonic.FCMOVU, (c, o) -> conditional(c, o, 10));
        t.put(Mnemonic.FCMOVNB, (c, o) -> conditional(c, o, 3));
        t.put(Mnemonic.FCMOVNE, (c, o) -> conditional(c, o, 5));
        t.put(Mnemonic.FCMOVNBE, (c, o) -> conditional(c, o, 7));
        t.put(Mnemonic.FCMOVNU, (c, o) -> conditional(c, o, 11));
    }

    private static void load(Cpu cpu, Op op) {
        Guard.x87(cpu);
        if (op.k0 != Instruction.MEMORY) {
            X87.begin(cpu, op);
            if (X87.empty(cpu, op.r0)) {
                underflowPush(cpu, op);
                return;
            }
            long st = X87.st(cpu, op.r0);
            X87.clearC1(cpu);
            X87.push(cpu, op, X87.tag(st), X87.significand(st));
            return;
        }
        switch (op.s0) {
            case 32 -> {
                int value = (int) cpu.readMemory(op, 32);
                converted(cpu, op, Extended.tagOfSingle(value), Extended.significandOfSingle(value), Extended.kindOfSingle(value));
            }
            case 64 -> {
                long value = cpu.readMemory(op, 64);
                converted(cpu, op, Extended.tagOfDouble(value), Extended.significandOfDouble(value), Extended.kindOfDouble(value));
            }
            default -> {
                long at = cpu.readAddress(op, 10);
                long significand = cpu.mmu.read64(at);
                int tag = cpu.mmu.read16(at + 8 & cpu.linearMask()) & 0xffff;
                X87.begin(cpu, op);
                X87.clearC1(cpu);
                X87.push(cpu, op, tag, significand);
            }
        }
    }

    /** FLD ST(i) of an empty register: the indefinite is pushed, if masked. */
    private static void underflowPush(Cpu cpu, Op op) {
        if (X87.stackFault(cpu, op, false)) {
            X87.moveTop(cpu, -1);
            X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
        }
    }

    private static void converted(Cpu cpu, Op op, int tag, long significand, int kind) {
        FloatUnit u = X87.begin(cpu, op);
        if (!X87.empty(cpu, 7)) {
            X87.push(cpu, op, tag, significand);
            return;
        }
        if (kind == Extended.SIGNALING) {
            u.flags |= IE;
            significand |= 1L << 62;
        } else {
            Extended.denormal(u, kind);
        }
        // a denormal is loaded even if that exception is unmasked
        if (X87.settle(cpu, op, u) || (u.flags & IE) == 0) {
            X87.push(cpu, op, tag, significand);
        }
    }

    private static void constant(Cpu cpu, Op op, int tag, long nearest, int side) {
        Guard.x87(cpu);
        FloatUnit u = X87.begin(cpu, op);
        boolean truncate = u.rounding == SoftFloat.DOWN || u.rounding == SoftFloat.ZERO;
        long significand = side < 0 && truncate ? nearest - 1 : side > 0 && u.rounding == SoftFloat.UP ? nearest + 1 : nearest;
        X87.clearC1(cpu);
        X87.push(cpu, op, tag, significand);
    }

    private static void store(Cpu cpu, Op op, boolean pop) {
        Guard.x87(cpu);
        boolean empty = X87.empty(cpu, 0);
        long st = X87.st(cpu, 0);
        int tag = empty ? Extended.INDEFINITE_TAG : X87.tag(st);
        long significand = empty ? Extended.INDEFINITE : X87.significand(st);
        if (op.k0 != Instruction.MEMORY) {
            X87.begin(cpu, op);
            if (empty) {
                if (pop && X87.opcode(cpu, op) >>> 8 == 1) {
                    // D9 D8+i, an undocumented alias of FSTP ST(i), only pops an empty register
                    X87.clearC1(cpu);
                    X87.pop(cpu);
                    return;
                }
                if (!X87.stackFault(cpu, op, false)) {
                    return;
                }
            } else {
                X87.clearC1(cpu);
            }
            X87.write(cpu, op.r0, tag, significand);
        } else if (op.s0 == 80) {
            if (!storeExtended(cpu, op, tag, significand, empty)) {
                return;
            }
        } else if (!storeRounded(cpu, op, tag, significand, empty)) {
            return;
        }
        if (pop) {
            X87.pop(cpu);
        }
    }

    private static boolean storeExtended(Cpu cpu, Op op, int tag, long significand, boolean empty) {
        X87.keep(cpu);
        X87.begin(cpu, op);
        if (empty) {
            if (!X87.stackFault(cpu, op, false)) {
                return false;
            }
        } else {
            X87.clearC1(cpu);
        }
        long at = X87.storeAddress(cpu, op, 10);
        // two stores: the first may be seen though the second faults (SDM 3A, 9.1.1)
        X87.store(cpu, at, 64, significand);
        X87.store(cpu, at + 8 & cpu.linearMask(), 16, tag);
        return true;
    }

    /** FST to a single or double; false if an unmasked exception (other than inexact) keeps memory and stack as they are. */
    private static boolean storeRounded(Cpu cpu, Op op, int tag, long significand, boolean empty) {
        X87.keep(cpu);
        FloatUnit u = X87.begin(cpu, op);
        if (empty) {
            if (!X87.stackFault(cpu, op, false)) {
                return false;
            }
            X87.store(cpu, X87.storeAddress(cpu, op, op.s0 >> 3), op.s0, op.s0 == 32 ? 0xffc00000L : 0xfff8000000000000L);
            return true;
        }
        long value = op.s0 == 32 ? toSingle(u, tag, significand) : toDouble(u, tag, significand);
        if ((u.flags & u.unmasked & (PRE_COMPUTATION | OE | UE)) != 0) {
            // nothing is stored, so nothing was rounded
            u.flags &= ~SoftFloat.PE;
            u.up = false;
            X87.settle(cpu, op, u);
            return false;
        }
        X87.settle(cpu, op, u);
        X87.store(cpu, X87.storeAddress(cpu, op, op.s0 >> 3), op.s0, value);
        return true;
    }

    static long toSingle(FloatUnit u, int tag, long significand) {
        long sign = (long) Extended.sign(tag) << 31;
        switch (Extended.kind(tag, significand)) {
            case Extended.ZERO:
                return sign;
            case Extended.INFINITE:
                return sign | 0x7f800000L;
            case Extended.SIGNALING:
                u.flags |= IE;
                return sign | 0x7fc00000L | significand >>> 40 & 0x3fffff;
            case Extended.QUIET:
                return sign | 0x7fc00000L | significand >>> 40 & 0x3fffff;
            case Extended.UNSUPPORTED:
                u.flags |= IE;
                return 0xffc00000L;
            default:
                SoftFloat.round(u, Extended.sign(tag), Extended.exponent(tag, significand), Extended.justified(significand), 0, SoftFloat.SINGLE,
                    SoftFloat.SINGLE_MIN, SoftFloat.SINGLE_MAX);
                return packSingle(u);
        }
    }

    static long toDouble(FloatUnit u, int tag, long significand) {
        long sign = (long) Extended.sign(tag) << 63;
        switch (Extended.kind(tag, significand)) {
            case Extended.ZERO:
                return sign;
            case Extended.INFINITE:
                return sign | 0x7ff0000000000000L;
            case Extended.SIGNALING:
                u.flags |= IE;
                return sign | 0x7ff8000000000000L | significand >>> 11 & 0x7ffffffffffffL;
            case Extended.QUIET:
                return sign | 0x7ff8000000000000L | significand >>> 11 & 0x7ffffffffffffL;
            case Extended.UNSUPPORTED:
                u.flags |= IE;
                return 0xfff8000000000000L;
            default:
                SoftFloat.round(u, Extended.sign(tag), Extended.exponent(tag, significand), Extended.justified(significand), 0, SoftFloat.DOUBLE,
                    SoftFloat.DOUBLE_MIN, SoftFloat.DOUBLE_MAX);
                return packDouble(u);
        }
    }

    static long packSingle(FloatUnit u) {
        long exponent = u.significand < 0 ? u.exponent + 127 : 0;
        return (long) u.sign << 31 | exponent << 23 | u.significand >>> 40 & 0x7fffff;
    }

    static long packDouble(FloatUnit u) {
        long exponent = u.significand < 0 ? u.exponent + 1023 : 0;
        return (long) u.sign << 63 | exponent << 52 | u.significand >>> 11 & 0xfffffffffffffL;
    }

    private static void exchange(Cpu cpu, Op op) {
        Guard.x87(cpu);
        X87.begin(cpu, op);
        // the one operand that is not ST(0) stands last
        int i = op.operandCount > 1 ? op.r1 : op.r0;
        boolean emptyTop = X87.empty(cpu, 0);
        boolean emptyOther = X87.empty(cpu, i);
        if (emptyTop || emptyOther) {
            if (!X87.stackFault(cpu, op, false)) {
                return;
            }
        } else {
            X87.clearC1(cpu);
        }
        long a = X87.st(cpu, 0);
        long b = X87.st(cpu, i);
        int tag = emptyTop ? Extended.INDEFINITE_TAG : X87.tag(a);
        long significand = emptyTop ? Extended.INDEFINITE : X87.significand(a);
        X87.write(cpu, 0, emptyOther ? Extended.INDEFINITE_TAG : X87.tag(b), emptyOther ? Extended.INDEFINITE : X87.significand(b));
        X87.write(cpu, i, tag, significand);
    }

    private static void conditional(Cpu cpu, Op op, int condition) {
        Guard.x87(cpu);
        X87.begin(cpu, op);
        int i = op.operandCount > 1 ? op.r1 : op.r0;
        if (X87.empty(cpu, 0) || X87.empty(cpu, i)) {
            if (X87.stackFault(cpu, op, false)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        if (cpu.condition(condition)) {
            long st = X87.st(cpu, i);
            X87.write(cpu, 0, X87.tag(st), X87.significand(st));
        }
    }

    private static void sign(Cpu cpu, Op op, int and, int xor) {
        Guard.x87(cpu);
        X87.begin(cpu, op);
        if (X87.empty(cpu, 0)) {
            if (X87.stackFault(cpu, op, false)) {
                X87.write(cpu, 0, Extended.INDEFINITE_TAG, Extended.INDEFINITE);
            }
            return;
        }
        X87.clearC1(cpu);
        long st = X87.st(cpu, 0);
        X87.write(cpu, 0, X87.tag(st) & and ^ xor, X87.significand(st));
    }

    private static void free(Cpu cpu, Op op, boolean pop) {
        Guard.x87(cpu);
        X87.begin(cpu, op);
        X87.clearC1(cpu);
        X87.free(cpu, op.r0);
        if (pop) {
            X87.pop(cpu);
        }
    }

    private static void rotate(Cpu cpu, Op op, int by) {
        Guard.x87(cpu);
        X87.begin(cpu, op);
        X87.clearC1(cpu);
        X87.moveTop(cpu, by);
    }
}
