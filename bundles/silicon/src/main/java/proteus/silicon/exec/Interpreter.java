package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.BLOCK_RIP;
import static proteus.silicon.cpu.CpuLayout.RIP;
import static proteus.silicon.cpu.CpuLayout.SEG_BASE;

import java.util.Arrays;
import java.util.Optional;
import proteus.api.silicon.TranslationCounts;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.DebugUnit;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.translate.TranslationCache;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.DebugRegister;

/**
 * The reference engine: runs decoded blocks. {@link #execute} is the one hot loop; everything that is rare leaves it and is
 * looked at in {@link #run}. One per processor, used by the thread that runs it.
 */
public final class Interpreter {
    /** Why {@link #run} came back: the budget is spent, {@link #kick} was called, the exit information is recorded, the processor does not execute ({@link Cpu#activity}), a debugger's point was met. */
    public static final int BUDGET = 0, KICKED = 1, EXIT = 2, IDLE = 3, DEBUG = 4;

    /** How {@link #enter} and its like ended. */
    static final int DONE = 0, FAULT = 1;
    /** Interrupt shadows of STI and MOV SS in {@link Cpu#interruptibility}. */
    static final int SHADOWS = 3;
    private static final int MOV_SS = 2;
    private static final int SLOTS = 4096;
    /** A block is interpreted so often before it is translated. */
    private static final int TRANSLATE_AFTER = Integer.getInteger("proteus.translate.after", 1);
    /** A key no linear address and mode give: not canonical. */
    private static final long NO_TAG = 0x5555_5555_5555_5555L;

    private final Cpu cpu;
    private final BlockCache blocks;
    private final BlockDecoder decoder;
    private volatile boolean kicked;

    // Blocks by linear address and mode, valid for one epoch of the MMU and one generation of the block cache.
    private final long[] tags = new long[SLOTS];
    private final Block[] targets = new Block[SLOTS];
    private int epoch, generation;
    private long codeBase, codeLimit;
    private boolean code64;
    /** Mode and privilege of fetches, in address bits that are copies of the sign. */
    private long key;

    private GuestFault fault;
    private Op lastOp;
    /** Runs translated code where it may, or null. */
    private final NativeEngine translated;

    public Interpreter(Cpu cpu, HandlerTable handlers) {
        this(cpu, handlers, Optional.empty());
    }

    /** @param cache where translated code goes, or nothing to interpret everything; closed with the interpreter */
    public Interpreter(Cpu cpu, HandlerTable handlers, Optional<TranslationCache> cache) {
        this.cpu = cpu;
        blocks = new BlockCache(cpu);
        decoder = new BlockDecoder(cpu, blocks, handlers);
        Arrays.fill(tags, NO_TAG);
        cpu.mmu.memory().watch(blocks);
        translated = cache.map(c -> new NativeEngine(cpu, this, decoder, handlers, c, TRANSLATE_AFTER)).orElse(null);
    }

    /** No longer told of writes to code. */
    public void close() {
        cpu.mmu.memory().unwatch(blocks);
        if (translated != null) {
            translated.close();
        }
    }

    /** From any thread: {@link #run} comes back with {@link #KICKED} soon; a kick while it does not run makes the next run come back at once. */
    public void kick() {
        kicked = true;
        cpu.requestAttention();
    }

    /** What translated code did since creation. */
    public TranslationCounts translation() {
        return translated == null ? TranslationCounts.NONE : translated.counts();
    }

    /** What was met and could not be executed, for bring-up. */
    public java.util.Map<proteus.x86.decode.Mnemonic, Integer> missing() {
        return decoder.missing();
    }

    /**
     * Runs from RIP until something comes up.
     *
     * @param budget how many instructions may retire
     * @return one of the constants of this class
     */
    public int run(long budget) {
        blocks.own();
        long stop = cpu.retired + budget;
        while (true) {
            try {
                return resume(stop);
            } catch (ExitSignal signal) {
                if (!cpu.debug.takeStopped()) {
                    return EXIT;
                }
            }
            try {
                if (!cpu.debug.atAccess() || completesAccess()) {
                    return DEBUG;
                }
            } catch (ExitSignal signal) {
                return EXIT;
            }
        }
    }

