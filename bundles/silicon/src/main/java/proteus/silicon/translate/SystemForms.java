package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.JUMPS;
import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.silicon.translate.HostAssembler.R8;
import static proteus.silicon.translate.HostAssembler.RAX;
import static proteus.silicon.translate.HostAssembler.RCX;
import static proteus.silicon.translate.HostAssembler.RDX;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.silicon.system.FastCalls;
import proteus.x86.decode.Mnemonic;

/**
 * System instructions that operating systems execute all the time: flags that are not arithmetic, fences, the time stamp counter,
 * SWAPGS, fast system calls. Each looks first whether it may do here what it does for an ordinary kernel ({@link SystemState});
 * every other case, faults and exits among them, goes the slow way.
 */
final class SystemForms {
    private static final int EQUAL = 4, NOT_EQUAL = 5;
    private static final int R11 = CpuLayout.gpr(11);
    /** With one of these in R11 a SYSRET changes more than privilege. */
    private static final int UNUSUAL = Flags.TF | Flags.IOPL | Flags.AC | Flags.VIF | Flags.VIP;

    private final Emission e;
    private final HostAssembler a;
    private final StateLayout state;
    private final SegmentForms segments;
    private final GateForms gates;
    private final StringForms strings;
    private final long exit;

    SystemForms(Emission e, IntegerForms integers, StateLayout state, long exit) {
        this.e = e;
        a = e.a;
        this.state = state;
        this.exit = exit;
        segments = new SegmentForms(e, state);
        gates = new GateForms(e, integers, this, state);
        strings = new StringForms(e, state);
    }

    /** Instructions that do not end their block; false, with nothing emitted, for what is left to the slow way. */
    boolean emit(Op op) {
        switch (op.mnemonic) {
            case LFENCE, MFENCE, SFENCE -> { } // memory is consistent for the one processor
            case CLD -> flag(Flags.DF, false);
            case STD -> flag(Flags.DF, true);
            case PAUSE -> need(SystemState.PAUSE);
            default -> {
                return segments.emit(op) || strings.emit(op);
            }
        }
        return true;
    }

    /** Whether {@link #end} has a form for an instruction that ends its block. */
    boolean ends(Op op) {
        return switch (op.mnemonic) {
            case CLI, STI, CLAC, STAC, SERIALIZE, RDTSC, RDTSCP -> true;
            case SWAPGS, SYSCALL -> e.mode == 64;
            case SYSRET -> e.mode == 64 && op.operandSize == 64;
            case MOV, POP -> segments.loads(op);
            case PUSH -> segments.pushes(op);
            case INT -> true;
            case STOS, MOVS -> strings.ends(op);
            case IRET -> op.operandSize == e.pointerSize();
            default -> false;
        };
    }

    /**
     * @param left instructions of the block from this one on
     * @return whether the code goes on behind it
     */
    boolean end(Op op, int left, int block) {
        switch (op.mnemonic) {
            case CLI -> {
                need(SystemState.CLI);
                flag(Flags.IF, false);
            }
            case STI -> enableInterrupts();
            case CLAC, STAC -> accessCheck(op.mnemonic == Mnemonic.STAC);
            case SERIALIZE -> e.clobberFlags();
            case RDTSC -> time(SystemState.RDTSC, left);
            case RDTSCP -> {
                time(SystemState.RDTSCP, left);
                a.absolute(32, 0x8b, RCX, state.tscAux(), 0);
            }
            case SWAPGS -> swapGs();
            case MOV, POP -> {
                need(SystemState.LOADS);
                segments.load(op);
            }
            case PUSH -> segments.push(op);
            case STOS, MOVS -> strings.end(op);
            case SYSCALL -> call(op, block);
            case SYSRET -> back(block);
            case INT -> gates.interrupt(op, block);
            default -> gates.interruptReturn(block);
        }
        return switch (op.mnemonic) {
            case SYSCALL, SYSRET, INT, IRET -> false;
            default -> true;
        };
    }

    void need(int permission) {
        e.clobberFlags();
        a.absolute(32, 0xf7, 0, state.allowed(), 4); // test
        a.put32(permission);
        e.slowIf(EQUAL);
    }

    private void flag(int bit, boolean value) {
        e.clobberFlags();
        a.absolute(32, 0x81, value ? 1 : 4, e.s + CpuLayout.FLAGS, 4); // or, and
        a.put32(value ? bit : ~bit);
    }

    private void changed(int what) {
        a.absolute(32, 0x81, 1, state.changes(), 4); // or
        a.put32(what);
    }

    void context(long place) {
        a.absolute(64, 0x8b, T0, place, 0);
        a.digit(64, 0xf3000fae, 3, T0); // wrgsbase
    }

    /** Whoever comes out before another instruction has retired finds the shadow in force: the budget is what it was. */
    private void enableInterrupts() {
        need(SystemState.STI);
        a.absolute(32, 0xf7, 0, e.s + CpuLayout.FLAGS, 4); // test
        a.put32(Flags.IF);
        int enabled = a.jump(NOT_EQUAL);
        flag(Flags.IF, true);
        a.absolute(64, 0x89, RAX, state.shadow(), 0);
        changed(SystemState.STI);
        a.land(enabled);
    }

