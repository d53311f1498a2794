package proteus.silicon.vmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.Exit;
import proteus.api.silicon.ExitReason;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;

/** Which instruction exits under which control, and with which information (SDM 3C, 26.1 to 26.3 and 28.2). */
class ExitControlsTest {
    private final VmxBench bench = new VmxBench();

    @AfterEach
    void close() {
        bench.close();
    }

    /** Control field, bit, instruction, exit reason. */
    static Stream<Arguments> controls() {
        int primary = PROCESSOR_BASED_CONTROLS;
        int secondary = SECONDARY_PROCESSOR_BASED_CONTROLS;
        return Stream.of(
            Arguments.of(primary, CPU_INVLPG_EXITING, "invlpg [0x9000]", ExitReason.INVLPG),
            Arguments.of(primary, CPU_MWAIT_EXITING, "xor ecx, ecx\nmwait", ExitReason.MWAIT),
            Arguments.of(primary, CPU_MONITOR_EXITING, "xor ecx, ecx\nmonitor", ExitReason.MONITOR),
            Arguments.of(primary, CPU_RDTSC_EXITING, "rdtsc", ExitReason.RDTSC),
            Arguments.of(primary, CPU_CR3_LOAD_EXITING, "mov cr3, eax", ExitReason.CR_ACCESS),
            Arguments.of(primary, CPU_CR3_STORE_EXITING, "mov eax, cr3", ExitReason.CR_ACCESS),
            Arguments.of(primary, CPU_MOV_DR_EXITING, "mov eax, dr7", ExitReason.MOV_DR),
            Arguments.of(primary, CPU_PAUSE_EXITING, "pause", ExitReason.PAUSE),
            Arguments.of(secondary, CPU2_DESCRIPTOR_TABLE_EXITING, "sgdt [0x9000]", ExitReason.GDTR_IDTR_ACCESS),
            Arguments.of(secondary, CPU2_DESCRIPTOR_TABLE_EXITING, "str eax", ExitReason.LDTR_TR_ACCESS),
            Arguments.of(secondary, CPU2_WBINVD_EXITING, "wbinvd", ExitReason.WBINVD),
            Arguments.of(secondary, CPU2_RDRAND_EXITING, "rdrand eax", ExitReason.RDRAND),
            Arguments.of(secondary, CPU2_RDSEED_EXITING, "rdseed eax", ExitReason.RDSEED));
    }

    @ParameterizedTest(name = "{2}")
    @MethodSource("controls")
    void anInstructionExitsOnlyUnderItsControl(int field, int bit, String instruction, ExitReason reason) {
        assertEquals(ExitReason.HLT, bench.run(instruction + "\nhlt"), "without the control");
        bench.set(field, bit & 0xffffffffL);
        assertEquals(reason, bench.run(instruction + "\nhlt"), "with it");
        assertNotEquals(0, bench.processor.exitInformation().instructionLength());
    }

