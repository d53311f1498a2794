package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.BLOCK_RIP;
import static proteus.silicon.cpu.CpuLayout.RIP;
import static proteus.silicon.cpu.CpuLayout.SEG_BASE;

import java.util.Arrays;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.ExitSignal;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.DebugRegister;

/**
 * The reference engine: runs decoded blocks. {@link #execute} is the one hot method; everything that is rare leaves it and is
 * looked at in {@link #run}. One per processor, used by the thread that runs it.
 */
public final class Interpreter {
    /** Why {@link #run} came back: the budget is spent, {@link #kick} was called, the exit information is recorded, the processor does not execute ({@link Cpu#activity}). */
    public static final int BUDGET = 0, KICKED = 1, EXIT = 2, IDLE = 3;

    private static final int DONE = 0, FAULT = 1;
    /** Interrupt shadows of STI and MOV SS in {@link Cpu#interruptibility}. */
    private static final int SHADOWS = 3;
    private static final int SLOTS = 4096;
    private static final int RDX = CpuLayout.gpr(2);
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

    public Interpreter(Cpu cpu, HandlerTable handlers) {
        this.cpu = cpu;
        blocks = new BlockCache(cpu);
        decoder = new BlockDecoder(cpu, blocks, handlers);
        Arrays.fill(tags, NO_TAG);
        cpu.mmu.memory().watch(blocks);
    }

