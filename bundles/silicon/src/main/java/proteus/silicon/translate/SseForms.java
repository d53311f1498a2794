package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.T0;
import static proteus.silicon.translate.Emission.T1;
import static proteus.x86.decode.Instruction.GPR;
import static proteus.x86.decode.Instruction.MEMORY;
import static proteus.x86.decode.Instruction.MMX;

import java.util.EnumSet;
import java.util.Set;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Mnemonic;

/**
 * SSE instructions as they stand, XMM registers being the host's own, with the memory operand and general registers replaced.
 * What the host approximates (RCPPS, RSQRTPS) stays the model's. They need {@link StateLayout#sse}: SSE enabled by the guest's
 * control registers, and no exception unmasked.
 */
final class SseForms {
    private static final Set<Mnemonic> UNALIGNED = EnumSet.of(Mnemonic.MOVUPS, Mnemonic.MOVUPD, Mnemonic.MOVDQU, Mnemonic.LDDQU);
    private static final Set<Mnemonic> COMPARING = EnumSet.of(Mnemonic.COMISS, Mnemonic.COMISD, Mnemonic.UCOMISS, Mnemonic.UCOMISD, Mnemonic.PTEST);
    private static final Set<Mnemonic> FORMS = names("""
        MOVAPS MOVAPD MOVDQA MOVUPS MOVUPD MOVDQU LDDQU MOVSS MOVSD MOVLPS MOVLPD MOVHPS MOVHPD MOVHLPS MOVLHPS MOVD MOVQ MOVNTPS MOVNTPD MOVNTDQ
        ADDPS ADDPD ADDSS ADDSD SUBPS SUBPD SUBSS SUBSD MULPS MULPD MULSS MULSD DIVPS DIVPD DIVSS DIVSD MINPS MINPD MINSS MINSD MAXPS MAXPD MAXSS MAXSD
        SQRTPS SQRTPD SQRTSS SQRTSD ANDPS ANDPD ANDNPS ANDNPD ORPS ORPD XORPS XORPD UNPCKLPS UNPCKLPD UNPCKHPS UNPCKHPD SHUFPS SHUFPD
        CMPPS CMPPD CMPSS CMPSD COMISS COMISD UCOMISS UCOMISD
        CVTSI2SS CVTSI2SD CVTSS2SD CVTSD2SS CVTPS2PD CVTPD2PS CVTDQ2PS CVTDQ2PD CVTPS2DQ CVTTPS2DQ CVTPD2DQ CVTTPD2DQ
        CVTSS2SI CVTTSS2SI CVTSD2SI CVTTSD2SI MOVMSKPS MOVMSKPD
        PADDB PADDW PADDD PADDQ PADDSB PADDSW PADDUSB PADDUSW PSUBB PSUBW PSUBD PSUBQ PSUBSB PSUBSW PSUBUSB PSUBUSW
        PMULLW PMULHW PMULHUW PMULUDQ PMADDWD PSADBW PAVGB PAVGW PMINUB PMAXUB PMINSW PMAXSW PAND PANDN POR PXOR
        PCMPEQB PCMPEQW PCMPEQD PCMPGTB PCMPGTW PCMPGTD PSLLW PSLLD PSLLQ PSRLW PSRLD PSRLQ PSRAW PSRAD PSLLDQ PSRLDQ
        PUNPCKLBW PUNPCKLWD PUNPCKLDQ PUNPCKLQDQ PUNPCKHBW PUNPCKHWD PUNPCKHDQ PUNPCKHQDQ PACKSSWB PACKSSDW PACKUSWB
        PSHUFD PSHUFHW PSHUFLW PMOVMSKB
        PSHUFB PALIGNR PABSB PABSW PABSD PHADDD PHADDW PMULHRSW PMADDUBSW PTEST PMULLD PMINUD PMAXUD PMINSD PMAXSD PCMPEQQ PCMPGTQ
        PMOVZXBW PMOVZXBD PMOVZXBQ PMOVZXWD PMOVZXWQ PMOVZXDQ PMOVSXBW PMOVSXBD PMOVSXBQ PMOVSXWD PMOVSXWQ PMOVSXDQ PBLENDW
        MOVDDUP MOVSHDUP MOVSLDUP HADDPD HADDPS ADDSUBPD ADDSUBPS""");

    private final Emission e;
    private final HostAssembler a;
    private final StateLayout state;

    // The instruction as it stands in the guest's code.
    private int prefix, rex, opcode, modrm, immediate;
    private boolean hasImmediate;