    static Stream<Arguments> enabled() {
        return Stream.of(
            Arguments.of(CPU2_ENABLE_RDTSCP, "rdtscp"),
            Arguments.of(CPU2_ENABLE_INVPCID, "mov eax, 2\ninvpcid eax, [0x9000]"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("enabled")
    void anInstructionIsUndefinedWithoutTheControlThatEnablesIt(int bit, String instruction) {
        bench.run(instruction + "\nhlt");
        assertEquals(ExceptionVector.UD, bench.handler());
        bench.set(SECONDARY_PROCESSOR_BASED_CONTROLS, bit);
        bench.registers.gpr(CpuRegisters.RSP, VmxBench.STACK);
        assertEquals(ExitReason.HLT, bench.run(instruction + "\nend: hlt"));
        assertEquals(bench.at("end"), bench.registers.rip());
    }

    static Stream<Arguments> always() {
        return Stream.of(
            Arguments.of("cpuid", ExitReason.CPUID),
            Arguments.of("invd", ExitReason.INVD),
            Arguments.of("vmcall", ExitReason.VMCALL),
            Arguments.of("vmlaunch", ExitReason.VMLAUNCH),
            Arguments.of("vmresume", ExitReason.VMRESUME),
            Arguments.of("vmxoff", ExitReason.VMXOFF),
            Arguments.of("vmptrld [0x9000]", ExitReason.VMPTRLD));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("always")
    void someInstructionsAlwaysExit(String instruction, ExitReason reason) {
        assertEquals(reason, bench.run(instruction));
    }

    // ---- exceptions

    @Test
    void theExceptionBitmapChoosesVectors() {
        bench.run("ud2");
        assertEquals(ExceptionVector.UD, bench.handler(), "the guest's own handler");
        bench.vmcs.write(EXCEPTION_BITMAP, 1 << ExceptionVector.UD);
        assertEquals(ExitReason.EXCEPTION, bench.run("ud2"));
        assertEquals(INTERRUPTION_VALID | TYPE_HARDWARE_EXCEPTION | ExceptionVector.UD, bench.processor.exitInformation().interruption());
    }

    @Test
    void softwareExceptionsReportTheirTypeAndLength() {
        bench.vmcs.write(EXCEPTION_BITMAP, 1 << ExceptionVector.BP | 1 << ExceptionVector.DB);
        assertEquals(ExitReason.EXCEPTION, bench.run("int3"));
        assertEquals(INTERRUPTION_VALID | TYPE_SOFTWARE_EXCEPTION | ExceptionVector.BP, bench.processor.exitInformation().interruption());
        assertEquals(1, bench.processor.exitInformation().instructionLength());
        assertEquals(ExitReason.EXCEPTION, bench.run("int1"));
        assertEquals(INTERRUPTION_VALID | TYPE_PRIVILEGED_SOFTWARE_EXCEPTION | ExceptionVector.DB, bench.processor.exitInformation().interruption());
    }

    @Test
    void intNDoesNotLookAtTheExceptionBitmap() {
        bench.vmcs.write(EXCEPTION_BITMAP, -1);
        assertEquals(ExitReason.HLT, bench.run("int 6"));
        assertEquals(6, bench.handler());
    }

    /** Bitmap bit, mask, match, and whether the fault (error code 0: a read of what is not present) exits (SDM 3C, 26.2). */
    static Stream<Arguments> pageFaults() {
        return Stream.of(
            Arguments.of(true, 0, 0, true),
            Arguments.of(false, 0, 0, false),
            Arguments.of(true, 0, 1, false),
            Arguments.of(false, 0, 1, true),
            Arguments.of(true, 1, 0, true),
            Arguments.of(true, 1, 1, false),
            Arguments.of(false, 1, 1, true),
            Arguments.of(false, 2, 0, false));
    }

    @ParameterizedTest(name = "bit {0}, mask {1}, match {2}")
    @MethodSource("pageFaults")
    void aPageFaultGoesByMaskAndMatchToo(boolean bit, int mask, int match, boolean exits) {
        bench.longMode();
        bench.vmcs.write(EXCEPTION_BITMAP, (bit ? 1 << ExceptionVector.PF : 0) | 1 << ExceptionVector.DF);
        bench.vmcs.write(PAGE_FAULT_ERROR_CODE_MASK, mask);
        bench.vmcs.write(PAGE_FAULT_ERROR_CODE_MATCH, match);
        bench.write64(VmxBench.pte(VmxBench.DATA), 0);
        bench.registers.idtr(0x2000, 0); // no handler: a fault that the guest keeps becomes a double fault
        assertEquals(ExitReason.EXCEPTION, bench.run("mov eax, [0x9000]"));
        assertEquals(exits ? ExceptionVector.PF : ExceptionVector.DF, bench.processor.exitInformation().vector());
        if (exits) {
            assertEquals(VmxBench.DATA, bench.qualification(), "the linear address");
        }
    }

    @Test
    void threeFaultsInARowAreATripleFault() {
        bench.registers.idtr(0, 0);
        assertEquals(ExitReason.TRIPLE_FAULT, bench.run("ud2"));
    }

    // ---- ports and MSRs

    @Test
    void aPortExitsByItsBitInTheBitmaps() {
        bench.vmcs.interceptPort(0x80, false);
        assertEquals(ExitReason.HLT, bench.run("out 0x80, al\nhlt"));
        assertEquals(ExitReason.IO_INSTRUCTION, bench.run("mov dx, 0x7f\nout dx, ax"), "one of its two ports exits");
        Exit.PortIo io = (Exit.PortIo) bench.processor.exit();
        assertEquals(new Exit.PortIo(0x7f, 2, false, false, false, 2), io);
        for (int port = 0xfffe; port <= 0xffff; port++) {
            bench.vmcs.interceptPort(port, false);
        }
        assertEquals(ExitReason.HLT, bench.run("mov dx, 0xffff\nin al, dx\nhlt"));
        assertEquals(ExitReason.IO_INSTRUCTION, bench.run("mov dx, 0xffff\nin ax, dx"), "beyond the last port");
    }

    @Test
    void withoutBitmapsAllPortsExitOrNone() {
        bench.clear(PROCESSOR_BASED_CONTROLS, CPU_USE_IO_BITMAPS);
        assertEquals(ExitReason.HLT, bench.run("in al, 0x60\nhlt"));
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_UNCONDITIONAL_IO_EXITING);
        assertEquals(ExitReason.IO_INSTRUCTION, bench.run("in al, 0x60"));
        assertEquals(0x60L << 16 | 1 << 6 | 1 << 3, bench.qualification(), "port, immediate, IN, one byte");
    }

    @Test
    void aStringInstructionTellsItsAddressAndOperands() {
        assertEquals(ExitReason.IO_INSTRUCTION, bench.run("mov dx, 0x60\nmov esi, 0x9010\nmov ecx, 4\nrep outsb"));
        assertEquals(0x60L << 16 | 1 << 5 | 1 << 4, bench.qualification());
        assertEquals(0x9010, bench.processor.exitInformation().guestLinear());
        assertEquals(1 << 7 | CpuRegisters.DS << 15, bench.processor.exitInformation().instructionInformation(), "32-bit addresses, DS");
    }

    @Test
    void anMsrExitsByItsBitsInTheBitmap() {
        bench.vmcs.interceptMsr(0x174, false, true);
        assertEquals(ExitReason.WRMSR, bench.run("mov ecx, 0x174\nrdmsr\nwrmsr"));
        assertEquals(new Exit.Msr(true, 0x174, 2), bench.processor.exit());
        bench.vmcs.interceptMsr(0xc0000081, true, false);
        assertEquals(ExitReason.RDMSR, bench.run("mov ecx, 0xc0000081\nwrmsr\nrdmsr"));
        assertEquals(ExitReason.RDMSR, bench.run("mov ecx, 0x40000000\nrdmsr"), "in neither range");
        bench.clear(PROCESSOR_BASED_CONTROLS, CPU_USE_MSR_BITMAPS);
        assertEquals(ExitReason.RDMSR, bench.run("mov ecx, 0x174\nrdmsr"));
    }

    // ---- control registers

    @Test
    void maskedBitsOfCr0AreReadFromTheShadowAndExitWhenTheyWouldChange() {
        bench.vmcs.write(CR0_GUEST_HOST_MASK, Cr0.NE | Cr0.TS);
        bench.vmcs.write(CR0_READ_SHADOW, Cr0.TS);
        assertEquals(ExitReason.HLT, bench.run("mov eax, cr0\nhlt"));
        assertEquals(Cr0.PE | Cr0.ET | Cr0.TS, bench.registers.gpr(CpuRegisters.RAX), "NE hidden, TS shown");
        assertEquals(ExitReason.HLT, bench.run("or eax, 2\nmov cr0, eax\nhlt"));
        assertEquals(Cr0.PE | Cr0.ET | Cr0.NE | Cr0.MP, bench.registers.cr(0), "MP is the guest's own, masked bits stay");
        assertEquals(ExitReason.CR_ACCESS, bench.run("or eax, 0x20\nmov cr0, eax"));
        assertEquals(new Exit.CrAccess(0, 0, CpuRegisters.RAX, 0, 3), bench.processor.exit());
        assertEquals(ExitReason.CR_ACCESS, bench.run("clts"));
        assertEquals(2, ((Exit.CrAccess) bench.processor.exit()).access());
        assertEquals(ExitReason.CR_ACCESS, bench.run("mov eax, 1\nlmsw ax"));
        assertEquals(3, ((Exit.CrAccess) bench.processor.exit()).access());
        assertEquals(1, ((Exit.CrAccess) bench.processor.exit()).lmswSource());
    }

    @Test
    void cltsOfAHostOwnedBitThatTheGuestSeesClearDoesNothing() {
        bench.vmcs.write(CR0_GUEST_HOST_MASK, Cr0.TS);
        bench.set(GUEST_CR0, Cr0.TS);
        assertEquals(ExitReason.HLT, bench.run("clts\nhlt"));
        assertEquals(Cr0.TS, bench.registers.cr(0) & Cr0.TS);
    }

    @Test
    void maskedBitsOfCr4Likewise() {
        bench.vmcs.write(CR4_GUEST_HOST_MASK, Cr4.VMXE | Cr4.PGE);
        bench.vmcs.write(CR4_READ_SHADOW, 0);
        assertEquals(ExitReason.HLT, bench.run("mov eax, cr4\nor eax, 8\nmov cr4, eax\nhlt"));
        assertEquals(Cr4.DE | Cr4.VMXE, bench.registers.cr(4));
        assertEquals(ExitReason.CR_ACCESS, bench.run("mov ebx, 0x80\nmov cr4, ebx"));
        assertEquals(new Exit.CrAccess(4, 0, CpuRegisters.RBX, 0, 3), bench.processor.exit());
    }

    @Test
    void cr3TargetsAreLoadedWithoutExit() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_CR3_LOAD_EXITING);
        bench.vmcs.write(CR3_TARGET_COUNT, 2);
        bench.vmcs.write(CR3_TARGET_VALUE_1, 0x5000);
        bench.vmcs.write(CR3_TARGET_VALUE_2, 0x6000);
        assertEquals(ExitReason.HLT, bench.run("mov eax, 0x5000\nmov cr3, eax\nhlt"));
        assertEquals(ExitReason.CR_ACCESS, bench.run("mov eax, 0x6000\nmov cr3, eax"), "beyond the count");
        assertEquals(0x5000, bench.registers.cr(3));
    }

    @Test
    void cr8ExitsByItsControls() {
        bench.longMode();
        assertEquals(ExitReason.HLT, bench.run("mov rax, 5\nmov cr8, rax\nmov rbx, cr8\nhlt"));
        assertEquals(5, bench.registers.gpr(CpuRegisters.RBX));
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_CR8_STORE_EXITING);
        assertEquals(ExitReason.CR_ACCESS, bench.run("mov rbx, cr8"));
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_CR8_LOAD_EXITING);
        assertEquals(ExitReason.CR_ACCESS, bench.run("mov cr8, rax"));
    }

    @Test
    void theTscIsOffset() {
        bench.set(PROCESSOR_BASED_CONTROLS, CPU_TSC_OFFSETTING);
        bench.vmcs.write(TSC_OFFSET, 0x1_0000_0000L);
        assertEquals(ExitReason.HLT, bench.run("rdtsc\nhlt"));
        assertEquals(1, bench.registers.gpr(CpuRegisters.RDX));
        assertEquals(0, bench.registers.gpr(CpuRegisters.RAX));
    }

    // ---- information

    @Test
    void descriptorTableExitsTellTheirOperands() {
        bench.set(SECONDARY_PROCESSOR_BASED_CONTROLS, CPU2_DESCRIPTOR_TABLE_EXITING);
        assertEquals(ExitReason.GDTR_IDTR_ACCESS, bench.run("lidt [ebx+esi*4+0x20]"));
        assertEquals(0x20, bench.qualification(), "the displacement");
        int lidt = 3;
        assertEquals(2 | 1 << 7 | 1 << 11 | CpuRegisters.DS << 15 | CpuRegisters.RSI << 18 | CpuRegisters.RBX << 23 | lidt << 28,
            bench.processor.exitInformation().instructionInformation());
        assertEquals(ExitReason.LDTR_TR_ACCESS, bench.run("sldt ecx"));
        assertEquals(1 << 10 | CpuRegisters.RCX << 3, bench.processor.exitInformation().instructionInformation());
    }
}
