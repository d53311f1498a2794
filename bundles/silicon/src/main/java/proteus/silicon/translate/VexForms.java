package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.MEMORY;

import java.util.EnumSet;
import java.util.Set;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/**
 * AVX, AVX2 and FMA instructions as they stand, with the memory operand and general registers replaced. They need whole YMM
 * registers: those are in the host's only after the way in loaded them, which {@link StateLayout#ymm} says: it does where the
 * code to enter has such instructions, they are enabled and raise no exceptions. Elsewhere upper halves stay in the struct, so that
 * SSE code does not pay for merging with them. Left to the slow way: what the host approximates, reads memory by a mask, or need not
 * have where it has AVX2 and FMA.
 */
final class VexForms {
    private static final Set<Mnemonic> LEFT = SseForms.names("""
        VRCPPS VRCPSS VRSQRTPS VRSQRTSS VLDMXCSR VSTMXCSR VMASKMOVDQU VZEROALL VPCMPESTRI VPCMPESTRM VPCMPISTRI VPCMPISTRM
        VPEXTRB VPEXTRW VPEXTRD VPEXTRQ VEXTRACTPS VPINSRB VPINSRW VPINSRD VPINSRQ VMASKMOVPS VMASKMOVPD VPMASKMOVD VPMASKMOVQ
        VAESDEC VAESDECLAST VAESENC VAESENCLAST VAESIMC VAESKEYGENASSIST VPCLMULQDQ VGF2P8AFFINEQB VGF2P8AFFINEINVQB VGF2P8MULB
        VCVTPH2PS VCVTPS2PH VPDPBUSD VPDPBUSDS VPDPWSSD VPDPWSSDS VPMADD52LUQ VPMADD52HUQ
        VGATHERDPS VGATHERDPD VGATHERQPS VGATHERQPD VPGATHERDD VPGATHERDQ VPGATHERQD VPGATHERQQ""");
    private static final Set<Mnemonic> ALIGNED = SseForms.names("VMOVAPS VMOVAPD VMOVDQA VMOVNTPS VMOVNTPD VMOVNTDQ VMOVNTDQA");
    private static final Set<Mnemonic> COMPARING = SseForms.names("VCOMISS VCOMISD VUCOMISS VUCOMISD VPTEST VTESTPS VTESTPD");
    private static final Set<Mnemonic> BLENDING = EnumSet.of(Mnemonic.VBLENDVPS, Mnemonic.VBLENDVPD, Mnemonic.VPBLENDVB);
    /** The map of VEX.mmmmm whose instructions all have an immediate. */
    private static final int MAP_3A = 3;
    private static final int VZEROUPPER = 0x77, VMOVAPS = 0x28;
    /** The third byte of a prefix that says nothing: 128 bits, no further source. */
    private static final int PLAIN = 0x78;

    private final Emission e;
    private final HostAssembler a;
    private final StateLayout state;

    VexForms(Emission e, StateLayout state) {
        this.e = e;
        a = e.a;
        this.state = state;
    }

    /**
     * @param code the block's bytes; empty if they are not to be had in one piece
     * @return false, with nothing emitted, if the instruction is left to the slow way
     */
    boolean emit(Op op, byte[] code) {
        boolean memory = op.k0 == MEMORY || op.k1 == MEMORY || op.k2 == MEMORY;
        if (code.length == 0 || op.vectorLength == 0 || op.mnemonic.name().charAt(0) != 'V' || LEFT.contains(op.mnemonic) || memory && !e.addressable(op)) {
            return false;
        }
        int at = op.start;
        while ((code[at] & 0xfe) != 0xc4) {
            at++; // prefixes
        }
        boolean three = (code[at] & 1) == 0;
        int map = three ? code[at + 1] & 0x1f : 1;
        int extensions = three ? ~code[at + 1] >> 5 & 7 : ~code[at + 1] >> 5 & 4;
        at += three ? 2 : 1;
        int last = three ? code[at++] : code[at++] & 0x7f;
        int opcode = code[at++] & 0xff;
        if (op.mode != 64) {
            extensions = 0;
            last |= 0x40; // the register's highest bit does not count, nor W where it is the size of an integer
            last = integer(op) ? last & 0x7f : last;
        }
        check();
        if (op.mnemonic == Mnemonic.VZEROUPPER) {
            zeroUpper(op);
            return true;
        }
        if (memory) {
            e.access(op, op.bytes, op.k0 == MEMORY);
            if (ALIGNED.contains(op.mnemonic)) {
                a.digit(8, 0xf6, 0, T0);
                a.put8(op.bytes - 1);
                e.slowIf(5);
            }
        }
        operands(op, map, extensions, last, opcode, code[at], memory);
        if (map == MAP_3A || map == 1 && (opcode >= 0x70 && opcode <= 0x73 || opcode == 0xc2 || opcode >= 0xc4 && opcode <= 0xc6)) {
            int immediate = code[op.start + op.length - 1];
            a.put8(BLENDING.contains(op.mnemonic) && op.mode != 64 ? immediate & 0x7f : immediate);
        }
        if (COMPARING.contains(op.mnemonic)) {
            e.flagsWritten();
        }
        return true;
    }

    private void operands(Op op, int map, int extensions, int last, int opcode, int modrm, boolean memory) {
        int reg = modrm >> 3 & 7 | (extensions & 4) << 1;
        int rm = memory ? T0 : modrm & 7 | (extensions & 1) << 3;
        int written = -1;
        if (op.k0 == GPR) {
            written = e.target(op.r0, op.s0, T1);
            // VMOVD and VMOVQ to a general register have it in ModRM.rm, the others in ModRM.reg
            if (op.mnemonic == Mnemonic.VMOVD || op.mnemonic == Mnemonic.VMOVQ) {
                rm = written;
            } else {
                reg = written;
            }
        } else if (op.k1 == GPR) {
            rm = e.read(op.r1, T1);
        } else if (op.k2 == GPR) {
            rm = e.read(op.r2, T1);
        }
        a.vex(map, reg >> 3, 0, rm >> 3, last, opcode);
        // the base register of a memory operand is T0, which needs neither SIB nor displacement
        a.put8((memory ? 0 : 0xc0) | (reg & 7) << 3 | rm & 7);
        if (written >= 0) {
            e.written(op.r0, written);
        }
    }

    /** Outside 64-bit code only the first eight registers exist. */
    private void zeroUpper(Op op) {
        if (op.mode == 64) {
            a.vex(1, 0, 0, 0, PLAIN, VZEROUPPER);
            return;
        }
        for (int i = 0; i < 8; i++) {
            a.vex(1, 0, 0, 0, PLAIN, VMOVAPS);
            a.put8(0xc0 | i << 3 | i);
        }
    }

    private static boolean integer(Op op) {
        return op.k0 == GPR || switch (op.mnemonic) {
            case VMOVD, VCVTSI2SS, VCVTSI2SD -> true;
            default -> false;
        };
    }

    /** Once in a block: code is entered behind one of these instructions only with the registers loaded. */
    private void check() {
        if (!e.usesYmm) {
            e.clobberFlags();
            a.absolute(8, 0x80, 7, state.ymm(), 1);
            a.put8(0);
            e.slowIf(4);
            e.usesYmm = true;
        }
    }
}
