package proteus.silicon.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import proteus.api.silicon.MachineBus;
import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.system.TestMachine.Result;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.format.SegmentDescriptor;

/** Control, debug and model-specific registers, flags, ports, CPUID. */
class ControlTest {
    private static final Result GP = Result.fault(13, 0), UD = Result.fault(6, 0);

    private final TestMachine machine = new TestMachine();
    private final Cpu cpu = machine.cpu;

    @AfterEach
    void close() {
        machine.close();
    }

    // ---- control registers

    @Test
    void pagingWithoutProtectionIsRefused() {
        assertEquals(GP, machine.moveToCr(0, Cr0.PG));
        assertEquals(GP, machine.moveToCr(0, Cr0.PE | Cr0.NW));
        assertEquals(Result.FINE, machine.moveToCr(0, Cr0.PE));
        assertEquals(Cr0.PE | Cr0.ET, cpu.cr0);
    }

    @Test
    void pagingActivatesLongModeOnlyWithPae() {
        cpu.efer = Efer.LME;
        assertEquals(GP, machine.moveToCr(0, cpu.cr0 | Cr0.PG));
        cpu.cr4 = Cr4.PAE;
        assertEquals(Result.FINE, machine.moveToCr(0, cpu.cr0 | Cr0.PG));
        assertEquals(Efer.LME | Efer.LMA, cpu.efer);
        assertEquals(32, cpu.codeSize);
        assertEquals(Result.FINE, machine.moveToCr(0, cpu.cr0 & ~Cr0.PG));
        assertEquals(Efer.LME, cpu.efer);
    }

    @Test
    void sixteenBitTaskStateKeepsLongModeOff() {
        cpu.efer = Efer.LME;
        cpu.cr4 = Cr4.PAE;
        cpu.rights[Cpu.TR] = 0x83;
        assertEquals(GP, machine.moveToCr(0, cpu.cr0 | Cr0.PG));
    }

    @Test
    void pagingCannotEndIn64BitCode() {
        machine.longMode(0);
        assertEquals(GP, machine.moveToCr(0, cpu.cr0 & ~Cr0.PG));
        assertEquals(GP, machine.moveToCr(4, cpu.cr4 & ~Cr4.PAE));
        assertEquals(GP, machine.moveToCr(8, 16));
        assertEquals(Result.FINE, machine.moveToCr(8, 15));
    }

    @Test
    void reservedBitsOfPdptesAreCheckedWhenCr3IsLoaded() {
        cpu.cr4 = Cr4.PAE;
        machine.memory.write64(0x9000, 0x1_0001);
        assertEquals(Result.FINE, machine.moveToCr(3, 0x9000));
        assertEquals(Result.FINE, machine.moveToCr(0, cpu.cr0 | Cr0.PG));
        assertEquals(0x1_0001, cpu.pdpte[0]);
        machine.memory.write64(0xa008, 0x1_0003);
        assertEquals(GP, machine.moveToCr(3, 0xa000));
        assertEquals(0x9000, cpu.cr3);
        assertEquals(0x1_0001, cpu.pdpte[0]);
    }

    @Test
    void bitsOfCr4ThatTheModelLacksAreReserved() {
        assertEquals(GP, machine.moveToCr(4, Cr4.LA57));
        assertEquals(GP, machine.moveToCr(4, Cr4.PCIDE));
        assertEquals(Result.FINE, machine.moveToCr(4, Cr4.SMEP | Cr4.SMAP | Cr4.UMIP | Cr4.PGE));
        try (TestMachine old = new TestMachine("486")) {
            assertEquals(GP, old.moveToCr(4, Cr4.PGE));
        }
    }

