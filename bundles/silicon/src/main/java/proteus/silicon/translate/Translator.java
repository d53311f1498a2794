package proteus.silicon.translate;

import static proteus.silicon.translate.TranslationCache.BUDGET;
import static proteus.silicon.translate.TranslationCache.FALL;
import static proteus.silicon.translate.TranslationCache.STALE;
import static proteus.silicon.translate.TranslationCache.TAKEN;

import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/**
 * Turns blocks into host code. A block begins by taking all its instructions from the budget; one that is left to the slow way
 * leaves the code with its number, and comes back in behind it.
 */
final class Translator {
    /** Condition code NZ. */
    private static final int NOT_ZERO = 5;

    private final Emission e;
    private final HostAssembler a;
    private final IntegerForms integers;
    private final ControlForms control;
    private final SseForms sse;
    private final X87Forms x87;
    private final SystemForms system;
    private final VexForms vex;
    private final BitForms bits;
    private final boolean modern;
    private final long exit;

    Translator(Emission e, StateLayout state, long exit) {
        this.e = e;
        this.exit = exit;
        a = e.a;
        integers = new IntegerForms(e);
        control = new ControlForms(e, integers, state);
        sse = new SseForms(e, state);
        x87 = new X87Forms(e, state);
        system = new SystemForms(e, integers, state, exit);
        vex = new VexForms(e, state);
        bits = new BitForms(e);
        modern = HostFeatures.modern();
    }

    /** @param code the bytes of the block; empty if they are not to be had in one piece */
    void translate(Translation t, byte[] code) {
        e.begin(t.entry, t.rip, t.mode);
        Op[] ops = t.ops;
        a.put8(0x48); // sub rax, count: the flags below stay
        a.put8(0x2d);
        a.put32(ops.length << Emission.BUDGET_SHIFT);
        int spent = a.jump(2); // a borrow: SUB and JB are one to the host
        int miss = -1;
        boolean falls = true;
        long dead = FlagLiveness.dead(ops);
        for (int i = 0; i < ops.length; i++) {
            Op op = ops[i];
            e.index = i;
            e.flagsDead = (dead >>> i & 1) != 0;
            a.reserve();
            if (!op.endsBlock && emit(op, code)) {
                t.resume[i] = a.length();
                t.executes |= 1L << i;
            } else if (op.endsBlock && system.ends(op)) {
                t.executes |= 1L << i;
                falls = system.end(op, ops.length - i, t.number);
            } else if (op.endsBlock && control.translatable(op)) {
                t.executes |= 1L << i;
                falls = branch(t, op);
            } else {
                e.clobberFlags();
                e.exit(t.number, i, exit);
                e.sseChecked = false;
                if (op.endsBlock) {
                    falls = false;
                } else {
                    t.resume[i] = a.length();
                }
            }
        }
        if (falls) {
            e.saveFlags();
            goTo(t, behind(t, ops[ops.length - 1]), FALL);
        }
        a.land(spent);
        e.exit(t.number, BUDGET, exit);
        t.staleExit = a.length();
        e.exit(t.number, STALE, exit);
        e.slowExits(t.number, exit);
        t.usesSse = e.usesSse;
        t.usesX87 = e.usesX87;
        t.usesYmm = e.usesYmm;
    }

    private boolean emit(Op op, byte[] code) {
        return integers.emit(op) || control.emit(op) || sse.emit(op, code) || x87.emit(op, code) || system.emit(op)
            || modern && (bits.emit(op) || vex.emit(op, code));
    }

    /** A branch that ends the block; true if the block goes on behind it. */
    private boolean branch(Translation t, Op op) {
        if (op.mnemonic == Mnemonic.RET) {
            control.ret(op);
            return false;
        }
        if (op.mnemonic == Mnemonic.JCC) {
            e.saveFlags();
            e.needFlags();
            conditional(t, op, op.condition);
            return false;
        }
        if (op.mnemonic == Mnemonic.LOOP) {
            control.count();
            conditional(t, op, NOT_ZERO);
            return false;
        }
        boolean call = op.mnemonic == Mnemonic.CALL;
        if (op.k0 != proteus.x86.decode.Instruction.RELATIVE) {
            if (call) {
                control.callIndirect(op);
            } else {
                control.jumpIndirect(op);
            }
            return false;
        }
        if (call) {
            control.pushReturn(op);
        } else {
            e.saveFlags();
        }
        goTo(t, t.rip + op.immediate & op.ripMask, TAKEN);
        return false;
    }

    private void conditional(Translation t, Op op, int condition) {
        long target = t.rip + op.immediate & op.ripMask;
        int place = a.jump(condition);
        goTo(t, behind(t, op), FALL);
        if (!direct(t, target)) {
            a.land(place);
            goTo(t, target, TAKEN);
        } else if (target == t.rip) {
            a.patch(place, t.entry);
        } else {
            a.land(place);
            t.takenRip = target;
            t.takenPlace = a.addressOf(place);
            e.exit(t.number, TAKEN, exit);
        }
    }

    private static long behind(Translation t, Op op) {
        long rip = t.rip + op.start + op.length;
        return t.mode == 64 ? rip : rip & 0xffffffffL;
    }

    /** Whether a branch from the block may be linked: both lie in one page. */
    private static boolean direct(Translation t, long target) {
        return !t.crossing && (target ^ t.rip) >>> 12 == 0;
    }

    /** Goes to the block at an address: straight when it is linked, by the table if it lies in another page. */
    private void goTo(Translation t, long target, int kind) {
        if (kind == TAKEN) {
            t.takenRip = target;
        } else {
            t.fallRip = target;
        }
        if (!direct(t, target)) {
            a.land(e.jumpByTable(target));
            e.exit(t.number, kind, exit);
        } else if (target == t.rip) {
            a.jumpTo(t.entry);
        } else {
            int place = a.jump();
            if (kind == TAKEN) {
                t.takenPlace = a.addressOf(place);
            } else {
                t.fallPlace = a.addressOf(place);
            }
            a.land(place);
            e.exit(t.number, kind, exit);
        }
    }
}
