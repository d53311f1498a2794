package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.silicon.translate.HostAssembler.R8;
import static proteus.silicon.translate.HostAssembler.RCX;
import static proteus.silicon.translate.HostAssembler.RDI;
import static proteus.silicon.translate.HostAssembler.RSI;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/**
 * String instructions forward: single ones of all kinds but CMPS; REP MOVS and REP STOS within a page, as kernels clear and copy. Those
 * are the host's own, whose registers are the guest's, on host addresses: its iterations are in the guest's order, so operands that
 * overlap come out the same.
 */
final class StringForms {
    private static final int EQUAL = 4, NOT_EQUAL = 5, ABOVE = 7;
    private static final int PAGE = 4096;

    private final Emission e;
    private final HostAssembler a;
    private final StateLayout state;

    StringForms(Emission e, StateLayout state) {
        this.e = e;
        a = e.a;
        this.state = state;
    }

    private boolean ordinary(Op op) {
        boolean plain = op.segment == Cpu.DS || op.segment == Cpu.ES || op.segment == Cpu.SS;
        return plain && op.addressSize == e.pointerSize();
    }

    /** Single ones; false, with nothing emitted, for what is left to the slow way. */
    boolean emit(Op op) {
        if (op.rep || op.repne || !ordinary(op)) {
            return false;
        }
        int size = op.operandSize;
        int bytes = size >> 3;
        int wide = size == 8 ? 0 : 1;
        switch (op.mnemonic) {
            case LODS -> {
                at(RSI, bytes, false);
                a.rm(size, 0x8a + wide, R8, T0, 0); // mov: guest RAX
                step(RSI, bytes);
            }
            case STOS -> {
                at(RDI, bytes, true);
                a.rm(size, 0x88 + wide, R8, T0, 0);
                step(RDI, bytes);
            }
            case MOVS -> {
                at(RSI, bytes, false);
                a.rm(size, 0x8a + wide, T1, T0, 0);
                a.absolute(64, 0x89, T1, state.scratch(), 0);
                a.move(e.pointerSize(), T0, RDI);
                e.probe(bytes, true);
                a.absolute(64, 0x8b, T1, state.scratch(), 0);
                a.rm(size, 0x88 + wide, T1, T0, 0);
                step(RSI, bytes);
                step(RDI, bytes);
            }
            case SCAS -> {
                at(RDI, bytes, false);
                step(RDI, bytes);
                a.rm(size, 0x3a + wide, R8, T0, 0); // cmp
                e.flagsWritten();
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    /** T0 becomes the host address of an element. */
    private void at(int register, int bytes, boolean write) {
        forward();
        a.move(e.pointerSize(), T0, register);
        e.probe(bytes, write);
    }

    private void step(int register, int bytes) {
        a.rm(e.pointerSize(), 0x8d, register, register, bytes); // lea
    }

    private void forward() {
        e.clobberFlags();
        a.absolute(32, 0xf7, 0, e.s + CpuLayout.FLAGS, 4); // test
        a.put32(Flags.DF);
        e.slowIf(NOT_EQUAL);
    }

    /** Whether {@link #end} has a form; a repeated one ends its block. */
    boolean ends(Op op) {
        boolean known = op.mnemonic == Mnemonic.STOS || op.mnemonic == Mnemonic.MOVS;
        return known && (op.rep || op.repne) && ordinary(op);
    }

    void end(Op op) {
        boolean move = op.mnemonic == Mnemonic.MOVS;
        int size = op.operandSize;
        int shift = Integer.numberOfTrailingZeros(size >> 3);
        int width = e.pointerSize();
        long from = e.s + CpuLayout.gpr(6);
        long to = e.s + CpuLayout.gpr(7);
        forward();
        a.rr(width, 0x85, RCX, RCX); // test
        int none = a.jump(EQUAL);
        a.alu(width, 7, RCX, PAGE >> shift); // cmp
        e.slowIf(ABOVE);
        if (move) {
            a.move(width, T0, RSI);
            e.probe(1, false);
            withinPage(shift);
            a.absolute(64, 0x89, T0, state.scratch(), 0);
        }
        a.move(width, T0, RDI);
        e.probe(1, true);
        withinPage(shift);
        // the guest's registers wait in the struct
        a.absolute(64, 0x89, RDI, to, 0);
        a.move(64, RDI, T0);
        a.move(width, T1, RCX);
        a.move(64, RCX, T1);
        if (move) {
            a.absolute(64, 0x89, RSI, from, 0);
            a.absolute(64, 0x8b, RSI, state.scratch(), 0);
            repeat(0xa4, size);
            a.absolute(64, 0x8b, RSI, from, 0);
            a.rmx(width, 0x8d, RSI, RSI, T1, shift, 0); // lea
        } else {
            e.swapRax();
            repeat(0xaa, size);
            e.swapRax();
        }
        a.absolute(64, 0x8b, RDI, to, 0);
        a.rmx(width, 0x8d, RDI, RDI, T1, shift, 0);
        a.land(none);
    }

    /** Goes the slow way unless the elements from the host address in T0 on lie in one page: they lie in it as in the guest's. T1 is lost. */
    private void withinPage(int shift) {
        a.move(32, T1, T0);
        a.alu(32, 4, T1, PAGE - 1);
        a.rmx(32, 0x8d, T1, T1, RCX, shift, 0); // lea
        a.alu(32, 7, T1, PAGE);
        e.slowIf(ABOVE);
    }

    private void repeat(int opcode, int size) {
        if (size == 16) {
            a.put8(0x66);
        }
        a.put8(0xf3);
        if (size == 64) {
            a.put8(0x48);
        }
        a.put8(size == 8 ? opcode : opcode + 1);
    }
}
