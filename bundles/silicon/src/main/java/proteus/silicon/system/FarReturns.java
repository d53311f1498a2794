package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.DS;
import static proteus.silicon.cpu.Cpu.ES;
import static proteus.silicon.cpu.Cpu.FS;
import static proteus.silicon.cpu.Cpu.GS;
import static proteus.silicon.cpu.Cpu.SS;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.Rflags;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;
import proteus.x86.format.Tss32;

/**
 * RET to another segment and IRET in all modes (SDM vol. 2, RET and IRET; SDM 3A, 5.8.6, 6.12.1, 6.14.3; SDM 3B, 20.2). What is popped last is read
 * first, as processors do: it shows where nothing of it can be read.
 */
public final class FarReturns {
    /** Flags that IRET always takes from the stack, and those only a 32- or 64-bit image has. */
    private static final int FLAGS_ALWAYS = Flags.ARITHMETIC | Flags.TF | Flags.DF | Flags.NT;
    private static final int FLAGS_WIDE = Flags.RF | Flags.AC | Flags.ID;
    private static final int NMI_BLOCKED = 8;

    private FarReturns() {}

    public static void register(HandlerTable t) {
        t.putEnding(Mnemonic.RET_FAR, FarReturns::ret);
        t.putEnding(Mnemonic.IRET, FarReturns::iret);
    }

    // ---- RET

    private static void ret(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        long release = op.operandCount > 0 ? op.immediate & 0xffff : 0;
        int selector = (int) Stack.peek(cpu, bytes, 16);
        long offset = Stack.peek(cpu, 0, bits);
        if (!cpu.descriptorMode()) {
            if (offset > (cpu.v8086() ? 0xffff : cpu.limit[CS])) {
                throw cpu.protection(0);
            }
            Stack.move(cpu, 2 * bytes + release);
            FarTransfers.enterReal(cpu, selector, offset);
            return;
        }
        long descriptor = returnCode(cpu, selector);
        long target = target(cpu, descriptor, offset);
        int level = Selector.rpl(selector);
        if (level == cpu.cpl) {
            FarTransfers.checkTarget(cpu, descriptor, target, 0);
            long marked = Segments.markAccessed(cpu, selector, descriptor);
            Stack.move(cpu, 2 * bytes + release);
            Segments.putCode(cpu, selector, marked, level);
        } else {
            int stackSelector = (int) Stack.peek(cpu, 3L * bytes + release, 16);
            long sp = Stack.peek(cpu, 2L * bytes + release, bits);
            toOuter(cpu, selector, descriptor, target, stackSelector, sp, release);
        }
        cpu.rip(target);
    }

    /** Code that is not 64-bit has an EIP: the upper half of what was popped means nothing. */
    private static long target(Cpu cpu, long descriptor, long offset) {
        return cpu.longMode() && (SegmentDescriptor.rights(descriptor) & SegmentDescriptor.L) != 0 ? offset : offset & 0xffff_ffffL;
    }

