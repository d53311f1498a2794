package proteus.conform.cases;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/**
 * The families of instructions, and the feature each instruction needs. What is in no family is not tried: system instructions that a
 * program may use but whose result is the host's own (CPUID, RDTSC, SGDT, RDRAND, XGETBV, ...), and system calls.
 */
public enum Family {
    ARITHMETIC("ADD ADC SUB SBB CMP INC DEC NEG MUL IMUL DIV IDIV CBW CWD adx:ADCX adx:ADOX"),
    /** Only outside of 64-bit mode. */
    DECIMAL("AAA AAS DAA DAS AAM AAD SALC"),
    LOGIC("AND OR XOR TEST NOT"),
    SHIFT("ROL ROR RCL RCR SHL SHR SAR SHLD SHRD"),
    BIT("BT BTS BTR BTC BSF BSR BSWAP popcnt:POPCNT abm:LZCNT bmi1:TZCNT sse4_2:CRC32 bmi1:ANDN bmi1:BEXTR bmi1:BLSI bmi1:BLSMSK bmi1:BLSR "
        + "bmi2:BZHI bmi2:MULX bmi2:PDEP bmi2:PEXT bmi2:RORX bmi2:SARX bmi2:SHLX bmi2:SHRX"),
    MOVE("MOV MOVSX MOVSXD MOVZX movbe:MOVBE LEA XCHG XADD CMPXCHG cx8:CMPXCHG8B cx16:CMPXCHG16B XLAT CMOVCC SETCC lahf_lm:LAHF lahf_lm:SAHF CLC STC CMC "
        + "CLD STD NOP PAUSE ENDBR32 ENDBR64 PREFETCHNTA PREFETCHT0 PREFETCHT1 PREFETCHT2 3dnowprefetch:PREFETCHW clflush:CLFLUSH clflushopt:CLFLUSHOPT "
        + "clwb:CLWB sse2:LFENCE sse2:MFENCE sse:SFENCE sse2:MOVNTI"),
    STACK("PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE"),
    CONTROL("JCC JMP CALL RET LOOP LOOPE LOOPNE JCXZ"),
    /** Selectors: loaded, asked about. MOV and POP of segment registers are with the other forms of these. */
    SEGMENT("LDS LES LFS LGS LSS ARPL LAR LSL VERR VERW BOUND INTO"),
    FAR("JMP_FAR CALL_FAR RET_FAR IRET"),
    STRING("MOVS CMPS SCAS LODS STOS"),
    /** Ring 0's instructions, which fault in ring 3 whatever their operands; and what is never an instruction. */
    PROTECTION("HLT CLI STI IN OUT INS OUTS MOV_CR MOV_DR LGDT LIDT LLDT LTR LMSW CLTS INVD WBINVD INVLPG RDMSR WRMSR SWAPGS UD0 UD1 UD2"),
    X87("FADD FADDP FIADD FBLD FBSTP FCHS FABS FNCLEX FCMOVB FCMOVE FCMOVBE FCMOVU FCMOVNB FCMOVNE FCMOVNBE FCMOVNU FCOM FCOMP FCOMPP FCOMI FCOMIP "
        + "FUCOMI FUCOMIP FUCOM FUCOMP FUCOMPP FICOM FICOMP FDECSTP FDIV FDIVP FIDIV FDIVR FDIVRP FIDIVR FFREE FFREEP FILD FINCSTP FNINIT FIST FISTP "
        + "pni:FISTTP FLD FLD1 FLDL2T FLDL2E FLDPI FLDLG2 FLDLN2 FLDZ FLDCW FLDENV FMUL FMULP FIMUL FNOP FPREM FPREM1 FRNDINT FRSTOR FNSAVE FSCALE FSQRT "
        + "FST FSTP FNSTCW FNSTENV FNSTSW FSUB FSUBP FISUB FSUBR FSUBRP FISUBR FTST FXAM FXCH FXTRACT FNENI FNDISI FNSETPM FRSTPM FWAIT"),
    TRANSCENDENTAL("F2XM1 FCOS FPATAN FPTAN FSIN FSINCOS FYL2X FYL2XP1"),
    FXSAVE("fxsr:FXSAVE fxsr:FXRSTOR sse:LDMXCSR sse:STMXCSR"),
    MMX_SSE_INTEGER("EMMS MASKMOVQ sse2:MASKMOVDQU MOVD MOVQ sse2:MOVQ2DQ sse2:MOVDQ2Q sse:MOVNTQ sse2:MOVNTDQ sse2:MOVDQA sse2:MOVDQU PACKSSWB PACKSSDW "
        + "PACKUSWB PADDB PADDW PADDD sse2:PADDQ PADDSB PADDSW PADDUSB PADDUSW PAND PANDN sse:PAVGB sse:PAVGW PCMPEQB PCMPEQW PCMPEQD PCMPGTB PCMPGTW PCMPGTD "
        + "sse:PEXTRW sse:PINSRW PMADDWD sse:PMAXSW sse:PMAXUB sse:PMINSW sse:PMINUB sse:PMOVMSKB sse:PMULHUW PMULHW PMULLW sse2:PMULUDQ POR sse:PSADBW "
        + "sse2:PSHUFD sse2:PSHUFHW sse2:PSHUFLW sse:PSHUFW PSLLW PSLLD PSLLQ sse2:PSLLDQ PSRAW PSRAD PSRLW PSRLD PSRLQ sse2:PSRLDQ PSUBB PSUBW PSUBD "
        + "sse2:PSUBQ PSUBSB PSUBSW PSUBUSB PSUBUSW PUNPCKHBW PUNPCKHWD PUNPCKHDQ sse2:PUNPCKHQDQ PUNPCKLBW PUNPCKLWD PUNPCKLDQ sse2:PUNPCKLQDQ PXOR"),
    SSE_FLOAT("sse:ADDPS sse2:ADDPD sse:ADDSS sse2:ADDSD sse:ANDPS sse2:ANDPD sse:ANDNPS sse2:ANDNPD sse:CMPPS sse2:CMPPD sse:CMPSS sse2:CMPSD sse:COMISS "
        + "sse2:COMISD sse:DIVPS sse2:DIVPD sse:DIVSS sse2:DIVSD sse:MAXPS sse2:MAXPD sse:MAXSS sse2:MAXSD sse:MINPS sse2:MINPD sse:MINSS sse2:MINSD "
        + "sse:MOVAPS sse2:MOVAPD sse:MOVHLPS sse:MOVLHPS sse:MOVHPS sse2:MOVHPD sse:MOVLPS sse2:MOVLPD sse:MOVMSKPS sse2:MOVMSKPD sse:MOVNTPS sse2:MOVNTPD "
        + "sse2:MOVSD sse:MOVSS sse:MOVUPS sse2:MOVUPD sse:MULPS sse2:MULPD sse:MULSS sse2:MULSD sse:ORPS sse2:ORPD sse:RCPPS sse:RCPSS sse:RSQRTPS "
        + "sse:RSQRTSS sse:SHUFPS sse2:SHUFPD sse:SQRTPS sse2:SQRTPD sse:SQRTSS sse2:SQRTSD sse:SUBPS sse2:SUBPD sse:SUBSS sse2:SUBSD sse:UCOMISS "
        + "sse2:UCOMISD sse:UNPCKHPS sse2:UNPCKHPD sse:UNPCKLPS sse2:UNPCKLPD sse:XORPS sse2:XORPD"),
    SSE_CONVERT("sse2:CVTDQ2PD sse2:CVTDQ2PS sse2:CVTPD2DQ sse2:CVTPD2PI sse2:CVTPD2PS sse2:CVTPI2PD sse:CVTPI2PS sse2:CVTPS2DQ sse2:CVTPS2PD sse:CVTPS2PI "
        + "sse2:CVTSD2SI sse2:CVTSD2SS sse2:CVTSI2SD sse:CVTSI2SS sse2:CVTSS2SD sse:CVTSS2SI sse2:CVTTPD2DQ sse2:CVTTPD2PI sse2:CVTTPS2DQ sse:CVTTPS2PI "
        + "sse2:CVTTSD2SI sse:CVTTSS2SI"),
    SSE3("pni:ADDSUBPS pni:ADDSUBPD pni:HADDPS pni:HADDPD pni:HSUBPS pni:HSUBPD pni:LDDQU pni:MOVDDUP pni:MOVSHDUP pni:MOVSLDUP ssse3:PABSB ssse3:PABSW "
        + "ssse3:PABSD ssse3:PALIGNR ssse3:PHADDW ssse3:PHADDD ssse3:PHADDSW ssse3:PHSUBW ssse3:PHSUBD ssse3:PHSUBSW ssse3:PMADDUBSW ssse3:PMULHRSW "
        + "ssse3:PSHUFB ssse3:PSIGNB ssse3:PSIGNW ssse3:PSIGND"),
    SSE4("sse4_1:BLENDPS sse4_1:BLENDPD sse4_1:BLENDVPS sse4_1:BLENDVPD sse4_1:DPPS sse4_1:DPPD sse4_1:EXTRACTPS sse4_1:INSERTPS sse4_1:MOVNTDQA "
        + "sse4_1:MPSADBW sse4_1:PACKUSDW sse4_1:PBLENDVB sse4_1:PBLENDW sse4_1:PCMPEQQ sse4_1:PEXTRB sse4_1:PEXTRD sse4_1:PEXTRQ sse4_1:PHMINPOSUW "
        + "sse4_1:PINSRB sse4_1:PINSRD sse4_1:PINSRQ sse4_1:PMAXSB sse4_1:PMAXSD sse4_1:PMAXUW sse4_1:PMAXUD sse4_1:PMINSB sse4_1:PMINSD sse4_1:PMINUW "
        + "sse4_1:PMINUD sse4_1:PMOVSXBW sse4_1:PMOVSXBD sse4_1:PMOVSXBQ sse4_1:PMOVSXWD sse4_1:PMOVSXWQ sse4_1:PMOVSXDQ sse4_1:PMOVZXBW sse4_1:PMOVZXBD "
        + "sse4_1:PMOVZXBQ sse4_1:PMOVZXWD sse4_1:PMOVZXWQ sse4_1:PMOVZXDQ sse4_1:PMULDQ sse4_1:PMULLD sse4_1:PTEST sse4_1:ROUNDPS sse4_1:ROUNDPD "
        + "sse4_1:ROUNDSS sse4_1:ROUNDSD sse4_2:PCMPGTQ sse4_2:PCMPESTRI sse4_2:PCMPESTRM sse4_2:PCMPISTRI sse4_2:PCMPISTRM"),
    CRYPTO("aes:AESDEC aes:AESDECLAST aes:AESENC aes:AESENCLAST aes:AESIMC aes:AESKEYGENASSIST pclmulqdq:PCLMULQDQ sha_ni:SHA1RNDS4 sha_ni:SHA1NEXTE "
        + "sha_ni:SHA1MSG1 sha_ni:SHA1MSG2 sha_ni:SHA256RNDS2 sha_ni:SHA256MSG1 sha_ni:SHA256MSG2"),
    /** From here on VEX: what needs AVX2 only at 256 bits or with a register as source stands under AVX, see {@link #available}. */
    AVX_MOVE("avx:VLDDQU avx:VLDMXCSR avx:VSTMXCSR avx:VMASKMOVDQU avx:VMOVAPS avx:VMOVAPD avx:VMOVD avx:VMOVQ avx:VMOVDDUP avx:VMOVDQA avx:VMOVDQU "
        + "avx:VMOVHLPS avx:VMOVLHPS avx:VMOVHPS avx:VMOVHPD avx:VMOVLPS avx:VMOVLPD avx:VMOVMSKPS avx:VMOVMSKPD avx:VMOVNTDQ avx:VMOVNTDQA "
        + "avx:VMOVNTPS avx:VMOVNTPD avx:VMOVSD avx:VMOVSS avx:VMOVSHDUP avx:VMOVSLDUP avx:VMOVUPS avx:VMOVUPD avx:VMASKMOVPS avx:VMASKMOVPD "
        + "avx:VZEROALL avx:VZEROUPPER avx2:VPMASKMOVD avx2:VPMASKMOVQ"),
    AVX_FLOAT("avx:VADDPS avx:VADDPD avx:VADDSS avx:VADDSD avx:VADDSUBPS avx:VADDSUBPD avx:VANDPS avx:VANDPD avx:VANDNPS avx:VANDNPD avx:VCMPPS avx:VCMPPD "
        + "avx:VCMPSS avx:VCMPSD avx:VCOMISS avx:VCOMISD avx:VDIVPS avx:VDIVPD avx:VDIVSS avx:VDIVSD avx:VDPPS avx:VDPPD avx:VHADDPS avx:VHADDPD "
        + "avx:VHSUBPS avx:VHSUBPD avx:VMAXPS avx:VMAXPD avx:VMAXSS avx:VMAXSD avx:VMINPS avx:VMINPD avx:VMINSS avx:VMINSD avx:VMULPS "
        + "avx:VMULPD avx:VMULSS avx:VMULSD avx:VORPS avx:VORPD avx:VRCPPS avx:VRCPSS avx:VROUNDPS avx:VROUNDPD avx:VROUNDSS avx:VROUNDSD avx:VRSQRTPS "
        + "avx:VRSQRTSS avx:VSQRTPS avx:VSQRTPD avx:VSQRTSS avx:VSQRTSD avx:VSUBPS avx:VSUBPD avx:VSUBSS avx:VSUBSD avx:VUCOMISS avx:VUCOMISD "
        + "avx:VXORPS avx:VXORPD"),
    AVX_CONVERT("avx:VCVTDQ2PD avx:VCVTDQ2PS avx:VCVTPD2DQ avx:VCVTPD2PS avx:VCVTPS2DQ avx:VCVTPS2PD avx:VCVTSD2SI avx:VCVTSD2SS avx:VCVTSI2SD avx:VCVTSI2SS "
        + "avx:VCVTSS2SD avx:VCVTSS2SI avx:VCVTTPD2DQ avx:VCVTTPS2DQ avx:VCVTTSD2SI avx:VCVTTSS2SI f16c:VCVTPH2PS f16c:VCVTPS2PH"),
    AVX_INTEGER("avx:VMPSADBW avx:VPABSB avx:VPABSW avx:VPABSD avx:VPACKSSWB avx:VPACKSSDW avx:VPACKUSWB avx:VPACKUSDW avx:VPADDB avx:VPADDW avx:VPADDD avx:VPADDQ "
        + "avx:VPADDSB avx:VPADDSW avx:VPADDUSB avx:VPADDUSW avx:VPALIGNR avx:VPAND avx:VPANDN avx:VPAVGB avx:VPAVGW avx:VPBLENDVB avx:VPBLENDW "
        + "avx:VPCMPEQB avx:VPCMPEQW avx:VPCMPEQD avx:VPCMPEQQ avx:VPCMPGTB avx:VPCMPGTW avx:VPCMPGTD avx:VPCMPGTQ avx:VPCMPESTRI avx:VPCMPESTRM "
        + "avx:VPCMPISTRI avx:VPCMPISTRM avx:VPEXTRB avx:VPEXTRW avx:VPEXTRD avx:VPEXTRQ avx:VPHADDW avx:VPHADDD avx:VPHADDSW avx:VPHMINPOSUW "
        + "avx:VPHSUBW avx:VPHSUBD avx:VPHSUBSW avx:VPINSRB avx:VPINSRW avx:VPINSRD avx:VPINSRQ avx:VPMADDUBSW avx:VPMADDWD avx:VPMAXSB avx:VPMAXSW "
        + "avx:VPMAXSD avx:VPMAXUB avx:VPMAXUW avx:VPMAXUD avx:VPMINSB avx:VPMINSW avx:VPMINSD avx:VPMINUB avx:VPMINUW avx:VPMINUD avx:VPMOVMSKB "
        + "avx:VPMOVSXBW avx:VPMOVSXBD avx:VPMOVSXBQ avx:VPMOVSXWD avx:VPMOVSXWQ avx:VPMOVSXDQ avx:VPMOVZXBW avx:VPMOVZXBD avx:VPMOVZXBQ avx:VPMOVZXWD "
        + "avx:VPMOVZXWQ avx:VPMOVZXDQ avx:VPMULDQ avx:VPMULHRSW avx:VPMULHUW avx:VPMULHW avx:VPMULLD avx:VPMULLW avx:VPMULUDQ avx:VPOR avx:VPSADBW "
        + "avx:VPSHUFB avx:VPSHUFD avx:VPSHUFHW avx:VPSHUFLW avx:VPSIGNB avx:VPSIGNW avx:VPSIGND avx:VPSLLW avx:VPSLLD avx:VPSLLQ avx:VPSLLDQ "
        + "avx:VPSRAW avx:VPSRAD avx:VPSRLW avx:VPSRLD avx:VPSRLQ avx:VPSRLDQ avx:VPSUBB avx:VPSUBW avx:VPSUBD avx:VPSUBQ avx:VPSUBSB avx:VPSUBSW "
        + "avx:VPSUBUSB avx:VPSUBUSW avx:VPUNPCKHBW avx:VPUNPCKHWD avx:VPUNPCKHDQ avx:VPUNPCKHQDQ avx:VPUNPCKLBW avx:VPUNPCKLWD avx:VPUNPCKLDQ "
        + "avx:VPUNPCKLQDQ avx:VPXOR avx2:VPBLENDD avx2:VPSLLVD avx2:VPSLLVQ avx2:VPSRAVD avx2:VPSRLVD avx2:VPSRLVQ"),
    AVX_PERMUTE("avx:VBLENDPS avx:VBLENDPD avx:VBLENDVPS avx:VBLENDVPD avx:VEXTRACTPS avx:VINSERTPS avx:VPTEST avx:VSHUFPS avx:VSHUFPD avx:VUNPCKHPS "
        + "avx:VUNPCKHPD avx:VUNPCKLPS avx:VUNPCKLPD avx:VBROADCASTSS avx:VBROADCASTSD avx:VBROADCASTF128 avx2:VBROADCASTI128 avx:VEXTRACTF128 "
        + "avx2:VEXTRACTI128 avx:VINSERTF128 avx2:VINSERTI128 avx:VPERMILPS avx:VPERMILPD avx:VPERM2F128 avx2:VPERM2I128 avx:VTESTPS avx:VTESTPD "
        + "avx2:VPBROADCASTB avx2:VPBROADCASTW avx2:VPBROADCASTD avx2:VPBROADCASTQ avx2:VPERMD avx2:VPERMQ avx2:VPERMPS avx2:VPERMPD"),
    AVX_CRYPTO("aes:VAESDEC aes:VAESDECLAST aes:VAESENC aes:VAESENCLAST aes:VAESIMC aes:VAESKEYGENASSIST pclmulqdq:VPCLMULQDQ"),
    FMA("fma:VFMADD132PS fma:VFMADD132PD fma:VFMADD132SS fma:VFMADD132SD fma:VFMADD213PS fma:VFMADD213PD fma:VFMADD213SS fma:VFMADD213SD "
        + "fma:VFMADD231PS fma:VFMADD231PD fma:VFMADD231SS fma:VFMADD231SD fma:VFMADDSUB132PS fma:VFMADDSUB132PD fma:VFMADDSUB213PS fma:VFMADDSUB213PD "
        + "fma:VFMADDSUB231PS fma:VFMADDSUB231PD fma:VFMSUB132PS fma:VFMSUB132PD fma:VFMSUB132SS fma:VFMSUB132SD fma:VFMSUB213PS fma:VFMSUB213PD "
        + "fma:VFMSUB213SS fma:VFMSUB213SD fma:VFMSUB231PS fma:VFMSUB231PD fma:VFMSUB231SS fma:VFMSUB231SD fma:VFMSUBADD132PS fma:VFMSUBADD132PD "
        + "fma:VFMSUBADD213PS fma:VFMSUBADD213PD fma:VFMSUBADD231PS fma:VFMSUBADD231PD fma:VFNMADD132PS fma:VFNMADD132PD fma:VFNMADD132SS "
        + "fma:VFNMADD132SD fma:VFNMADD213PS fma:VFNMADD213PD fma:VFNMADD213SS fma:VFNMADD213SD fma:VFNMADD231PS fma:VFNMADD231PD fma:VFNMADD231SS "
        + "fma:VFNMADD231SD fma:VFNMSUB132PS fma:VFNMSUB132PD fma:VFNMSUB132SS fma:VFNMSUB132SD fma:VFNMSUB213PS fma:VFNMSUB213PD fma:VFNMSUB213SS "
        + "fma:VFNMSUB213SD fma:VFNMSUB231PS fma:VFNMSUB231PD fma:VFNMSUB231SS fma:VFNMSUB231SD"),
    GATHER("avx2:VGATHERDPS avx2:VGATHERDPD avx2:VGATHERQPS avx2:VGATHERQPD avx2:VPGATHERDD avx2:VPGATHERDQ avx2:VPGATHERQD avx2:VPGATHERQQ"),
    /** Bytes that are no instruction, or too long for one. */
    UNDEFINED("");

