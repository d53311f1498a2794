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

    Block(long hpa, int mode, int bytes, Op[] ops, long secondPage) {
        this.hpa = hpa;
        this.mode = mode;
        this.bytes = bytes;
        this.ops = ops;
        this.secondPage = secondPage;
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
        for (int i = 0; i < ops.length; i++) {
            Op stop = new Op();
            stop.code = Code.STALE;
            stop.mnemonic = ops[i].mnemonic;
            stop.start = ops[i].start;
            stop.length = ops[i].length;
            stop.mode = mode;
            ops[i] = stop;
        }
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
        return new Block(hpa, mode, ops[n - 1].start + ops[n - 1].length, Arrays.copyOf(ops, n), secondPage);
    }
}
