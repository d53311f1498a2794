package proteus.silicon.fpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import proteus.api.event.EventCounters;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.GuestFault;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.exec.Lowered;
import proteus.silicon.mmu.Mmu;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.system.Cpuid;
import proteus.x86.asm.Assembler;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.ExceptionVector;

/** What depends on control registers and the CPU model, which a process on the host cannot change. */
class RulesTest {
    private static final int RDI = 7, RAX = 0, RDX = 2;
    private static final long MEMORY = 0x4000;

    private final ModelHostMemory memory = new ModelHostMemory(1 << 20);
    private final Cpu cpu = new Cpu(new EventCounters(), new CpuFeatures("test", Set.of(), 40), false, c -> new Mmu(c, memory));
    private final HandlerTable handlers = new HandlerTable();

    @BeforeEach
    void open() {
        FpuFamilies.register(handlers);
        cpu.cr0 = Cr0.PE | Cr0.MP | Cr0.NE;
        cpu.cr4 = Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.OSXSAVE | Cr4.PAE;
        cpu.xcr0 = 7;
        cpu.efer = Efer.LMA | Efer.LME;
        cpu.rights[Cpu.CS] = 0xa09b;
        cpu.updateMode();
        cpu.mmu.pagingModeChanged();
        cpu.gpr(RDI, MEMORY);
        run("fninit");
        Raw.putInt(cpu.s + CpuLayout.MXCSR, 0x1f80);
    }

    @AfterEach
    void close() {
        cpu.close();
        memory.close();
    }

    private void run(String instruction) {
        Op op = Lowered.lower(handlers, cpu.isa, Assembler.assemble(instruction + "\n", 64, 0).bytes(), 64);
        op.handler.execute(cpu, op);
    }

    private int fault(String instruction) {
        return assertThrows(GuestFault.class, () -> run(instruction)).vector;
    }

    @Test
    void taskSwitchedMakesEveryUnitUnavailable() {
        cpu.cr0 |= Cr0.TS;
        assertEquals(ExceptionVector.NM, fault("fld1"));
        assertEquals(ExceptionVector.NM, fault("fwait"));
        assertEquals(ExceptionVector.NM, fault("paddb mm1, mm2"));
        assertEquals(ExceptionVector.NM, fault("addps xmm1, xmm2"));
        assertEquals(ExceptionVector.NM, fault("fxsave [rdi]"));
        assertEquals(ExceptionVector.NM, fault("xsave [rdi]"));
    }

    @Test
    void withoutMonitorCoprocessorFwaitIgnoresTaskSwitched() {
        cpu.cr0 = cpu.cr0 & ~Cr0.MP | Cr0.TS;
        run("fwait");
    }

    @Test
    void emulationMakesMmxAndSseUndefinedAndX87Unavailable() {
        cpu.cr0 |= Cr0.EM;
        assertEquals(ExceptionVector.NM, fault("fld1"));
        assertEquals(ExceptionVector.UD, fault("paddb mm1, mm2"));
        assertEquals(ExceptionVector.UD, fault("addps xmm1, xmm2"));
        run("fwait");
    }

    @Test
    void withoutTheOperatingSystemsPromiseSseIsUndefined() {
        cpu.cr4 &= ~Cr4.OSFXSR;
        assertEquals(ExceptionVector.UD, fault("movaps xmm1, xmm2"));
        run("fxsave [rdi]");
    }

    @Test
    void withoutOsxmmexcptAnUnmaskedExceptionIsUndefinedOpcode() {
        Raw.putInt(cpu.s + CpuLayout.MXCSR, 0x1f80 & ~(1 << 9));
        Raw.putLong(cpu.s + CpuLayout.xmm(1), Double.doubleToRawLongBits(1));
        assertEquals(ExceptionVector.XM, fault("divsd xmm1, xmm2"));
        cpu.cr4 &= ~Cr4.OSXMMEXCPT;
        assertEquals(ExceptionVector.UD, fault("divsd xmm1, xmm2"));
    }

    @Test
    void unmaskedX87ExceptionWaitsForTheNextWaitingInstruction() {
        cpu.mmu.write16(MEMORY, (short) 0x37b);
        run("fldcw [rdi]");
        run("fld1");
        run("fldz");
        run("fdivp st1, st0");
        run("fnstsw ax");
        assertEquals(ExceptionVector.MF, fault("fld1"));
        assertEquals(ExceptionVector.MF, fault("fwait"));
        assertEquals(ExceptionVector.MF, fault("paddb mm1, mm2"));
        run("fnclex");
        run("fld1");
    }

    @Test
    void alignedFormsFaultOnUnalignedMemory() {
        cpu.gpr(RDI, MEMORY + 8);
        assertEquals(ExceptionVector.GP, fault("movaps xmm1, [rdi]"));
        assertEquals(ExceptionVector.GP, fault("movdqa [rdi], xmm1"));
        assertEquals(ExceptionVector.GP, fault("paddb xmm1, [rdi]"));
        assertEquals(ExceptionVector.GP, fault("fxsave [rdi]"));
        assertEquals(ExceptionVector.GP, fault("xsave [rdi]"));
        run("movups xmm1, [rdi]");
        run("pcmpistri xmm1, [rdi], 0");
    }

