package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.SS;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;

/** JMP and CALL to another segment: direct, through call gates with and without a stack switch, to tasks (SDM 3A, 5.8). */
public final class FarTransfers {
    private FarTransfers() {}

    public static void register(HandlerTable t) {
        t.putEnding(Mnemonic.JMP_FAR, (cpu, op) -> transfer(cpu, op, false));
        t.putEnding(Mnemonic.CALL_FAR, (cpu, op) -> transfer(cpu, op, true));
    }

    private static void transfer(Cpu cpu, Op op, boolean call) {
        long offset;
        int selector;
        if (op.k0 == Instruction.MEMORY) {
            offset = cpu.mmu.read(cpu.readAddress(op, op.operandSize >> 3), op.operandSize);
            selector = SegmentMoves.selectorBehindOffset(cpu, op);
        } else {
            offset = op.immediate & (op.operandSize == 16 ? 0xffff : 0xffff_ffffL);
            selector = op.immediate2 & 0xffff;
        }
        if (!cpu.descriptorMode()) {
            toRealSegment(cpu, op, selector, offset, call);
            return;
        }
        if (Selector.isNull(selector)) {
            throw cpu.protection(0);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        if (SegmentDescriptor.isSegment(rights)) {
            toCode(cpu, op, selector, descriptor, offset, call);
            return;
        }
        int type = SegmentDescriptor.type(rights);
        boolean legacy = !cpu.longMode();
        if (type == SegmentDescriptor.CALL_GATE || legacy && type == SegmentDescriptor.CALL_GATE16) {
            throughGate(cpu, selector, descriptor, call);
        } else if (legacy && type == SegmentDescriptor.TASK_GATE) {
            checkReach(cpu, selector, rights);
            toTask(cpu, op, GateDescriptor.selector(descriptor), call);
        } else if (legacy && (type == SegmentDescriptor.TSS_AVAILABLE || type == SegmentDescriptor.TSS16_AVAILABLE)) {
            if (SegmentDescriptor.dpl(rights) < cpu.cpl || SegmentDescriptor.dpl(rights) < Selector.rpl(selector)) {
                throw cpu.protection(Selector.errorCode(selector));
            }
            toTask(cpu, op, selector, call);
        } else {
            throw cpu.protection(Selector.errorCode(selector));
        }
    }

    private static void toRealSegment(Cpu cpu, Op op, int selector, long offset, boolean call) {
        // v8086 code cannot leave its 64 KiB; real mode goes by the limit that is in force
        if (offset > (cpu.v8086() ? 0xffff : cpu.limit[CS])) {
            throw cpu.protection(0);
        }
        if (call) {
            Stack stack = Stack.current(cpu, 0);
            stack.push(op.operandSize, cpu.selector[CS]);
            stack.push(op.operandSize, cpu.rip());
            stack.commit();
        }
        enterReal(cpu, selector, offset);
    }

    /** CS:IP outside protected mode, and in v8086 mode. */
    static void enterReal(Cpu cpu, int selector, long offset) {
        if (cpu.v8086()) {
            Segments.putV8086(cpu, CS, selector);
        } else {
            Segments.putReal(cpu, CS, selector);
        }
        cpu.updateMode();
        cpu.rip(offset);
    }

    private static void toCode(Cpu cpu, Op op, int selector, long descriptor, long offset, boolean call) {
        int rights = SegmentDescriptor.rights(descriptor);
        int dpl = SegmentDescriptor.dpl(rights);
        boolean reachable = SegmentDescriptor.isConforming(rights) ? dpl <= cpu.cpl : Selector.rpl(selector) <= cpu.cpl && dpl == cpu.cpl;
        if (!SegmentDescriptor.isCode(rights) || !reachable) {
            throw cpu.protection(Selector.errorCode(selector));
        }
        checkLongCode(cpu, selector, rights, ExceptionVector.GP, 0);
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(selector));
        }
        checkTarget(cpu, descriptor, offset, 0);
        long marked = Segments.markAccessed(cpu, selector, descriptor);
        if (call) {
            Stack stack = Stack.underCode(cpu, cpu.longMode() && (rights & SegmentDescriptor.L) != 0, 0);
            stack.push(op.operandSize, cpu.selector[CS]);
            stack.push(op.operandSize, cpu.rip());
            stack.commit();
        }
        Segments.putCode(cpu, selector, marked, cpu.cpl);
        cpu.rip(offset);
    }

    /** In IA-32e mode a code segment has not both L and D (SDM 3A, 5.2.1). */
    static void checkLongCode(Cpu cpu, int selector, int rights, int vector, int ext) {
        int both = SegmentDescriptor.L | SegmentDescriptor.DB;
        if (cpu.longMode() && (rights & both) == both) {
            throw cpu.fault(vector, Selector.errorCode(selector) | ext);
        }
    }

    /** The new instruction pointer is inside its segment, or canonical: else #GP(ext). */
    static void checkTarget(Cpu cpu, long descriptor, long offset, int ext) {
        boolean wide = cpu.longMode() && (SegmentDescriptor.rights(descriptor) & SegmentDescriptor.L) != 0;
        if (wide ? !Segments.canonical(offset) : offset > SegmentDescriptor.limit(descriptor) || offset < 0) {
            throw cpu.protection(ext);
        }
    }

    /** A gate must be present and reachable from CPL and RPL. */
    private static void checkReach(Cpu cpu, int selector, int rights) {
        int dpl = SegmentDescriptor.dpl(rights);
        if (dpl < cpu.cpl || dpl < Selector.rpl(selector)) {
            throw cpu.protection(Selector.errorCode(selector));
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(selector));
        }
    }

    private static void throughGate(Cpu cpu, int gateSelector, long gate, boolean call) {
        boolean wide = cpu.longMode();
        int gateRights = SegmentDescriptor.rights(gate);
        long upper = wide ? Segments.upperHalf(cpu, gateSelector, ExceptionVector.GP, 0) : 0;
        if ((upper >>> 40 & 0x1f) != 0) {
            throw cpu.protection(Selector.errorCode(gateSelector));
        }
        checkReach(cpu, gateSelector, gateRights);
        int selector = GateDescriptor.selector(gate);
        if (Selector.isNull(selector)) {
            throw cpu.protection(0);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        int dpl = SegmentDescriptor.dpl(rights);
        boolean conforming = SegmentDescriptor.isConforming(rights);
        boolean reachable = call || conforming ? dpl <= cpu.cpl : dpl == cpu.cpl;
        boolean longCode = (rights & (SegmentDescriptor.L | SegmentDescriptor.DB)) == SegmentDescriptor.L;
        if (!SegmentDescriptor.isCode(rights) || !reachable || wide && !longCode) {
            throw cpu.protection(Selector.errorCode(selector));
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(selector));
        }
        int bits = wide ? 64 : GateDescriptor.type(gate) == SegmentDescriptor.CALL_GATE ? 32 : 16;
        long offset = wide ? GateDescriptor.offset(gate, upper) : bits == 32 ? GateDescriptor.offset(gate) : GateDescriptor.offset(gate) & 0xffff;
        int level = conforming || dpl == cpu.cpl ? cpu.cpl : dpl;
        checkTarget(cpu, descriptor, offset, 0);
        Stack stack = null;
        if (call) {
            stack = level < cpu.cpl ? innerFrame(cpu, gate, bits, level) : Stack.underCode(cpu, wide, 0);
            stack.push(bits, cpu.selector[CS]);
            stack.push(bits, cpu.rip());
        }
        long marked = Segments.markAccessed(cpu, selector, descriptor);
        if (stack != null) {
            if (level == cpu.cpl) {
                stack.commit();
            } else {
                if (wide) {
                    Segments.putNull(cpu, SS, level, level);
                }
                stack.install();
            }
        }
        Segments.putCode(cpu, selector, marked, level);
        cpu.rip(offset);
    }

    /** The inner stack with the old stack pointer and, outside IA-32e mode, the parameters on it (SDM 3A, 5.8.5). */
    private static Stack innerFrame(Cpu cpu, long gate, int bits, int level) {
        Stack stack = bits == 64 ? Stack.wide(cpu, Stack.pointerOfTss64(cpu, level, 0, 0), true, 0) : Stack.fromTss(cpu, level, 0);
        stack.push(bits, cpu.selector[SS]);
        stack.push(bits, cpu.gpr(4));
        if (bits != 64) {
            int count = GateDescriptor.parameterCount(gate);
            for (int i = count - 1; i >= 0; i--) {
                stack.push(bits, Stack.peek(cpu, (long) i * (bits >> 3), bits));
            }
        }
        return stack;
    }

    private static void toTask(Cpu cpu, Op op, int selector, boolean call) {
        int error = Selector.errorCode(selector);
        if (Selector.ldt(selector) || Selector.isNull(selector)) {
            throw cpu.protection(error);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        int type = SegmentDescriptor.type(rights);
        if (SegmentDescriptor.isSegment(rights) || type != SegmentDescriptor.TSS_AVAILABLE && type != SegmentDescriptor.TSS16_AVAILABLE) {
            throw cpu.protection(error);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, error);
        }
        cpu.intercepts.taskSwitch(cpu, selector, call ? TaskSwitch.BY_CALL : TaskSwitch.BY_JUMP, op.length);
        TaskSwitch.run(cpu, selector, descriptor, call ? TaskSwitch.BY_CALL : TaskSwitch.BY_JUMP, cpu.rip(), cpu.rflags(), 0);
    }
}