    @Test
    void contextIdentifiersNeedLongModeAndAnEmptyOne() {
        machine.longMode(0);
        cpu.cr3 |= 1;
        assertEquals(GP, machine.moveToCr(4, cpu.cr4 | Cr4.PCIDE));
        cpu.cr3 &= ~1;
        assertEquals(Result.FINE, machine.moveToCr(4, cpu.cr4 | Cr4.PCIDE));
        assertEquals(Result.FINE, machine.moveToCr(3, 1L << 63 | TestMachine.TABLES | 5));
        assertEquals(TestMachine.TABLES | 5, cpu.cr3);
        assertEquals(GP, machine.moveToCr(3, 1L << 45));
    }

    @Test
    void lmswSetsProtectionButCannotClearIt() {
        cpu.gpr(0, 0xfffe);
        assertEquals(Result.FINE, machine.execute(Mnemonic.LMSW, op -> TestMachine.gpr(op, 0)));
        assertEquals(0xf, cpu.cr0 & 0xf);
        machine.ring(3);
        assertEquals(GP, machine.execute(Mnemonic.LMSW, op -> TestMachine.gpr(op, 0)));
        assertEquals(GP, machine.moveToCr(0, 1));
    }

    @Test
    void generalDetectFaultsOnDebugRegisters() {
        cpu.dr[7] |= 1 << 13;
        assertEquals(Result.fault(1, 0), machine.execute(Mnemonic.MOV_DR, op -> {
            op.k0 = Instruction.DEBUG;
            op.r0 = 0;
            op.r1 = CpuLayout.gpr(0);
        }));
    }

    @Test
    void debugRegister4IsAnAliasOf6UnlessDebugExtensionsAreOn() {
        cpu.gpr(0, 0);
        machine.execute(Mnemonic.MOV_DR, op -> {
            op.k0 = Instruction.DEBUG;
            op.r0 = 4;
            op.r1 = CpuLayout.gpr(0);
        });
        assertEquals(0xffff_0ff0L, cpu.dr[6]);
        cpu.cr4 |= Cr4.DE;
        assertEquals(UD, machine.execute(Mnemonic.MOV_DR, op -> {
            op.k0 = Instruction.DEBUG;
            op.r0 = 4;
            op.r1 = CpuLayout.gpr(0);
        }));
    }

    // ---- flags

    @Test
    void cliNeedsIoPrivilege() {
        machine.ring(3);
        assertEquals(GP, machine.execute(Mnemonic.CLI));
        cpu.rflags(cpu.rflags() | Flags.IOPL | Flags.IF);
        assertEquals(Result.FINE, machine.execute(Mnemonic.CLI));
        assertFalse(cpu.flag(Flags.IF));
    }

    @Test
    void protectedModeVirtualInterruptsChangeVif() {
        cpu.cr4 |= Cr4.PVI;
        machine.ring(3);
        assertEquals(Result.FINE, machine.execute(Mnemonic.STI));
        assertTrue(cpu.flag(Flags.VIF));
        assertFalse(cpu.flag(Flags.IF));
        cpu.flag(Flags.VIP, true);
        assertEquals(GP, machine.execute(Mnemonic.STI));
    }

    @Test
    void popfInRing3LeavesInterruptFlag() {
        machine.ring(3);
        cpu.rflags(Flags.IF | 2);
        machine.push32(Flags.IOPL | Flags.CF | Flags.AC | 2);
        assertEquals(Result.FINE, machine.execute(Mnemonic.POPF));
        assertEquals(Flags.IF | Flags.CF | Flags.AC | 2, cpu.rflags());
    }

    @Test
    void pushfInV8086ModeNeedsIopl3OrExtensions() {
        machine.v8086(0);
        assertEquals(GP, machine.execute(Mnemonic.PUSHF));
        cpu.cr4 |= Cr4.VME;
        assertEquals(Result.FINE, machine.execute(Mnemonic.PUSHF));
    }

    @Test
    void stacIsForRing0Only() {
        assertEquals(Result.FINE, machine.execute(Mnemonic.STAC));
        assertTrue(cpu.flag(Flags.AC));
        machine.ring(3);
        assertEquals(UD, machine.execute(Mnemonic.CLAC));
    }

    // ---- model-specific registers

