package proteus.cpu.para;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;
import proteus.x86.xen.FlatSelector;

/**
 * A 64-bit guest, whose kernel and user code are both in ring 3: each mode has its root and its base of GS. Calls of the kernel's handlers
 * put the frame on its stack that the hardware would, and two registers more (Xen arch/x86/x86_64/entry.S, create_bounce_frame); IRET is
 * the way back.
 */
final class WideMode implements GuestMode {
    private static final int RCX = CpuRegisters.RCX, RSP = CpuRegisters.RSP, RAX = CpuRegisters.RAX, R11 = 11;
    private static final long FLAT = 0xffff_ffffL;
    private static final SegmentRegister KERNEL_CODE = new SegmentRegister(FlatSelector.CODE64, 0, FLAT, FlatSelector.CODE64_RIGHTS);
    private static final SegmentRegister KERNEL_STACK = new SegmentRegister(FlatSelector.STACK, 0, FLAT, FlatSelector.DATA_RIGHTS);
    /** What a handler does not find set, and what is never the guest's. */
    private static final long CLEARED = Rflags.TF | Rflags.RF | Rflags.NT | Rflags.VM | Rflags.AC | Rflags.IOPL;
    /** iret_context.flags: RCX and R11 are those of SYSRET (VGCF_in_syscall). */
    private static final int IN_SYSCALL = 1 << 8;
    private static final int RPL = 3, NO_ERROR_CODE = -1;

    private final CpuRegisters registers;
    private final AddressSpace space;
    private final SharedInfo shared;
    private final TrapTable traps;
    private final SegmentTable segments;
    private final EventCounters counters;
    private boolean kernel = true;
    private long kernelRoot;
    private long userRoot;
    private long kernelStack;

    WideMode(Processor processor, AddressSpace space, SharedInfo shared, TrapTable traps, XenArea area, EventCounters counters, long root) {
        this.registers = processor.registers();
        this.space = space;
        this.shared = shared;
        this.traps = traps;
        this.segments = new SegmentTable(registers, area);
        this.counters = counters;
        this.kernelRoot = root;
    }

    @Override
    public boolean kernel() {
        return kernel;
    }

    @Override
    public long kernelRoot() {
        return kernelRoot;
    }

    @Override
    public long userRoot() {
        return userRoot;
    }

    @Override
    public void kernelRoot(long hpa) {
        kernelRoot = hpa;
        load(hpa);
    }

    @Override
    public void userRoot(long hpa) {
        userRoot = hpa;
    }

    @Override
    public void kernelStack(long selector, long rsp) {
        kernelStack = rsp;
    }

    private void load(long root) {
        space.root(root);
        registers.cr(3, root);
    }

    private void toggle() {
        kernel = !kernel;
        long gs = registers.msr(Msr.IA32_GS_BASE);
        registers.msr(Msr.IA32_GS_BASE, registers.msr(Msr.IA32_KERNEL_GS_BASE));
        registers.msr(Msr.IA32_KERNEL_GS_BASE, gs);
        load(kernel ? kernelRoot : userRoot);
    }

    @Override
    public void exception(int vector, int errorCode, boolean hasErrorCode) {
        counters.count(CountedEvent.BOUNCED_EXCEPTIONS);
        call(traps.handler(vector), traps.handler(vector).masksEvents(), hasErrorCode ? errorCode : NO_ERROR_CODE);
    }

    @Override
    public void event() {
        counters.count(CountedEvent.EVENT_UPCALLS);
        call(traps.callback(TrapTable.EVENT), true, NO_ERROR_CODE);
    }

    @Override
    public void systemCall() {
        counters.count(CountedEvent.BOUNCED_SYSTEM_CALLS);
        call(traps.callback(TrapTable.SYSCALL), traps.callback(TrapTable.SYSCALL).masksEvents(), NO_ERROR_CODE);
    }

    /** The state to go back to cannot be loaded: the kernel is told where it is. */
    private void failsafe() {
        call(traps.callback(TrapTable.FAILSAFE), traps.callback(TrapTable.FAILSAFE).masksEvents(), NO_ERROR_CODE);
    }