    @Test
    void xsaveMarksOnlyWhatIsInUse() {
        cpu.gpr(RAX, 7);
        cpu.gpr(RDX, 0);
        run("xsave [rdi]");
        assertEquals(0, cpu.mmu.read64(MEMORY + 512));
        Raw.putLong(cpu.s + CpuLayout.xmm(3) + 16, 5);
        run("xsavec [rdi]");
        assertEquals(4, cpu.mmu.read64(MEMORY + 512));
        assertEquals(1L << 63 | 7, cpu.mmu.read64(MEMORY + 520));
        assertEquals(5, cpu.mmu.read64(MEMORY + 576 + 48));
    }

    @Test
    void xrstorInitializesWhatIsNotInTheImage() {
        cpu.gpr(RAX, 7);
        cpu.gpr(RDX, 0);
        run("xsave [rdi]");
        Raw.putLong(cpu.s + CpuLayout.xmm(3), 5);
        run("fld1");
        run("xrstor [rdi]");
        assertEquals(0, Raw.getLong(cpu.s + CpuLayout.xmm(3)));
        assertEquals(-1, Raw.getShort(cpu.s + CpuLayout.FTW));
    }

    @Test
    void anOldModelKnowsNoNewInstructions() {
        Cpuid.apply(cpu, "pentium2");
        run("paddb mm1, mm2");
        assertEquals(ExceptionVector.UD, fault("addps xmm1, xmm2"));
        Cpuid.apply(cpu, "qemu64");
        run("addps xmm1, xmm2");
        run("haddps xmm1, xmm2");
        assertEquals(ExceptionVector.UD, fault("pshufb xmm1, xmm2"));
        assertEquals(ExceptionVector.UD, fault("aesenc xmm1, xmm2"));
        Cpuid.apply(cpu, "max");
        run("aesenc xmm1, xmm2");
    }

    @Test
    void avxNeedsTheOperatingSystemsPromiseToSaveIt() {
        run("vaddps ymm1, ymm2, ymm3");
        cpu.cr0 |= Cr0.EM;
        cpu.cr4 &= ~Cr4.OSFXSR;
        run("vaddps ymm1, ymm2, ymm3");
        cpu.xcr0 = 3;
        assertEquals(ExceptionVector.UD, fault("vaddps ymm1, ymm2, ymm3"));
        assertEquals(ExceptionVector.UD, fault("vaddss xmm1, xmm2, xmm3"));
        cpu.xcr0 = 7;
        cpu.cr0 |= Cr0.TS;
        assertEquals(ExceptionVector.NM, fault("vzeroupper"));
        cpu.cr4 &= ~Cr4.OSXSAVE;
        assertEquals(ExceptionVector.UD, fault("vzeroupper"));
    }

    @Test
    void vexIsUndefinedInRealAndVirtual8086Mode() {
        cpu.cr0 &= ~Cr0.PE;
        assertEquals(ExceptionVector.UD, fault("vpxor xmm1, xmm1, xmm1"));
    }

    @Test
    void vex128ZeroesTheUpperHalfAndSseKeepsIt() {
        Raw.fill(cpu.s + CpuLayout.xmm(1), 32, (byte) 0x55);
        run("paddb xmm1, xmm2");
        assertEquals(0x5555555555555555L, Raw.getLong(cpu.s + CpuLayout.xmm(1) + 24));
        run("vpaddb xmm1, xmm1, xmm2");
        assertEquals(0x5555555555555555L, Raw.getLong(cpu.s + CpuLayout.xmm(1)));
        assertEquals(0, Raw.getLong(cpu.s + CpuLayout.xmm(1) + 24));
    }

    @Test
    void vexOperandsNeedNoAlignmentUnlessTheInstructionSaysSo() {
        cpu.gpr(RDI, MEMORY + 1);
        run("vpaddb ymm1, ymm2, [rdi]");
        run("vmovdqu [rdi], ymm1");
        assertEquals(ExceptionVector.GP, fault("vmovdqa ymm1, [rdi]"));
        cpu.gpr(RDI, MEMORY + 16);
        run("vmovaps xmm1, [rdi]");
        assertEquals(ExceptionVector.GP, fault("vmovaps ymm1, [rdi]"));
        assertEquals(ExceptionVector.GP, fault("vmovntdq [rdi], ymm1"));
    }

    @Test
    void unmaskedExceptionOfAnyElementLeavesTheDestination() {
        Raw.putInt(cpu.s + CpuLayout.MXCSR, 0x1f80 & ~(1 << 9));
        for (int i = 0; i < 32; i += 8) {
            Raw.putLong(cpu.s + CpuLayout.xmm(2) + i, Double.doubleToRawLongBits(1));
            Raw.putLong(cpu.s + CpuLayout.xmm(3) + i, Double.doubleToRawLongBits(i == 24 ? 0 : 3));
            Raw.putLong(cpu.s + CpuLayout.xmm(1) + i, 7);
        }
        assertEquals(ExceptionVector.XM, fault("vdivpd ymm1, ymm2, ymm3"));
        assertEquals(7, Raw.getLong(cpu.s + CpuLayout.xmm(1)));
        // the result's own exceptions are not looked for
        assertEquals(0x1f80 & ~(1 << 9) | 4, Raw.getInt(cpu.s + CpuLayout.MXCSR));
    }