    private int resume(long stop) {
        while (true) {
            if (cpu.debug.takeNoted()) {
                return DEBUG;
            }
            if (cpu.attention() && look()) {
                return KICKED;
            }
            if (cpu.boundaryWork) {
                cpu.intercepts.boundary(cpu);
            }
            if (cpu.activity != 0) {
                return IDLE;
            }
            long left = stop - cpu.retired;
            if (left <= 0) {
                return BUDGET;
            }
            if (cpu.stepwise()) {
                stepwise();
            } else if ((translated != null && translated.applies() ? translated.run(left) : enter(left)) == FAULT) {
                cpu.units.raise(cpu, fault);
            }
        }
    }

    /** An instruction or a fetch faulted outside of the hot loop; RIP and the count of retired instructions are right. */
    int faulted(GuestFault f) {
        fault = f;
        return FAULT;
    }

    /**
     * The instruction with a watched access runs after all, since data breakpoints are traps (SDM 3B, 17.2.4).
     *
     * @return false if it faulted on the way, or left the guest: then it comes again
     */
    private boolean completesAccess() {
        cpu.debug.mode = DebugUnit.Mode.PASSING;
        try {
            if (cpu.stepwise()) {
                return stepwise();
            }
            if (enter(1) == FAULT) {
                cpu.units.raise(cpu, fault);
                return false;
            }
            return true;
        } finally {
            cpu.debug.mode = DebugUnit.Mode.STOPPING;
        }
    }

    /**
     * One instruction without regard to pending events, windows, budgets: for the emulator of a VMM. It ends an interrupt shadow
     * and leaves a single-step trap pending, as the instruction itself would.
     *
     * @return true if it retired (or a part of a REP did); false if it faulted: {@link #lastFault}, nothing changed
     */
    public boolean one() {
        blocks.own();
        int shadow = cpu.interruptibility & SHADOWS;
        boolean singleStep = cpu.flag(Flags.TF);
        boolean resume = cpu.flag(Flags.RF);
        boolean done = false;
        cpu.interruptibility &= ~SHADOWS;
        cpu.debug.mode = DebugUnit.Mode.NOTING;
        try {
            done = enter(1) == DONE;
        } finally {
            cpu.debug.mode = DebugUnit.Mode.STOPPING;
            if (!done) {
                cpu.debug.forgetNoted();
                cpu.interruptibility |= shadow;
            }
        }
        if (done) {
            if (resume && lastOp.mnemonic != Mnemonic.IRET && !cpu.unfinished) {
                cpu.flag(Flags.RF, false);
            }
            if (singleStep && cpu.units.singleSteps(cpu, lastOp) && (cpu.interruptibility & MOV_SS) == 0) {
                cpu.pendingDebug |= DebugRegister.BS;
            }
        }
        return done;
    }

    /** The fault that ended {@link #one}. */
    public GuestFault lastFault() {
        return fault;
    }

    /** Another thread wants something: true if it is that the processor comes out. */
    private boolean look() {
        cpu.takeAttention();
        boolean foreign = blocks.drain();
        boolean out = kicked || !foreign;
        kicked = false;
        return out;
    }

    /** One instruction with what comes in front of it and behind it; false if it faulted or a trap came first. */
    private boolean stepwise() {
        try {
            long before = cpu.units.beforeInstruction(cpu);
            if (enter(1) == FAULT) {
                cpu.units.raise(cpu, fault);
                return false;
            }
            cpu.units.afterInstruction(cpu, lastOp, before);
            return true;
        } catch (GuestFault f) {
            cpu.units.raise(cpu, f);
            return false;
        }
    }

    /** Brings what the hot loop takes for granted up to date, then goes into it. */
    int enter(long count) {
        int size = cpu.codeSize;
        code64 = size == 64;
        boolean flush = epoch != cpu.mmu.epoch || generation != blocks.generation;
        long base = code64 ? 0 : Raw.getLong(cpu.s + SEG_BASE + 8L * Cpu.CS);
        long limit = code64 ? -1 : cpu.limit[Cpu.CS];
        if (base != codeBase || limit != codeLimit || flush) {
            // base and limit of flat 64-bit and 32-bit code differ in the limit only; blocks inside both stay
            if (flush || base != codeBase || limit != -1 && limit != 0xffffffffL || codeLimit != -1 && codeLimit != 0xffffffffL) {
                Arrays.fill(tags, NO_TAG);
            }
            codeBase = base;
            codeLimit = limit;
            epoch = cpu.mmu.epoch;
            generation = blocks.generation;
        }
        key = (long) ((size >> 4 & 3 | (size >> 6) * 3) << 1 | (cpu.cpl == 3 ? 1 : 0)) << 58;
        return execute(count);
    }