    private void call(TrapTable.Handler handler, boolean masksEvents, int errorCode) {
        if (!handler.there()) {
            throw Refusal.INVALID;
        }
        long cs = registers.segment(CpuRegisters.CS).selector();
        long ss = registers.segment(CpuRegisters.SS).selector();
        long rsp = registers.gpr(RSP);
        long rflags = registers.rflags();
        if (kernel) {
            cs &= ~RPL; // the kernel believes in ring 0
        } else {
            toggle();
        }
        boolean masked = shared.masked();
        long top = (cs & RPL) == 0 ? rsp : kernelStack;
        top &= -16;
        top = push(top, ss);
        top = push(top, rsp);
        top = push(top, rflags & ~(long) (Rflags.IF | Rflags.IOPL) | (masked ? 0 : Rflags.IF));
        top = push(top, cs | (masked ? 1L << 32 : 0));
        top = push(top, registers.rip());
        if (errorCode != NO_ERROR_CODE) {
            top = push(top, errorCode & 0xffff_ffffL);
        }
        top = push(top, registers.gpr(R11));
        top = push(top, registers.gpr(RCX));
        if (masksEvents) {
            shared.mask(true);
        }
        registers.gpr(RSP, top);
        registers.rip(handler.address());
        registers.rflags(rflags & ~CLEARED | Rflags.IF);
        registers.segment(CpuRegisters.SS, KERNEL_STACK);
        registers.segment(CpuRegisters.CS, KERNEL_CODE);
    }

    private long push(long top, long value) {
        space.write64(top - Long.BYTES, value);
        return top - Long.BYTES;
    }

    @Override
    public void returnFromHandler() {
        long frame = registers.gpr(RSP);
        long rax = space.read64(frame), r11 = space.read64(frame + 8), rcx = space.read64(frame + 16), flags = space.read64(frame + 24);
        long rip = space.read64(frame + 32), rflags = space.read64(frame + 48), rsp = space.read64(frame + 56);
        int cs = space.read16(frame + 40), ss = space.read16(frame + 64);
        boolean toUser = (cs & RPL) == RPL;
        SegmentRegister code = code(cs | RPL);
        SegmentRegister stack = stack(ss | RPL);
        if (toUser && userRoot == 0) {
            throw Refusal.INVALID;
        }
        if (toUser == kernel) {
            toggle();
        }
        registers.gpr(RAX, rax);
        registers.rip(rip);
        registers.gpr(RSP, rsp);
        registers.rflags(rflags & Rflags.DEFINED & ~(long) (Rflags.IOPL | Rflags.VM | Rflags.VIF | Rflags.VIP) | Rflags.IF | Rflags.ALWAYS_ONE);
        boolean inSyscall = (flags & IN_SYSCALL) != 0;
        registers.gpr(R11, inSyscall ? rflags : r11);
        registers.gpr(RCX, inSyscall ? rip : rcx);
        shared.mask((rflags & Rflags.IF) == 0);
        boolean loadable = code != null && stack != null && (!code.longMode() || proteus.x86.format.PageTable.canonical(rip, 48));
        registers.segment(CpuRegisters.SS, loadable ? stack : KERNEL_STACK);
        registers.segment(CpuRegisters.CS, loadable ? code : KERNEL_CODE);
        if (!loadable) {
            failsafe();
        }
    }

    @Override
    public void userGsSelector(int selector) {
        long kernelBase = registers.msr(Msr.IA32_GS_BASE);
        SegmentRegister segment = new SegmentRegister(selector, 0, 0, SegmentRegister.UNUSABLE);
        if ((selector & ~RPL) != 0) {
            segment = segments.segment(selector, RPL);
            if (segment == null) {
                throw Refusal.INVALID;
            }
        }
        registers.segment(CpuRegisters.GS, segment);
        registers.msr(Msr.IA32_KERNEL_GS_BASE, segment.base());
        registers.msr(Msr.IA32_GS_BASE, kernelBase);
    }

    /** A code segment by its selector, or null when it cannot be loaded in ring 3. */
    private SegmentRegister code(int selector) {
        return selector == FlatSelector.CODE64 ? KERNEL_CODE : segments.code(selector, RPL);
    }

    /** A stack segment; the null selector stands for a flat one. */
    private SegmentRegister stack(int selector) {
        return selector == FlatSelector.STACK || selector == RPL ? KERNEL_STACK : segments.stack(selector, RPL);
    }
}
