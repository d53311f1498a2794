package proteus.silicon.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import proteus.api.event.EventCounters;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.fpu.FpuFamilies;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.system.Cpuid;
import proteus.silicon.system.Families;
import proteus.x86.asm.Assembler;
import proteus.x86.decode.Decoder;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Every instruction the decoder knows is either executed, or #UD for a reason; and every CPU model has exactly what it promises. */
class InstructionListTest {
    /** Hints, executed by doing nothing: an example of each. */
    private static final List<String> HINTS = List.of("nop", "endbr32", "endbr64", "prefetch [rax]", "prefetchw [rax]", "prefetchwt1 [rax]", "prefetchnta [rax]",
        "prefetcht0 [rax]", "prefetcht1 [rax]", "prefetcht2 [rax]", "prefetchit0 [rip]", "prefetchit1 [rip]");

    /** What no processor of ours executes, and why. */
    private static final Map<String, String> UNDEFINED = Map.ofEntries(
        Map.entry("decoding failed", """
            INVALID
            """),
        Map.entry("no MOVDIR64B, ENQCMD", """
            MOVDIR64B ENQCMD ENQCMDS
            """),
        Map.entry("no user interrupts", """
            UIRET CLUI STUI TESTUI SENDUIPI
            """),
        Map.entry("no MSRLIST, WRMSRNS", """
            WRMSRNS RDMSRLIST WRMSRLIST
            """),
        Map.entry("no WAITPKG", """
            UMONITOR UMWAIT TPAUSE
            """),
        Map.entry("no protection keys", """
            RDPKRU WRPKRU
            """),
        Map.entry("no PTWRITE, PCONFIG, HRESET", """
            PTWRITE PCONFIG HRESET
            """),
        Map.entry("no SGX", """
            ENCLS ENCLU ENCLV
            """),
        Map.entry("no TSX", """
            XABORT XBEGIN XEND XTEST XSUSLDTRK XRESLDTRK
            """),
        Map.entry("no shadow stacks", """
            INCSSP SAVEPREVSSP RSTORSSP WRSS WRUSS SETSSBSY CLRSSBSY
            """),
        Map.entry("AMD's", """
            RDPRU CLZERO MONITORX MWAITX MCOMMIT INVLPGB TLBSYNC PSMASH PVALIDATE RMPUPDATE RMPADJUST VMGEXIT STGI CLGI SKINIT
            INVLPGA MOVNTSS MOVNTSD EXTRQ INSERTQ VPROTB VPROTW VPROTD VPROTQ VPCMOV VPPERM
            """),
        Map.entry("VIA's", """
            XSTORE XCRYPTECB XCRYPTCBC XCRYPTCTR XCRYPTCFB XCRYPTOFB MONTMUL XSHA1 XSHA256
            """),
        Map.entry("no AMX", """
            TILERELEASE
            """),
        Map.entry("no TDX", """
            TDCALL SEAMCALL SEAMRET SEAMOPS
            """),
        Map.entry("no GFNI, AVX-VNNI, AVX-IFMA", """
            GF2P8AFFINEQB GF2P8AFFINEINVQB GF2P8MULB VGF2P8AFFINEQB VGF2P8AFFINEINVQB VGF2P8MULB VPDPBUSD VPDPBUSDS VPDPWSSD
            VPDPWSSDS VPMADD52LUQ VPMADD52HUQ
            """),
        Map.entry("no AVX-512", """
            KADDB KADDW KADDD KADDQ KANDB KANDW KANDD KANDQ KANDNB KANDNW KANDND KANDNQ KMOVB KMOVW KMOVD KMOVQ KNOTB KNOTW KNOTD
            KNOTQ KORB KORW KORD KORQ KORTESTB KORTESTW KORTESTD KORTESTQ KSHIFTLB KSHIFTLW KSHIFTLD KSHIFTLQ KSHIFTRB KSHIFTRW
            KSHIFTRD KSHIFTRQ KTESTB KTESTW KTESTD KTESTQ KUNPCKBW KUNPCKWD KUNPCKDQ KXNORB KXNORW KXNORD KXNORQ KXORB KXORW KXORD
            KXORQ VALIGND VALIGNQ VBLENDMPS VBLENDMPD VBROADCASTF32X2 VBROADCASTF32X4 VBROADCASTF32X8 VBROADCASTF64X2
            VBROADCASTF64X4 VBROADCASTI32X2 VBROADCASTI32X4 VBROADCASTI32X8 VBROADCASTI64X2 VBROADCASTI64X4 VCOMPRESSPS VCOMPRESSPD
            VCVTPD2QQ VCVTPD2UDQ VCVTPD2UQQ VCVTPS2QQ VCVTPS2UDQ VCVTPS2UQQ VCVTQQ2PD VCVTQQ2PS VCVTSD2USI VCVTSS2USI VCVTTPD2QQ
            VCVTTPD2UDQ VCVTTPD2UQQ VCVTTPS2QQ VCVTTPS2UDQ VCVTTPS2UQQ VCVTTSD2USI VCVTTSS2USI VCVTUDQ2PD VCVTUDQ2PS VCVTUQQ2PD
            VCVTUQQ2PS VCVTUSI2SD VCVTUSI2SS VCVTNE2PS2BF16 VCVTNEPS2BF16 VDPBF16PS VDBPSADBW VEXPANDPS VEXPANDPD VEXP2PS VEXP2PD
            VEXTRACTF32X4 VEXTRACTF32X8 VEXTRACTF64X2 VEXTRACTF64X4 VEXTRACTI32X4 VEXTRACTI32X8 VEXTRACTI64X2 VEXTRACTI64X4
            VFIXUPIMMPS VFIXUPIMMPD VFIXUPIMMSS VFIXUPIMMSD VFPCLASSPS VFPCLASSPD VFPCLASSSS VFPCLASSSD VGETEXPPS VGETEXPPD
            VGETEXPSS VGETEXPSD VGETMANTPS VGETMANTPD VGETMANTSS VGETMANTSD VINSERTF32X4 VINSERTF32X8 VINSERTF64X2 VINSERTF64X4
            VINSERTI32X4 VINSERTI32X8 VINSERTI64X2 VINSERTI64X4 VMOVDQA32 VMOVDQA64 VMOVDQU8 VMOVDQU16 VMOVDQU32 VMOVDQU64
            VP2INTERSECTD VP2INTERSECTQ VPABSQ VPANDD VPANDQ VPANDND VPANDNQ VPBLENDMB VPBLENDMW VPBLENDMD VPBLENDMQ VPBROADCASTMB2Q
            VPBROADCASTMW2D VPCMPB VPCMPUB VPCMPW VPCMPUW VPCMPD VPCMPUD VPCMPQ VPCMPUQ VPCOMPRESSB VPCOMPRESSW VPCOMPRESSD
            VPCOMPRESSQ VPCONFLICTD VPCONFLICTQ VPERMB VPERMW VPERMI2B VPERMI2W VPERMI2D VPERMI2Q VPERMI2PS VPERMI2PD VPERMT2B
            VPERMT2W VPERMT2D VPERMT2Q VPERMT2PS VPERMT2PD VPEXPANDB VPEXPANDW VPEXPANDD VPEXPANDQ VPLZCNTD VPLZCNTQ VPMAXSQ VPMAXUQ
            VPMINSQ VPMINUQ VPMOVB2M VPMOVW2M VPMOVD2M VPMOVQ2M VPMOVM2B VPMOVM2W VPMOVM2D VPMOVM2Q VPMOVDB VPMOVSDB VPMOVUSDB
            VPMOVDW VPMOVSDW VPMOVUSDW VPMOVQB VPMOVSQB VPMOVUSQB VPMOVQD VPMOVSQD VPMOVUSQD VPMOVQW VPMOVSQW VPMOVUSQW VPMOVWB
            VPMOVSWB VPMOVUSWB VPMULLQ VPMULTISHIFTQB VPOPCNTB VPOPCNTW VPOPCNTD VPOPCNTQ VPORD VPORQ VPROLD VPROLQ VPROLVD VPROLVQ
            VPRORD VPRORQ VPRORVD VPRORVQ VPSCATTERDD VPSCATTERDQ VPSCATTERQD VPSCATTERQQ VPSHLDW VPSHLDD VPSHLDQ VPSHLDVW VPSHLDVD
            VPSHLDVQ VPSHRDW VPSHRDD VPSHRDQ VPSHRDVW VPSHRDVD VPSHRDVQ VPSHUFBITQMB VPSLLVW VPSRAQ VPSRAVW VPSRAVQ VPSRLVW
            VPTERNLOGD VPTERNLOGQ VPTESTMB VPTESTMW VPTESTMD VPTESTMQ VPTESTNMB VPTESTNMW VPTESTNMD VPTESTNMQ VPXORD VPXORQ VRANGEPS
            VRANGEPD VRANGESS VRANGESD VRCP14PS VRCP14PD VRCP14SS VRCP14SD VRCP28PS VRCP28PD VRCP28SS VRCP28SD VREDUCEPS VREDUCEPD
            VREDUCESS VREDUCESD VRNDSCALEPS VRNDSCALEPD VRNDSCALESS VRNDSCALESD VRSQRT14PS VRSQRT14PD VRSQRT14SS VRSQRT14SD
            VRSQRT28PS VRSQRT28PD VRSQRT28SS VRSQRT28SD VSCALEFPS VSCALEFPD VSCALEFSS VSCALEFSD VSCATTERDPS VSCATTERDPD VSCATTERQPS
            VSCATTERQPD VSHUFF32X4 VSHUFF64X2 VSHUFI32X4 VSHUFI64X2
            """));

