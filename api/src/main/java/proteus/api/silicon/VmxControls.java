package proteus.api.silicon;

/** Bits of the VM-execution, VM-exit and VM-entry controls (SDM vol. 3C, 25.6 to 25.8). */
public final class VmxControls {
    // Pin-based (table 25-5)
    public static final int PIN_EXTERNAL_INTERRUPT_EXITING = 1 << 0;
    public static final int PIN_NMI_EXITING = 1 << 3;
    public static final int PIN_VIRTUAL_NMIS = 1 << 5;
    public static final int PIN_PREEMPTION_TIMER = 1 << 6;
    public static final int PIN_POSTED_INTERRUPTS = 1 << 7;

    // Primary processor-based (table 25-6)
    public static final int CPU_INTERRUPT_WINDOW_EXITING = 1 << 2;
    public static final int CPU_TSC_OFFSETTING = 1 << 3;
    public static final int CPU_HLT_EXITING = 1 << 7;
    public static final int CPU_INVLPG_EXITING = 1 << 9;
    public static final int CPU_MWAIT_EXITING = 1 << 10;
    public static final int CPU_RDPMC_EXITING = 1 << 11;
    public static final int CPU_RDTSC_EXITING = 1 << 12;
    public static final int CPU_CR3_LOAD_EXITING = 1 << 15;
    public static final int CPU_CR3_STORE_EXITING = 1 << 16;
    public static final int CPU_CR8_LOAD_EXITING = 1 << 19;
    public static final int CPU_CR8_STORE_EXITING = 1 << 20;
    public static final int CPU_TPR_SHADOW = 1 << 21;
    public static final int CPU_NMI_WINDOW_EXITING = 1 << 22;
    public static final int CPU_MOV_DR_EXITING = 1 << 23;
    public static final int CPU_UNCONDITIONAL_IO_EXITING = 1 << 24;
    public static final int CPU_USE_IO_BITMAPS = 1 << 25;
    public static final int CPU_MONITOR_TRAP_FLAG = 1 << 27;
    public static final int CPU_USE_MSR_BITMAPS = 1 << 28;
    public static final int CPU_MONITOR_EXITING = 1 << 29;
    public static final int CPU_PAUSE_EXITING = 1 << 30;
    public static final int CPU_ACTIVATE_SECONDARY_CONTROLS = 1 << 31;

    // Secondary processor-based (table 25-7)
    public static final int CPU2_VIRTUALIZE_APIC_ACCESSES = 1 << 0;
    public static final int CPU2_ENABLE_EPT = 1 << 1;
    public static final int CPU2_DESCRIPTOR_TABLE_EXITING = 1 << 2;
    public static final int CPU2_ENABLE_RDTSCP = 1 << 3;
    public static final int CPU2_VIRTUALIZE_X2APIC_MODE = 1 << 4;
    public static final int CPU2_ENABLE_VPID = 1 << 5;
    public static final int CPU2_WBINVD_EXITING = 1 << 6;
    public static final int CPU2_UNRESTRICTED_GUEST = 1 << 7;
    public static final int CPU2_APIC_REGISTER_VIRTUALIZATION = 1 << 8;
    public static final int CPU2_VIRTUAL_INTERRUPT_DELIVERY = 1 << 9;
    public static final int CPU2_PAUSE_LOOP_EXITING = 1 << 10;
    public static final int CPU2_RDRAND_EXITING = 1 << 11;
    public static final int CPU2_ENABLE_INVPCID = 1 << 12;
    public static final int CPU2_RDSEED_EXITING = 1 << 16;
    public static final int CPU2_ENABLE_XSAVES = 1 << 20;

    // VM-exit (table 25-13)
    public static final int EXIT_SAVE_DEBUG_CONTROLS = 1 << 2;
    public static final int EXIT_HOST_ADDRESS_SPACE_SIZE = 1 << 9;
    public static final int EXIT_ACKNOWLEDGE_INTERRUPT = 1 << 15;
    public static final int EXIT_SAVE_PAT = 1 << 18;
    public static final int EXIT_LOAD_PAT = 1 << 19;
    public static final int EXIT_SAVE_EFER = 1 << 20;
    public static final int EXIT_LOAD_EFER = 1 << 21;
    public static final int EXIT_SAVE_PREEMPTION_TIMER = 1 << 22;

    // VM-entry (table 25-15)
    public static final int ENTRY_LOAD_DEBUG_CONTROLS = 1 << 2;
    public static final int ENTRY_IA32E_MODE_GUEST = 1 << 9;
    public static final int ENTRY_LOAD_PAT = 1 << 14;
    public static final int ENTRY_LOAD_EFER = 1 << 15;

    // Interruptibility state (table 25-3)
    public static final int BLOCKING_BY_STI = 1 << 0;
    public static final int BLOCKING_BY_MOV_SS = 1 << 1;
    public static final int BLOCKING_BY_SMI = 1 << 2;
    public static final int BLOCKING_BY_NMI = 1 << 3;

    // Interruption information (tables 25-17, 25-19)
    public static final int INTERRUPTION_VALID = 1 << 31;
    public static final int INTERRUPTION_ERROR_CODE = 1 << 11;
    public static final int TYPE_EXTERNAL_INTERRUPT = 0 << 8;
    public static final int TYPE_NMI = 2 << 8;
    public static final int TYPE_HARDWARE_EXCEPTION = 3 << 8;
    public static final int TYPE_SOFTWARE_INTERRUPT = 4 << 8;
    public static final int TYPE_PRIVILEGED_SOFTWARE_EXCEPTION = 5 << 8;
    public static final int TYPE_SOFTWARE_EXCEPTION = 6 << 8;
    /** Bits 10:8 of an interruption information. */
    public static final int TYPE_MASK = 7 << 8;

    private VmxControls() {}
}
