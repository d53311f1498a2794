package proteus.silicon.vmx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static proteus.api.silicon.VmcsField.*;
import static proteus.api.silicon.VmxControls.*;

import java.util.function.Consumer;
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
import proteus.x86.format.Msr;

/** What VM entry refuses, and with which code of the manual (SDM 3C, 27.2 to 27.4 and 31.4). */
class EntryTest {
    private static final long NOT_CANONICAL = 1L << 50;
    private final VmxBench bench = new VmxBench();

    @AfterEach
    void close() {
        bench.close();
    }

    private static Arguments wrong(String what, Consumer<VmxBench> change) {
        return Arguments.of(what, change);
    }

    private static Arguments field(int field, long value) {
        return wrong("%s 0x%x".formatted(ModelVmcs.NAMES.get(field), value), bench -> bench.vmcs.write(field, value));
    }

    private static Arguments bits(int field, long value) {
        return wrong("%s with 0x%x".formatted(ModelVmcs.NAMES.get(field), value), bench -> bench.set(field, value));
    }

    private static Arguments without(int field, long value) {
        return wrong("%s without 0x%x".formatted(ModelVmcs.NAMES.get(field), value), bench -> bench.clear(field, value));
    }

    private static Arguments event(int information) {
        return wrong("injection of 0x%x".formatted(information), bench -> bench.inject(information));
    }

    @Test
    void theStateOfTheBenchIsEntered() {
        assertEquals(ExitReason.HLT, bench.run("hlt"));
        bench.longMode();
        assertEquals(ExitReason.HLT, bench.run("hlt"));
    }

