package proteus.cpu.para;

import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.x86.format.Rflags;
import proteus.x86.format.SegmentDescriptor;

/**
 * A 32-bit guest in compatibility mode: its kernel is in ring 1, user code in ring 3, and both are in one address space, where pages keep them apart.
 * Handlers are called with the frame that an interrupt gate pushes (Xen arch/x86/x86_64/compat/entry.S, compat_create_bounce_frame), IRET takes
 * it back (arch/x86/pv/iret.c, compat_iret).
 */
final class NarrowMode implements GuestMode {
    private static final int RAX = CpuRegisters.RAX, RSP = CpuRegisters.RSP, CS = CpuRegisters.CS, SS = CpuRegisters.SS;
    private static final long LOW = 0xffff_ffffL;
    private static final int WORD = Integer.BYTES, RPL = 3, KERNEL_RING = 1, NO_ERROR_CODE = -1;
    /** Where the frame's CS says that events were masked. */
    private static final int MASKED = 1 << 16;
    /** What a handler does not find set, and what is never the guest's. */
    private static final long CLEARED = Rflags.TF | Rflags.RF | Rflags.NT | Rflags.VM | Rflags.AC | Rflags.IOPL;
    private static final long NOT_TAKEN_BACK = Rflags.IOPL | Rflags.VM | Rflags.VIF | Rflags.VIP;

    private final CpuRegisters registers;
    private final AddressSpace space;
    private final SharedInfo shared;
    private final TrapTable traps;
    private final XenArea area;
    private final SegmentTable segments;
    private final EventCounters counters;
    private long root;
    private int kernelStackSelector;
    private long kernelStack;

    NarrowMode(CpuRegisters registers, AddressSpace space, SharedInfo shared, TrapTable traps, XenArea area, EventCounters counters, long root) {
        this.registers = registers;
        this.space = space;
        this.shared = shared;
        this.traps = traps;
        this.area = area;
        this.segments = new SegmentTable(registers, area);
        this.counters = counters;
        this.root = root;
    }

    @Override
    public boolean kernel() {
        return registers.cpl() == KERNEL_RING;
    }

    @Override
    public long kernelRoot() {
        return root;
    }

    @Override
    public long userRoot() {
        return 0;
    }

    @Override
    public void kernelRoot(long hpa) {
        root = hpa;
        space.root(hpa);
        registers.cr(3, area.narrowRoot(hpa));
    }

    @Override
    public void userRoot(long hpa) {
        throw Refusal.INVALID;
    }

    @Override
    public void kernelStack(long selector, long pointer) {
        kernelStackSelector = (int) selector & 0xffff;
        kernelStack = pointer;
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

    /** There is none: 32-bit programs call by INT. */
    @Override
    public void systemCall() {
        throw Refusal.INVALID;
    }

    private void call(TrapTable.Handler handler, boolean masksEvents, int errorCode) {
        SegmentRegister code = handler.there() ? segments.code(handler.selector() & ~RPL | KERNEL_RING, KERNEL_RING) : null;
        if (code == null) {
            throw Refusal.INVALID;
        }
        boolean fromKernel = kernel();
        SegmentRegister oldStack = registers.segment(SS);
        long oldPointer = registers.gpr(RSP) & LOW;
        SegmentRegister stack = fromKernel ? oldStack : segments.stack(kernelStackSelector & ~RPL | KERNEL_RING, KERNEL_RING);
        if (stack == null) {
            throw Refusal.INVALID;
        }
        boolean masked = shared.masked();
        long rflags = registers.rflags();
        long pointer = fromKernel ? oldPointer : kernelStack;
        if (!fromKernel) {
            pointer = push(stack, pointer, oldStack.selector());
            pointer = push(stack, pointer, oldPointer);
        }
        pointer = push(stack, pointer, rflags & ~(long) (Rflags.IF | Rflags.IOPL) | (masked ? 0 : Rflags.IF));
        pointer = push(stack, pointer, registers.segment(CS).selector() | (masked ? MASKED : 0));
        pointer = push(stack, pointer, registers.rip());
        if (errorCode != NO_ERROR_CODE) {
            pointer = push(stack, pointer, errorCode);
        }
        if (masksEvents) {
            shared.mask(true);
        }
        registers.gpr(RSP, pointer);
        registers.rip(handler.address());
        registers.rflags(rflags & ~CLEARED | Rflags.IF);
        registers.segment(SS, stack);
        registers.segment(CS, code);
    }

    private long push(SegmentRegister stack, long pointer, long value) {
        long at = pointer - WORD & LOW;
        space.write32(stack.base() + at, (int) value);
        return at;
    }

    @Override
    public void returnFromHandler() {
        long base = registers.segment(SS).base(), frame = registers.gpr(RSP) & LOW;
        long rax = word(base, frame, 0), rip = word(base, frame, 1), rflags = word(base, frame, 3);
        int cs = (int) word(base, frame, 2) & 0xffff;
        int ring = cs & RPL;
        if (ring == 0 || (rflags & Rflags.VM) != 0) {
            throw Refusal.INVALID;
        }
        SegmentRegister code = segments.code(cs, ring);
        SegmentRegister stack;
        long pointer;
        if (ring == KERNEL_RING) {
            pointer = frame + 4 * WORD & LOW;
            stack = registers.segment(SS);
        } else {
            pointer = word(base, frame, 4);
            int selector = (int) word(base, frame, 5) & 0xffff;
            stack = (selector & RPL) == ring ? segments.stack(selector, ring) : null;
        }
        if (code == null || stack == null) {
            // The state cannot be loaded: the kernel is told, on top of the frame that holds it.
            call(traps.callback(TrapTable.FAILSAFE), traps.callback(TrapTable.FAILSAFE).masksEvents(), NO_ERROR_CODE);
            return;
        }
        registers.gpr(RAX, rax);
        registers.rip(rip);
        registers.gpr(RSP, pointer);
        registers.rflags(rflags & Rflags.DEFINED & ~NOT_TAKEN_BACK | Rflags.IF | Rflags.ALWAYS_ONE);
        shared.mask((rflags & Rflags.IF) == 0);
        registers.segment(SS, stack);
        registers.segment(CS, code);
        if (ring > KERNEL_RING) {
            dropKernelData(ring);
        }
    }

    private long word(long base, long frame, int index) {
        return space.read32(base + (frame + (long) index * WORD & LOW)) & LOW;
    }

    /** Data segments that the outer ring may not have do not stay loaded (SDM 3A 6.12, IRET to an outer privilege level). */
    private void dropKernelData(int ring) {
        for (int register : new int[] {CpuRegisters.DS, CpuRegisters.ES, CpuRegisters.FS, CpuRegisters.GS}) {
            SegmentRegister segment = registers.segment(register);
            boolean conforming = SegmentDescriptor.isCode(segment.rights()) && (segment.rights() & SegmentDescriptor.CONFORMING) != 0;
            if (!segment.unusable() && segment.dpl() < ring && !conforming) {
                registers.segment(register, new SegmentRegister(0, 0, 0, SegmentRegister.UNUSABLE));
            }
        }
    }

    @Override
    public void userGsSelector(int selector) {
        throw Refusal.UNKNOWN;
    }
}
