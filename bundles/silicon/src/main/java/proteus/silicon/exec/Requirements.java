package proteus.silicon.exec;

import static proteus.x86.decode.Instruction.MEMORY;
import static proteus.x86.decode.Instruction.MMX;

import java.util.Arrays;
import proteus.silicon.cpu.Op;
import proteus.silicon.system.Features;
import proteus.x86.decode.Mnemonic;

/**
 * Which feature each instruction needs: without it the instruction is #UD (SDM vol. 2, "CPUID feature flag" on each instruction's
 * page; SDM vol. 1, 5.1.5 to 5.22). What is not listed every model executes: it came with the 486 or before.
 */
final class Requirements {
    /** A feature, the form of the instructions it is needed for, and their names; * stands for the rest of a name. */
    private static final String TABLE = """
        TSC any RDTSC
        MSR any RDMSR WRMSR
        CX8 any CMPXCHG8B
        CX16 any CMPXCHG16B
        SEP any SYSENTER SYSEXIT
        CMOV any CMOVCC FCMOVB FCMOVE FCMOVBE FCMOVU FCMOVNB FCMOVNE FCMOVNBE FCMOVNU FCOMI FCOMIP FUCOMI FUCOMIP
        P6 any RDPMC ENDBR32 ENDBR64 RDSSP CLDEMOTE PREFETCHNTA PREFETCHT0 PREFETCHT1 PREFETCHT2 PREFETCHIT0 PREFETCHIT1
        P6 operand NOP
        FPU any F2XM1 FABS FADD FADDP FIADD FBLD FBSTP FCHS FNCLEX FCOM FCOMP FCOMPP FUCOM FUCOMP FUCOMPP FICOM FICOMP FCOS FDECSTP
        FPU any FDIV FDIVP FIDIV FDIVR FDIVRP FIDIVR FFREE FFREEP FILD FINCSTP FNINIT FIST FISTP FLD FLD1 FLDL2T FLDL2E FLDPI FLDLG2
        FPU any FLDLN2 FLDZ FLDCW FLDENV FMUL FMULP FIMUL FNOP FPATAN FPREM FPREM1 FPTAN FRNDINT FRSTOR FNSAVE FSCALE FSIN FSINCOS
        FPU any FSQRT FST FSTP FNSTCW FNSTENV FNSTSW FSUB FSUBP FISUB FSUBR FSUBRP FISUBR FTST FXAM FXCH FXTRACT FYL2X FYL2XP1
        MMX any EMMS
        MMX mmx PACKSSWB PACKSSDW PACKUSWB PADDB PADDW PADDD PADDSB PADDSW PADDUSB PADDUSW PAND PANDN PCMPEQB PCMPEQW PCMPEQD PCMPGTB
        MMX mmx PCMPGTW PCMPGTD PMADDWD PMULHW PMULLW POR PSLLW PSLLD PSLLQ PSRAW PSRAD PSRLW PSRLD PSRLQ PSUBB PSUBW PSUBD PSUBSB
        MMX mmx PSUBSW PSUBUSB PSUBUSW PUNPCKHBW PUNPCKHWD PUNPCKHDQ PUNPCKLBW PUNPCKLWD PUNPCKLDQ PXOR MOVD MOVQ
        SSE mmx MASKMOVQ MOVNTQ PAVGB PAVGW PEXTRW PINSRW PMAXSW PMAXUB PMINSW PMINUB PMOVMSKB PMULHUW PSADBW PSHUFW
        SSE2 mmx PADDQ PSUBQ PMULUDQ
        FXSR any FXSAVE FXRSTOR
        SSE any ADDPS ADDSS ANDNPS ANDPS CMPPS CMPSS COMISS CVTPI2PS CVTPS2PI CVTSI2SS CVTSS2SI CVTTPS2PI CVTTSS2SI DIVPS DIVSS
        SSE any LDMXCSR STMXCSR MAXPS MAXSS MINPS MINSS MOVAPS MOVHLPS MOVHPS MOVLHPS MOVLPS MOVMSKPS MOVNTPS MOVSS MOVUPS MULPS
        SSE any MULSS ORPS RCPPS RCPSS RSQRTPS RSQRTSS SHUFPS SQRTPS SQRTSS SUBPS SUBSS UCOMISS UNPCKHPS UNPCKLPS XORPS SFENCE
        SSE2 any ADDPD ADDSD ANDNPD ANDPD CMPPD CMPSD COMISD CVTDQ2PD CVTDQ2PS CVTPD2DQ CVTPD2PI CVTPD2PS CVTPI2PD CVTPS2DQ
        SSE2 any CVTPS2PD CVTSD2SI CVTSD2SS CVTSI2SD CVTSS2SD CVTTPD2DQ CVTTPD2PI CVTTPS2DQ CVTTSD2SI DIVPD DIVSD MAXPD MAXSD
        SSE2 any MINPD MINSD MOVAPD MOVHPD MOVLPD MOVMSKPD MOVNTPD MOVSD MOVUPD MULPD MULSD ORPD SHUFPD SQRTPD SQRTSD SUBPD SUBSD
        SSE2 any UCOMISD UNPCKHPD UNPCKLPD XORPD MASKMOVDQU MOVQ2DQ MOVDQ2Q MOVNTDQ MOVDQA MOVDQU PSHUFD PSHUFHW PSHUFLW PSLLDQ
        SSE2 any PSRLDQ PUNPCKHQDQ PUNPCKLQDQ MOVNTI LFENCE MFENCE
        SSE2 xmm PACKSSWB PACKSSDW PACKUSWB PADDB PADDW PADDD PADDQ PADDSB PADDSW PADDUSB PADDUSW PAND PANDN PAVGB PAVGW PCMPEQB
        SSE2 xmm PCMPEQW PCMPEQD PCMPGTB PCMPGTW PCMPGTD PEXTRW PINSRW PMADDWD PMAXSW PMAXUB PMINSW PMINUB PMOVMSKB PMULHUW PMULHW
        SSE2 xmm PMULLW PMULUDQ POR PSADBW PSLLW PSLLD PSLLQ PSRAW PSRAD PSRLW PSRLD PSRLQ PSUBB PSUBW PSUBD PSUBQ PSUBSB PSUBSW
        SSE2 xmm PSUBUSB PSUBUSW PUNPCKHBW PUNPCKHWD PUNPCKHDQ PUNPCKLBW PUNPCKLWD PUNPCKLDQ PXOR MOVD MOVQ
        SSE3 any ADDSUBPD ADDSUBPS HADDPD HADDPS HSUBPD HSUBPS MOVDDUP MOVSHDUP MOVSLDUP LDDQU FISTTP
        SSSE3 any PABSB PABSW PABSD PALIGNR PHADDW PHADDD PHADDSW PHSUBW PHSUBD PHSUBSW PMADDUBSW PMULHRSW PSHUFB PSIGNB PSIGNW PSIGND
        SSE41 any BLENDPD BLENDPS BLENDVPD BLENDVPS DPPD DPPS EXTRACTPS INSERTPS MOVNTDQA MPSADBW PACKUSDW PBLENDVB PBLENDW PCMPEQQ
        SSE41 any PEXTRB PEXTRD PEXTRQ PHMINPOSUW PINSRB PINSRD PINSRQ PMAXSB PMAXSD PMAXUD PMAXUW PMINSB PMINSD PMINUD PMINUW
        SSE41 any PMOVSX* PMOVZX* PMULDQ PMULLD PTEST ROUNDPD ROUNDPS ROUNDSD ROUNDSS
        SSE42 any PCMPESTRI PCMPESTRM PCMPISTRI PCMPISTRM PCMPGTQ CRC32
        AES any AES*
        PCLMULQDQ any PCLMULQDQ
        SHA any SHA1* SHA256*
        MOVBE any MOVBE
        POPCNT any POPCNT
        BMI1 any ANDN BEXTR BLSI BLSMSK BLSR TZCNT
        BMI2 any BZHI MULX PDEP PEXT RORX SARX SHLX SHRX
        ABM any LZCNT
        ADX any ADCX ADOX
        RDRAND any RDRAND
        RDSEED any RDSEED
        RDTSCP any RDTSCP
        RDPID any RDPID
        FSGSBASE any RDFSBASE RDGSBASE WRFSBASE WRGSBASE
        SMAP any CLAC STAC
        INVPCID any INVPCID
        CLFLUSH any CLFLUSH
        CLFLUSHOPT any CLFLUSHOPT
        CLWB any CLWB
        SERIALIZE any SERIALIZE
        MOVDIRI any MOVDIRI
        MONITOR any MONITOR MWAIT
        SYSCALL any SYSCALL SYSRET
        LONG_MODE any SWAPGS PREFETCH PREFETCHW PREFETCHWT1
        LAHF_LM 64 LAHF SAHF
        VMX any VMXON VMXOFF VMCLEAR VMPTRLD VMPTRST VMREAD VMWRITE VMLAUNCH VMRESUME VMCALL VMFUNC INVEPT INVVPID
        XSAVE any XSAVE XRSTOR XGETBV XSETBV
        XSAVEOPT any XSAVEOPT
        XSAVEC any XSAVEC
        XSAVES any XSAVES XRSTORS
        F16C any VCVTPH2PS VCVTPS2PH
        FMA any VFMADD* VFMSUB* VFNMADD* VFNMSUB*
        AES any VAES*
        VAES 256 VAES*
        PCLMULQDQ any VPCLMULQDQ
        VPCLMULQDQ 256 VPCLMULQDQ
        AVX2 any VPBLENDD VPBROADCAST* VPERMD VPERMPS VPERMQ VPERMPD VPERM2I128 VPMASKMOVD VPMASKMOVQ VPSLLVD VPSLLVQ VPSRLVD
        AVX2 any VPSRLVQ VPSRAVD VPGATHER* VGATHER* VBROADCASTI128 VEXTRACTI128 VINSERTI128
        AVX2 register VBROADCASTSS VBROADCASTSD
        AVX2 256 VMPSADBW VMOVNTDQA VPABS* VPACK* VPADD* VPALIGNR VPAND VPANDN VPAVG* VPBLENDVB VPBLENDW VPCMPEQ* VPCMPGT*
        AVX2 256 VPHADD* VPHSUB* VPMADD* VPMAX* VPMIN* VPMOV* VPMUL* VPOR VPSADBW VPSHUF* VPSIGN* VPSLL* VPSRA* VPSRL* VPSUB*
        AVX2 256 VPUNPCK* VPXOR
        """;