    /** What the 486 and its predecessors execute (SDM vol. 1, 5.1 to 5.2, 5.10; vol. 3B, 23.13), x87 aside; and what is #UD by definition. */
    private static final Set<String> BASE = Set.of("""
        ADD OR AND SUB XOR CMP INC DEC MOVSX MOVSXD MOVZX LEA ADC SBB TEST NEG NOT MUL IMUL DIV IDIV AAA AAD AAM AAS DAA DAS ROL ROR RCL RCR SHL SHR SAR SHLD SHRD BT BTS BTR BTC BSF BSR BSWAP
        MOV XCHG XADD CMPXCHG XLAT SETCC CBW CWD SALC PUSH POP PUSHA POPA PUSHF POPF LAHF SAHF ENTER LEAVE MOVS CMPS SCAS LODS STOS INS OUTS
        IN OUT LDS LES LFS LGS LSS JCC JMP JMP_FAR CALL CALL_FAR RET RET_FAR IRET LOOP LOOPE LOOPNE JCXZ INT INT3 INT1 INTO BOUND PAUSE HLT
        FWAIT CLC STC CMC CLD STD CLI STI MOV_CR MOV_DR LGDT SGDT LIDT SIDT LLDT SLDT LTR STR LMSW SMSW CLTS ARPL LAR LSL VERR VERW INVD
        WBINVD WBNOINVD INVLPG CPUID FNENI FNDISI FNSETPM FRSTPM UD0 UD1 UD2 RSM GETSEC VMRUN VMMCALL VMLOAD VMSAVE
        """.strip().split("\\s+"));

