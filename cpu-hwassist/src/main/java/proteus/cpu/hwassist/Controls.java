package proteus.cpu.hwassist;

import proteus.api.cpu.CpuContext;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.SiliconFeature;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.x86.format.CpuidBits;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.Msr;
import proteus.x86.monitor.GuestMsrs;

/**
 * Sets up a VMCS: what exits and what does not. Each control is what was wished, corrected by the capability MSRs (SDM 3D,
 * A.3 to A.5), and refused in a sentence when a necessary one is not to be had.
 */
final class Controls implements AutoCloseable {
    /** IA32_VMX_BASIC bit 55: the TRUE capability MSRs exist (SDM 3D, A.1). */
    private static final long TRUE_CONTROLS = 1L << 55;

    private static final long ALL_INTERCEPTED = HostMemory.FRAME_SIZE;

    private final CpuContext context;
    private final Vmcs vmcs;
    private final HostMemory memory;
    /** MSR bitmap, then I/O bitmaps A and B (SDM 3C, 25.6.4 and 25.6.9). */
    private final long bitmaps;

    Controls(CpuContext context) {
        this.context = context;
        this.vmcs = context.processor().vmcs();
        this.memory = context.silicon().hostMemory();
        this.bitmaps = memory.allocate(3 * ALL_INTERCEPTED, HostMemory.FRAME_SIZE, "VMCS bitmaps of vCPU " + context.index());
        setUp();
    }

    private void setUp() {
        memory.fill(bitmaps, 3 * ALL_INTERCEPTED, (byte) 0xff);
        vmcs.write(VmcsField.MSR_BITMAP, bitmaps);
        vmcs.write(VmcsField.IO_BITMAP_A, bitmaps + HostMemory.FRAME_SIZE);
        vmcs.write(VmcsField.IO_BITMAP_B, bitmaps + 2 * HostMemory.FRAME_SIZE);

        boolean exact = (vmcs.capability(Msr.IA32_VMX_BASIC) & TRUE_CONTROLS) != 0;
        vmcs.write(VmcsField.PIN_BASED_CONTROLS, allowed(
                "pin-based",
                exact ? Msr.IA32_VMX_TRUE_PINBASED_CTLS : Msr.IA32_VMX_PINBASED_CTLS,
                VmxControls.PIN_EXTERNAL_INTERRUPT_EXITING,
                VmxControls.PIN_NMI_EXITING | VmxControls.PIN_VIRTUAL_NMIS));
        long processorControls = allowed(
                "processor-based",
                exact ? Msr.IA32_VMX_TRUE_PROCBASED_CTLS : Msr.IA32_VMX_PROCBASED_CTLS,
                VmxControls.CPU_HLT_EXITING | VmxControls.CPU_USE_MSR_BITMAPS | VmxControls.CPU_TSC_OFFSETTING,
                VmxControls.CPU_MWAIT_EXITING
                        | VmxControls.CPU_MONITOR_EXITING
                        | VmxControls.CPU_RDPMC_EXITING
                        | VmxControls.CPU_CR8_LOAD_EXITING
                        | VmxControls.CPU_CR8_STORE_EXITING
                        | VmxControls.CPU_USE_IO_BITMAPS
                        | VmxControls.CPU_ACTIVATE_SECONDARY_CONTROLS);
        if ((processorControls & VmxControls.CPU_USE_IO_BITMAPS) == 0) {
            processorControls |= VmxControls.CPU_UNCONDITIONAL_IO_EXITING;
        }
        vmcs.write(VmcsField.PROCESSOR_BASED_CONTROLS, processorControls);
        if ((processorControls & VmxControls.CPU_ACTIVATE_SECONDARY_CONTROLS) != 0) {
            vmcs.write(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS, secondary());
        }
        vmcs.write(VmcsField.VM_EXIT_CONTROLS, allowed(
                "VM-exit",
                exact ? Msr.IA32_VMX_TRUE_EXIT_CTLS : Msr.IA32_VMX_EXIT_CTLS,
                VmxControls.EXIT_HOST_ADDRESS_SPACE_SIZE,
                VmxControls.EXIT_SAVE_DEBUG_CONTROLS
                        | VmxControls.EXIT_ACKNOWLEDGE_INTERRUPT
                        | VmxControls.EXIT_SAVE_EFER
                        | VmxControls.EXIT_LOAD_EFER
                        | VmxControls.EXIT_SAVE_PAT
                        | VmxControls.EXIT_LOAD_PAT));
        vmcs.write(VmcsField.VM_ENTRY_CONTROLS, allowed(
                "VM-entry",
                exact ? Msr.IA32_VMX_TRUE_ENTRY_CTLS : Msr.IA32_VMX_ENTRY_CTLS,
                0,
                VmxControls.ENTRY_LOAD_DEBUG_CONTROLS | VmxControls.ENTRY_LOAD_EFER | VmxControls.ENTRY_LOAD_PAT));

        // Exceptions are the guest's own business: it handles them in its ring 0 without us.
        vmcs.write(VmcsField.EXCEPTION_BITMAP, 0);
        vmcs.write(VmcsField.PAGE_FAULT_ERROR_CODE_MASK, 0);
        vmcs.write(VmcsField.PAGE_FAULT_ERROR_CODE_MATCH, 0);
        vmcs.write(VmcsField.CR3_TARGET_COUNT, 0);
        vmcs.write(VmcsField.VM_EXIT_MSR_STORE_COUNT, 0);
        vmcs.write(VmcsField.VM_EXIT_MSR_LOAD_COUNT, 0);
        vmcs.write(VmcsField.VM_ENTRY_MSR_LOAD_COUNT, 0);
        vmcs.write(VmcsField.VM_ENTRY_INTERRUPTION_INFORMATION, 0);
        vmcs.write(VmcsField.VMCS_LINK_POINTER, -1L);
        GuestMsrs.PROCESSORS_OWN.forEach(msr -> vmcs.interceptMsr(msr, false, false));
        hostState();
    }