    /** Checks the code segment that RET or IRET returns to; never an inner one. */
    private static long returnCode(Cpu cpu, int selector) {
        if (Selector.isNull(selector)) {
            throw cpu.protection(0);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        int level = Selector.rpl(selector);
        int dpl = SegmentDescriptor.dpl(rights);
        if (!SegmentDescriptor.isCode(rights) || level < cpu.cpl || (SegmentDescriptor.isConforming(rights) ? dpl > level : dpl != level)) {
            throw cpu.protection(Selector.errorCode(selector));
        }
        FarTransfers.checkLongCode(cpu, selector, rights, ExceptionVector.GP, 0);
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(selector));
        }
        return descriptor;
    }

    /**
     * Puts an outer code segment and its stack in force. IRET in 64-bit mode comes here for its own level too. The target is checked
     * behind the stack segment (SDM vol. 2, IRET, RETURN-TO-OUTER-PRIVILEGE-LEVEL). So it is for RIP's canonicality too, which the
     * manual names first (IA-32e-MODE-RETURN): a Xeon of family 6, model 207 and Bochs report the stack segment, and take any RIP
     * for code that is not 64-bit.
     */
    private static void toOuter(Cpu cpu, int selector, long descriptor, long target, int stackSelector, long sp, long release) {
        int level = Selector.rpl(selector);
        boolean wide = cpu.longMode() && (SegmentDescriptor.rights(descriptor) & SegmentDescriptor.L) != 0;
        if (Selector.isNull(stackSelector)) {
            // SDM vol. 2, IRET: a null SS is good for 64-bit code below ring 3 only
            if (!wide || level == 3 || Selector.rpl(stackSelector) != level) {
                throw cpu.protection(0);
            }
            FarTransfers.checkTarget(cpu, descriptor, target, 0);
            long marked = Segments.markAccessed(cpu, selector, descriptor);
            Segments.putNull(cpu, SS, stackSelector, level);
            finishOuter(cpu, selector, marked, level, sp + release, -1);
            return;
        }
        long stackDescriptor = Segments.stackDescriptor(cpu, stackSelector, level, ExceptionVector.GP, 0);
        FarTransfers.checkTarget(cpu, descriptor, target, 0);
        long marked = Segments.markAccessed(cpu, selector, descriptor);
        Segments.put(cpu, SS, stackSelector, Segments.markAccessed(cpu, stackSelector, stackDescriptor));
        long mask = wide ? -1 : (cpu.rights[SS] & SegmentDescriptor.DB) != 0 ? 0xffff_ffffL : 0xffff;
        finishOuter(cpu, selector, marked, level, sp + release, mask);
    }

    private static void finishOuter(Cpu cpu, int selector, long descriptor, int level, long sp, long mask) {
        boolean outer = level > cpu.cpl;
        Stack.setPointer(cpu, sp, mask);
        Segments.putCode(cpu, selector, descriptor, level);
        if (outer) {
            Segments.dropInnerData(cpu, level);
        }
    }

    // ---- IRET

    private static void iret(Cpu cpu, Op op) {
        try {
            if (!cpu.protectedMode()) {
                fromReal(cpu, op);
            } else if (cpu.v8086()) {
                fromV8086(cpu, op);
            } else if (cpu.flag(Flags.NT)) {
                toPreviousTask(cpu, op);
            } else {
                fromProtected(cpu, op);
            }
        } catch (GuestFault fault) {
            // even an IRET that faults ends the blocking of NMIs (SDM 3A, 6.7.1)
            cpu.interruptibility &= ~NMI_BLOCKED;
            throw fault;
        }
        cpu.interruptibility &= ~NMI_BLOCKED;
    }

    private static void fromReal(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        long image = Stack.peek(cpu, 2L * bytes, bits);
        int selector = (int) Stack.peek(cpu, bytes, bits) & 0xffff;
        long offset = Stack.peek(cpu, 0, bits);
        if (offset > cpu.limit[CS]) {
            throw cpu.protection(0);
        }
        Stack.move(cpu, 3 * bytes);
        int taken = FLAGS_ALWAYS | Flags.IF | Flags.IOPL | (bits == 16 ? 0 : FLAGS_WIDE);
        FarTransfers.enterReal(cpu, selector, offset);
        takeFlags(cpu, image, taken);
    }

    private static void takeFlags(Cpu cpu, long image, int taken) {
        cpu.rflags(cpu.rflags() & ~(long) taken | image & taken);
    }

    private static void fromV8086(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        boolean virtual = cpu.iopl() < 3;
        if (virtual && (bits != 16 || (cpu.cr4 & Cr4.VME) == 0)) {
            throw cpu.protection(0);
        }
        long image = Stack.peek(cpu, 2L * bytes, bits);
        int selector = (int) Stack.peek(cpu, bytes, bits) & 0xffff;
        long offset = Stack.peek(cpu, 0, bits);
        if (offset > 0xffff || virtual && ((image & Flags.IF) != 0 && cpu.flag(Flags.VIP) || (image & Flags.TF) != 0)) {
            throw cpu.protection(0);
        }
        Stack.move(cpu, 3 * bytes);
        FarTransfers.enterReal(cpu, selector, offset);
        if (virtual) {
            takeFlags(cpu, image, FLAGS_ALWAYS);
            cpu.flag(Flags.VIF, (image & Flags.IF) != 0);
        } else {
            takeFlags(cpu, image, FLAGS_ALWAYS | Flags.IF | (bits == 16 ? 0 : FLAGS_WIDE));
        }
    }

    private static void fromProtected(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        long image = Stack.peek(cpu, 2L * bytes, bits);
        int selector = (int) Stack.peek(cpu, bytes, bits) & 0xffff;
        long offset = Stack.peek(cpu, 0, bits);
        if ((image & Flags.VM) != 0 && bits == 32 && cpu.cpl == 0 && !cpu.longMode()) {
            toV8086(cpu, offset, selector, image);
            return;
        }
        long descriptor = returnCode(cpu, selector);
        long target = target(cpu, descriptor, offset);
        int level = Selector.rpl(selector);
        int taken = FLAGS_ALWAYS;
        if (bits != 16) {
            taken |= FLAGS_WIDE;
        }
        if (cpu.cpl <= cpu.iopl()) {
            taken |= Flags.IF;
        }
        if (cpu.cpl == 0) {
            taken |= Flags.IOPL | (bits == 16 ? 0 : Flags.VIF | Flags.VIP);
        }
        // 64-bit mode pops SS:RSP always (SDM 3A, 6.14.3)
        if (cpu.code64() || level > cpu.cpl) {
            int stackSelector = (int) Stack.peek(cpu, 4L * bytes, 16);
            long sp = Stack.peek(cpu, 3L * bytes, bits);
            toOuter(cpu, selector, descriptor, target, stackSelector, sp, 0);
        } else {
            FarTransfers.checkTarget(cpu, descriptor, target, 0);
            long marked = Segments.markAccessed(cpu, selector, descriptor);
            Stack.move(cpu, 3 * bytes);
            Segments.putCode(cpu, selector, marked, level);
        }
        takeFlags(cpu, image, taken);
        cpu.rip(target);
    }

    /** SDM 3B, 20.2.2: ESP, SS, ES, DS, FS, GS lie above EFLAGS. */
    private static void toV8086(Cpu cpu, long offset, int selector, long image) {
        if (offset > 0xffff) {
            throw cpu.protection(0);
        }
        long sp = Stack.peek(cpu, 12, 32);
        int[] order = {SS, ES, DS, FS, GS};
        int[] selectors = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            selectors[i] = (int) Stack.peek(cpu, 16 + 4L * i, 32) & 0xffff;
        }
        cpu.gpr(4, sp);
        cpu.rflags(image & Rflags.DEFINED);
        Segments.putV8086(cpu, CS, selector);
        for (int i = 0; i < order.length; i++) {
            Segments.putV8086(cpu, order[i], selectors[i]);
        }
        cpu.setCpl(3);
        cpu.updateMode();
        cpu.rip(offset);
    }

    /** NT is set: back to the task that the back link names (SDM 3A, 7.4). */
    private static void toPreviousTask(Cpu cpu, Op op) {
        if (cpu.longMode()) {
            throw cpu.protection(0);
        }
        int selector = cpu.mmu.systemRead16(cpu.base[TR] + Tss32.LINK) & 0xffff;
        int error = Selector.errorCode(selector);
        if (Selector.ldt(selector)) {
            throw cpu.fault(ExceptionVector.TS, error);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.TS, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        int type = SegmentDescriptor.type(rights);
        if (SegmentDescriptor.isSegment(rights) || type != SegmentDescriptor.TSS_BUSY && type != SegmentDescriptor.TSS16_BUSY) {
            throw cpu.fault(ExceptionVector.TS, error);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, error);
        }
        cpu.intercepts.taskSwitch(cpu, selector, TaskSwitch.BY_IRET, op.length);
        TaskSwitch.run(cpu, selector, descriptor, TaskSwitch.BY_IRET, cpu.rip(), cpu.rflags(), 0);
    }
}