    @Test
    void unknownMsrIsProtection() {
        assertEquals(GP, machine.writeMsr(0x1234, 0));
        cpu.gpr(1, 0xc001_0015L);
        assertEquals(GP, machine.execute(Mnemonic.RDMSR));
        machine.ring(3);
        cpu.gpr(1, Msr.IA32_TSC);
        assertEquals(GP, machine.execute(Mnemonic.RDMSR));
    }

    @Test
    void addressesInMsrsAreCanonical() {
        assertEquals(GP, machine.writeMsr(Msr.IA32_LSTAR, 0x8000_0000_0000L));
        assertEquals(Result.FINE, machine.writeMsr(Msr.IA32_LSTAR, 0xffff_8000_0000_0000L));
        assertEquals(0xffff_8000_0000_0000L, cpu.msrs.lstar);
    }

    @Test
    void lmeCannotChangeUnderPagingAndLmaIsNotWritable() {
        assertEquals(Result.FINE, machine.writeMsr(Msr.IA32_EFER, Efer.LME | Efer.LMA));
        assertEquals(Efer.LME, cpu.efer);
        machine.longMode(0);
        assertEquals(GP, machine.writeMsr(Msr.IA32_EFER, Efer.SCE));
        assertEquals(GP, machine.writeMsr(Msr.IA32_EFER, Efer.LME | Efer.SVME));
    }

    @Test
    void patTakesOnlyMemoryTypesThatExist() {
        assertEquals(GP, machine.writeMsr(Msr.IA32_PAT, 2));
        assertEquals(Result.FINE, machine.writeMsr(Msr.IA32_PAT, 0x0007_0106_0007_0106L));
    }

    @Test
    void writingTheTscMovesItAndTheAdjustment() {
        assertEquals(Result.FINE, machine.writeMsr(Msr.IA32_TSC, 1000));
        assertEquals(1000, cpu.tsc());
        assertEquals(1000, cpu.msrs.tscAdjust);
        machine.writeMsr(Msr.IA32_TSC_ADJUST, 0);
        assertEquals(0, cpu.tsc());
    }

    // ---- ports

    /** Remembers writes; reads give 0x5a. */
    private static final class Ports implements MachineBus {
        final List<String> written = new ArrayList<>();
        int reads;

        @Override
        public int readPort(int port, int size) {
            reads++;
            return 0x5a;
        }

        @Override
        public void writePort(int port, int size, int value) {
            written.add("%x/%d=%x".formatted(port, size, value));
        }

        @Override
        public long readMemory(long gpa, int size) {
            return -1;
        }

        @Override
        public void writeMemory(long gpa, int size, long value) {}
    }

    private Result out(int port) {
        cpu.gpr(2, port);
        return machine.execute(Mnemonic.OUT, op -> {
            op.k0 = Instruction.GPR;
            op.operandSize = 8;
        });
    }

    @Test
    void permissionBitmapDecidesForRing3() {
        Ports ports = new Ports();
        cpu.bus = ports;
        machine.ring(3);
        cpu.gpr(0, 0xab);
        machine.memory.write8(TestMachine.TASK + 0x88 + 0x80 / 8, 0xfe);
        assertEquals(Result.FINE, out(0x80));
        assertEquals(GP, out(0x81));
        assertEquals(List.of("80/1=ab"), ports.written);
        cpu.rflags(cpu.rflags() | Flags.IOPL);
        assertEquals(Result.FINE, out(0x81));
    }

    @Test
    void bitmapBeyondTheTaskStateForbids() {
        machine.ring(3);
        assertEquals(GP, out(0xfff));
        cpu.limit[Cpu.TR] = 0x67;
        assertEquals(GP, out(0x80));
    }