    private static final String[] FORMS = {"any", "mmx", "xmm", "64", "256", "register", "operand"};
    private static final int ANY = 0, ON_MMX = 1, NOT_ON_MMX = 2, IN_64_BIT_CODE = 3, WIDE = 4, REGISTERS = 5, WITH_OPERAND = 6;
    /** By form and mnemonic. */
    private static final long[][] NEEDS = new long[FORMS.length][Mnemonic.values().length];

    static {
        TABLE.lines().forEach(Requirements::line);
    }

    private Requirements() {}

    private static void line(String line) {
        String[] words = line.split(" ");
        long mask = Features.valueOf(words[0]).mask();
        long[] needs = NEEDS[Arrays.asList(FORMS).indexOf(words[1])];
        for (String name : Arrays.copyOfRange(words, 2, words.length)) {
            if (!name.endsWith("*")) {
                needs[Mnemonic.valueOf(name).ordinal()] |= mask;
                continue;
            }
            String start = name.substring(0, name.length() - 1);
            for (Mnemonic mnemonic : Mnemonic.values()) {
                if (mnemonic.name().startsWith(start)) {
                    needs[mnemonic.ordinal()] |= mask;
                }
            }
        }
    }

    /** LZCNT and TZCNT are BSR and BSF with a prefix that processors without them ignore. */
    static Mnemonic effective(long isa, Mnemonic mnemonic) {
        return switch (mnemonic) {
            case LZCNT -> (isa & Features.ABM.mask()) != 0 ? mnemonic : Mnemonic.BSR;
            case TZCNT -> (isa & Features.BMI1.mask()) != 0 ? mnemonic : Mnemonic.BSF;
            default -> mnemonic;
        };
    }

    /** Whether a processor with these features executes the instruction. */
    static boolean met(long isa, Op op) {
        int m = op.mnemonic.ordinal();
        boolean mmx = op.k0 == MMX || op.k1 == MMX;
        long needs = NEEDS[ANY][m] | NEEDS[mmx ? ON_MMX : NOT_ON_MMX][m];
        if (op.mode == 64) {
            needs |= NEEDS[IN_64_BIT_CODE][m];
        }
        if (op.operandCount > 0) {
            needs |= NEEDS[WITH_OPERAND][m];
        }
        if (op.vectorLength != 0) {
            needs |= op.vectorLength == 256 ? NEEDS[WIDE][m] : 0;
            needs |= op.k1 != MEMORY ? NEEDS[REGISTERS][m] : 0;
            // the other VEX-encoded instructions are BMI
            needs |= op.mnemonic.name().charAt(0) == 'V' ? Features.AVX.mask() : 0;
        }
        return (needs & ~isa) == 0;
    }
}
