package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.DS;
import static proteus.silicon.cpu.Cpu.ES;
import static proteus.silicon.cpu.Cpu.FS;
import static proteus.silicon.cpu.Cpu.GS;
import static proteus.silicon.cpu.Cpu.SS;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;

/**
 * One attempt to deliver one event through the IDT (SDM 3A, 6.12 to 6.14; SDM vol. 2, INT n). Faults leave everything as it was
 * except memory below the stack pointer and accessed bits.
 */
final class Delivery {
    /** Interruption types of SDM 3C table 25-17. */
    static final int EXTERNAL = 0, NMI = 2, EXCEPTION = 3, SOFTWARE = 4, PRIVILEGED_SOFTWARE = 5, SOFTWARE_EXCEPTION = 6;
    /** Flags cleared by every gate. */
    private static final long CLEARED = Flags.TF | Flags.NT | Flags.RF | Flags.VM;

    private Delivery() {}

    /**
     * @param returnRip what is pushed
     * @param image what is pushed for RFLAGS
     */
    static void deliver(Cpu cpu, int vector, int type, boolean hasError, int error, long returnRip, long image) {
        boolean software = type == SOFTWARE || type == SOFTWARE_EXCEPTION;
        int ext = software ? 0 : ExceptionVector.ERROR_EXT;
        if (!cpu.protectedMode()) {
            real(cpu, vector, ext, returnRip, image);
        } else if (cpu.longMode()) {
            wide(cpu, vector, software, ext, hasError, error, returnRip, image);
        } else {
            protectedMode(cpu, vector, software, type, ext, hasError, error, returnRip, image);
        }
    }

    /** Through the interrupt vector table (SDM 3B, 20.1.4): no error codes. */
    private static void real(Cpu cpu, int vector, int ext, long returnRip, long image) {
        if (4 * vector + 3 > cpu.idtrLimit) {
            throw cpu.protection(vector * 8 + ExceptionVector.ERROR_IDT + ext);
        }
        int entry = cpu.mmu.systemRead32(cpu.idtrBase + 4 * vector);
        enterReal(cpu, entry, returnRip, image, Flags.IF | Flags.TF | Flags.AC | Flags.RF);
    }

    /** Pushes FLAGS, CS, IP and goes to an 8086 handler; in real mode, and for redirected interrupts of v8086 mode. */
    static void enterReal(Cpu cpu, int entry, long returnRip, long image, long cleared) {
        Stack stack = Stack.current(cpu, 0);
        stack.push(16, image);
        stack.push(16, cpu.selector[CS]);
        stack.push(16, returnRip);
        stack.commit();
        cpu.rflags(cpu.rflags() & ~cleared);
        FarTransfers.enterReal(cpu, entry >>> 16, entry & 0xffff);
    }

    // ---- protected mode

    private static void protectedMode(Cpu cpu, int vector, boolean software, int type, int ext, boolean hasError, int error, long returnRip, long image) {
        int index = vector * 8 + ExceptionVector.ERROR_IDT + ext;
        if (8 * vector + 7 > cpu.idtrLimit) {
            throw cpu.protection(index);
        }
        long gate = cpu.mmu.systemRead64(cpu.idtrBase + 8L * vector);
        int rights = GateDescriptor.rights(gate);
        int kind = GateDescriptor.type(gate);
        boolean isGate = (rights & SegmentDescriptor.S) == 0
            && (kind == SegmentDescriptor.TASK_GATE || kind == SegmentDescriptor.INTERRUPT_GATE16 || kind == SegmentDescriptor.TRAP_GATE16
                || kind == SegmentDescriptor.INTERRUPT_GATE || kind == SegmentDescriptor.TRAP_GATE);
        if (!isGate || software && GateDescriptor.dpl(gate) < cpu.cpl) {
            throw cpu.protection(index);
        }
        if (!GateDescriptor.present(gate)) {
            throw cpu.fault(ExceptionVector.NP, index);
        }
        if (kind == SegmentDescriptor.TASK_GATE) {
            throughTask(cpu, gate, ext, hasError, error, returnRip, image);
            return;
        }
        int selector = GateDescriptor.selector(gate);
        long descriptor = handlerCode(cpu, selector, ext);
        int codeRights = SegmentDescriptor.rights(descriptor);
        int dpl = SegmentDescriptor.dpl(codeRights);
        boolean toInner = !SegmentDescriptor.isConforming(codeRights) && dpl < cpu.cpl;
        boolean v8086 = cpu.v8086();
        if (v8086 ? !toInner || dpl != 0 : !toInner && !SegmentDescriptor.isConforming(codeRights) && dpl != cpu.cpl) {
            throw cpu.protection(Selector.errorCode(selector) | ext);
        }
        boolean large = (kind & 8) != 0;
        int bits = large ? 32 : 16;
        long offset = large ? GateDescriptor.offset(gate) : GateDescriptor.offset(gate) & 0xffff;
        FarTransfers.checkTarget(cpu, descriptor, offset, ext);
        Stack stack;
        if (toInner) {
            stack = Stack.fromTss(cpu, dpl, ext);
            if (v8086) {
                stack.push(bits, cpu.selector[GS]);
                stack.push(bits, cpu.selector[FS]);
                stack.push(bits, cpu.selector[DS]);
                stack.push(bits, cpu.selector[ES]);
            }
            stack.push(bits, cpu.selector[SS]);
            stack.push(bits, cpu.gpr(4));
        } else {
            stack = Stack.current(cpu, ext);
        }
        stack.push(bits, image);
        stack.push(bits, cpu.selector[CS]);
        stack.push(bits, returnRip);
        if (hasError) {
            stack.push(bits, error);
        }
        long marked = Segments.markAccessed(cpu, selector, descriptor);
        // nothing faults from here on
        long cleared = CLEARED | ((kind & 1) == 0 ? Flags.IF : 0);
        cpu.rflags(cpu.rflags() & ~cleared);
        if (toInner) {
            if (v8086) {
                for (int register : new int[] {ES, DS, FS, GS}) {
                    Segments.putNull(cpu, register, 0, 0);
                }
            }
            stack.install();
        } else {
            stack.commit();
        }
        Segments.putCode(cpu, selector, marked, toInner ? dpl : cpu.cpl);
        cpu.rip(offset);
    }