    @Test
    void repeatedInputStopsAtAFaultWithRegistersOfThatElement() {
        Ports ports = new Ports();
        cpu.bus = ports;
        machine.descriptor(TestMachine.FREE, SegmentDescriptor.of(0x6000, 3, 0x4093));
        machine.load(Cpu.ES, TestMachine.FREE);
        cpu.gpr(7, 0);
        cpu.gpr(1, 10);
        assertEquals(GP, machine.execute(Mnemonic.INS, op -> {
            op.rep = true;
            op.operandSize = 8;
        }));
        assertEquals(4, cpu.gpr(7));
        assertEquals(6, cpu.gpr(1));
        assertEquals(4, ports.reads);
        assertEquals(0x5a5a_5a5a, machine.memory.read32(0x6000));
    }

    @Test
    void longRepetitionPausesOnItself() {
        cpu.bus = new Ports();
        cpu.gpr(6, 0);
        cpu.gpr(1, 5000);
        assertEquals(Result.FINE, machine.execute(Mnemonic.OUTS, op -> {
            op.rep = true;
            op.operandSize = 8;
        }));
        assertEquals(TestMachine.RIP, cpu.rip());
        assertTrue(cpu.unfinished);
        assertEquals(5000 - cpu.gpr(6), cpu.gpr(1));
    }

    // ---- CPUID and the rest

    @Test
    void cpuidAnswersTheModelAndItsDynamicBits() {
        cpu.gpr(0, 1);
        machine.execute(Mnemonic.CPUID);
        assertEquals(0xe06f1, cpu.gpr(0));
        assertEquals(1 << 9, cpu.gpr(2) & 1 << 9);
        cpu.msrs.apicBase &= ~Msr.APIC_BASE_ENABLE;
        cpu.gpr(0, 1);
        machine.execute(Mnemonic.CPUID);
        assertEquals(0, cpu.gpr(2) & 1 << 9);
    }

    @Test
    void leafBeyondTheHighestAnswersTheHighest() {
        cpu.gpr(0, 0x1234);
        machine.execute(Mnemonic.CPUID);
        assertEquals(1000, cpu.gpr(0));
    }

    @Test
    void sizeOfTheXsaveAreaFollowsXcr0() {
        Cpuid.apply(cpu, "x86-64-v3");
        for (long xcr0 : new long[] {1, 3, 7}) {
            cpu.xcr0 = xcr0;
            cpu.gpr(0, 0xd);
            cpu.gpr(1, 0);
            machine.execute(Mnemonic.CPUID);
            assertEquals(7, cpu.gpr(0));
            assertEquals(xcr0 == 7 ? 832 : 576, cpu.gpr(3));
            assertEquals(832, cpu.gpr(1));
        }
        cpu.gpr(0, 0xd);
        cpu.gpr(1, 2);
        machine.execute(Mnemonic.CPUID);
        assertEquals(256, cpu.gpr(0));
        assertEquals(576, cpu.gpr(3));
    }

    @Test
    void missingSiliconFeaturesAreMissingInCpuid() {
        Map<Long, int[]> bare = Cpuid.tables("max", Set.of(), 40);
        assertFalse(Cpuid.bit(bare, 0x8000_0001, 3, 20));
        assertFalse(Cpuid.bit(bare, 1, 2, 5));
        Map<Long, int[]> full = Cpuid.tables("max", Set.of(SiliconFeature.NX, SiliconFeature.VMX), 40);
        assertTrue(Cpuid.bit(full, 0x8000_0001, 3, 20));
        assertTrue(Cpuid.bit(full, 1, 2, 5));
        IllegalArgumentException wrong = assertThrows(IllegalArgumentException.class, () -> Cpuid.tables("z80", Set.of(), 40));
        assertTrue(wrong.getMessage().contains("max, x86-64-v3, x86-64-v2, qemu64, pentium2, 486"), wrong.getMessage());
    }

    @Test
    void everyModelNamesOnlyKnownFeatures() {
        Set<String> known = new java.util.HashSet<>();
        CpuModel.FEATURES.forEach(feature -> known.add(feature.name()));
        for (CpuModel model : CpuModel.MODELS) {
            assertTrue(known.containsAll(model.features()), model.name());
        }
    }