    private void accessCheck(boolean allow) {
        need(SystemState.AC);
        flag(Flags.AC, allow);
        changed(SystemState.AC);
        context(allow ? state.openContext() : state.closedContext());
    }

    /** The instructions retired so far are those of the end of the budget less what is left of it, and less the rest of this block. */
    private void time(int permission, int left) {
        need(permission);
        a.move(64, T1, RAX);
        a.digit(64, 0xc1, 7, T1); // sar
        a.put8(Emission.BUDGET_SHIFT);
        a.absolute(64, 0x8b, T0, state.clock(), 0);
        a.rr(64, 0x2b, T0, T1);
        a.alu(64, 5, T0, left);
        a.move(32, R8, T0); // guest EAX
        e.rotate(T0, T0, 32);
        a.move(32, RDX, T0);
    }

    private void swapGs() {
        need(SystemState.SWAPGS);
        long gs = e.s + CpuLayout.SEG_BASE + 8 * Cpu.GS;
        a.absolute(64, 0x8b, T0, gs, 0);
        a.absolute(64, 0x8b, T1, state.kernelGs(), 0);
        a.absolute(64, 0x89, T1, gs, 0);
        a.absolute(64, 0x89, T0, state.kernelGs(), 0);
        changed(SystemState.SWAPGS);
    }

    private void call(Op op, int block) {
        need(SystemState.SYSCALL);
        a.constant(RCX, e.rip + op.start + op.length);
        e.composeFlags(T1);
        a.absolute(64, 0x89, T1, e.s + R11, 0);
        a.absolute(64, 0x8b, T0, state.callFlags(), 0);
        a.absolute(64, 0x21, T0, e.s + CpuLayout.FLAGS, 0); // and
        a.absolute(64, 0x8b, T0, state.callImage(), 0);
        a.rr(64, 0x23, RAX, T0); // and
        a.absolute(8, 0x20, T0, state.overflow(), 0); // and
        load(Cpu.CS, state.callSegment(true, Cpu.CS));
        load(Cpu.SS, state.callSegment(true, Cpu.SS));
        privilege(state.innerAllowed(), state.innerContext());
        a.absolute(64, 0x8b, T0, state.lstar(), 0);
        goTo(block);
    }

    private void back(int block) {
        need(SystemState.SYSRET);
        a.move(64, T0, RCX);
        canonical(T0);
        a.rr(64, 0x3b, T0, RCX);
        e.slowIf(NOT_EQUAL);
        a.absolute(64, 0x8b, T1, e.s + R11, 0);
        a.digit(32, 0xf7, 0, T1); // test
        a.put32(UNUSUAL);
        e.slowIf(NOT_EQUAL);
        a.move(32, T0, T1);
        a.alu(32, 4, T0, (int) FastCalls.SYSRET_FLAGS & ~Flags.ARITHMETIC);
        a.alu(32, 1, T0, Flags.FIXED);
        a.absolute(64, 0x89, T0, e.s + CpuLayout.FLAGS, 0);
        e.takeFlags(T1);
        load(Cpu.CS, state.callSegment(false, Cpu.CS));
        load(Cpu.SS, state.callSegment(false, Cpu.SS));
        privilege(state.outerAllowed(), state.outerContext());
        a.move(64, T0, RCX);
        goTo(block);
    }

    /** Bits 63:48 become copies of bit 47. */
    void canonical(int register) {
        a.digit(64, 0xc1, 4, register); // shl, sar
        a.put8(16);
        a.digit(64, 0xc1, 7, register);
        a.put8(16);
    }

    /** CS or SS is loaded as an image has it; T0 is lost. */
    void load(int register, long image) {
        a.absolute(64, 0x8d, T0, image, 0); // lea
        a.absolute(64, 0x89, T0, state.loaded(register), 0);
        a.absolute(32, 0x8b, T0, image + Precedents.SELECTOR, 0);
        a.absolute(32, 0x89, T0, state.selector(register), 0);
        changed(SystemState.SEGMENTS);
    }

    /** Privilege becomes another one; T0 is lost. */
    void privilege(long allowed, long context) {
        a.absolute(32, 0x8b, T0, allowed, 0);
        a.absolute(32, 0x89, T0, state.allowed(), 0);
        a.absolute(32, 0xff, 0, state.switches(), 0); // inc
        context(context);
    }

    /** To the code at the linear address in T0, for the new privilege; all is done, so the way out has the address with it. */
    void goTo(int block) {
        e.probeTable();
        int miss = a.jump(NOT_EQUAL);
        e.jumpFound();
        a.land(miss);
        a.absolute(64, 0x89, T0, state.rip(), 0);
        e.exit(block, TranslationCache.ELSEWHERE, exit);
    }
}
