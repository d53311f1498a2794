package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;

/**
 * What one instruction of a block does: a singleton for each common form, found by lowering, and one for all that have a
 * {@link proteus.silicon.cpu.Handler}. A class for each form is a method for each form: the JIT compiles each by itself and well, which it does not
 * do for one method with all of them in a switch (docs/adr/0009).
 */
abstract class Operation {
    /** What {@link #leave} answers if it is not the next RIP: not canonical, and beyond 32 bits. */
    static final long FALL_THROUGH = 0x5555_5555_5555_5554L, ENDED = FALL_THROUGH + 1;

    /** The same without flags, for where they are dead; null if this one does not write all of them, or is without already. */
    final Operation quiet;

    Operation() {
        this(null);
    }

    Operation(Operation quiet) {
        this.quiet = quiet;
    }

    /** Whether an answer of {@link #leave} is no RIP. */
    static boolean special(long answer) {
        return (answer & -4L) == FALL_THROUGH;
    }

    /** The instruction inside a block. On a fault it throws what {@link Cpu#fault} gives, having changed nothing the guest can see. */
    abstract void execute(Cpu cpu, Op op);

    /**
     * The instruction at the end of a block; {@link Cpu#retired} does not count it yet.
     *
     * @return the RIP after it, wrapped; or FALL_THROUGH: the one behind it; or ENDED: RIP and the count are in place
     */
    long leave(Cpu cpu, Op op) {
        execute(cpu, op);
        return FALL_THROUGH;
    }

    /** An instruction that is the last of its block. */
    boolean ends() {
        return false;
    }

    /** Neither faults nor exits nor looks at a flag: flags that are written behind it are dead in front of it. */
    boolean transparent() {
        return false;
    }

    /** An instruction that is always the last of its block. */
    abstract static class Ending extends Operation {
        @Override
        final boolean ends() {
            return true;
        }

        @Override
        final void execute(Cpu cpu, Op op) {
            throw new AssertionError(op.mnemonic + " inside a block");
        }

        @Override
        abstract long leave(Cpu cpu, Op op);
    }

    /** An instruction on registers alone that does not read flags. */
    abstract static class OnRegisters extends Operation {
        OnRegisters() {}

        OnRegisters(Operation quiet) {
            super(quiet);
        }

        @Override
        final boolean transparent() {
            return true;
        }
    }
}
