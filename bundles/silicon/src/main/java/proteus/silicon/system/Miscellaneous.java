package proteus.silicon.system;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Handler;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;

/** Time, random numbers, caches, fences, halting, and the instructions that are never valid here (SDM vol. 2). */
final class Miscellaneous {
    private static final int RAX = 0, RCX = 1, RDX = 2;
    private static final long LOW = 0xffff_ffffL;
    private static final int HALTED = 1;
    /** ECX of MWAIT. */
    private static final int BREAK_ON_MASKED_INTERRUPT = 1;

    private Miscellaneous() {}

    static void register(HandlerTable t) {
        Handler nothing = (cpu, op) -> { };
        t.putEnding(Mnemonic.HLT, Miscellaneous::hlt);
        t.putEnding(Mnemonic.MONITOR, Miscellaneous::monitor);
        t.putEnding(Mnemonic.MWAIT, Miscellaneous::mwait);
        t.putEnding(Mnemonic.RDTSC, Miscellaneous::rdtsc);
        t.putEnding(Mnemonic.RDTSCP, Miscellaneous::rdtscp);
        t.putEnding(Mnemonic.RDPMC, Miscellaneous::rdpmc);
        t.put(Mnemonic.RDPID, Miscellaneous::rdpid);
        t.putEnding(Mnemonic.RDRAND, (cpu, op) -> random(cpu, op, ExitReason.RDRAND));
        t.putEnding(Mnemonic.RDSEED, (cpu, op) -> random(cpu, op, ExitReason.RDSEED));
        t.putEnding(Mnemonic.INVD, (cpu, op) -> wholeCache(cpu, op, ExitReason.INVD));
        t.putEnding(Mnemonic.WBINVD, (cpu, op) -> wholeCache(cpu, op, ExitReason.WBINVD));
        t.putEnding(Mnemonic.WBNOINVD, (cpu, op) -> wholeCache(cpu, op, ExitReason.WBINVD));
        t.put(Mnemonic.CLFLUSH, Miscellaneous::line);
        t.put(Mnemonic.CLFLUSHOPT, Miscellaneous::line);
        t.put(Mnemonic.CLWB, Miscellaneous::line);
        t.putEnding(Mnemonic.SERIALIZE, nothing);
        t.put(Mnemonic.PAUSE, (cpu, op) -> cpu.intercepts.instruction(cpu, op, ExitReason.PAUSE, 0));
        // memory is sequentially consistent for the one processor; hints do nothing. RDSSP is a NOP without shadow stacks.
        for (Mnemonic m : new Mnemonic[] {Mnemonic.LFENCE, Mnemonic.MFENCE, Mnemonic.SFENCE, Mnemonic.CLDEMOTE, Mnemonic.RDSSP}) {
            t.put(m, nothing);
        }
        Handler undefined = (cpu, op) -> {
            throw cpu.undefined();
        };
        for (Mnemonic m : new Mnemonic[] {Mnemonic.UD0, Mnemonic.UD1, Mnemonic.UD2}) {
            t.putEnding(m, undefined);
        }
        t.putEnding(Mnemonic.RSM, (cpu, op) -> {
            throw cpu.undefined(); // outside system-management mode
        });
    }

    private static void hlt(Cpu cpu, Op op) {
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.HLT, 0);
        cpu.activity = HALTED;
    }

    /** Outside ring 0 this and MWAIT are #UD; the address is checked as a load of one byte (SDM vol. 2, MONITOR). */
    private static void monitor(Cpu cpu, Op op) {
        if (cpu.cpl != 0) {
            throw cpu.undefined();
        }
        cpu.intercepts.instruction(cpu, op, ExitReason.MONITOR, 0);
        if (cpu.gpr32(RCX) != 0) {
            throw cpu.protection(0);
        }
        cpu.mmu.probeRead(cpu.readAddress(op.segment, cpu.gpr(RAX) & op.addressMask, 1, op.linearMask), 1);
        cpu.monitoring = true;
    }

    /** The wait ends at once, which the manual allows of every MWAIT: software looks whether what it waits for is there. */
    private static void mwait(Cpu cpu, Op op) {
        if (cpu.cpl != 0) {
            throw cpu.undefined();
        }
        cpu.intercepts.instruction(cpu, op, ExitReason.MWAIT, cpu.monitoring ? 1 : 0);
        if ((cpu.gpr32(RCX) & ~BREAK_ON_MASKED_INTERRUPT) != 0) {
            throw cpu.protection(0);
        }
        cpu.monitoring = false;
    }

    // ---- time

    private static void checkTime(Cpu cpu) {
        if ((cpu.cr4 & Cr4.TSD) != 0 && cpu.cpl != 0) {
            throw cpu.protection(0);
        }
    }

    private static void rdtsc(Cpu cpu, Op op) {
        checkTime(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.RDTSC, 0);
        time(cpu);
    }

    private static void time(Cpu cpu) {
        long tsc = cpu.intercepts.tsc(cpu);
        cpu.gpr(RAX, tsc & LOW);
        cpu.gpr(RDX, tsc >>> 32);
    }

    private static void rdtscp(Cpu cpu, Op op) {
        checkTime(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.RDTSCP, 0);
        time(cpu);
        cpu.gpr(RCX, cpu.msrs.tscAux & LOW);
    }

    private static void rdpid(Cpu cpu, Op op) {
        cpu.gpr(op.r0 >> 3, cpu.msrs.tscAux);
    }

    /** There are no performance counters (CPUID.0AH), so every index is #GP(0). */
    private static void rdpmc(Cpu cpu, Op op) {
        if (cpu.protectedMode() && cpu.cpl != 0 && (cpu.cr4 & Cr4.PCE) == 0) {
            throw cpu.protection(0);
        }
        cpu.intercepts.instruction(cpu, op, ExitReason.RDPMC, 0);
        throw cpu.protection(0);
    }

    // ---- random numbers

    /**
     * A deterministic generator: SplitMix64 of the TSC the guest sees. It has no state of its own, so that a run is repeatable
     * under the instruction-count clock and goes on alike after a hand-over. It never fails.
     */
    private static void random(Cpu cpu, Op op, ExitReason reason) {
        cpu.intercepts.instruction(cpu, op, reason, 0);
        long salt = reason == ExitReason.RDSEED ? 0x5851f42d4c957f2dL : 0;
        long z = (cpu.intercepts.tsc(cpu) ^ salt) * 0x9e3779b97f4a7c15L + 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        cpu.register(op.r0, op.operandSize, z ^ z >>> 31);
        cpu.arithmeticFlags(Flags.CF);
    }

    // ---- caches

    private static void wholeCache(Cpu cpu, Op op, ExitReason reason) {
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, reason, 0);
    }

    /** Checked as a load of one byte; an execute-only code segment may be flushed too. */
    private static void line(Cpu cpu, Op op) {
        long offset = cpu.effectiveAddress(op);
        boolean code = op.segment == Cpu.CS && cpu.codeSize != 64;
        if (code && offset > cpu.limit[Cpu.CS]) {
            throw cpu.protection(0);
        }
        long gva = code ? cpu.get(CpuLayout.SEG_BASE + 8 * Cpu.CS) + offset & op.linearMask : cpu.readAddress(op, 1);
        cpu.mmu.probeRead(gva, 1);
    }

}
