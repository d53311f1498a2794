package proteus.silicon.exec;

import java.util.Arrays;
import proteus.silicon.cpu.Op;
import proteus.silicon.translate.Translation;

/** A run of decoded instructions from one entry, without inner control flow. */
final class Block {
    /** Enough for nearly every real block, and the most instructions between two looks at what other threads want. */
    static final int MOST = 64;

    /** Host-physical address of the first byte. */
    final long hpa;
    /** Code size it was decoded for: 16, 32, 64. */
    final int mode;
    final int bytes;
    final Op[] ops;
    /** What the operations do: with every flag they write, for when only the first of them are executed; and without those nobody can see. */
    final Operation[] exact, code;
    /** Host-physical page of the rest if the one instruction of this block crosses into another page, else -1. */
    final long secondPage;
    /** Chain within a code page. */
    Block next;
    boolean stale;
    /** Host code of this block, one for each linear address that it was translated at. */
    Translation translation;
    /** How often the engine met the block and did not have host code of it. */
    int heat;
    /** A shorter block of the same instructions that a debugger's point makes, or null. */
    private Block part;

    Block(long hpa, int mode, int bytes, Op[] ops, Operation[] exact, long secondPage) {
        this.hpa = hpa;
        this.mode = mode;
        this.bytes = bytes;
        this.ops = ops;
        this.exact = exact;
        code = withoutDeadFlags(exact);
        this.secondPage = secondPage;
    }

    /**
     * Leaves out flags that a later operation overwrites before anything can see them. What can fault, exit or end the block in
     * front of the next operation by overwriting it sees all of them.
     */
    private static Operation[] withoutDeadFlags(Operation[] exact) {
        Operation[] code = exact;
        boolean live = true;
        for (int i = exact.length - 1; i >= 0; i--) {
            Operation operation = exact[i];
            if (!live && operation.quiet != null) {
                if (code == exact) {
                    code = exact.clone();
                }
                code[i] = operation.quiet;
                live = !operation.quiet.transparent();
            } else if (!operation.transparent()) {
                live = true;
            } else if (operation.quiet != null) {
                live = false;
            }
        }
        return code;
    }

    /**
     * The bytes under the block were overwritten. If the block is running, what follows the running instruction must not: every
     * operation becomes one that leaves the block in front of itself. So the running loop needs no test.
     */
    void retire() {
        stale = true;
        for (Translation t = translation; t != null; t = t.next) {
            t.retire();
        }
        Arrays.fill(exact, EndOperations.STALE);
        Arrays.fill(code, EndOperations.STALE);
        if (part != null) {
            part.retire();
        }
    }

    /** The instructions in front of the n-th, as a block that goes stale with this one. */
    Block upTo(int n) {
        if (part == null || part.ops.length != n) {
            if (part != null) {
                part.retire();
            }
            part = first(n);
        }
        return part;
    }

    /** The first instructions of this block as a block of its own, not cached. */
    Block first(int n) {
        return new Block(hpa, mode, ops[n - 1].start + ops[n - 1].length, Arrays.copyOf(ops, n), Arrays.copyOf(exact, n), secondPage);
    }
}