    /** No longer told of writes to code. */
    public void close() {
        cpu.mmu.memory().unwatch(blocks);
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
     * Runs from {@link CpuLayout#RIP} until something comes up.
     *
     * @param budget how many instructions may retire
     * @return one of the constants of this class
     */
    public int run(long budget) {
        blocks.own();
        long stop = cpu.retired + budget;
        try {
            while (true) {
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
                } else if (enter(left) == FAULT) {
                    cpu.units.raise(cpu, fault);
                }
            }
        } catch (ExitSignal signal) {
            return EXIT;
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
        try {
            done = enter(1) == DONE;
        } finally {
            if (!done) {
                cpu.interruptibility |= shadow;
            }
        }
        if (done) {
            cpu.flag(Flags.RF, false);
            if (singleStep && (cpu.interruptibility & SHADOWS) == 0) {
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

    private void stepwise() {
        long retired = cpu.retired;
        try {
            long before = cpu.units.beforeInstruction(cpu);
            if (enter(1) == FAULT) {
                cpu.units.raise(cpu, fault);
            } else {
                cpu.units.afterInstruction(cpu, lastOp, before);
            }
        } catch (GuestFault f) {
            cpu.units.raise(cpu, f);
        }
    }

    /** Brings what the hot loop takes for granted up to date, then goes into it. */
    private int enter(long count) {
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
    private Block find(long rip, long tag, int slot) {
        Raw.putLong(cpu.s + BLOCK_RIP, rip);
        Block block = decoder.block(rip, codeBase, codeLimit, cpu.codeSize);
        if (generation != blocks.generation || epoch != cpu.mmu.epoch) {
            // the walk itself wrote to a page of code
            Arrays.fill(tags, NO_TAG);
            generation = blocks.generation;
            epoch = cpu.mmu.epoch;
        }
        if (decoder.reusable()) {
            tags[slot] = tag;
            targets[slot] = block;
        }
        return block;
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
                    block = find(rip, tag, slot);
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
                for (i = 0; i < end; i++) {
                    Op op = ops[i];
                    switch (op.code) {
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
                        case Code.NOP -> {
                        }
                        case Code.MOV_RR -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r1) & op.mask);
                        case Code.MOV_RR_PART -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Raw.getLong(s + op.r1) & op.mask);
                        case Code.MOV_RI -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | op.immediate & op.mask);
                        case Code.MOV_RM8 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & ~0xffL | Memory.load8(cpu, op) & 0xffL);
                        case Code.MOV_RM16 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & ~0xffffL | Memory.load16(cpu, op) & 0xffffL);
                        case Code.MOV_RM32 -> Raw.putLong(s + op.r0, Memory.load32(cpu, op) & 0xffffffffL);
                        case Code.MOV_RM64 -> Raw.putLong(s + op.r0, Memory.load64(cpu, op));
                        case Code.MOV_M8R -> Memory.store8(cpu, op, Raw.getLong(s + op.r1));
                        case Code.MOV_M16R -> Memory.store16(cpu, op, Raw.getLong(s + op.r1));
                        case Code.MOV_M32R -> Memory.store32(cpu, op, Raw.getLong(s + op.r1));
                        case Code.MOV_M64R -> Memory.store64(cpu, op, Raw.getLong(s + op.r1));
                        case Code.MOV_MI -> Memory.store(cpu, op, op.immediate);
                        case Code.MOVZX_RR8 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Raw.getByte(s + op.r1) & 0xffL);
                        case Code.MOVZX_RR16 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Raw.getShort(s + op.r1) & 0xffffL);
                        case Code.MOVSX_RR8 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Raw.getByte(s + op.r1) & op.mask);
                        case Code.MOVSX_RR16 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Raw.getShort(s + op.r1) & op.mask);
                        case Code.MOVSX_RR32 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Raw.getInt(s + op.r1) & op.mask);
                        case Code.MOVZX_RM8 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Memory.load8(cpu, op) & 0xffL);
                        case Code.MOVZX_RM16 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Memory.load16(cpu, op) & 0xffffL);
                        case Code.MOVSX_RM8 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Memory.load8(cpu, op) & op.mask);
                        case Code.MOVSX_RM16 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Memory.load16(cpu, op) & op.mask);
                        case Code.MOVSX_RM32 -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | Memory.load32(cpu, op) & op.mask);
                        case Code.LEA -> Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | cpu.effectiveAddress(op) & op.mask);
                        case Code.XCHG_RR -> Moves.exchange(s, op);
                        case Code.ADD_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.add(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.ADD_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.add(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.ADD_RM -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.add(s, a, Memory.load(cpu, op), op.unused) & op.mask);
                        }
                        case Code.ADD_MR -> Memory.add(cpu, op, Raw.getLong(s + op.r1));
                        case Code.ADD_MI -> Memory.add(cpu, op, op.immediate);
                        case Code.SUB_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.sub(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.SUB_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.sub(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.SUB_RM -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.sub(s, a, Memory.load(cpu, op), op.unused) & op.mask);
                        }
                        case Code.SUB_MR -> Memory.sub(cpu, op, Raw.getLong(s + op.r1));
                        case Code.SUB_MI -> Memory.sub(cpu, op, op.immediate);
                        case Code.AND_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.and(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.AND_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.and(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.AND_RM -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.and(s, a, Memory.load(cpu, op), op.unused) & op.mask);
                        }
                        case Code.AND_MR -> Memory.and(cpu, op, Raw.getLong(s + op.r1));
                        case Code.AND_MI -> Memory.and(cpu, op, op.immediate);
                        case Code.OR_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.or(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.OR_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.or(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.OR_RM -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.or(s, a, Memory.load(cpu, op), op.unused) & op.mask);
                        }
                        case Code.OR_MR -> Memory.or(cpu, op, Raw.getLong(s + op.r1));
                        case Code.OR_MI -> Memory.or(cpu, op, op.immediate);
                        case Code.XOR_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.xor(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.XOR_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.xor(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.XOR_RM -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.xor(s, a, Memory.load(cpu, op), op.unused) & op.mask);
                        }
                        case Code.XOR_MR -> Memory.xor(cpu, op, Raw.getLong(s + op.r1));
                        case Code.XOR_MI -> Memory.xor(cpu, op, op.immediate);
                        case Code.CMP_RR -> Alu.sub(s, Raw.getLong(s + op.r0), Raw.getLong(s + op.r1), op.unused);
                        case Code.CMP_RI -> Alu.sub(s, Raw.getLong(s + op.r0), op.immediate, op.unused);
                        case Code.CMP_RM -> Alu.sub(s, Raw.getLong(s + op.r0), Memory.load(cpu, op), op.unused);
                        case Code.CMP_MR -> Alu.sub(s, Memory.load(cpu, op), Raw.getLong(s + op.r1), op.unused);
                        case Code.CMP_MI -> Alu.sub(s, Memory.load(cpu, op), op.immediate, op.unused);
                        case Code.TEST_RR -> Alu.and(s, Raw.getLong(s + op.r0), Raw.getLong(s + op.r1), op.unused);
                        case Code.TEST_RI -> Alu.and(s, Raw.getLong(s + op.r0), op.immediate, op.unused);
                        case Code.TEST_MR -> Alu.and(s, Memory.load(cpu, op), Raw.getLong(s + op.r1), op.unused);
                        case Code.TEST_MI -> Alu.and(s, Memory.load(cpu, op), op.immediate, op.unused);
                        case Code.ADC_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.adc(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.ADC_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.adc(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.SBB_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.sbb(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.SBB_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.sbb(s, a, op.immediate, op.unused) & op.mask);
                        }
                        case Code.INC_R -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.inc(s, a, op.unused) & op.mask);
                        }
                        case Code.INC_M -> Memory.inc(cpu, op);
                        case Code.DEC_R -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.dec(s, a, op.unused) & op.mask);
                        }
                        case Code.DEC_M -> Memory.dec(cpu, op);
                        case Code.NEG_R -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.neg(s, a, op.unused) & op.mask);
                        }
                        case Code.NOT_R -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | ~a & op.mask);
                        }
                        case Code.SHL_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.shl(s, a, (int) op.immediate, op.unused) & op.mask);
                        }
                        case Code.SHR_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.shr(s, a, (int) op.immediate, op.unused) & op.mask);
                        }
                        case Code.SAR_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.sar(s, a, (int) op.immediate, op.unused) & op.mask);
                        }
                        case Code.ROL_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.rol(s, a, (int) op.immediate, op.unused) & op.mask);
                        }
                        case Code.ROR_RI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.ror(s, a, (int) op.immediate, op.unused) & op.mask);
                        }
                        case Code.IMUL_RR -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.imul(s, a, Raw.getLong(s + op.r1), op.unused) & op.mask);
                        }
                        case Code.IMUL_RM -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.imul(s, a, Memory.load(cpu, op), op.unused) & op.mask);
                        }
                        case Code.IMUL_RRI -> {
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | Alu.imul(s, Raw.getLong(s + op.r1), op.immediate, op.unused) & op.mask);
                        }
                        case Code.PUSH_R64 -> Stack.push64(cpu, Raw.getLong(s + op.r0));
                        case Code.PUSH_I64 -> Stack.push64(cpu, op.immediate);
                        case Code.POP_R64 -> Raw.putLong(s + op.r0, Stack.pop64(cpu));
                        case Code.PUSH_R32 -> Stack.push(cpu, Raw.getLong(s + op.r0), 32);
                        case Code.POP_R32 -> Raw.putLong(s + op.r0, Stack.pop32(cpu) & 0xffffffffL);
                        case Code.JO -> {
                            if (Alu.overflow(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JNO -> {
                            if (!Alu.overflow(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JB -> {
                            if (Alu.below(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JAE -> {
                            if (!Alu.below(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JE -> {
                            if (Alu.equal(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JNE -> {
                            if (!Alu.equal(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JBE -> {
                            if (Alu.belowOrEqual(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JA -> {
                            if (!Alu.belowOrEqual(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JS -> {
                            if (Alu.sign(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JNS -> {
                            if (!Alu.sign(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JP -> {
                            if (cpu.condition(10)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JNP -> {
                            if (!cpu.condition(10)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JL -> {
                            if (Alu.less(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JGE -> {
                            if (!Alu.less(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JLE -> {
                            if (Alu.lessOrEqual(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JG -> {
                            if (!Alu.lessOrEqual(s)) {
                                next = rip + op.immediate & op.ripMask;
                            }
                        }
                        case Code.JMP -> next = rip + op.immediate & op.ripMask;
                        case Code.JMP_R -> next = Control.checked(cpu, op, Raw.getLong(s + op.r0) & op.ripMask);
                        case Code.JMP_M -> next = Control.checked(cpu, op, Memory.load(cpu, op) & op.ripMask);
                        case Code.CALL -> next = Control.call(cpu, op, rip + op.immediate & op.ripMask);
                        case Code.CALL_R -> next = Control.call(cpu, op, Raw.getLong(s + op.r0) & op.ripMask);
                        case Code.CALL_M -> next = Control.call(cpu, op, Memory.load(cpu, op) & op.ripMask);
                        case Code.RET -> next = Control.ret(cpu, op);
                        case Code.SETCC_R -> Raw.putByte(s + op.r0, (byte) (cpu.condition(op.condition) ? 1 : 0));
                        case Code.CMOV_RR -> {
                            long b = cpu.condition(op.condition) ? Raw.getLong(s + op.r1) : Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, Raw.getLong(s + op.r0) & op.keep | b & op.mask);
                        }
                        case Code.CMOV_RM -> {
                            long b = Memory.load(cpu, op);
                            long a = Raw.getLong(s + op.r0);
                            Raw.putLong(s + op.r0, a & op.keep | (cpu.condition(op.condition) ? b : a) & op.mask);
                        }
                        case Code.CDQE -> Raw.putLong(s, Raw.getInt(s));
                        case Code.CDQ -> Raw.putLong(s + RDX, Raw.getInt(s) >> 31 & 0xffffffffL);
                        default -> throw new IllegalStateException("operation " + op.code);
                    }
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
        cpu.rip(index < 0 ? rip : cpu.ripOf(ops[index]));
        cpu.retired = retired + Math.max(index, 0);
    }
}
