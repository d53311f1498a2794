package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.BLOCK_RIP;
import static proteus.silicon.cpu.CpuLayout.MXCSR;
import static proteus.silicon.cpu.CpuLayout.RIP;
import static proteus.silicon.cpu.CpuLayout.SEG_BASE;
import static proteus.silicon.cpu.CpuLayout.SEG_READ_END;

import proteus.api.silicon.TranslationCounts;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.fpu.HostImage;
import proteus.silicon.translate.JumpTable;
import proteus.silicon.translate.SystemState;
import proteus.silicon.translate.Translation;
import proteus.silicon.translate.TranslationCache;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Xcr0;

/**
 * Runs blocks as host code. What the code does not execute itself, it leaves for: the one instruction is executed by its
 * handler and the code goes on behind it. Blocks that are not worth a translation, and the end of a budget, are the
 * interpreter's.
 */
final class NativeEngine implements AutoCloseable {
    /** Most instructions before another thread's wish is looked at. */
    private static final long SLICE = 100_000;
    private static final long FLAT_END = 1L << 32;
    /** The exception masks in MXCSR. */
    private static final int MASKS = 0x3f << 7;
    private static final long VECTORS = Xcr0.SSE | Xcr0.AVX;
    private static final byte[] NONE = {};

    private final Cpu cpu;
    private final Interpreter interpreter;
    private final BlockDecoder decoder;
    private final HandlerTable handlers;
    private final TranslationCache cache;
    private final JumpTable jumps;
    private final SystemState system;
    private final int threshold;
    private final Stress stress = Stress.configured();
    private int untilOverwritten = stress.overwrite();
    private int flushEpoch, globalEpoch;
    /** Instructions that retired in host code. */
    /** As {@link TranslationCounts} says. */
    private long translated, leftForMemory, leftUntranslated, leftByBranch, slices;

    /** @param threshold how often a block is met before it is translated */
    NativeEngine(Cpu cpu, Interpreter interpreter, BlockDecoder decoder, HandlerTable handlers, TranslationCache cache, int threshold) {
        this.cpu = cpu;
        this.interpreter = interpreter;
        this.decoder = decoder;
        this.handlers = handlers;
        this.cache = cache;
        this.threshold = threshold;
        jumps = new JumpTable(cpu.mmu);
        cache.jumps(jumps);
        system = cache.system(cpu);
        cpu.mmu.pageWatcher = jumps::invalidate;
        flushEpoch = cpu.mmu.flushEpoch;
        globalEpoch = cpu.mmu.globalEpoch;
    }

    /** Whether translated code may run in the modes in force: 64-bit code, or 32-bit code in flat segments, and nothing that must look at each access. */
    boolean applies() {
        if (cpu.mmu.careful() || cpu.debug.breaking || cpu.debug.watching) {
            return false;
        }
        return cpu.codeSize == 64 || cpu.codeSize == 32 && cpu.flat() && flatCode();
    }

    private boolean flatCode() {
        return cpu.get(SEG_BASE + 8 * Cpu.CS) == 0 && cpu.get(SEG_READ_END + 8 * Cpu.CS) == FLAT_END;
    }