    /** The code segment of an interrupt or trap gate: code, not less privileged than the interrupted program, present. */
    private static long handlerCode(Cpu cpu, int selector, int ext) {
        if (Selector.isNull(selector)) {
            throw cpu.protection(ext);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, ext);
        int rights = SegmentDescriptor.rights(descriptor);
        boolean longCode = (rights & (SegmentDescriptor.L | SegmentDescriptor.DB)) == SegmentDescriptor.L;
        if (!SegmentDescriptor.isCode(rights) || SegmentDescriptor.dpl(rights) > cpu.cpl || cpu.longMode() && !longCode) {
            throw cpu.protection(Selector.errorCode(selector) | ext);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(selector) | ext);
        }
        return descriptor;
    }

    private static void throughTask(Cpu cpu, long gate, int ext, boolean hasError, int error, long returnRip, long image) {
        int selector = GateDescriptor.selector(gate);
        int code = Selector.errorCode(selector) | ext;
        if (Selector.ldt(selector) || Selector.isNull(selector)) {
            throw cpu.protection(code);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, ext);
        int rights = SegmentDescriptor.rights(descriptor);
        int type = SegmentDescriptor.type(rights);
        if (SegmentDescriptor.isSegment(rights) || type != SegmentDescriptor.TSS_AVAILABLE && type != SegmentDescriptor.TSS16_AVAILABLE) {
            throw cpu.protection(code);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, code);
        }
        cpu.intercepts.taskSwitch(cpu, selector, TaskSwitch.BY_GATE, 0);
        TaskSwitch.run(cpu, selector, descriptor, TaskSwitch.BY_GATE, returnRip, image, ext);
        if (hasError) {
            Stack stack = Stack.current(cpu, ext);
            stack.push(type == SegmentDescriptor.TSS_AVAILABLE ? 32 : 16, error);
            stack.commit();
        }
    }

    // ---- IA-32e mode

    private static void wide(Cpu cpu, int vector, boolean software, int ext, boolean hasError, int error, long returnRip, long image) {
        int index = vector * 8 + ExceptionVector.ERROR_IDT + ext;
        if (16 * vector + 15 > cpu.idtrLimit) {
            throw cpu.protection(index);
        }
        long gate = cpu.mmu.systemRead64(cpu.idtrBase + 16L * vector);
        int kind = GateDescriptor.rights(gate) & (SegmentDescriptor.TYPE | SegmentDescriptor.S);
        if (kind != SegmentDescriptor.INTERRUPT_GATE && kind != SegmentDescriptor.TRAP_GATE || software && GateDescriptor.dpl(gate) < cpu.cpl) {
            throw cpu.protection(index);
        }
        if (!GateDescriptor.present(gate)) {
            throw cpu.fault(ExceptionVector.NP, index);
        }
        long offset = GateDescriptor.offset(gate, cpu.mmu.systemRead64(cpu.idtrBase + 16L * vector + 8));
        int selector = GateDescriptor.selector(gate);
        long descriptor = handlerCode(cpu, selector, ext);
        int rights = SegmentDescriptor.rights(descriptor);
        int level = SegmentDescriptor.isConforming(rights) ? cpu.cpl : SegmentDescriptor.dpl(rights);
        int ist = GateDescriptor.ist(gate);
        boolean toInner = level < cpu.cpl;
        FarTransfers.checkTarget(cpu, descriptor, offset, ext);
        long sp = toInner || ist != 0 ? Stack.pointerOfTss64(cpu, level, ist, ext) : cpu.gpr(4);
        Stack stack = Stack.wide(cpu, sp & ~15L, level < 3, ext);
        stack.push(64, cpu.selector[SS]);
        stack.push(64, cpu.gpr(4));
        stack.push(64, image);
        stack.push(64, cpu.selector[CS]);
        stack.push(64, returnRip);
        if (hasError) {
            stack.push(64, error);
        }
        long marked = Segments.markAccessed(cpu, selector, descriptor);
        long cleared = CLEARED | ((kind & 1) == 0 ? Flags.IF : 0);
        boolean already = cpu.code64();
        if (toInner) {
            Segments.putNull(cpu, SS, level, level);
        }
        stack.commit();
        Segments.put(cpu, CS, selector & ~Selector.RPL | level, marked);
        cpu.cpl(level, cpu.rflags() & ~cleared);
        if (!already) {
            cpu.updateMode();
        }
        cpu.rip(offset);
    }
}
