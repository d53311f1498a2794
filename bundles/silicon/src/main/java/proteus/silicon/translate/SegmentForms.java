package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.silicon.translate.HostAssembler.R9;
import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.MEMORY;
import static proteus.x86.decode.Instruction.SEGMENT;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/** MOV, PUSH and POP of segment registers. Loads only in ring 0 of 32-bit code, where kernels have them at each entry, and by {@link Precedents}. */
final class SegmentForms {
    private static final int EQUAL = 4, NOT_EQUAL = 5;

    private final Emission e;
    private final HostAssembler a;
    private final StateLayout state;

    SegmentForms(Emission e, StateLayout state) {
        this.e = e;
        a = e.a;
        this.state = state;
    }

    /** Reads of segment registers; false, with nothing emitted, for what is left to the slow way. */
    boolean emit(Op op) {
        return op.mnemonic == Mnemonic.MOV && op.k1 == SEGMENT && op.r1 <= Cpu.GS && read(op);
    }

    /** Whether {@link #push} has a form. */
    boolean pushes(Op op) {
        return op.k0 == SEGMENT && op.operandSize == e.pointerSize();
    }

    private boolean read(Op op) {
        if (op.k0 == MEMORY) {
            if (!e.addressable(op)) {
                return false;
            }
            e.access(op, 2, true);
            a.absolute(32, 0x8b, T1, state.selector(op.r1), 0);
            a.rm(16, 0x89, T1, T0, 0);
            return true;
        }
        if (op.k0 != GPR || op.operandSize < 16) {
            return false;
        }
        int to = e.target(op.r0, op.operandSize, T1);
        a.absolute(Math.min(op.operandSize, 32), 0x8b, to, state.selector(op.r1), 0);
        e.written(op.r0, to);
        return true;
    }

    /** With 32 bits only the selector is written. */
    void push(Op op) {
        int bytes = op.operandSize >> 3;
        e.clobberFlags();
        a.rm(e.pointerSize(), 0x8d, T0, R9, -bytes);
        e.probe(bytes == 4 ? 2 : bytes, true);
        a.absolute(32, 0x8b, T1, state.selector(op.r0), 0);
        a.rm(bytes == 4 ? 16 : 64, 0x89, T1, T0, 0);
        a.rm(e.pointerSize(), 0x8d, R9, R9, -bytes);
    }

    /** Whether {@link #load} has a form. */
    boolean loads(Op op) {
        if (e.mode != 32 || op.k0 != SEGMENT || op.r0 == Cpu.CS || op.r0 == Cpu.SS || op.r0 > Cpu.GS) {
            return false;
        }
        return op.mnemonic == Mnemonic.POP && op.operandSize == 32 || op.mnemonic == Mnemonic.MOV && (op.k1 == GPR || op.k1 == MEMORY && e.addressable(op));
    }

    /** A load of ES, DS, FS or GS that may be done ({@link SystemState#LOADS}). */
    void load(Op op) {
        int register = op.r0;
        if (op.mnemonic == Mnemonic.POP) {
            e.clobberFlags();
            a.move(32, T0, R9);
            e.probe(2, false);
            a.rm(32, 0x0fb7, T1, T0, 0); // movzx
        } else if (op.k1 == MEMORY) {
            e.access(op, 2, false);
            a.rm(32, 0x0fb7, T1, T0, 0);
        } else {
            a.extend(32, 0x0fb7, T1, e.read(op.r1, T1), 16);
        }
        a.rmx(32, 0x8d, T0, HostAssembler.NONE, T1, 3, 0); // lea: bits 6:3 times the size of an image
        a.alu(32, 4, T0, (Precedents.IMAGES - 1) * Precedents.IMAGE_BYTES);
        a.absolute(64, 0x03, T0, state.knownBase(), 0);
        a.rm(32, 0x3b, T1, T0, Precedents.SELECTOR);
        e.slowIf(NOT_EQUAL);
        boolean data = register == Cpu.ES || register == Cpu.DS;
        if (data) {
            // translated code takes them for flat
            a.rm(8, 0x80, 7, T0, Precedents.FLAT); // cmp
            a.put8(1);
            e.slowIf(NOT_EQUAL);
        }
        a.absolute(64, 0x89, T0, state.scratch(), 0);
        a.rm(64, 0x8b, T0, T0, Precedents.ADDRESS);
        a.rr(64, 0x85, T0, T0); // test
        int none = a.jump(EQUAL);
        e.systemProbe(8, false);
        a.rm(64, 0x8b, T0, T0, 0);
        a.absolute(64, 0x8b, T1, state.scratch(), 0);
        a.rm(64, 0x3b, T0, T1, Precedents.DESCRIPTOR);
        e.slowIf(NOT_EQUAL);
        a.land(none);
        a.absolute(64, 0x8b, T1, state.scratch(), 0);
        a.absolute(64, 0x89, T1, state.loaded(register), 0);
        a.rm(32, 0x8b, T0, T1, Precedents.SELECTOR);
        a.absolute(32, 0x89, T0, state.selector(register), 0);
        a.rm(32, 0x0fb6, T0, T1, Precedents.SURVIVES); // movzx
        a.absolute(8, 0x88, T0, state.survives() + (register == Cpu.ES ? 0 : register - Cpu.DS + 1), 0);
        if (!data) {
            copy(Precedents.BASE, CpuLayout.SEG_BASE + 8 * register);
            copy(Precedents.READ_END, CpuLayout.SEG_READ_END + 8 * register);
            copy(Precedents.WRITE_END, CpuLayout.SEG_WRITE_END + 8 * register);
        }
        a.absolute(32, 0x81, 1, state.changes(), 4); // or
        a.put32(SystemState.SEGMENTS);
        if (op.mnemonic == Mnemonic.POP) {
            a.rm(32, 0x8d, R9, R9, 4);
        }
    }

    private void copy(int from, int to) {
        a.rm(64, 0x8b, T0, T1, from);
        a.absolute(64, 0x89, T0, e.s + to, 0);
    }
}