    /** As {@link Interpreter#enter}: at most so many instructions, or up to one that ends its block by a handler. */
    int run(long count) {
        long stop = cpu.retired + count;
        int mode = cpu.codeSize;
        long code = 0; // where to go on: 0 is at RIP
        long rest = 0; // instructions of the running block behind that
        Translation entered = null; // the block that lies in
        Translation from = null; // the block whose exit led to RIP
        int exit = 0;
        jumps.mode(mode);
        system.prepare();
        long clockOffset = system.clockOffset();
        while (true) {
            long left = stop - cpu.retired;
            if (left == 0 || cpu.attention()) {
                return Interpreter.DONE;
            }
            if (cpu.mmu.flushEpoch != flushEpoch) {
                flushEpoch = cpu.mmu.flushEpoch;
                if (cpu.mmu.globalEpoch == globalEpoch) {
                    jumps.clearLocal();
                } else {
                    globalEpoch = cpu.mmu.globalEpoch;
                    jumps.clear();
                }
                code = 0;
            }
            if (left < rest) {
                return interpreter.enter(left);
            }
            if (code == 0) {
                rest = 0;
                long rip = cpu.rip();
                code = from == null ? jumps.find(rip) : 0;
                if (code != 0) {
                    entered = cache.at(code);
                } else {
                    Block block;
                    try {
                        block = block(rip, mode);
                    } catch (GuestFault f) {
                        return interpreter.faulted(f);
                    }
                    Translation t = translation(block, rip);
                    if (t == null) {
                        return interpreter.enter(Math.min(left, block.ops.length));
                    }
                    if (t.count() > left) {
                        return interpreter.enter(left);
                    }
                    connect(from, exit, t);
                    code = t.entry();
                    entered = t;
                }
                from = null;
            }
            long budget = Math.min(left, SLICE);
            system.clock(cpu.retired + budget + clockOffset);
            int number = cache.enter(code, cpu.mmu.context(), budget - rest, sse(), x87(entered), entered.usesYmm() && avx());
            Translation t = cache.translation(number);
            exit = TranslationCache.kind(number);
            long done = budget - cache.budget();
            long executed = switch (exit) {
                case TranslationCache.BUDGET -> done - t.count();
                case TranslationCache.STALE, TranslationCache.TAKEN, TranslationCache.FALL, TranslationCache.ELSEWHERE -> done;
                default -> done - (t.count() - exit);
            };
            cpu.retired += executed;
            translated += executed;
            system.settle(budget - executed);
            if (stress.overwrite() > 0 && --untilOverwritten == 0) {
                untilOverwritten = stress.overwrite();
                overwrite(t.rip);
            }
            code = 0;
            rest = 0;
            if ((cpu.interruptibility & Interpreter.SHADOWS) != 0) {
                cpu.rip(behind(t, exit));
                return Interpreter.DONE;
            }
            switch (exit) {
                case TranslationCache.BUDGET -> {
                    slices++;
                    cpu.rip(t.rip);
                    left = stop - cpu.retired;
                    if (left < t.count()) {
                        return left == 0 ? Interpreter.DONE : interpreter.enter(left);
                    }
                    code = t.entry();
                    entered = t;
                }
                case TranslationCache.STALE -> {
                    leftByBranch++;
                    cpu.rip(t.rip);
                    from = t;
                }
                case TranslationCache.ELSEWHERE -> {
                    leftByBranch++;
                    cpu.rip(system.rip());
                }
                case TranslationCache.TAKEN, TranslationCache.FALL -> {
                    leftByBranch++;
                    cpu.rip(t.target(exit));
                    from = t;
                }
                default -> {
                    Op op = t.op(exit);
                    if (!t.executes(exit)) {
                        leftUntranslated++;
                    } else if (op.endsBlock) {
                        leftByBranch++;
                    } else {
                        leftForMemory++;
                    }
                    int level = cpu.cpl;
                    int outcome = execute(t, op);
                    if (outcome != Interpreter.DONE) {
                        return outcome;
                    }
                    if (op.endsBlock && !branch(op)) {
                        if (cpu.codeSize != mode || cpu.looksUp() || !applies()) {
                            return outcome;
                        }
                        system.learn(op, level);
                        jumps.mode(mode);
                        system.prepare();
                        clockOffset = system.clockOffset();
                    }
                    if (!op.endsBlock && t.usable() && (!t.usesSse() || sse()) && (!t.usesX87() || x87(t)) && (!t.usesYmm() || avx())) {
                        code = t.behind(exit);
                        entered = t;
                        rest = t.count() - exit - 1;
                    }
                }
            }
        }
    }

    /** Where the guest goes on after an exit. */
    private long behind(Translation t, int exit) {
        return switch (exit) {
            case TranslationCache.BUDGET, TranslationCache.STALE -> t.rip;
            case TranslationCache.ELSEWHERE -> system.rip();
            case TranslationCache.TAKEN, TranslationCache.FALL -> t.target(exit);
            default -> Cpu.wrapRip(t.rip + t.op(exit).start, t.mode);
        };
    }

    TranslationCounts counts() {
        return new TranslationCounts(translated, leftForMemory, leftUntranslated, leftByBranch, slices);
    }

    /** SSE is enabled and raises no exceptions: then it is the host's. */
    private boolean sse() {
        return (cpu.cr0 & (Cr0.EM | Cr0.TS)) == 0 && (cpu.cr4 & Cr4.OSFXSR) != 0 && (Raw.getInt(cpu.s + MXCSR) & MASKS) == MASKS;
    }