    private final HandlerTable handlers = new HandlerTable();

    InstructionListTest() {
        Integers.register(handlers);
        Families.register(handlers);
        FpuFamilies.register(handlers);
    }

    private static byte[] assemble(String text) {
        return Assembler.assemble(text + "\n", 64, 0).bytes();
    }

    private Op lower(String text, long isa) {
        byte[] code = assemble(text);
        Instruction instruction = new Instruction();
        Decoder.decode(i -> i < code.length ? code[i] & 0xff : 0, 64, instruction);
        return new Lowering(0, isa, handlers, m -> { }).lower(instruction, 0, 64);
    }

    @Test
    void everyMnemonicIsExecutedOrUndefinedForAReason() {
        EnumSet<Mnemonic> left = EnumSet.allOf(Mnemonic.class);
        for (Mnemonic mnemonic : Mnemonic.values()) {
            if (handlers.get(mnemonic) != null) {
                left.remove(mnemonic);
            }
        }
        for (String text : HINTS) {
            Op op = lower(text, -1);
            assertNull(op.handler, text);
            assertTrue(left.remove(op.mnemonic), text);
        }
        UNDEFINED.forEach((reason, names) -> {
            for (String name : names.strip().split("\\s+")) {
                assertTrue(left.remove(Mnemonic.valueOf(name)), () -> name + " is executed, although " + reason);
            }
        });
        assertEquals(Set.of(), left);
    }

    @Test
    void everythingSinceThe486NeedsAFeature() {
        for (Mnemonic mnemonic : Mnemonic.values()) {
            if (handlers.get(mnemonic) == null) {
                continue;
            }
            boolean always = true;
            boolean base = BASE.contains(mnemonic.name());
            for (int vectorLength : base ? new int[] {0} : new int[] {0, 128}) {
                for (int kind : new int[] {Instruction.NONE, Instruction.MMX}) {
                    Op op = new Op();
                    op.mnemonic = mnemonic;
                    op.mode = 32;
                    op.vectorLength = vectorLength;
                    op.k0 = kind;
                    always &= Requirements.met(0, op);
                }
            }
            assertEquals(base, always, mnemonic.name());
        }
    }

