package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.x86.decode.Instruction.MEMORY;

import proteus.silicon.cpu.Op;

/** Bit counts, BMI1 and BMI2 on general registers, as the host's own instructions. */
final class BitForms {
    private static final int MAP_38 = 2, MAP_3A = 3;
    /** The prefix that VEX.pp stands for. */
    private static final int NONE = 0, P66 = 1, PF3 = 2, PF2 = 3;

    private final Emission e;
    private final HostAssembler a;

    BitForms(Emission e) {
        this.e = e;
        a = e.a;
    }

    /** False, with nothing emitted, for what is left to the slow way. */
    boolean emit(Op op) {
        return switch (op.mnemonic) {
            case POPCNT -> count(op, 0xb8);
            case TZCNT -> count(op, 0xbc);
            case LZCNT -> count(op, 0xbd);
            case ANDN -> three(op, NONE, 0xf2, false, true);
            case BZHI -> three(op, NONE, 0xf5, true, true);
            case BEXTR -> three(op, NONE, 0xf7, true, true);
            case SHLX -> three(op, P66, 0xf7, true, false);
            case SARX -> three(op, PF3, 0xf7, true, false);
            case SHRX -> three(op, PF2, 0xf7, true, false);
            case PDEP -> three(op, PF2, 0xf5, false, false);
            case PEXT -> three(op, PF3, 0xf5, false, false);
            case BLSR -> lowest(op, 1);
            case BLSMSK -> lowest(op, 2);
            case BLSI -> lowest(op, 3);
            case RORX -> rorx(op);
            default -> false;
        };
    }

    /** Brings the address of a memory operand into T0. */
    private boolean source(Op op, int kind) {
        if (kind != MEMORY) {
            return true;
        }
        if (!e.addressable(op)) {
            return false;
        }
        e.access(op, op.operandSize >> 3, false);
        return true;
    }

    private boolean count(Op op, int opcode) {
        int size = op.operandSize;
        if (!source(op, op.k1)) {
            return false;
        }
        int to = e.target(op.r0, size, T1);
        if (op.k1 == MEMORY) {
            a.rm(size, 0xf3000f00 | opcode, to, T0, 0);
        } else {
            a.rr(size, 0xf3000f00 | opcode, to, e.read(op.r1, T0));
        }
        e.flagsWritten();
        e.written(op.r0, to);
        return true;
    }

    /** Destination and two sources, of which the second or else the third is the one that may be memory. */
    private boolean three(Op op, int prefix, int opcode, boolean secondIsGeneral, boolean flags) {
        int kind = secondIsGeneral ? op.k1 : op.k2;
        int general = secondIsGeneral ? op.r1 : op.r2;
        if (!source(op, kind)) {
            return false;
        }
        int rm = kind == MEMORY ? T0 : e.read(general, T0);
        int other = e.read(secondIsGeneral ? op.r2 : op.r1, T1);
        int to = e.target(op.r0, op.operandSize, T1);
        vex(op, MAP_38, prefix, opcode, to, other, rm, kind == MEMORY);
        if (flags) {
            e.flagsWritten();
        }
        e.written(op.r0, to);
        return true;
    }

    /** BLSR and its kin: the destination is in VEX.vvvv. */
    private boolean lowest(Op op, int digit) {
        if (!source(op, op.k1)) {
            return false;
        }
        int rm = op.k1 == MEMORY ? T0 : e.read(op.r1, T0);
        int to = e.target(op.r0, op.operandSize, T1);
        vex(op, MAP_38, NONE, 0xf3, digit, to, rm, op.k1 == MEMORY);
        e.flagsWritten();
        e.written(op.r0, to);
        return true;
    }

    private boolean rorx(Op op) {
        if (!source(op, op.k1)) {
            return false;
        }
        int rm = op.k1 == MEMORY ? T0 : e.read(op.r1, T0);
        int to = e.target(op.r0, op.operandSize, T1);
        vex(op, MAP_3A, PF2, 0xf0, to, 0, rm, op.k1 == MEMORY);
        a.put8((int) op.immediate);
        e.written(op.r0, to);
        return true;
    }

    private void vex(Op op, int map, int prefix, int opcode, int reg, int other, int rm, boolean memory) {
        a.vex(map, reg >> 3, 0, rm >> 3, (op.operandSize == 64 ? 0x80 : 0) | (~other & 15) << 3 | prefix, opcode);
        a.put8((memory ? 0 : 0xc0) | (reg & 7) << 3 | rm & 7);
    }
}
