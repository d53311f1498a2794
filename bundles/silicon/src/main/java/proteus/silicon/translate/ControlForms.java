package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.JUMPS;
import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.silicon.translate.HostAssembler.R9;
import static proteus.silicon.translate.HostAssembler.RBP;
import static proteus.silicon.translate.HostAssembler.RCX;
import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.IMMEDIATE;
import static proteus.x86.decode.Instruction.MEMORY;
import static proteus.x86.decode.Instruction.RELATIVE;

import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;

/**
 * The stack and near control flow. An indirect branch whose target is not in the table of code goes the slow way before it
 * has any effect, so the checks of its target are the shared semantics'.
 */
final class ControlForms {
    /** Guest RSP. */
    private static final int SP = R9;

    private final Emission e;
    private final HostAssembler a;
    private final IntegerForms integers;
    private final StateLayout state;

    ControlForms(Emission e, IntegerForms integers, StateLayout state) {
        this.e = e;
        a = e.a;
        this.integers = integers;
        this.state = state;
    }

    /** Instructions that do not end their block; false, with nothing emitted, for what is left to the slow way. */
    boolean emit(Op op) {
        return switch (op.mnemonic) {
            case PUSH -> push(op);
            case POP -> pop(op);
            case LEAVE -> leave(op);
            case PUSHF -> pushFlags(op);
            default -> false;
        };
    }

    /** Stack operations of the mode's own width only. */
    private boolean ordinary(Op op) {
        return op.operandSize == e.pointerSize();
    }

    private boolean push(Op op) {
        if (!ordinary(op)) {
            return false;
        }
        int bytes = op.operandSize >> 3;
        if (op.k0 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, bytes, false);
            a.rm(op.operandSize, 0x8b, T1, T0, 0);
            a.absolute(64, 0x89, T1, state.scratch(), 0);
        } else if (op.k0 != GPR && op.k0 != IMMEDIATE) {
            return false;
        }
        below(bytes);
        if (op.k0 == IMMEDIATE) {
            integers.storeImmediate(op.operandSize, op.immediate);
        } else {
            int from = T1;
            if (op.k0 == MEMORY) {
                a.absolute(64, 0x8b, T1, state.scratch(), 0);
            } else {
                from = e.read(op.r0, T1);
            }
            a.rm(op.operandSize, 0x89, from, T0, 0);
        }
        moveStack(-bytes);
        return true;
    }

    /** T0 becomes the host address of the next element below the top of the stack. */
    private void below(int bytes) {
        e.clobberFlags();
        a.rm(e.pointerSize(), 0x8d, T0, SP, -bytes);
        e.probe(bytes, true);
    }

    private void moveStack(int bytes) {
        a.rm(e.pointerSize(), 0x8d, SP, SP, bytes);
    }

    private void top(int bytes) {
        e.clobberFlags();
        a.move(e.pointerSize(), T0, SP);
        e.probe(bytes, false);
    }

    private boolean pop(Op op) {
        if (!ordinary(op) || op.k0 != GPR) {
            return false;
        }
        int bytes = op.operandSize >> 3;
        top(bytes);
        moveStack(bytes);
        int to = e.target(op.r0, op.operandSize, T1);
        a.rm(op.operandSize, 0x8b, to, T0, 0);
        e.written(op.r0, to);
        return true;
    }

    private boolean leave(Op op) {
        if (!ordinary(op)) {
            return false;
        }
        int size = op.operandSize;
        e.clobberFlags();
        a.move(size, T0, RBP);
        e.probe(size >> 3, false);
        a.rm(size, 0x8d, SP, RBP, size >> 3);
        a.rm(size, 0x8b, RBP, T0, 0);
        return true;
    }

    private boolean pushFlags(Op op) {
        if (!ordinary(op)) {
            return false;
        }
        below(op.operandSize >> 3);
        e.composeFlags(T1);
        a.rm(op.operandSize, 0x89, T1, T0, 0);
        moveStack(-(op.operandSize >> 3));
        return true;
    }

    // ---- what ends a block

    /** Whether the branch is one that {@link Translator} may emit: the mode's own width, a target inside the address space. */
    boolean translatable(Op op) {
        return switch (op.mnemonic) {
            case JCC -> relative(op);
            case LOOP -> relative(op) && op.addressSize == e.pointerSize();
            case JMP, CALL -> ordinaryBranch(op) && (op.k0 == RELATIVE ? relative(op) : op.k0 == GPR || op.k0 == MEMORY && e.addressable(op));
            case RET -> ordinaryBranch(op);
            default -> false;
        };
    }

    private boolean ordinaryBranch(Op op) {
        return op.operandSize == e.pointerSize();
    }

    private boolean relative(Op op) {
        return op.operandSize != 16 && canonical(e.rip + op.immediate & op.ripMask);
    }

    private static boolean canonical(long address) {
        return address << 16 >> 16 == address;
    }

    /** LOOP counts; then its branch is taken if the host's ZF is clear. */
    void count() {
        e.clobberFlags();
        a.rm(e.pointerSize(), 0x8d, RCX, RCX, -1);
        a.rr(e.pointerSize(), 0x85, RCX, RCX);
    }

    /** JMP to a register or memory. */
    void jumpIndirect(Op op) {
        target(op);
        e.lookUp();
        e.jumpFound();
    }

    /** T0 becomes the branch target. */
    private void target(Op op) {
        int size = e.pointerSize();
        if (op.k0 == MEMORY) {
            e.access(op, size >> 3, false);
            a.rm(size, 0x8b, T0, T0, 0);
        } else {
            e.clobberFlags();
            a.move(size, T0, e.read(op.r0, T0));
        }
    }

    /** CALL to a register or memory. */
    void callIndirect(Op op) {
        target(op);
        e.lookUp();
        a.gs(64, 0x8b, T1, T1, JUMPS + 8);
        a.absolute(64, 0x89, T1, state.scratch(), 0);
        pushReturn(op);
        a.absolute(64, 0xff, 4, state.scratch(), 0);
    }

    /** The push of a CALL. */
    void pushReturn(Op op) {
        int bytes = op.operandSize >> 3;
        below(bytes);
        integers.storeImmediate(op.operandSize, e.rip + op.start + op.length);
        moveStack(-bytes);
    }

    void ret(Op op) {
        int bytes = op.operandSize >> 3;
        top(bytes);
        a.rm(op.operandSize, 0x8b, T0, T0, 0);
        e.lookUp();
        moveStack(bytes + ((int) op.immediate & 0xffff));
        e.jumpFound();
    }
}