    private long secondary() {
        int wished = VmxControls.CPU2_ENABLE_RDTSCP;
        if (context.silicon().features().contains(SiliconFeature.VPID)) {
            wished |= VmxControls.CPU2_ENABLE_VPID;
        }
        if (context.silicon().features().contains(SiliconFeature.UNRESTRICTED_GUEST) && context.memory().nested()) {
            wished |= VmxControls.CPU2_UNRESTRICTED_GUEST;
        }
        int[] features = context.contract().cpuid(7, 0);
        if ((features[1] & CpuidBits.EBX7_INVPCID) != 0) {
            wished |= VmxControls.CPU2_ENABLE_INVPCID;
        }
        if ((context.contract().cpuid(0xd, 1)[0] & CpuidBits.EAXD1_XSAVES) != 0) {
            wished |= VmxControls.CPU2_ENABLE_XSAVES;
        }
        // Unrestricted guest needs EPT: the memory technique sets both when it attaches.
        long controls = allowed("secondary processor-based", Msr.IA32_VMX_PROCBASED_CTLS2, 0, wished & ~VmxControls.CPU2_UNRESTRICTED_GUEST);
        if ((controls & VmxControls.CPU2_ENABLE_VPID) != 0) {
            vmcs.write(VmcsField.VPID, context.index() + 1);
        }
        return controls;
    }

    /**
     * Corrects controls by a capability MSR: its low half has the bits that must be 1, its high half those that may be 1.
     *
     * @throws IllegalArgumentException when a needed bit may not be 1
     */
    private long allowed(String which, int capabilityMsr, int needed, int wished) {
        long capability = vmcs.capability(capabilityMsr);
        int must = (int) capability;
        int may = (int) (capability >>> 32);
        if ((needed & ~may) != 0) {
            throw new IllegalArgumentException(
                    "hardware-assisted virtualization needs %s controls 0x%x that this silicon does not have".formatted(which, needed & ~may));
        }
        return ((needed | wished) & may | must) & 0xffffffffL;
    }

    /** A plain 64-bit host in ring 0 (SDM 3C, 27.2.2 and 27.2.3 check it at each entry). */
    private void hostState() {
        vmcs.write(VmcsField.HOST_CR0, Cr0.PE | Cr0.NE | Cr0.ET | Cr0.PG | Cr0.WP);
        vmcs.write(VmcsField.HOST_CR3, 0);
        vmcs.write(VmcsField.HOST_CR4, Cr4.PAE | Cr4.VMXE);
        vmcs.write(VmcsField.HOST_IA32_EFER, Efer.LME | Efer.LMA);
        vmcs.write(VmcsField.HOST_IA32_PAT, Msr.PAT_RESET);
        vmcs.write(VmcsField.HOST_CS_SELECTOR, 0x08);
        vmcs.write(VmcsField.HOST_TR_SELECTOR, 0x10);
    }

    /** Switches interrupt-window and NMI-window exiting; writes the VMCS only on a change. */
    void windows(boolean interrupt, boolean nmi) {
        // Read each time: a memory technique has set what it needs among them.
        long controls = vmcs.read(VmcsField.PROCESSOR_BASED_CONTROLS);
        long wanted = controls & ~(long) (VmxControls.CPU_INTERRUPT_WINDOW_EXITING | VmxControls.CPU_NMI_WINDOW_EXITING)
                | (interrupt ? VmxControls.CPU_INTERRUPT_WINDOW_EXITING : 0)
                | (nmi ? VmxControls.CPU_NMI_WINDOW_EXITING : 0);
        if (wanted != controls) {
            vmcs.write(VmcsField.PROCESSOR_BASED_CONTROLS, wanted);
        }
    }

    /** Whether the hardware tracks NMI blocking for us; without it NMIs are injected whenever no other shadow forbids. */
    boolean virtualNmis() {
        return (vmcs.read(VmcsField.PIN_BASED_CONTROLS) & VmxControls.PIN_VIRTUAL_NMIS) != 0;
    }

    @Override
    public void close() {
        memory.release(bitmaps, 3 * ALL_INTERCEPTED);
    }
}
