package proteus.cpu.para;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SegmentRegister;
import proteus.x86.format.Msr;
import proteus.x86.format.Rflags;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.xen.FlatSelector;

/**
 * The two modes of a guest whose kernel and user code are both in ring 3: each has its root and its base of GS. Calls of the kernel's handlers
 * put the frame on its stack that the hardware would, and two registers more (Xen arch/x86/x86_64/entry.S, create_bounce_frame); IRET is
 * the way back.
 */
final class GuestMode {
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
    private final XenArea area;
    private final EventCounters counters;
    private boolean kernel = true;
    private long kernelRoot;
    private long userRoot;
    private long kernelStack;

    GuestMode(Processor processor, AddressSpace space, SharedInfo shared, TrapTable traps, XenArea area, EventCounters counters, long root) {
        this.registers = processor.registers();
        this.space = space;
        this.shared = shared;
        this.traps = traps;
        this.area = area;
        this.counters = counters;
        this.kernelRoot = root;
    }

    boolean kernel() {
        return kernel;
    }

    long kernelRoot() {
        return kernelRoot;
    }

    long userRoot() {
        return userRoot;
    }

    /** Root of kernel mode, which is in force when this is asked for. */
    void kernelRoot(long hpa) {
        kernelRoot = hpa;
        load(hpa);
    }

    void userRoot(long hpa) {
        userRoot = hpa;
    }

    /** Address of the page fault the kernel was told of. */
    long cr2() {
        return shared.cr2();
    }

    void cr2(long value) {
        shared.cr2(value);
    }

    void kernelStack(long rsp) {
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

    /**
     * Calls the handler of a vector.
     *
     * @throws Refusal when it has none, or its stack is not there: the guest cannot go on
     */
    void exception(int vector, int errorCode, boolean hasErrorCode) {
        counters.count(CountedEvent.BOUNCED_EXCEPTIONS);
        call(traps.handler(vector), traps.masksEvents(vector), hasErrorCode ? errorCode : NO_ERROR_CODE);
    }

    void event() {
        counters.count(CountedEvent.EVENT_UPCALLS);
        call(traps.callback(TrapTable.EVENT), true, NO_ERROR_CODE);
    }

    /** A system call of user code; RCX and R11 are as SYSCALL leaves them. */
    void systemCall() {
        counters.count(CountedEvent.BOUNCED_SYSTEM_CALLS);
        call(traps.callback(TrapTable.SYSCALL), traps.callbackMasksEvents(TrapTable.SYSCALL), NO_ERROR_CODE);
    }

    /** The state to go back to cannot be loaded: the kernel is told where it is. */
    private void failsafe() {
        call(traps.callback(TrapTable.FAILSAFE), traps.callbackMasksEvents(TrapTable.FAILSAFE), NO_ERROR_CODE);
    }

    private void call(long handler, boolean masksEvents, int errorCode) {
        if (handler == 0) {
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
        registers.rip(handler);
        registers.rflags(rflags & ~CLEARED | Rflags.IF);
        registers.segment(CpuRegisters.SS, KERNEL_STACK);
        registers.segment(CpuRegisters.CS, KERNEL_CODE);
    }

    private long push(long top, long value) {
        space.write64(top - Long.BYTES, value);
        return top - Long.BYTES;
    }

    /** IRET: takes back RAX, R11, RCX, flags, RIP, CS, RFLAGS, RSP and SS from the stack (struct iret_context). */
    void returnFromHandler() {
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

    /**
     * Loads GS of user mode while the kernel's is in force: one selector register, of which the bases change places.
     *
     * @throws Refusal when it cannot be loaded
     */
    void userGsSelector(int selector) {
        long kernelBase = registers.msr(Msr.IA32_GS_BASE);
        SegmentRegister segment = new SegmentRegister(selector, 0, 0, SegmentRegister.UNUSABLE);
        if ((selector & ~RPL) != 0) {
            segment = segment(selector);
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
        if (selector == FlatSelector.CODE64) {
            return KERNEL_CODE;
        }
        SegmentRegister segment = segment(selector);
        return segment != null && SegmentDescriptor.isCode(segment.rights()) && !(segment.longMode() && segment.big()) ? segment : null;
    }

    /** A stack segment; the null selector stands for a flat one. */
    private SegmentRegister stack(int selector) {
        if (selector == FlatSelector.STACK || selector == RPL) {
            return KERNEL_STACK;
        }
        SegmentRegister segment = segment(selector);
        return segment != null && SegmentDescriptor.isWritable(segment.rights()) ? segment : null;
    }

    private SegmentRegister segment(int selector) {
        boolean local = (selector & 4) != 0;
        int limit = local ? registers.segment(CpuRegisters.LDTR).unusable() ? -1 : (int) registers.segment(CpuRegisters.LDTR).limit() : registers.gdtrLimit();
        if ((selector | 7) > limit) {
            return null;
        }
        long descriptor = area.descriptor((local ? XenArea.LDT - XenArea.GDT : 0) + (selector & 0xfff8));
        int rights = SegmentDescriptor.rights(descriptor);
        if (!SegmentDescriptor.present(rights) || SegmentDescriptor.dpl(rights) != RPL) {
            return null;
        }
        return new SegmentRegister(selector, SegmentDescriptor.base(descriptor), SegmentDescriptor.limit(descriptor), rights | SegmentDescriptor.ACCESSED);
    }
}
