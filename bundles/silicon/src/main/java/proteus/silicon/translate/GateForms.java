package proteus.silicon.translate;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.SS;
import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.silicon.translate.HostAssembler.R9;

import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.x86.format.Tss32;

/**
 * INT n from ring 3 to ring 0, and IRET from ring 0 to either, by {@link Precedents} (SDM vol. 2; SDM 3A, 6.12 to 6.14). Everything
 * is looked at before anything changes.
 */
final class GateForms {
    private static final int EQUAL = 4, NOT_EQUAL = 5;
    /** Words of the frame that an interrupt leaves: RIP, CS, RFLAGS, RSP, SS. */
    private static final int FRAME = 5;
    /** With one of these in its image an IRET changes more than IF and what user code may change. */
    private static final int UNUSUAL = Flags.TF | Flags.IOPL | Flags.NT | Flags.RF | Flags.VM | Flags.AC | Flags.VIF | Flags.VIP;

    private final Emission e;
    private final HostAssembler a;
    private final IntegerForms integers;
    private final SystemForms system;
    private final StateLayout state;

    GateForms(Emission e, IntegerForms integers, SystemForms system, StateLayout state) {
        this.e = e;
        a = e.a;
        this.integers = integers;
        this.system = system;
        this.state = state;
    }

    void interrupt(Op op, int block) {
        int size = e.pointerSize();
        int bytes = size >> 3;
        int vector = (int) op.immediate & 0xff;
        long gate = state.gate(vector & Precedents.GATES - 1);
        long code = state.gateSegment(vector, CS);
        long stack = state.gateSegment(vector, SS);
        system.need(SystemState.GATE);
        flagClear(Flags.AC);
        a.absolute(32, 0x81, 7, gate + Precedents.VECTOR, 4); // cmp
        a.put32(vector);
        e.slowIf(NOT_EQUAL);
        a.absolute(64, 0x8b, T0, state.idtBase(), 0);
        a.alu(size, 0, T0, 2 * bytes * vector);
        e.systemProbe(2 * bytes, false);
        for (int word = 0; word < 2 * bytes; word += 8) {
            a.rm(64, 0x8b, T1, T0, word);
            a.absolute(64, 0x3b, T1, gate + Precedents.GATE + word, 0);
            e.slowIf(NOT_EQUAL);
        }
        unchanged(code);
        // ESP0 and SS0, or RSP0, stand at the same place
        a.absolute(64, 0x8b, T0, state.tssBase(), 0);
        a.alu(size, 0, T0, Tss32.ESP0);
        e.systemProbe(8, false);
        a.rm(64, 0x8b, T0, T0, 0);
        if (size == 64) {
            a.alu(64, 4, T0, -16);
            a.absolute(64, 0x89, T0, state.scratch(), 0);
        } else {
            a.absolute(64, 0x89, T0, state.scratch(), 0);
            a.digit(64, 0xc1, 5, T0); // shr
            a.put8(32);
            a.extend(32, 0x0fb7, T0, T0, 16);
            a.absolute(32, 0x3b, T0, stack + Precedents.SELECTOR, 0);
            e.slowIf(NOT_EQUAL);
            unchanged(stack);
            a.absolute(32, 0x8b, T0, state.scratch(), 0);
        }
        a.alu(size, 5, T0, FRAME * bytes);
        e.systemProbe(FRAME * bytes, true);
        // nothing can go wrong from here on
        a.reserve();
        integers.storeImmediate(size, e.rip + op.start + op.length);
        a.absolute(32, 0x8b, T1, state.selector(CS), 0);
        a.rm(size, 0x89, T1, T0, bytes);
        e.composeFlags(T1);
        a.rm(size, 0x89, T1, T0, 2 * bytes);
        a.rm(size, 0x89, R9, T0, 3 * bytes);
        a.absolute(32, 0x8b, T1, state.selector(SS), 0);
        a.rm(size, 0x89, T1, T0, 4 * bytes);
        a.absolute(64, 0x8b, R9, state.scratch(), 0);
        a.alu(size, 5, R9, FRAME * bytes);
        a.absolute(64, 0x8b, T0, gate + Precedents.KEEPS, 0);
        a.absolute(64, 0x21, T0, e.s + CpuLayout.FLAGS, 0); // and
        system.load(CS, code);
        system.load(SS, stack);
        system.privilege(state.innerAllowed(), state.innerContext());
        a.absolute(64, 0x8b, T0, gate + Precedents.TARGET, 0);
        system.goTo(block);
    }