    /** A few instructions of each feature; each must have a handler. */
    private static final Map<String, List<Mnemonic>> EXECUTED = Map.ofEntries(
        Map.entry("fpu", List.of(Mnemonic.FLD, Mnemonic.FADD, Mnemonic.FSIN, Mnemonic.FYL2X, Mnemonic.FNSAVE)),
        Map.entry("cx8", List.of(Mnemonic.CMPXCHG8B)), Map.entry("cx16", List.of(Mnemonic.CMPXCHG16B)),
        Map.entry("sep", List.of(Mnemonic.SYSENTER, Mnemonic.SYSEXIT)), Map.entry("clflush", List.of(Mnemonic.CLFLUSH)),
        Map.entry("mmx", List.of(Mnemonic.PADDW, Mnemonic.EMMS, Mnemonic.MOVD)), Map.entry("fxsr", List.of(Mnemonic.FXSAVE, Mnemonic.FXRSTOR)),
        Map.entry("sse", List.of(Mnemonic.ADDPS, Mnemonic.RCPPS, Mnemonic.CVTTSS2SI, Mnemonic.MASKMOVQ, Mnemonic.LDMXCSR)),
        Map.entry("sse2", List.of(Mnemonic.MULPD, Mnemonic.CVTDQ2PD, Mnemonic.PMULUDQ, Mnemonic.MOVNTDQ, Mnemonic.SQRTSD)),
        Map.entry("sse3", List.of(Mnemonic.ADDSUBPS, Mnemonic.HADDPD, Mnemonic.MOVDDUP, Mnemonic.LDDQU, Mnemonic.FISTTP)),
        Map.entry("ssse3", List.of(Mnemonic.PSHUFB, Mnemonic.PALIGNR, Mnemonic.PSIGND, Mnemonic.PABSB)),
        Map.entry("sse4_1", List.of(Mnemonic.PBLENDVB, Mnemonic.ROUNDSD, Mnemonic.PINSRQ, Mnemonic.MPSADBW, Mnemonic.DPPS, Mnemonic.PHMINPOSUW, Mnemonic.MOVNTDQA)),
        Map.entry("sse4_2", List.of(Mnemonic.PCMPESTRI, Mnemonic.PCMPISTRM, Mnemonic.PCMPGTQ, Mnemonic.CRC32)),
        Map.entry("aes", List.of(Mnemonic.AESENC, Mnemonic.AESDECLAST, Mnemonic.AESIMC, Mnemonic.AESKEYGENASSIST)),
        Map.entry("avx", List.of(Mnemonic.VADDPS, Mnemonic.VZEROUPPER, Mnemonic.VMASKMOVPD, Mnemonic.VPERM2F128, Mnemonic.VPALIGNR)),
        Map.entry("avx2", List.of(Mnemonic.VPBROADCASTB, Mnemonic.VPGATHERQQ, Mnemonic.VPERMD, Mnemonic.VPSRAVD)), Map.entry("fma", List.of(Mnemonic.VFMADD231SD, Mnemonic.VFMADDSUB132PS)),
        Map.entry("f16c", List.of(Mnemonic.VCVTPH2PS, Mnemonic.VCVTPS2PH)), Map.entry("vaes", List.of(Mnemonic.VAESDECLAST)), Map.entry("vpclmulqdq", List.of(Mnemonic.VPCLMULQDQ)),
        Map.entry("pclmulqdq", List.of(Mnemonic.PCLMULQDQ)), Map.entry("sha_ni", List.of(Mnemonic.SHA1RNDS4, Mnemonic.SHA256RNDS2, Mnemonic.SHA256MSG2)),
        Map.entry("xsave", List.of(Mnemonic.XSAVE, Mnemonic.XRSTOR, Mnemonic.XGETBV, Mnemonic.XSETBV)), Map.entry("xsaveopt", List.of(Mnemonic.XSAVEOPT)),
        Map.entry("xsavec", List.of(Mnemonic.XSAVEC)), Map.entry("movbe", List.of(Mnemonic.MOVBE)), Map.entry("popcnt", List.of(Mnemonic.POPCNT)),
        Map.entry("rdrand", List.of(Mnemonic.RDRAND)), Map.entry("rdseed", List.of(Mnemonic.RDSEED)),
        Map.entry("fsgsbase", List.of(Mnemonic.RDFSBASE, Mnemonic.WRGSBASE)),
        Map.entry("bmi1", List.of(Mnemonic.ANDN, Mnemonic.BEXTR, Mnemonic.BLSI, Mnemonic.BLSMSK, Mnemonic.BLSR, Mnemonic.TZCNT)),
        Map.entry("bmi2", List.of(Mnemonic.BZHI, Mnemonic.MULX, Mnemonic.PDEP, Mnemonic.PEXT, Mnemonic.RORX, Mnemonic.SARX, Mnemonic.SHLX, Mnemonic.SHRX)),
        Map.entry("adx", List.of(Mnemonic.ADCX, Mnemonic.ADOX)), Map.entry("abm", List.of(Mnemonic.LZCNT)),
        Map.entry("invpcid", List.of(Mnemonic.INVPCID)), Map.entry("smap", List.of(Mnemonic.CLAC, Mnemonic.STAC)),
        Map.entry("clflushopt", List.of(Mnemonic.CLFLUSHOPT)), Map.entry("clwb", List.of(Mnemonic.CLWB)), Map.entry("rdpid", List.of(Mnemonic.RDPID)),
        Map.entry("serialize", List.of(Mnemonic.SERIALIZE)), Map.entry("lahf_lm", List.of(Mnemonic.LAHF, Mnemonic.SAHF)),
        Map.entry("syscall", List.of(Mnemonic.SYSCALL, Mnemonic.SYSRET)), Map.entry("rdtscp", List.of(Mnemonic.RDTSCP)));