    SseForms(Emission e, StateLayout state) {
        this.e = e;
        a = e.a;
        this.state = state;
    }

    static Set<Mnemonic> names(String list) {
        Set<Mnemonic> set = EnumSet.noneOf(Mnemonic.class);
        for (String name : list.strip().split("\\s+")) {
            set.add(Mnemonic.valueOf(name));
        }
        return set;
    }

    /**
     * @param code the block's bytes; empty if they are not to be had in one piece
     * @return false, with nothing emitted, if the instruction is left to the slow way
     */
    boolean emit(Op op, byte[] code) {
        if (code.length == 0 || !FORMS.contains(op.mnemonic) || op.k0 == MMX || op.k1 == MMX || op.k2 == MMX) {
            return false;
        }
        boolean memory = op.k0 == MEMORY || op.k1 == MEMORY;
        if (memory && !e.addressable(op) || !parse(op, code)) {
            return false;
        }
        check();
        if (memory) {
            e.access(op, op.bytes, op.k0 == MEMORY);
            if (op.bytes == 16 && !UNALIGNED.contains(op.mnemonic)) {
                a.digit(8, 0xf6, 0, T0);
                a.put8(15);
                e.slowIf(5);
            }
        }
        int reg = modrm >> 3 & 7 | (rex & 4) << 1;
        int rm = modrm & 7 | (rex & 1) << 3;
        int written = -1;
        if (op.k0 == GPR) {
            written = e.target(op.r0, op.s0, T1);
            // MOVD and MOVQ to a general register have it in ModRM.rm, the others in ModRM.reg
            if (op.mnemonic == Mnemonic.MOVD || op.mnemonic == Mnemonic.MOVQ) {
                rm = written;
            } else {
                reg = written;
            }
        } else if (op.k1 == GPR) {
            rm = e.read(op.r1, T1);
        }
        put(reg, memory ? T0 : rm, memory);
        if (written >= 0) {
            e.written(op.r0, written);
        }
        if (COMPARING.contains(op.mnemonic)) {
            e.flagsWritten();
        }
        return true;
    }

    /** Once in a block, and again behind whatever was left to a handler. */
    private void check() {
        if (!e.sseChecked) {
            e.clobberFlags();
            a.absolute(8, 0x80, 7, state.sse(), 1);
            a.put8(0);
            e.slowIf(4);
            e.sseChecked = true;
        }
        e.usesSse = true;
    }

    private boolean parse(Op op, byte[] code) {
        int at = op.start;
        prefix = 0;
        rex = 0;
        boolean wide = false;
        for (; ; at++) {
            int b = code[at] & 0xff;
            if (b == 0x66) {
                wide = true;
            } else if (b == 0xf2 || b == 0xf3) {
                prefix = b;
            } else if (b != 0x67 && b != 0x2e && b != 0x36 && b != 0x3e && b != 0x26 && b != 0x64 && b != 0x65) {
                break;
            }
        }
        if (wide && prefix == 0) {
            prefix = 0x66;
        }
        if (op.mode == 64 && (code[at] & 0xf0) == 0x40) {
            rex = code[at++] & 15;
        }
        if (code[at++] != 0x0f) {
            return false;
        }
        int map = code[at] & 0xff;
        if (map == 0x38 || map == 0x3a) {
            opcode = 0x0f0000 | map << 8 | code[at + 1] & 0xff;
            at += 2;
            hasImmediate = map == 0x3a;
        } else {
            opcode = 0x0f00 | map;
            at++;
            hasImmediate = map >= 0x70 && map <= 0x73 || map == 0xc2 || map >= 0xc4 && map <= 0xc6;
        }
        modrm = code[at] & 0xff;
        immediate = code[op.start + op.length - 1];
        return true;
    }

    private void put(int reg, int rm, boolean memory) {
        if (prefix != 0) {
            a.put8(prefix);
        }
        int bits = rex & 8 | reg >> 3 << 2 | rm >> 3;
        if (bits != 0) {
            a.put8(0x40 | bits);
        }
        if (opcode > 0xffff) {
            a.put8(opcode >> 16);
        }
        a.put8(opcode >> 8);
        a.put8(opcode);
        // the base register of a memory operand is T0, which needs neither SIB nor displacement
        a.put8((memory ? 0 : 0xc0) | (reg & 7) << 3 | rm & 7);
        if (hasImmediate) {
            a.put8(immediate);
        }
    }
}