    void interruptReturn(int block) {
        int size = e.pointerSize();
        int bytes = size >> 3;
        system.need(SystemState.RETURN);
        flagClear(Flags.NT);
        a.move(size, T0, R9);
        e.probe(FRAME * bytes, false);
        a.rm(32, 0xf7, 0, T0, 2 * bytes); // test
        a.put32(UNUSUAL);
        e.slowIf(NOT_EQUAL);
        a.absolute(64, 0x89, T0, state.scratch(), 0);
        a.rm(32, 0x0fb7, T1, T0, bytes); // movzx
        a.digit(32, 0xf7, 0, T1); // test
        a.put32(3);
        int outer = a.jump(NOT_EQUAL);
        returnTo(false, size, block);
        a.land(outer);
        a.reserve();
        returnTo(true, size, block);
    }

    /** To the code segment whose selector is in T1, as the precedent for ring 0 or ring 3 has it. */
    private void returnTo(boolean outer, int size, int block) {
        int bytes = size >> 3;
        boolean popsStack = outer || size == 64;
        long code = state.returnCode(outer);
        long stack = state.returnStack(outer);
        a.absolute(32, 0x3b, T1, code + Precedents.SELECTOR, 0);
        e.slowIf(NOT_EQUAL);
        if (popsStack) {
            a.rm(32, 0x0fb7, T1, T0, 4 * bytes);
            a.absolute(32, 0x3b, T1, stack + Precedents.SELECTOR, 0);
            e.slowIf(NOT_EQUAL);
        }
        if (outer) {
            a.absolute(32, 0x81, 7, state.survives(), 4); // cmp
            a.put32(0x01010101);
            e.slowIf(NOT_EQUAL);
        }
        unchanged(code);
        if (popsStack) {
            unchanged(stack);
        }
        a.absolute(64, 0x8b, T0, state.scratch(), 0);
        a.rm(size, 0x8b, T1, T0, 0);
        a.absolute(64, 0x89, T1, state.rip(), 0);
        if (size == 64) {
            system.canonical(T1);
            a.absolute(64, 0x3b, T1, state.rip(), 0);
            e.slowIf(NOT_EQUAL);
        }
        // nothing can go wrong from here on
        a.reserve();
        if (popsStack) {
            a.rm(size, 0x8b, R9, T0, 3 * bytes);
        } else {
            a.alu(size, 0, R9, 3 * bytes);
        }
        a.rm(32, 0x8b, T1, T0, 2 * bytes);
        a.move(32, T0, T1);
        a.alu(32, 4, T0, Flags.IF | Flags.DF | Flags.ID);
        a.alu(32, 1, T0, Flags.FIXED);
        a.absolute(64, 0x89, T0, e.s + CpuLayout.FLAGS, 0);
        e.takeFlags(T1);
        system.load(CS, code);
        if (popsStack) {
            system.load(SS, stack);
        }
        if (outer) {
            system.privilege(state.outerAllowed(), state.outerContext());
        } else {
            system.context(state.closedContext()); // AC is clear now
        }
        a.absolute(64, 0x8b, T0, state.rip(), 0);
        system.goTo(block);
    }

    private void flagClear(int flag) {
        a.absolute(32, 0xf7, 0, e.s + CpuLayout.FLAGS, 4); // test
        a.put32(flag);
        e.slowIf(NOT_EQUAL);
    }

    /** Goes the slow way unless the descriptor that an image came of is in memory as it was then. */
    private void unchanged(long image) {
        a.absolute(64, 0x8b, T0, image + Precedents.ADDRESS, 0);
        a.rr(64, 0x85, T0, T0); // test
        int none = a.jump(EQUAL);
        e.systemProbe(8, false);
        a.rm(64, 0x8b, T0, T0, 0);
        a.absolute(64, 0x3b, T0, image + Precedents.DESCRIPTOR, 0);
        e.slowIf(NOT_EQUAL);
        a.land(none);
    }
}