    /** The block at RIP, decoded now. */
    private Block find(long rip, long tag, int slot, long retired) {
        Raw.putLong(cpu.s + BLOCK_RIP, rip);
        Block block = decoder.block(rip, codeBase, codeLimit, cpu.codeSize);
        if (generation != blocks.generation || epoch != cpu.mmu.epoch) {
            // the walk itself wrote to a page of code
            Arrays.fill(tags, NO_TAG);
            generation = blocks.generation;
            epoch = cpu.mmu.epoch;
        }
        long linear = tag ^ key;
        if (cpu.debug.breaking) {
            block = bounded(block, linear, retired);
        }
        if (decoder.reusable() && !(cpu.debug.breaking && cpu.debug.breaksAt(linear))) {
            tags[slot] = tag;
            targets[slot] = block;
        }
        return block;
    }

    /** The part of a block in front of the debugger's next point; leaves the guest if that is the block's first instruction. */
    private Block bounded(Block block, long linear, long retired) {
        if (cpu.debug.breaksAt(linear)) {
            cpu.debug.instruction(linear, retired);
        }
        for (int n = 1; n < block.ops.length; n++) {
            if (cpu.debug.breaksAt(linear + block.ops[n].start)) {
                return block.upTo(n);
            }
        }
        return block;
    }

    /** The debugger's points are others now. */
    public void debugPointsChanged() {
        blocks.generation++;
    }

    /**
     * The hot loop: blocks until {@code count} instructions have retired or one ended its block through a handler.
     *
     * @return DONE with RIP at the next instruction, or FAULT with RIP at the faulting one; {@link Cpu#retired} is right in both cases
     */
    private int execute(long count) {
        final Cpu cpu = this.cpu;
        final long s = cpu.s;
        final long linearMask = code64 ? -1 : 0xffffffffL;
        final long stop = cpu.retired + count;
        long rip = Raw.getLong(s + RIP);
        long retired = cpu.retired;
        Op[] ops = null;
        int i = -1;
        try {
            while (true) {
                long linear = rip + codeBase & linearMask;
                long tag = linear ^ key;
                int slot = (int) (linear ^ linear >>> 12) & SLOTS - 1;
                Block block;
                if (tags[slot] == tag) {
                    block = targets[slot];
                } else {
                    i = -1;
                    block = find(rip, tag, slot, retired);
                }
                Raw.putLong(s + BLOCK_RIP, rip);
                ops = block.ops;
                Operation[] code = block.code;
                int end = ops.length;
                if (end > stop - retired) {
                    end = (int) (stop - retired);
                    code = block.exact;
                }
                int last = end - 1;
                for (i = 0; i < last; i++) {
                    code[i].execute(cpu, ops[i]);
                }
                cpu.retired = retired + last;
                long next = code[last].leave(cpu, ops[last]);
                if (Operation.special(next)) {
                    if (next == Operation.ENDED) {
                        lastOp = ops[last];
                        return DONE;
                    }
                    next = rip + (end < ops.length ? ops[end].start : block.bytes) & linearMask;
                }
                if (Long.compareUnsigned(next, codeLimit) > 0 && Lowering.branches(ops[last])) {
                    throw cpu.protection(0);
                }
                retired += end;
                rip = next;
                if (retired == stop || cpu.attention()) {
                    Raw.putLong(s + RIP, rip);
                    cpu.retired = retired;
                    lastOp = ops[last];
                    return DONE;
                }
            }
        } catch (GuestFault f) {
            leave(f, rip, ops, i, retired);
            return FAULT;
        } catch (StaleBlock stale) {
            leave(null, rip, ops, i, retired);
            return DONE;
        } catch (ExitSignal e) {
            leave(null, rip, ops, i, retired);
            throw e;
        }
    }

    /** RIP and the count of retired instructions for an instruction that did not complete; index -1: the fetch at {@code rip} did not. */
    private void leave(GuestFault f, long rip, Op[] ops, int index, long retired) {
        fault = f;
        if (f != null && f.nonCanonical && index >= 0) {
            StackReferences.settle(cpu, ops[index], f);
        }
        if (f != null && f.trap) {
            cpu.retired = retired + index + 1; // the instruction is done: RIP is already where it leads
            return;
        }
        cpu.rip(index < 0 ? rip : cpu.ripOf(ops[index]));
        cpu.retired = retired + Math.max(index, 0);
    }
}