    static Stream<Arguments> controls() {
        return Stream.of(
            without(PIN_BASED_CONTROLS, 2),
            bits(PIN_BASED_CONTROLS, PIN_POSTED_INTERRUPTS),
            without(PIN_BASED_CONTROLS, PIN_NMI_EXITING),
            wrong("NMI window without virtual NMIs", bench -> {
                bench.clear(PIN_BASED_CONTROLS, PIN_VIRTUAL_NMIS);
                bench.set(PROCESSOR_BASED_CONTROLS, CPU_NMI_WINDOW_EXITING);
            }),
            without(PROCESSOR_BASED_CONTROLS, 2),
            bits(PROCESSOR_BASED_CONTROLS, CPU_TPR_SHADOW),
            bits(SECONDARY_PROCESSOR_BASED_CONTROLS, CPU2_VIRTUALIZE_APIC_ACCESSES),
            without(SECONDARY_PROCESSOR_BASED_CONTROLS, CPU2_ENABLE_EPT),
            without(VM_EXIT_CONTROLS, 1),
            bits(VM_EXIT_CONTROLS, EXIT_SAVE_PREEMPTION_TIMER),
            without(VM_ENTRY_CONTROLS, 1),
            field(CR3_TARGET_COUNT, 5),
            field(IO_BITMAP_A, 0x123),
            field(IO_BITMAP_B, 1L << 39),
            field(MSR_BITMAP, 8),
            field(VPID, 0),
            field(EPT_POINTER, 0x1000 | 3 << 3 | 5),
            field(EPT_POINTER, 0x1000 | 2 << 3 | 6),
            field(EPT_POINTER, 0x1000 | 1 << 7 | 3 << 3 | 6),
            wrong("an MSR area that is not aligned", bench -> {
                bench.vmcs.write(VM_ENTRY_MSR_LOAD_ADDRESS, bench.bitmaps + 8);
                bench.vmcs.write(VM_ENTRY_MSR_LOAD_COUNT, 1);
            }),
            wrong("an MSR area outside memory", bench -> {
                bench.vmcs.write(VM_EXIT_MSR_STORE_ADDRESS, 1L << 39);
                bench.vmcs.write(VM_EXIT_MSR_STORE_COUNT, 1);
            }),
            event(1 << 8),
            event(1 << 12 | 32),
            event(TYPE_NMI | 3),
            event(TYPE_HARDWARE_EXCEPTION | 32),
            event(TYPE_HARDWARE_EXCEPTION | 14),
            event(TYPE_HARDWARE_EXCEPTION | INTERRUPTION_ERROR_CODE | 6),
            event(TYPE_SOFTWARE_INTERRUPT | 0x20),
            event(7 << 8 | 1),
            wrong("an error code of more than 16 bits", bench -> {
                bench.inject(TYPE_HARDWARE_EXCEPTION | INTERRUPTION_ERROR_CODE | 14);
                bench.vmcs.write(VM_ENTRY_EXCEPTION_ERROR_CODE, 0x10000);
            }),
            wrong("a software event of 16 bytes", bench -> {
                bench.inject(TYPE_SOFTWARE_INTERRUPT | 0x20);
                bench.vmcs.write(VM_ENTRY_INSTRUCTION_LENGTH, 16);
            }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("controls")
    void invalidControlFieldsAreVmInstructionError7(String what, Consumer<VmxBench> change) {
        refused(7, change);
    }

    static Stream<Arguments> hostState() {
        return Stream.of(
            without(HOST_CR0, Cr0.PG),
            without(HOST_CR0, Cr0.NE),
            bits(HOST_CR0, 1L << 32),
            without(HOST_CR4, Cr4.VMXE),
            without(HOST_CR4, Cr4.PAE),
            bits(HOST_CR4, 1L << 31),
            field(HOST_CR3, 1L << 40),
            field(HOST_RIP, NOT_CANONICAL),
            field(HOST_FS_BASE, NOT_CANONICAL),
            field(HOST_GS_BASE, NOT_CANONICAL),
            field(HOST_TR_BASE, NOT_CANONICAL),
            field(HOST_GDTR_BASE, NOT_CANONICAL),
            field(HOST_IDTR_BASE, NOT_CANONICAL),
            field(HOST_IA32_SYSENTER_ESP, NOT_CANONICAL),
            field(HOST_IA32_SYSENTER_EIP, NOT_CANONICAL),
            field(HOST_CS_SELECTOR, 0),
            field(HOST_TR_SELECTOR, 0),
            field(HOST_SS_SELECTOR, 3),
            field(HOST_DS_SELECTOR, 4),
            without(VM_EXIT_CONTROLS, EXIT_HOST_ADDRESS_SPACE_SIZE),
            wrong("a host PAT with a reserved type", bench -> {
                bench.set(VM_EXIT_CONTROLS, EXIT_LOAD_PAT);
                bench.vmcs.write(HOST_IA32_PAT, 2);
            }),
            wrong("a host EFER without LMA", bench -> {
                bench.set(VM_EXIT_CONTROLS, EXIT_LOAD_EFER);
                bench.vmcs.write(HOST_IA32_EFER, 0x100);
            }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("hostState")
    void invalidHostStateIsVmInstructionError8(String what, Consumer<VmxBench> change) {
        refused(8, change);
    }

    private void refused(int error, Consumer<VmxBench> change) {
        bench.load("hlt");
        change.accept(bench);
        assertEquals(ExitReason.ENTRY_INVALID_CONTROLS, bench.run(), () -> bench.processor.exit().toString());
        assertEquals(error, bench.vmcs.read(VM_INSTRUCTION_ERROR), () -> ((Exit.EntryFailure) bench.processor.exit()).why());
        assertEquals(0, bench.processor.retired());
    }

    static Stream<Arguments> guestState() {
        return Stream.of(
            without(GUEST_CR0, Cr0.NE),
            bits(GUEST_CR0, 1L << 32),
            wrong("paging without protection", bench -> {
                bench.clear(GUEST_CR0, Cr0.PE);
                bench.set(GUEST_CR0, Cr0.PG);
            }),
            wrong("no paging without unrestricted guest", bench -> bench.clear(SECONDARY_PROCESSOR_BASED_CONTROLS, CPU2_UNRESTRICTED_GUEST)),
            without(GUEST_CR4, Cr4.VMXE),
            bits(GUEST_CR4, 1L << 31),
            bits(GUEST_CR4, Cr4.PCIDE),
            field(GUEST_CR3, 1L << 41),
            bits(VM_ENTRY_CONTROLS, ENTRY_IA32E_MODE_GUEST),
            field(GUEST_IA32_SYSENTER_ESP, NOT_CANONICAL),
            field(GUEST_IA32_SYSENTER_EIP, NOT_CANONICAL),
            wrong("a PAT with a reserved type", bench -> {
                bench.set(VM_ENTRY_CONTROLS, ENTRY_LOAD_PAT);
                bench.vmcs.write(GUEST_IA32_PAT, 3);
            }),
            wrong("an EFER with reserved bits", bench -> {
                bench.set(VM_ENTRY_CONTROLS, ENTRY_LOAD_EFER);
                bench.vmcs.write(GUEST_IA32_EFER, 2);
            }),
            wrong("a DEBUGCTL with reserved bits", bench -> {
                bench.set(VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG_CONTROLS);
                bench.vmcs.write(GUEST_IA32_DEBUGCTL, 1 << 3);
            }),
            wrong("a DR7 of more than 32 bits", bench -> {
                bench.set(VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG_CONTROLS);
                bench.vmcs.write(GUEST_DR7, 1L << 33);
            }),
            bits(GUEST_RFLAGS, 1 << 15),
            bits(GUEST_RFLAGS, 1 << 17),
            field(GUEST_RIP, 1L << 32),
            field(GUEST_CS_ACCESS_RIGHTS, 0xc093 | 1 << 5),
            field(GUEST_CS_ACCESS_RIGHTS, 0xc098),
            field(GUEST_CS_ACCESS_RIGHTS, 0xc01b),
            field(GUEST_CS_ACCESS_RIGHTS, 0x409b),
            field(GUEST_CS_ACCESS_RIGHTS, 0xc0fb),
            field(GUEST_CS_BASE, 1L << 33),
            field(GUEST_SS_ACCESS_RIGHTS, 0xc091),
            field(GUEST_SS_ACCESS_RIGHTS, 0x4093),
            field(GUEST_DS_ACCESS_RIGHTS, 0xc092),
            field(GUEST_ES_ACCESS_RIGHTS, 0xc099),
            field(GUEST_FS_ACCESS_RIGHTS, 0xc013),
            field(GUEST_GS_ACCESS_RIGHTS, 0xc083),
            field(GUEST_FS_BASE, NOT_CANONICAL),
            field(GUEST_TR_ACCESS_RIGHTS, 0x89),
            field(GUEST_TR_ACCESS_RIGHTS, 1 << 16),
            field(GUEST_TR_SELECTOR, 0x1c),
            field(GUEST_TR_BASE, NOT_CANONICAL),
            field(GUEST_LDTR_ACCESS_RIGHTS, 0x83),
            field(GUEST_GDTR_BASE, NOT_CANONICAL),
            field(GUEST_IDTR_BASE, NOT_CANONICAL),
            field(GUEST_ACTIVITY_STATE, 4),
            field(GUEST_INTERRUPTIBILITY_STATE, 1 << 4),
            field(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI),
            field(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_SMI),
            wrong("HLT in an interrupt shadow", bench -> {
                bench.vmcs.write(GUEST_ACTIVITY_STATE, 1);
                bench.vmcs.write(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_MOV_SS);
            }),
            wrong("two interrupt shadows", bench -> {
                bench.set(GUEST_RFLAGS, 1 << 9);
                bench.vmcs.write(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI | BLOCKING_BY_MOV_SS);
            }),
            field(GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 5),
            wrong("a single step pending in a shadow without TF", bench -> {
                bench.vmcs.write(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_MOV_SS);
                bench.vmcs.write(GUEST_PENDING_DEBUG_EXCEPTIONS, 1 << 14);
            }),
            event(TYPE_EXTERNAL_INTERRUPT | 0x20),
            wrong("an interrupt in a shadow", bench -> {
                bench.set(GUEST_RFLAGS, 1 << 9);
                bench.vmcs.write(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_STI);
                bench.inject(TYPE_EXTERNAL_INTERRUPT | 0x20);
            }),
            wrong("an NMI while NMIs are blocked", bench -> {
                bench.vmcs.write(GUEST_INTERRUPTIBILITY_STATE, BLOCKING_BY_NMI);
                bench.inject(TYPE_NMI | 2);
            }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("guestState")
    void invalidGuestStateIsReason33(String what, Consumer<VmxBench> change) {
        bench.load("hlt");
        change.accept(bench);
        assertEquals(ExitReason.ENTRY_FAILURE_GUEST_STATE, bench.run(), () -> bench.processor.exit().toString());
        assertEquals(0x8000_0000L | 33, bench.vmcs.read(EXIT_REASON), "bit 31 tells that the entry failed");
        assertEquals(0, bench.qualification());
        assertEquals(0, bench.processor.retired());
    }

    @Test
    void theLinkPointerHasAQualificationOfItsOwn() {
        bench.load("hlt");
        bench.vmcs.write(VMCS_LINK_POINTER, 0x1000);
        assertEquals(ExitReason.ENTRY_FAILURE_GUEST_STATE, bench.run());
        assertEquals(4, bench.qualification());
    }

    @Test
    void aReservedBitInAPdpteHasAQualificationOfItsOwn() {
        bench.load("hlt");
        bench.vmcs.write(GUEST_PDPTE1, 0x1000 | 2 | 1);
        bench.registers.cr(4, Cr4.VMXE | Cr4.PAE);
        bench.registers.cr(0, Cr0.PE | Cr0.NE | Cr0.ET | Cr0.PG);
        assertEquals(ExitReason.ENTRY_FAILURE_GUEST_STATE, bench.run());
        assertEquals(2, bench.qualification());
    }

    @Test
    void theEntryLoadsMsrsAndTheExitStoresThem() {
        long area = bench.memory.allocate(4096, 4096, "MSRs");
        entry(area, 0, Msr.IA32_LSTAR, 0x1234);
        entry(area, 1, Msr.IA32_STAR, 0x10_0000_0000L);
        entry(area, 2, Msr.IA32_LSTAR, 0);
        entry(area, 3, Msr.IA32_STAR, 0x77);
        bench.vmcs.write(VM_ENTRY_MSR_LOAD_ADDRESS, area);
        bench.vmcs.write(VM_ENTRY_MSR_LOAD_COUNT, 2);
        bench.vmcs.write(VM_EXIT_MSR_STORE_ADDRESS, area + 32);
        bench.vmcs.write(VM_EXIT_MSR_STORE_COUNT, 1);
        bench.vmcs.write(VM_EXIT_MSR_LOAD_ADDRESS, area + 48);
        bench.vmcs.write(VM_EXIT_MSR_LOAD_COUNT, 1);
        assertEquals(ExitReason.HLT, bench.run("hlt"));
        assertEquals(0x1234, bench.memory.read64(area + 40), "stored by the exit what the entry loaded");
        assertEquals(0x77, bench.registers.msr(Msr.IA32_STAR), "loaded by the exit");
    }

    private void entry(long area, int number, int msr, long value) {
        bench.memory.write32(area + 16L * number, msr);
        bench.memory.write64(area + 16L * number + 8, value);
    }

    @Test
    void anMsrThatCannotBeLoadedIsReason34WithItsNumber() {
        long area = bench.memory.allocate(4096, 4096, "MSRs");
        entry(area, 0, Msr.IA32_STAR, 1);
        entry(area, 1, Msr.IA32_LSTAR, NOT_CANONICAL);
        bench.vmcs.write(VM_ENTRY_MSR_LOAD_ADDRESS, area);
        bench.vmcs.write(VM_ENTRY_MSR_LOAD_COUNT, 2);
        assertEquals(ExitReason.ENTRY_FAILURE_MSR_LOADING, bench.run("hlt"));
        assertEquals(2, bench.qualification());
        entry(area, 0, Msr.IA32_FS_BASE, 0);
        assertEquals(ExitReason.ENTRY_FAILURE_MSR_LOADING, bench.run());
        assertEquals(1, bench.qualification(), "FS base has a field of its own");
    }

    @Test
    void realModeIsEnteredByAnUnrestrictedGuest() {
        bench.clear(GUEST_CR0, Cr0.PE);
        for (int i = 0; i < 6; i++) {
            bench.vmcs.write(GUEST_ES_SELECTOR + 2 * i, 0);
            bench.vmcs.write(GUEST_ES_LIMIT + 2 * i, 0xffff);
            bench.vmcs.write(GUEST_ES_ACCESS_RIGHTS + 2 * i, 0x93);
        }
        bench.load("mov ax, 0x1234\nhlt");
        assertEquals(ExitReason.HLT, bench.run());
        assertEquals(0x1234, bench.registers.gpr(CpuRegisters.RAX) & 0xffff);
        assertTrue(bench.registers.codeSize() == 16);
    }
}
