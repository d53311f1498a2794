package proteus.silicon.translate;

import proteus.api.event.CountedEvent;
import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Raw;
import proteus.silicon.system.FastCalls;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;

/**
 * What system instructions in generated code may do at each of the two privileges that fast system calls lead to, and with
 * which values; and what they did, for the processor's own state, which lies where generated code does not reach.
 */
public final class SystemState {
    /** Permissions, a bit each; those of SWAPGS, CLAC and STAC, SYSCALL and SYSRET say too what was done. */
    static final int CLI = 1, AC = 2, SWAPGS = 4, RDTSC = 8, RDTSCP = 16, PAUSE = 32, SYSCALL = 64, SYSRET = 128;
    private static final int ARITHMETIC_LOW = Flags.ARITHMETIC & 0xff;

    private final Cpu cpu;
    private final StateLayout state;
    private final JumpTable jumps;

    SystemState(Cpu cpu, StateLayout state, JumpTable jumps) {
        this.cpu = cpu;
        this.state = state;
        this.jumps = jumps;
    }

    /** Must come before generated code runs after anything else has run on the processor. */
    public void prepare() {
        boolean inner = cpu.cpl == 0;
        boolean calls = cpu.codeSize == 64 && (cpu.efer & Efer.SCE) != 0 && (inner || cpu.cpl == 3);
        int time = 0;
        if (!cpu.wallClock) {
            time = (cpu.intercepts.lets(ExitReason.RDTSC) ? RDTSC : 0) | (cpu.intercepts.lets(ExitReason.RDTSCP) ? RDTSCP : 0);
        }
        int always = cpu.intercepts.lets(ExitReason.PAUSE) ? PAUSE : 0;
        int atInner = always | time | CLI | AC | SWAPGS | (calls && !cpu.boundaryWork ? SYSRET : 0);
        int atOuter = always | ((cpu.cr4 & Cr4.TSD) == 0 ? time : 0);
        long entryFlags = ~cpu.msrs.sfmask;
        // an entry that left AC set would want another context; SYSRETs that set AC go the slow way, which comes by here
        boolean closed = (cpu.msrs.sfmask & Flags.AC) != 0 || inner || !cpu.flag(Flags.AC);
        if (calls && closed && cpu.intercepts.lets(ExitReason.SYSTEM_CALL)) {
            atOuter |= SYSCALL;
        }
        Raw.putInt(state.innerAllowed(), atInner);
        Raw.putInt(state.outerAllowed(), atOuter);
        Raw.putInt(state.allowed(), inner ? atInner : (cpu.cpl == 3 ? atOuter : always) | (cpu.cpl <= cpu.iopl() ? CLI : 0));
        Raw.putLong(state.closedContext(), cpu.mmu.supervisorContext(false));
        Raw.putLong(state.openContext(), cpu.mmu.supervisorContext(true));
        Raw.putLong(state.kernelGs(), cpu.msrs.kernelGsBase);
        Raw.putInt(state.tscAux(), (int) cpu.msrs.tscAux);
        if (calls) {
            Raw.putLong(state.innerContext(), cpu.mmu.supervisorContext(false));
            Raw.putLong(state.outerContext(), cpu.mmu.userContext());
            Raw.putLong(state.lstar(), cpu.msrs.lstar);
            Raw.putLong(state.callFlags(), entryFlags & ~(long) Flags.RF | Flags.FIXED);
            // the bits for RAX, and the lowest one for OF, which is saved apart
            long image = -1L << 16 | (entryFlags & ARITHMETIC_LOW | Flags.FIXED) << 8 | ((entryFlags & Flags.OF) != 0 ? 1 : 0);
            Raw.putLong(state.callImage(), image);
            jumps.mode(64, cpu.mmu.supervisorNumber());
            jumps.mode(64, cpu.mmu.userNumber());
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

    /** After generated code: what it did to the processor's state becomes known to everybody. */
    public void settle() {
        int changes = Raw.getInt(state.changes());
        if (changes == 0) {
            return;
        }
        Raw.putInt(state.changes(), 0);
        if ((changes & SWAPGS) != 0) {
            cpu.base[Cpu.GS] = cpu.get(CpuLayout.SEG_BASE + 8 * Cpu.GS);
            cpu.msrs.kernelGsBase = Raw.getLong(state.kernelGs());
        }
        if ((changes & (SYSCALL | SYSRET)) != 0) {
            cpu.counters.add(CountedEvent.MODE_SWITCHES, Raw.getInt(state.switches()));
            Raw.putInt(state.switches(), 0);
            if (Raw.getInt(state.transition()) == SYSCALL) {
                FastCalls.enterInner(cpu);
            } else {
                FastCalls.enterOuter(cpu);
            }
        }
        cpu.mmu.selectAccess();
    }

    /** Where {@link TranslationCache#ELSEWHERE} leads to. */
    public long rip() {
        return Raw.getLong(state.rip());
    }
}
