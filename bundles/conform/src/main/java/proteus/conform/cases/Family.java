package proteus.conform.cases;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import proteus.x86.decode.Mnemonic;

/**
 * The families of instructions, and the feature each instruction needs. What is in no family is not tried: system instructions that a
 * program may use but whose result is the host's own (CPUID, RDTSC, SGDT, LAR, RDRAND, XGETBV, ...), far transfers, loads of segment
 * registers, and system calls.
 */
public enum Family {
    ARITHMETIC("ADD ADC SUB SBB CMP INC DEC NEG MUL IMUL DIV IDIV CBW CWD adx:ADCX adx:ADOX"),
    LOGIC("AND OR XOR TEST NOT"),
    SHIFT("ROL ROR RCL RCR SHL SHR SAR SHLD SHRD"),
    BIT("BT BTS BTR BTC BSF BSR BSWAP popcnt:POPCNT abm:LZCNT bmi1:TZCNT sse4_2:CRC32 bmi1:ANDN bmi1:BEXTR bmi1:BLSI bmi1:BLSMSK bmi1:BLSR "
        + "bmi2:BZHI bmi2:MULX bmi2:PDEP bmi2:PEXT bmi2:RORX bmi2:SARX bmi2:SHLX bmi2:SHRX"),
    MOVE("MOV MOVSX MOVSXD MOVZX movbe:MOVBE LEA XCHG XADD CMPXCHG cx8:CMPXCHG8B cx16:CMPXCHG16B XLAT CMOVCC SETCC lahf_lm:LAHF lahf_lm:SAHF CLC STC CMC "
        + "CLD STD NOP PAUSE ENDBR32 ENDBR64 PREFETCHNTA PREFETCHT0 PREFETCHT1 PREFETCHT2 3dnowprefetch:PREFETCHW clflush:CLFLUSH clflushopt:CLFLUSHOPT "
        + "clwb:CLWB sse2:LFENCE sse2:MFENCE sse:SFENCE sse2:MOVNTI"),
    STACK("PUSH POP PUSHF POPF ENTER LEAVE"),
    CONTROL("JCC JMP CALL RET LOOP LOOPE LOOPNE JCXZ"),
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

    static boolean available(Mnemonic mnemonic, Set<String> features) {
        String feature = FEATURES.get(mnemonic);
        return feature != null && (feature.isEmpty() || features.contains(feature));
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