    /** The x87 registers are loaded where they are needed at once and the unit is enabled and raises no exceptions; elsewhere it would cost each entry. */
    private boolean x87(Translation entered) {
        return entered.usesX87() && (cpu.cr0 & (Cr0.EM | Cr0.TS)) == 0 && HostImage.quiet(cpu.s);
    }

    /** VEX instructions are enabled and raise no exceptions. */
    private boolean avx() {
        return (cpu.cr0 & Cr0.TS) == 0 && (cpu.cr4 & Cr4.OSXSAVE) != 0 && (cpu.xcr0 & VECTORS) == VECTORS && (Raw.getInt(cpu.s + MXCSR) & MASKS) == MASKS;
    }

    private static boolean branch(Op op) {
        return switch (op.mnemonic) {
            case JMP, JCC, CALL, RET, LOOP, LOOPE, LOOPNE, JCXZ -> true;
            default -> false;
        };
    }

    /** One instruction of a block that was left in front of it. */
    private int execute(Translation t, Op op) {
        cpu.put(BLOCK_RIP, t.rip);
        Handler handler = op.handler != null ? op.handler : handlers.get(op.mnemonic);
        try {
            if (op.endsBlock) {
                cpu.put(RIP, cpu.nextRip(op));
                cpu.unfinished = false;
                handler.execute(cpu, op);
                if (cpu.unfinished) {
                    return Interpreter.DONE;
                }
            } else {
                cpu.rip(cpu.ripOf(op));
                handler.execute(cpu, op);
                cpu.put(RIP, cpu.nextRip(op));
            }
            cpu.retired++;
            return Interpreter.DONE;
        } catch (GuestFault f) {
            if (f.nonCanonical) {
                StackReferences.settle(cpu, op, f);
            }
            if (f.trap) {
                cpu.retired++; // the instruction is done: RIP is already where it leads
            } else {
                cpu.rip(cpu.ripOf(op));
            }
            return interpreter.faulted(f);
        } catch (proteus.silicon.cpu.ExitSignal signal) {
            cpu.rip(cpu.ripOf(op));
            throw signal;
        }
    }

    private Block block(long rip, int mode) {
        cpu.put(BLOCK_RIP, rip);
        Block block = decoder.block(rip, 0, mode == 64 ? -1 : FLAT_END - 1, mode);
        return stress.single() && block.ops.length > 1 ? block.upTo(1) : block;
    }

    /** Tells everybody that a page of code was written to, though its bytes are as they were. */
    private void overwrite(long rip) {
        var walk = cpu.mmu.inspect(rip);
        if (walk.hpa() >= 0) {
            cpu.mmu.memory().announce(walk.hpa() & -4096L, 4096);
        }
    }

    /** The host code of a block at an address, made now if it is worth it; null if it is not, or cannot be. */
    private Translation translation(Block block, long rip) {
        if (!decoder.reusable()) {
            return null;
        }
        for (Translation t = block.translation; t != null; t = t.next) {
            if (t.rip == rip && t.usable()) {
                known(t);
                return t;
            }
        }
        if (++block.heat < threshold) {
            return null;
        }
        if (!cache.hasRoom() || stress.evict() > 0 && cache.size() >= stress.evict()) {
            cache.clear();
        }
        Translation t = cache.translate(rip, block.mode, block.hpa, block.ops, bytes(block));
        if (block.translation != null && block.translation.usable()) {
            t.next = block.translation;
        }
        block.translation = t;
        known(t);
        return t;
    }

    /** Code whose fetch was translated just now may be entered by the table. */
    private void known(Translation t) {
        jumps.put(t.rip, t.entry(), !t.crossing() && cpu.mmu.fetchedGlobal(t.rip), cpu.mmu.fetchedShift(t.rip), t.crossing());
    }

    private byte[] bytes(Block block) {
        if (block.secondPage >= 0) {
            return NONE;
        }
        byte[] bytes = new byte[block.bytes];
        Raw.copyOut(cpu.mmu.hostAddress(block.hpa), bytes, 0, bytes.length);
        return bytes;
    }

    /** The way from an exit to the block it led to, without coming out again. */
    private void connect(Translation from, int exit, Translation to) {
        if (from == null) {
            return;
        }
        if (exit == TranslationCache.STALE) {
            cache.forward(from, to);
        } else {
            cache.link(from, exit, to);
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