    @Test
    void everyPromisedFeatureIsExecuted() {
        HandlerTable table = new HandlerTable();
        Families.register(table);
        proteus.silicon.exec.Integers.register(table);
        proteus.silicon.fpu.FpuFamilies.register(table);
        for (CpuModel model : CpuModel.MODELS) {
            for (String feature : model.features()) {
                for (Mnemonic mnemonic : EXECUTED.getOrDefault(feature, List.of())) {
                    assertTrue(table.get(mnemonic) != null, model.name() + " promises " + feature + " without " + mnemonic);
                }
            }
        }
    }

    @Test
    void randomNumbersRepeatWithTheTimeStampCounter() {
        machine.execute(Mnemonic.RDRAND, op -> TestMachine.gpr(op, 0));
        long first = cpu.gpr(0);
        assertTrue(cpu.carry());
        machine.execute(Mnemonic.RDRAND, op -> TestMachine.gpr(op, 0));
        assertEquals(first, cpu.gpr(0));
        cpu.retired++;
        machine.execute(Mnemonic.RDRAND, op -> TestMachine.gpr(op, 0));
        assertTrue(first != cpu.gpr(0));
    }

    @Test
    void vmxInstructionsAreUndefinedWithoutAHypervisor() {
        assertEquals(UD, machine.execute(Mnemonic.VMCALL));
        assertEquals(UD, machine.execute(Mnemonic.VMXON));
        assertEquals(UD, machine.execute(Mnemonic.RSM));
        assertEquals(UD, machine.execute(Mnemonic.UD2));
    }

    @Test
    void haltIsForRing0() {
        machine.ring(3);
        assertEquals(GP, machine.execute(Mnemonic.HLT));
        machine.ring(0);
        machine.execute(Mnemonic.HLT);
        assertEquals(1, cpu.activity);
    }

    @Test
    void invalidationOfAnUncanonicalAddressDoesNothing() {
        machine.longMode(0);
        assertEquals(Result.FINE, machine.execute(Mnemonic.INVLPG, op -> TestMachine.memoryOperand(op, 0x8000_0000_0000L)));
    }

