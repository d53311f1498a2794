package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.BLOCK_RIP;
import static proteus.silicon.cpu.CpuLayout.RIP;
import static proteus.silicon.cpu.CpuLayout.SEG_BASE;

import java.util.Arrays;
import java.util.Optional;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.DebugUnit;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.translate.TranslationCache;
import proteus.x86.format.DebugRegister;

/**
 * The reference engine: runs decoded blocks. {@link #execute} is the one hot method; everything that is rare leaves it and is
 * looked at in {@link #run}. One per processor, used by the thread that runs it.
 */
public final class Interpreter {
    /** Why {@link #run} came back: the budget is spent, {@link #kick} was called, the exit information is recorded, the processor does not execute ({@link Cpu#activity}), a debugger's point was met. */
    public static final int BUDGET = 0, KICKED = 1, EXIT = 2, IDLE = 3, DEBUG = 4;

    /** How {@link #enter} and its like ended. */
    static final int DONE = 0, FAULT = 1;
    /** Interrupt shadows of STI and MOV SS in {@link Cpu#interruptibility}. */
    private static final int SHADOWS = 3, MOV_SS = 2;
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
            if (!cpu.unfinished) {
                cpu.flag(Flags.RF, false);
            }
            if (singleStep && cpu.units.singleSteps(lastOp) && (cpu.interruptibility & MOV_SS) == 0) {
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

    /** The block at RIP: from the cache, or decoded now. */
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
     * The hot loop: blocks until {@code count} instructions have retired or one ended its block through a handler. Must stay
     * below 8000 bytes of bytecode, or HotSpot does not compile it (HugeMethodLimit); a test measures it.
     *
     * @return DONE with RIP at the next instruction, or FAULT with RIP at the faulting one; {@link Cpu#retired} is right in both cases
     */
    private int execute(final long count) {
        final Cpu cpu = this.cpu;
        final long s = cpu.s;
        final long start = cpu.retired;
        final long[] tags = this.tags;
        final Block[] targets = this.targets;
        final long key = this.key;
        final long base = codeBase;
        final long limit = codeLimit;
        final boolean code64 = this.code64;
        final long linearMask = code64 ? -1 : 0xffffffffL;
        long left = count;
        long rip = Raw.getLong(s + RIP);
        Op[] ops = null;
        int i = -1;
        try {
            while (true) {
                long linear = rip + base & linearMask;
                long tag = linear ^ key;
                int slot = (int) (linear ^ linear >>> 12) & SLOTS - 1;
                Block block;
                if (tags[slot] == tag) {
                    block = targets[slot];
                } else {
                    i = -1;
                    block = find(rip, tag, slot, start + (count - left));
                }
                ops = block.ops;
                int end = ops.length;
                long next = rip + block.bytes;
                if (end > left) {
                    end = (int) left;
                    next = rip + ops[end].start;
                }
                if (!code64) {
                    next &= 0xffffffffL;
                }
                Raw.putLong(s + BLOCK_RIP, rip);
                boolean taken = false;
                for (i = 0; i < end; i++) {
                    Op op = ops[i];
                    switch (op.code) {
                        case Code.MOV_RR -> HotMoves.movRr(s, op);
                        case Code.MOV_RM32 -> HotMoves.movRm32(cpu, op);
                        case Code.MOV_RM64 -> HotMoves.movRm64(cpu, op);
                        case Code.MOV_M64R -> HotMoves.movM64r(cpu, op);
                        case Code.MOV_M32R -> HotMoves.movM32r(cpu, op);
                        case Code.MOV_RI -> HotMoves.movRi(s, op);
                        case Code.JE -> taken = Alu.equal(s);
                        case Code.JNE -> taken = !Alu.equal(s);
                        case Code.JL -> taken = Alu.less(s);
                        case Code.JGE -> taken = !Alu.less(s);
                        case Code.JLE -> taken = Alu.lessOrEqual(s);
                        case Code.JG -> taken = !Alu.lessOrEqual(s);
                        case Code.JB -> taken = Alu.below(s);
                        case Code.JAE -> taken = !Alu.below(s);
                        case Code.JBE -> taken = Alu.belowOrEqual(s);
                        case Code.JA -> taken = !Alu.belowOrEqual(s);
                        case Code.JS -> taken = Alu.sign(s);
                        case Code.JNS -> taken = !Alu.sign(s);
                        case Code.JO -> taken = Alu.overflow(s);
                        case Code.JNO -> taken = !Alu.overflow(s);
                        case Code.JP -> taken = Alu.parity(s);
                        case Code.JNP -> taken = !Alu.parity(s);
                        case Code.JMP -> taken = true;
                        case Code.ADD_RR -> HotAlu.addRr(s, op);
                        case Code.ADD_RI -> HotAlu.addRi(s, op);
                        case Code.SUB_RR -> HotAlu.subRr(s, op);
                        case Code.SUB_RI -> HotAlu.subRi(s, op);
                        case Code.CMP_RR -> HotAlu.cmpRr(s, op);
                        case Code.CMP_RI -> HotAlu.cmpRi(s, op);
                        case Code.TEST_RR -> HotAlu.testRr(s, op);
                        case Code.TEST_RI -> HotAlu.testRi(s, op);
                        case Code.AND_RR -> HotAlu.andRr(s, op);
                        case Code.AND_RI -> HotAlu.andRi(s, op);
                        case Code.XOR_RR -> HotAlu.xorRr(s, op);
                        case Code.XOR_RI -> HotAlu.xorRi(s, op);
                        case Code.OR_RR -> HotAlu.orRr(s, op);
                        case Code.OR_RI -> HotAlu.orRi(s, op);
                        case Code.LEA -> HotMoves.lea(cpu, op);
                        case Code.SHL_RI -> HotAlu.shlRi(s, op);
                        case Code.SHR_RI -> HotAlu.shrRi(s, op);
                        case Code.SAR_RI -> HotAlu.sarRi(s, op);
                        case Code.INC_R -> HotAlu.incR(s, op);
                        case Code.DEC_R -> HotAlu.decR(s, op);
                        case Code.PUSH_R64 -> HotMoves.pushR64(cpu, op);
                        case Code.POP_R64 -> HotMoves.popR64(cpu, op);
                        case Code.CALL -> next = Control.call(cpu, op, Control.relative(cpu, op));
                        case Code.RET -> next = Control.ret(cpu, op);
                        case Code.MOVZX_RM8 -> HotMoves.movzxRm8(cpu, op);
                        case Code.MOVZX_RR8 -> HotMoves.movzxRr8(s, op);
                        case Code.ADD_RM -> HotAlu.addRm(cpu, op);
                        case Code.ADD_MR -> Memory.add(cpu, op, Raw.getLong(op.a1));
                        case Code.ADD_MI -> Memory.add(cpu, op, op.immediate);
                        case Code.SUB_RM -> HotAlu.subRm(cpu, op);
                        case Code.SUB_MR -> Memory.sub(cpu, op, Raw.getLong(op.a1));
                        case Code.SUB_MI -> Memory.sub(cpu, op, op.immediate);
                        case Code.CMP_RM -> HotAlu.cmpRm(cpu, op);
                        case Code.CMP_MR -> HotAlu.cmpMr(cpu, op);
                        case Code.CMP_MI -> HotAlu.cmpMi(cpu, op);
                        case Code.TEST_MR -> HotAlu.testMr(cpu, op);
                        case Code.TEST_MI -> HotAlu.testMi(cpu, op);
                        case Code.AND_RM -> HotAlu.andRm(cpu, op);
                        case Code.AND_MR -> Memory.and(cpu, op, Raw.getLong(op.a1));
                        case Code.AND_MI -> Memory.and(cpu, op, op.immediate);
                        case Code.XOR_RM -> HotAlu.xorRm(cpu, op);
                        case Code.XOR_MR -> Memory.xor(cpu, op, Raw.getLong(op.a1));
                        case Code.XOR_MI -> Memory.xor(cpu, op, op.immediate);
                        case Code.OR_RM -> HotAlu.orRm(cpu, op);
                        case Code.OR_MR -> Memory.or(cpu, op, Raw.getLong(op.a1));
                        case Code.OR_MI -> Memory.or(cpu, op, op.immediate);
                        case Code.MOV_M8R -> HotMoves.movM8r(cpu, op);
                        case Code.MOV_M16R -> HotMoves.movM16r(cpu, op);
                        case Code.MOV_RM8 -> HotMoves.movRm8(cpu, op);
                        case Code.MOV_RM16 -> HotMoves.movRm16(cpu, op);
                        case Code.MOV_MI -> Memory.store(cpu, op, op.immediate);
                        case Code.MOV_RR_PART -> HotMoves.movRrPart(s, op);
                        case Code.MOVZX_RR16 -> HotMoves.movzxRr16(s, op);
                        case Code.MOVSX_RR8 -> HotMoves.movsxRr8(s, op);
                        case Code.MOVSX_RR16 -> HotMoves.movsxRr16(s, op);
                        case Code.MOVSX_RR32 -> HotMoves.movsxRr32(s, op);
                        case Code.MOVZX_RM16 -> HotMoves.movzxRm16(cpu, op);
                        case Code.MOVSX_RM8 -> HotMoves.movsxRm8(cpu, op);
                        case Code.MOVSX_RM16 -> HotMoves.movsxRm16(cpu, op);
                        case Code.MOVSX_RM32 -> HotMoves.movsxRm32(cpu, op);
                        case Code.ADC_RR -> HotAlu.adcRr(s, op);
                        case Code.ADC_RI -> HotAlu.adcRi(s, op);
                        case Code.SBB_RR -> HotAlu.sbbRr(s, op);
                        case Code.SBB_RI -> HotAlu.sbbRi(s, op);
                        case Code.INC_M -> Memory.inc(cpu, op);
                        case Code.DEC_M -> Memory.dec(cpu, op);
                        case Code.NEG_R -> HotAlu.negR(s, op);
                        case Code.NOT_R -> HotAlu.notR(s, op);
                        case Code.ROL_RI -> HotAlu.rolRi(s, op);
                        case Code.ROR_RI -> HotAlu.rorRi(s, op);
                        case Code.IMUL_RR -> HotAlu.imulRr(s, op);
                        case Code.IMUL_RM -> HotAlu.imulRm(cpu, op);
                        case Code.IMUL_RRI -> HotAlu.imulRri(s, op);
                        case Code.PUSH_I64 -> Stack.push64(cpu, op.immediate);
                        case Code.PUSH_R32 -> Stack.push(cpu, Raw.getLong(op.a0), 32);
                        case Code.POP_R32 -> HotMoves.popR32(cpu, op);
                        case Code.JMP_R -> next = Control.checked(cpu, op, Raw.getLong(op.a0) & op.ripMask);
                        case Code.JMP_M -> next = Control.checked(cpu, op, Memory.load(cpu, op) & op.ripMask);
                        case Code.CALL_R -> next = Control.call(cpu, op, Raw.getLong(op.a0) & op.ripMask);
                        case Code.CALL_M -> next = Control.call(cpu, op, Memory.load(cpu, op) & op.ripMask);
                        case Code.SETCC_R -> HotMoves.setccR(cpu, op);
                        case Code.CMOV_RR -> HotMoves.cmovRr(cpu, op);
                        case Code.CMOV_RM -> HotMoves.cmovRm(cpu, op);
                        case Code.CDQE -> HotMoves.cdqe(s);
                        case Code.CDQ -> HotMoves.cdq(s);
                        case Code.XCHG_RR -> Moves.exchange(s, op);
                        case Code.NOP -> { }
                        case Code.HANDLER -> op.handler.execute(cpu, op);
                        case Code.ENDING -> {
                            cpu.retired = start + (count - left) + i;
                            Raw.putLong(s + RIP, cpu.nextRip(op));
                            cpu.unfinished = false;
                            op.handler.execute(cpu, op);
                            if (!cpu.unfinished) {
                                cpu.retired++;
                            }
                            lastOp = op;
                            return DONE;
                        }
                        case Code.STALE -> {
                            cpu.retired = start + (count - left) + i;
                            cpu.rip(cpu.ripOf(op));
                            return DONE;
                        }
                        default -> throw new IllegalStateException("operation " + op.code);
                    }
                }
                if (taken) {
                    Op last = ops[end - 1];
                    next = rip + last.immediate & last.ripMask;
                }
                if (Long.compareUnsigned(next, limit) > 0 && Lowering.branches(ops[end - 1])) {
                    i = end - 1;
                    throw cpu.protection(0);
                }
                left -= end;
                rip = next;
                if (left == 0 || cpu.attention()) {
                    Raw.putLong(s + RIP, rip);
                    cpu.retired = start + (count - left);
                    lastOp = ops[end - 1];
                    return DONE;
                }
            }
        } catch (GuestFault f) {
            leave(f, rip, ops, i, start + (count - left));
            return FAULT;
        } catch (ExitSignal e) {
            leave(null, rip, ops, i, start + (count - left));
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