    private static final List<String> MODELS = List.of("486", "pentium2", "qemu64", "x86-64-v2", "x86-64-v3", "max");
    /** Instructions by the first of these models that executes them; each model has what the ones before it have. */
    private static final Map<String, String> SINCE = Map.ofEntries(Map.entry("xadd eax, ebx", "486"), Map.entry("fsin", "486"),
        Map.entry("cmovz eax, ebx", "pentium2"), Map.entry("cmpxchg8b [rdi]", "pentium2"), Map.entry("rdtsc", "pentium2"), Map.entry("rdmsr", "pentium2"),
        Map.entry("fcomi st0, st1", "pentium2"), Map.entry("paddb mm0, mm1", "pentium2"), Map.entry("fxsave [rdi]", "pentium2"), Map.entry("sysenter", "pentium2"),
        Map.entry("endbr64", "pentium2"), Map.entry("pshufw mm0, mm1, 1", "qemu64"), Map.entry("paddq mm0, mm1", "qemu64"), Map.entry("addps xmm0, xmm1", "qemu64"),
        Map.entry("paddb xmm0, xmm1", "qemu64"), Map.entry("lfence", "qemu64"), Map.entry("haddps xmm0, xmm1", "qemu64"), Map.entry("fisttp dword [rdi]", "qemu64"),
        Map.entry("cmpxchg16b [rdi]", "qemu64"), Map.entry("syscall", "qemu64"), Map.entry("lahf", "qemu64"), Map.entry("swapgs", "qemu64"),
        Map.entry("prefetchw [rdi]", "qemu64"), Map.entry("popcnt eax, ebx", "x86-64-v2"), Map.entry("pshufb xmm0, xmm1", "x86-64-v2"),
        Map.entry("pshufb mm0, mm1", "x86-64-v2"), Map.entry("ptest xmm0, xmm1", "x86-64-v2"), Map.entry("crc32 eax, ebx", "x86-64-v2"),
        Map.entry("movbe eax, [rdi]", "x86-64-v3"), Map.entry("andn eax, ebx, ecx", "x86-64-v3"), Map.entry("pdep eax, ebx, ecx", "x86-64-v3"),
        Map.entry("xsave [rdi]", "x86-64-v3"), Map.entry("vaddps ymm0, ymm1, ymm2", "x86-64-v3"), Map.entry("vpaddb ymm0, ymm1, ymm2", "x86-64-v3"),
        Map.entry("vbroadcastss ymm0, xmm1", "x86-64-v3"), Map.entry("vfmadd132sd xmm0, xmm1, xmm2", "x86-64-v3"), Map.entry("vcvtph2ps xmm0, xmm1", "x86-64-v3"),
        Map.entry("aesenc xmm0, xmm1", "max"), Map.entry("pclmulqdq xmm0, xmm1, 0", "max"), Map.entry("sha1nexte xmm0, xmm1", "max"), Map.entry("rdrand eax", "max"),
        Map.entry("rdseed eax", "max"), Map.entry("adcx eax, ebx", "max"), Map.entry("rdtscp", "max"), Map.entry("rdfsbase rax", "max"),
        Map.entry("invpcid rax, [rdi]", "max"), Map.entry("clac", "max"), Map.entry("clflushopt [rdi]", "max"), Map.entry("xsavec [rdi]", "max"),
        Map.entry("monitor", "max"), Map.entry("serialize", "max"), Map.entry("vmcall", "max"), Map.entry("xsaves [rdi]", "none"), Map.entry("movdiri [rdi], eax", "none"));

    private static long isa(String model) {
        try (ModelHostMemory memory = new ModelHostMemory(1 << 20);
            Cpu cpu = new Cpu(new EventCounters(), new CpuFeatures(model, EnumSet.allOf(proteus.api.silicon.SiliconFeature.class), 40), false, c -> new Mmu(c, memory))) {
            Cpuid.apply(cpu, model);
            return cpu.isa;
        }
    }

    @Test
    void everyModelExecutesWhatItPromisesAndNothingElse() {
        for (String model : MODELS) {
            long isa = isa(model);
            SINCE.forEach((text, since) -> {
                Op op = lower(text, isa);
                boolean expected = MODELS.contains(since) && MODELS.indexOf(since) <= MODELS.indexOf(model);
                assertEquals(expected, op.handler != Lowering.UNDEFINED, () -> text + " on " + model);
            });
        }
    }

    @Test
    void countsOfZerosAreScansWhereTheModelLacksThem() {
        assertEquals(Mnemonic.BSR, lower("lzcnt eax, ebx", isa("x86-64-v2")).mnemonic);
        assertEquals(Mnemonic.BSF, lower("tzcnt eax, ebx", isa("x86-64-v2")).mnemonic);
        assertEquals(Mnemonic.LZCNT, lower("lzcnt eax, ebx", isa("x86-64-v3")).mnemonic);
        assertEquals(Mnemonic.TZCNT, lower("tzcnt eax, ebx", isa("x86-64-v3")).mnemonic);
    }
}