    private void outside(long from, long bytes) {
        cpu.mmu.physicalMap(physical -> physical < from || physical >= from + bytes ? physical : -1);
        cpu.bus = NO_DEVICE;
    }

    private static final proteus.api.silicon.MachineBus NO_DEVICE = new proteus.api.silicon.MachineBus() {
        @Override
        public int readPort(int port, int bytes) {
            throw new AssertionError();
        }

        @Override
        public void writePort(int port, int bytes, int value) {
            throw new AssertionError();
        }

        @Override
        public long readMemory(long address, int bytes) {
            throw new AssertionError("an element that is masked was read at %x".formatted(address));
        }

        @Override
        public void writeMemory(long address, int bytes, long value) {
            throw new AssertionError("an element that is masked was written at %x".formatted(address));
        }
    };

    @Test
    void maskedMovesTouchOnlyWhatTheMaskChooses() {
        outside(0x5000, 0x1000);
        cpu.gpr(RDI, 0x5000 - 8);
        cpu.mmu.write64(0x5000 - 8, 0x2222222211111111L);
        Raw.fill(cpu.s + CpuLayout.xmm(2), 32, (byte) 0);
        Raw.putLong(cpu.s + CpuLayout.xmm(2), 0x8000000080000000L);
        run("vmaskmovps ymm1, ymm2, [rdi]");
        assertEquals(0x2222222211111111L, Raw.getLong(cpu.s + CpuLayout.xmm(1)));
        assertEquals(0, Raw.getLong(cpu.s + CpuLayout.xmm(1) + 8));
        Raw.putLong(cpu.s + CpuLayout.xmm(1), 0x4444444433333333L);
        run("vpmaskmovq [rdi], ymm2, ymm1");
        assertEquals(0x4444444433333333L, cpu.mmu.read64(0x5000 - 8));
    }

    @Test
    void gatherStopsWhereItFaultsAndGoesOnThere() {
        // linear addresses that are not canonical fault without page tables
        cpu.mmu.write64(MEMORY, 0x1111);
        cpu.mmu.write64(MEMORY + 8, 0x2222);
        cpu.gpr(RDI, 0);
        Raw.putLong(cpu.s + CpuLayout.xmm(2), MEMORY);
        Raw.putLong(cpu.s + CpuLayout.xmm(2) + 8, 1L << 60);
        Raw.fill(cpu.s + CpuLayout.xmm(1), 32, (byte) 0x77);
        Raw.fill(cpu.s + CpuLayout.xmm(3), 32, (byte) 0x80);
        assertEquals(ExceptionVector.GP, fault("vpgatherqq xmm1, [rdi+xmm2], xmm3"));
        assertEquals(0x1111, Raw.getLong(cpu.s + CpuLayout.xmm(1)));
        assertEquals(0x7777777777777777L, Raw.getLong(cpu.s + CpuLayout.xmm(1) + 8));
        assertEquals(0, Raw.getLong(cpu.s + CpuLayout.xmm(3)));
        assertEquals(-1, Raw.getLong(cpu.s + CpuLayout.xmm(3) + 8));
        cpu.mmu.write64(MEMORY, 0x3333);
        Raw.putLong(cpu.s + CpuLayout.xmm(2) + 8, MEMORY + 8);
        run("vpgatherqq xmm1, [rdi+xmm2], xmm3");
        assertEquals(0x1111, Raw.getLong(cpu.s + CpuLayout.xmm(1)));
        assertEquals(0x2222, Raw.getLong(cpu.s + CpuLayout.xmm(1) + 8));
        for (int i = 0; i < 32; i += 8) {
            assertEquals(0, Raw.getLong(cpu.s + CpuLayout.xmm(3) + i));
        }
        assertEquals(0, Raw.getLong(cpu.s + CpuLayout.xmm(1) + 16));
    }

    @Test
    void everyLevelHasWhatItNames() {
        Cpuid.apply(cpu, "x86-64-v2");
        run("pshufb xmm1, xmm2");
        assertEquals(ExceptionVector.UD, fault("vpshufb xmm1, xmm1, xmm2"));
        assertEquals(ExceptionVector.UD, fault("aesenc xmm1, xmm2"));
        Cpuid.apply(cpu, "x86-64-v3");
        run("vpshufb ymm1, ymm1, ymm2");
        run("vfmadd231ps ymm1, ymm1, ymm2");
        run("vcvtph2ps ymm1, xmm2");
        assertEquals(ExceptionVector.UD, fault("vaesenc xmm1, xmm1, xmm2"));
        assertEquals(ExceptionVector.UD, fault("vpclmulqdq xmm1, xmm1, xmm2, 0"));
    }
}
