package proteus.silicon.translate;

import proteus.api.event.CountedEvent;
import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;

/**
 * What system instructions in generated code may do at each of the two privileges that fast system calls lead to, and with
 * which values; and what they did, for the processor's own state, which lies where generated code does not reach.
 */
public final class SystemState {
    /** Permissions, a bit each; those of SWAPGS, CLAC and STAC, and STI say too what was done, as {@link #SEGMENTS} does. */
    static final int CLI = 1, AC = 2, SWAPGS = 4, RDTSC = 8, RDTSCP = 16, PAUSE = 32, SYSCALL = 64, SYSRET = 128, STI = 256, LOADS = 512, GATE = 1024,
        RETURN = 2048;
    /** Segment registers were loaded: {@link Precedents#settle}. */
    static final int SEGMENTS = 4096;
    private static final int STI_SHADOW = 1, NMI_BLOCKED = 8;
    private static final int ARITHMETIC_LOW = Flags.ARITHMETIC & 0xff;

    private final Cpu cpu;
    private final StateLayout state;
    private final JumpTable jumps;
    private final Precedents precedents;

    SystemState(Cpu cpu, StateLayout state, JumpTable jumps) {
        this.cpu = cpu;
        this.state = state;
        this.jumps = jumps;
        precedents = new Precedents(cpu, state);
    }

    /** Must come before generated code runs after anything else has run on the processor. */
    public void prepare() {
        precedents.prepare();
        boolean inner = cpu.cpl == 0;
        boolean wide = cpu.codeSize == 64;
        boolean transitions = (inner || cpu.cpl == 3) && wide == cpu.longMode();
        boolean calls = transitions && wide && (cpu.efer & Efer.SCE) != 0;
        int time = 0;
        if (!cpu.wallClock) {
            time = (cpu.intercepts.lets(ExitReason.RDTSC) ? RDTSC : 0) | (cpu.intercepts.lets(ExitReason.RDTSCP) ? RDTSCP : 0);
        }
        int always = cpu.intercepts.lets(ExitReason.PAUSE) ? PAUSE : 0;
        // what sets IF has to look whether somebody waits for it
        int enables = cpu.boundaryWork ? 0 : STI;
        int atInner = always | time | CLI | enables | AC | SWAPGS;
        int atOuter = always | ((cpu.cr4 & Cr4.TSD) == 0 ? time : 0);
        if (transitions) {
            atInner |= wide ? 0 : LOADS;
            if (!cpu.boundaryWork) {
                atInner |= (calls ? SYSRET : 0) | ((cpu.interruptibility & NMI_BLOCKED) == 0 ? RETURN : 0);
            }
            atOuter |= cpu.intercepts.lets(ExitReason.EXCEPTION) ? GATE : 0;
        }
        // an entry that left AC set would want another context; SYSRETs that set AC go the slow way, which comes by here
        boolean closed = (cpu.msrs.sfmask & Flags.AC) != 0 || inner || !cpu.flag(Flags.AC);
        if (calls && closed && cpu.intercepts.lets(ExitReason.SYSTEM_CALL)) {
            atOuter |= SYSCALL;
        }
        Raw.putInt(state.innerAllowed(), atInner);
        Raw.putInt(state.outerAllowed(), atOuter);
        Raw.putInt(state.allowed(), inner ? atInner : (cpu.cpl == 3 ? atOuter : always) | (cpu.cpl <= cpu.iopl() ? CLI | enables : 0));
        Raw.putLong(state.closedContext(), cpu.mmu.supervisorContext(false));
        Raw.putLong(state.openContext(), cpu.mmu.supervisorContext(true));
        Raw.putLong(state.kernelGs(), cpu.msrs.kernelGsBase);
        Raw.putInt(state.tscAux(), (int) cpu.msrs.tscAux);
        if (transitions) {
            Raw.putLong(state.innerContext(), cpu.mmu.supervisorContext(false));
            Raw.putLong(state.outerContext(), cpu.mmu.userContext());
            jumps.mode(cpu.codeSize, cpu.mmu.supervisorNumber());
            jumps.mode(cpu.codeSize, cpu.mmu.userNumber());
        }
        if (calls) {
            long entryFlags = ~cpu.msrs.sfmask;
            precedents.prepareFastCalls();
            Raw.putLong(state.lstar(), cpu.msrs.lstar);
            Raw.putLong(state.callFlags(), entryFlags & ~(long) Flags.RF | Flags.FIXED);
            // the bits for RAX, and the lowest one for OF, which is saved apart
            long image = -1L << 16 | (entryFlags & ARITHMETIC_LOW | Flags.FIXED) << 8 | ((entryFlags & Flags.OF) != 0 ? 1 : 0);
            Raw.putLong(state.callImage(), image);
        }
    }

    /** @param atEnd what the TSC reads when the budget is spent */
    public void clock(long atEnd) {
        Raw.putLong(state.clock(), atEnd);
    }

    /** The TSC less the count of retired instructions, which makes it tick. */
    public long clockOffset() {
        return cpu.wallClock ? 0 : cpu.intercepts.tsc(cpu) - cpu.retired;
    }

    /**
     * After generated code: what it did to the processor's state becomes known to everybody.
     *
     * @param left instructions of the budget that did not retire
     */
    public void settle(long left) {
        int changes = Raw.getInt(state.changes());
        if (changes == 0) {
            return;
        }
        Raw.putInt(state.changes(), 0);
        if ((changes & SWAPGS) != 0) {
            cpu.base[Cpu.GS] = cpu.get(CpuLayout.SEG_BASE + 8 * Cpu.GS);
            cpu.msrs.kernelGsBase = Raw.getLong(state.kernelGs());
        }
        if ((changes & SEGMENTS) != 0) {
            precedents.settle();
            cpu.counters.add(CountedEvent.MODE_SWITCHES, Raw.getInt(state.switches()));
            Raw.putInt(state.switches(), 0);
        }
        if ((changes & STI) != 0 && Raw.getLong(state.shadow()) >> Emission.BUDGET_SHIFT == left) {
            cpu.interruptibility |= STI_SHADOW;
        }
        cpu.mmu.selectAccess();
    }

    /** A handler has executed an instruction that ends its block, which was met at a CPL: generated code may do so too from now on. */
    public void learn(Op op, int level) {
        precedents.learn(op, level);
    }

    /** Where {@link TranslationCache#ELSEWHERE} leads to. */
    public long rip() {
        return Raw.getLong(state.rip());
    }
}