    @Test
    void monitorAndMwaitAreForRing0AndCheckTheirOperands() {
        machine.longMode(0);
        cpu.gpr(0, 0x5000);
        cpu.gpr(1, 0);
        assertEquals(Result.FINE, machine.execute(Mnemonic.MONITOR, op -> op.segment = Cpu.DS));
        assertTrue(cpu.monitoring);
        cpu.gpr(1, 1);
        assertEquals(GP, machine.execute(Mnemonic.MONITOR, op -> op.segment = Cpu.DS));
        assertEquals(Result.FINE, machine.execute(Mnemonic.MWAIT));
        assertFalse(cpu.monitoring);
        cpu.gpr(1, 2);
        assertEquals(GP, machine.execute(Mnemonic.MWAIT));
        machine.longMode(3);
        assertEquals(UD, machine.execute(Mnemonic.MWAIT));
    }

    private long tables() {
        return cpu.cr3 & 0xf_ffff_ffff_f000L;
    }

    @Test
    void writeProtectionConcernsTheNextWrite() {
        machine.longMode(0);
        long entry = tables() + 0x2000 + 8 * 3;
        machine.memory.write64(entry, machine.memory.read64(entry) & ~2L);
        cpu.mmu.flushAll();
        cpu.mmu.write8(0x600000, (byte) 1);
        assertEquals(Result.FINE, machine.moveToCr(0, cpu.cr0 | Cr0.WP));
        assertEquals(14, assertThrows(proteus.silicon.cpu.GuestFault.class, () -> cpu.mmu.write8(0x600000, (byte) 1)).vector);
        assertEquals(Result.FINE, machine.moveToCr(0, cpu.cr0 & ~Cr0.WP));
        cpu.mmu.write8(0x600000, (byte) 1);
    }

    @Test
    void cr3WithBit63KeepsTheTranslationsOfItsProcessContext() {
        machine.longMode(0);
        cpu.cr4Mask = -1;
        long root = tables();
        assertEquals(GP, machine.moveToCr(3, 1L << 63 | root));
        assertEquals(Result.FINE, machine.moveToCr(4, cpu.cr4 | Cr4.PCIDE));
        assertEquals(Result.FINE, machine.moveToCr(3, root | 5));
        cpu.mmu.read8(0x600000);
        assertEquals(Result.FINE, machine.moveToCr(3, root | 6));
        cpu.mmu.read8(0x600000);
        // the page goes away, but the TLB still knows it
        machine.memory.write64(root + 0x2000 + 8 * 3, 0);
        assertEquals(Result.FINE, machine.moveToCr(3, 1L << 63 | root | 5));
        assertEquals(root | 5, cpu.cr3);
        cpu.mmu.read8(0x600000);
        assertEquals(Result.FINE, machine.moveToCr(3, root | 5));
        assertThrows(proteus.silicon.cpu.GuestFault.class, () -> cpu.mmu.read8(0x600000));
        assertEquals(Result.FINE, machine.moveToCr(3, 1L << 63 | root | 6));
        cpu.mmu.read8(0x600000);
        // INVPCID type 1 of another context, then of this one
        machine.memory.write64(0x5000, 5);
        machine.memory.write64(0x5008, 0);
        cpu.gpr(0, 1);
        assertEquals(Result.FINE, machine.execute(Mnemonic.INVPCID, op -> invpcid(op)));
        cpu.mmu.read8(0x600000);
        machine.memory.write64(0x5000, 6);
        assertEquals(Result.FINE, machine.execute(Mnemonic.INVPCID, op -> invpcid(op)));
        assertThrows(proteus.silicon.cpu.GuestFault.class, () -> cpu.mmu.read8(0x600000));
    }

    private static void invpcid(proteus.silicon.cpu.Op op) {
        TestMachine.memoryOperand(op, 0x5000);
        op.r0 = 0;
    }
}
