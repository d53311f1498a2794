package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.SS;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.DebugRegister;
import proteus.x86.format.Efer;
import proteus.x86.format.SegmentDescriptor;

/** SYSCALL, SYSRET, SYSENTER, SYSEXIT as Intel has them (SDM vol. 2; SDM 3A, 5.8.7 and 5.8.8). */
public final class FastCalls {
    private static final int CODE64 = SegmentDescriptor.L | Segments.CODE_TYPE;
    private static final int CODE32 = SegmentDescriptor.DB | Segments.CODE_TYPE;
    private static final int DATA = SegmentDescriptor.DB | Segments.DATA_TYPE;
    private static final int RING3 = SegmentDescriptor.DPL;
    /** Flags that SYSRET takes from R11. */
    public static final long SYSRET_FLAGS = 0x3c7fd7;
    private static final int RCX = 1, RDX = 2, RSP = 4, R11 = 11;

    private FastCalls() {}

    public static void register(HandlerTable t) {
        t.putEnding(Mnemonic.SYSCALL, FastCalls::syscall);
        t.putEnding(Mnemonic.SYSRET, FastCalls::sysret);
        t.putEnding(Mnemonic.SYSENTER, FastCalls::sysenter);
        t.putEnding(Mnemonic.SYSEXIT, FastCalls::sysexit);
    }

    /** #UD outside 64-bit mode: the compatibility-mode SYSCALL is AMD's. */
    private static void syscall(Cpu cpu, Op op) {
        if (!cpu.code64() || (cpu.efer & Efer.SCE) == 0) {
            throw cpu.undefined();
        }
        cpu.intercepts.instruction(cpu, op, ExitReason.SYSTEM_CALL, 0);
        long flags = cpu.rflags() & ~(long) Flags.RF;
        cpu.gpr(RCX, cpu.rip());
        cpu.gpr(R11, flags);
        innerSegments(cpu);
        // 64-bit code before and after: no derived segment state changes
        cpu.cpl(0, flags & ~cpu.msrs.sfmask);
        cpu.rip(cpu.msrs.lstar);
        singleStep(cpu);
    }

    /** CS and SS become those of SYSCALL. */
    public static void innerSegments(Cpu cpu) {
        int selector = (int) (cpu.msrs.star >>> 32) & 0xfffc;
        Segments.putFlat(cpu, CS, selector, CODE64);
        Segments.putFlat(cpu, SS, selector + 8, DATA);
    }

    /** CS and SS become those of SYSRET, to 64-bit code or to 32-bit code. */
    public static void outerSegments(Cpu cpu, boolean wide) {
        int selector = (int) (cpu.msrs.star >>> 48);
        Segments.putFlat(cpu, CS, selector + (wide ? 16 : 0) | 3, (wide ? CODE64 : CODE32) | RING3);
        Segments.putFlat(cpu, SS, selector + 8 | 3, DATA | RING3);
    }

    /**
     * SYSCALL and SYSRET trap if TF is set when they are done, so that a system call with TF masked enters the kernel without a
     * debug exception. The manual is silent; Xen's advisory 204 and kvm-unit-tests (syscall.c) have it from processors.
     */
    private static void singleStep(Cpu cpu) {
        if (cpu.flag(Flags.TF)) {
            cpu.pendingDebug |= DebugRegister.BS;
        }
    }

    private static void sysret(Cpu cpu, Op op) {
        if (!cpu.code64() || (cpu.efer & Efer.SCE) == 0) {
            throw cpu.undefined();
        }
        Checks.ring0(cpu);
        boolean wide = op.operandSize == 64;
        long target = cpu.gpr(RCX);
        if (wide && !Segments.canonical(target)) {
            throw cpu.protection(0);
        }
        outerSegments(cpu, wide);
        cpu.cpl(3, cpu.gpr(R11) & SYSRET_FLAGS);
        if (wide) {
            cpu.rip(target);
        } else {
            cpu.updateMode();
            cpu.rip(target & 0xffff_ffffL);
        }
        singleStep(cpu);
    }

    private static void sysenter(Cpu cpu, Op op) {
        int selector = (int) cpu.msrs.sysenterCs & 0xfffc;
        if (!cpu.protectedMode() || selector == 0) {
            throw cpu.protection(0);
        }
        cpu.intercepts.instruction(cpu, op, ExitReason.SYSTEM_CALL, 0);
        boolean wide = cpu.longMode();
        Segments.putFlat(cpu, CS, selector, wide ? CODE64 : CODE32);
        Segments.putFlat(cpu, SS, selector + 8, DATA);
        cpu.cpl(0, cpu.rflags() & ~(long) (Flags.VM | Flags.IF | Flags.RF));
        cpu.updateMode();
        cpu.gpr(RSP, wide ? cpu.msrs.sysenterEsp : cpu.msrs.sysenterEsp & 0xffff_ffffL);
        cpu.rip(wide ? cpu.msrs.sysenterEip : cpu.msrs.sysenterEip & 0xffff_ffffL);
    }

    private static void sysexit(Cpu cpu, Op op) {
        int base = (int) cpu.msrs.sysenterCs & 0xfffc;
        if (!cpu.protectedMode() || base == 0 || cpu.cpl != 0) {
            throw cpu.protection(0);
        }
        boolean wide = op.operandSize == 64;
        long sp = cpu.gpr(RCX);
        long target = cpu.gpr(RDX);
        if (wide && (!Segments.canonical(sp) || !Segments.canonical(target))) {
            throw cpu.protection(0);
        }
        int selector = base + (wide ? 32 : 16);
        Segments.putFlat(cpu, CS, selector | 3, (wide ? CODE64 : CODE32) | RING3);
        Segments.putFlat(cpu, SS, selector + 8 | 3, DATA | RING3);
        cpu.setCpl(3);
        cpu.updateMode();
        cpu.gpr(RSP, wide ? sp : sp & 0xffff_ffffL);
        cpu.rip(wide ? target : target & 0xffff_ffffL);
    }
}