    private static final Map<Mnemonic, Family> BY_MNEMONIC = new EnumMap<>(Mnemonic.class);
    private static final Map<Mnemonic, String> FEATURES = new EnumMap<>(Mnemonic.class);

    static {
        for (Family family : values()) {
            for (String word : family.words) {
                int colon = word.indexOf(':');
                Mnemonic mnemonic = Mnemonic.valueOf(word.substring(colon + 1));
                FEATURES.put(mnemonic, word.substring(0, Math.max(colon, 0)));
                if (BY_MNEMONIC.put(mnemonic, family) != null) {
                    throw new IllegalStateException(mnemonic + " is in two families");
                }
            }
        }
    }

    private final List<String> words;

    Family(String words) {
        this.words = words.isEmpty() ? List.of() : List.of(words.split(" "));
    }

    /** Name on the command line and in reports. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The family of an instruction, or null. */
    static Family of(Mnemonic mnemonic) {
        return BY_MNEMONIC.get(mnemonic);
    }

    private static boolean available(Mnemonic mnemonic, Set<String> features) {
        String feature = FEATURES.get(mnemonic);
        return feature != null && (feature.isEmpty() || features.contains(feature));
    }

    /** Whether processors with these features have this form ("CPUID Feature Flag" of each in SDM vol. 2). */
    static boolean available(Instruction form, Set<String> features) {
        Family family = of(form.mnemonic);
        if (family == null || !available(form.mnemonic, features)) {
            return false;
        }
        if (!family.isAvx()) {
            return true;
        }
        boolean wide = form.vectorLength == 256;
        return features.contains("avx") && switch (form.mnemonic) {
            case VBROADCASTSS, VBROADCASTSD -> form.kind[1] == Instruction.MEMORY || features.contains("avx2");
            case VMOVNTDQA -> !wide || features.contains("avx2");
            case VPCLMULQDQ -> !wide || features.contains("vpclmulqdq");
            default -> switch (family) {
                case AVX_INTEGER -> !wide || features.contains("avx2");
                case AVX_CRYPTO -> !wide || features.contains("vaes");
                default -> true;
            };
        };
    }

    /** Whether instructions go elsewhere. */
    public boolean branches() {
        return this == CONTROL || this == SEGMENT || this == FAR;
    }

    public boolean isAvx() {
        return ordinal() >= AVX_MOVE.ordinal() && ordinal() <= GATHER.ordinal();
    }

    /** Whether x87, MMX or vector registers matter. */
    public boolean vectors() {
        return ordinal() >= X87.ordinal() && this != UNDEFINED;
    }

    /** The instructions that need a feature not among these. */
    public List<Mnemonic> missing(Set<String> features) {
        List<Mnemonic> missing = new ArrayList<>();
        FEATURES.forEach((mnemonic, feature) -> {
            if (BY_MNEMONIC.get(mnemonic) == this && !available(mnemonic, features)) {
                missing.add(mnemonic);
            }
        });
        return missing;
    }
}
