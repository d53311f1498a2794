package proteus.api.silicon;

/** Encodings of the VMCS fields (SDM vol. 3D, appendix B). */
public final class VmcsField {
    // 16-bit control fields (B.1.1)
    public static final int VPID = 0x0000;
    public static final int POSTED_INTERRUPT_NOTIFICATION_VECTOR = 0x0002;
    public static final int EPTP_INDEX = 0x0004;

    // 16-bit guest-state fields (B.1.2)
    public static final int GUEST_ES_SELECTOR = 0x0800;
    public static final int GUEST_CS_SELECTOR = 0x0802;
    public static final int GUEST_SS_SELECTOR = 0x0804;
    public static final int GUEST_DS_SELECTOR = 0x0806;
    public static final int GUEST_FS_SELECTOR = 0x0808;
    public static final int GUEST_GS_SELECTOR = 0x080a;
    public static final int GUEST_LDTR_SELECTOR = 0x080c;
    public static final int GUEST_TR_SELECTOR = 0x080e;
    public static final int GUEST_INTERRUPT_STATUS = 0x0810;

    // 16-bit host-state fields (B.1.3)
    public static final int HOST_ES_SELECTOR = 0x0c00;
    public static final int HOST_CS_SELECTOR = 0x0c02;
    public static final int HOST_SS_SELECTOR = 0x0c04;
    public static final int HOST_DS_SELECTOR = 0x0c06;
    public static final int HOST_FS_SELECTOR = 0x0c08;
    public static final int HOST_GS_SELECTOR = 0x0c0a;
    public static final int HOST_TR_SELECTOR = 0x0c0c;

    // 64-bit control fields (B.2.1)
    public static final int IO_BITMAP_A = 0x2000;
    public static final int IO_BITMAP_B = 0x2002;
    public static final int MSR_BITMAP = 0x2004;
    public static final int VM_EXIT_MSR_STORE_ADDRESS = 0x2006;
    public static final int VM_EXIT_MSR_LOAD_ADDRESS = 0x2008;
    public static final int VM_ENTRY_MSR_LOAD_ADDRESS = 0x200a;
    public static final int EXECUTIVE_VMCS_POINTER = 0x200c;
    public static final int TSC_OFFSET = 0x2010;
    public static final int VIRTUAL_APIC_ADDRESS = 0x2012;
    public static final int APIC_ACCESS_ADDRESS = 0x2014;
    public static final int EPT_POINTER = 0x201a;

    // 64-bit read-only data (B.2.2)
    public static final int GUEST_PHYSICAL_ADDRESS = 0x2400;

    // 64-bit guest-state fields (B.2.3)
    public static final int VMCS_LINK_POINTER = 0x2800;
    public static final int GUEST_IA32_DEBUGCTL = 0x2802;
    public static final int GUEST_IA32_PAT = 0x2804;
    public static final int GUEST_IA32_EFER = 0x2806;
    public static final int GUEST_IA32_PERF_GLOBAL_CTRL = 0x2808;
    public static final int GUEST_PDPTE0 = 0x280a;
    public static final int GUEST_PDPTE1 = 0x280c;
    public static final int GUEST_PDPTE2 = 0x280e;
    public static final int GUEST_PDPTE3 = 0x2810;

    // 64-bit host-state fields (B.2.4)
    public static final int HOST_IA32_PAT = 0x2c00;
    public static final int HOST_IA32_EFER = 0x2c02;
    public static final int HOST_IA32_PERF_GLOBAL_CTRL = 0x2c04;

    // 32-bit control fields (B.3.1)
    public static final int PIN_BASED_CONTROLS = 0x4000;
    public static final int PROCESSOR_BASED_CONTROLS = 0x4002;
    public static final int EXCEPTION_BITMAP = 0x4004;
    public static final int PAGE_FAULT_ERROR_CODE_MASK = 0x4006;
    public static final int PAGE_FAULT_ERROR_CODE_MATCH = 0x4008;
    public static final int CR3_TARGET_COUNT = 0x400a;
    public static final int VM_EXIT_CONTROLS = 0x400c;
    public static final int VM_EXIT_MSR_STORE_COUNT = 0x400e;
    public static final int VM_EXIT_MSR_LOAD_COUNT = 0x4010;
    public static final int VM_ENTRY_CONTROLS = 0x4012;
    public static final int VM_ENTRY_MSR_LOAD_COUNT = 0x4014;
    public static final int VM_ENTRY_INTERRUPTION_INFORMATION = 0x4016;
    public static final int VM_ENTRY_EXCEPTION_ERROR_CODE = 0x4018;
    public static final int VM_ENTRY_INSTRUCTION_LENGTH = 0x401a;
    public static final int TPR_THRESHOLD = 0x401c;
    public static final int SECONDARY_PROCESSOR_BASED_CONTROLS = 0x401e;
    public static final int PLE_GAP = 0x4020;
    public static final int PLE_WINDOW = 0x4022;

    // 32-bit read-only data (B.3.2)
    public static final int VM_INSTRUCTION_ERROR = 0x4400;
    public static final int EXIT_REASON = 0x4402;
    public static final int VM_EXIT_INTERRUPTION_INFORMATION = 0x4404;
    public static final int VM_EXIT_INTERRUPTION_ERROR_CODE = 0x4406;
    public static final int IDT_VECTORING_INFORMATION = 0x4408;
    public static final int IDT_VECTORING_ERROR_CODE = 0x440a;
    public static final int VM_EXIT_INSTRUCTION_LENGTH = 0x440c;
    public static final int VM_EXIT_INSTRUCTION_INFORMATION = 0x440e;

    // 32-bit guest-state fields (B.3.3)
    public static final int GUEST_ES_LIMIT = 0x4800;
    public static final int GUEST_CS_LIMIT = 0x4802;
    public static final int GUEST_SS_LIMIT = 0x4804;
    public static final int GUEST_DS_LIMIT = 0x4806;
    public static final int GUEST_FS_LIMIT = 0x4808;
    public static final int GUEST_GS_LIMIT = 0x480a;
    public static final int GUEST_LDTR_LIMIT = 0x480c;
    public static final int GUEST_TR_LIMIT = 0x480e;
    public static final int GUEST_GDTR_LIMIT = 0x4810;
    public static final int GUEST_IDTR_LIMIT = 0x4812;
    public static final int GUEST_ES_ACCESS_RIGHTS = 0x4814;
    public static final int GUEST_CS_ACCESS_RIGHTS = 0x4816;
    public static final int GUEST_SS_ACCESS_RIGHTS = 0x4818;
    public static final int GUEST_DS_ACCESS_RIGHTS = 0x481a;
    public static final int GUEST_FS_ACCESS_RIGHTS = 0x481c;
    public static final int GUEST_GS_ACCESS_RIGHTS = 0x481e;
    public static final int GUEST_LDTR_ACCESS_RIGHTS = 0x4820;
    public static final int GUEST_TR_ACCESS_RIGHTS = 0x4822;
    public static final int GUEST_INTERRUPTIBILITY_STATE = 0x4824;
    public static final int GUEST_ACTIVITY_STATE = 0x4826;
    public static final int GUEST_SMBASE = 0x4828;
    public static final int GUEST_IA32_SYSENTER_CS = 0x482a;
    public static final int VMX_PREEMPTION_TIMER_VALUE = 0x482e;

    // 32-bit host-state field (B.3.4)
    public static final int HOST_IA32_SYSENTER_CS = 0x4c00;

    // Natural-width control fields (B.4.1)
    public static final int CR0_GUEST_HOST_MASK = 0x6000;
    public static final int CR4_GUEST_HOST_MASK = 0x6002;
    public static final int CR0_READ_SHADOW = 0x6004;
    public static final int CR4_READ_SHADOW = 0x6006;
    public static final int CR3_TARGET_VALUE_0 = 0x6008;
    public static final int CR3_TARGET_VALUE_1 = 0x600a;
    public static final int CR3_TARGET_VALUE_2 = 0x600c;
    public static final int CR3_TARGET_VALUE_3 = 0x600e;

    // Natural-width read-only data (B.4.2)
    public static final int EXIT_QUALIFICATION = 0x6400;
    public static final int IO_RCX = 0x6402;
    public static final int IO_RSI = 0x6404;
    public static final int IO_RDI = 0x6406;
    public static final int IO_RIP = 0x6408;
    public static final int GUEST_LINEAR_ADDRESS = 0x640a;

    // Natural-width guest-state fields (B.4.3)
    public static final int GUEST_CR0 = 0x6800;
    public static final int GUEST_CR3 = 0x6802;
    public static final int GUEST_CR4 = 0x6804;
    public static final int GUEST_ES_BASE = 0x6806;
    public static final int GUEST_CS_BASE = 0x6808;
    public static final int GUEST_SS_BASE = 0x680a;
    public static final int GUEST_DS_BASE = 0x680c;
    public static final int GUEST_FS_BASE = 0x680e;
    public static final int GUEST_GS_BASE = 0x6810;
    public static final int GUEST_LDTR_BASE = 0x6812;
    public static final int GUEST_TR_BASE = 0x6814;
    public static final int GUEST_GDTR_BASE = 0x6816;
    public static final int GUEST_IDTR_BASE = 0x6818;
    public static final int GUEST_DR7 = 0x681a;
    public static final int GUEST_RSP = 0x681c;
    public static final int GUEST_RIP = 0x681e;
    public static final int GUEST_RFLAGS = 0x6820;
    public static final int GUEST_PENDING_DEBUG_EXCEPTIONS = 0x6822;
    public static final int GUEST_IA32_SYSENTER_ESP = 0x6824;
    public static final int GUEST_IA32_SYSENTER_EIP = 0x6826;

    // Natural-width host-state fields (B.4.4)
    public static final int HOST_CR0 = 0x6c00;
    public static final int HOST_CR3 = 0x6c02;
    public static final int HOST_CR4 = 0x6c04;
    public static final int HOST_FS_BASE = 0x6c06;
    public static final int HOST_GS_BASE = 0x6c08;
    public static final int HOST_TR_BASE = 0x6c0a;
    public static final int HOST_GDTR_BASE = 0x6c0c;
    public static final int HOST_IDTR_BASE = 0x6c0e;
    public static final int HOST_IA32_SYSENTER_ESP = 0x6c10;
    public static final int HOST_IA32_SYSENTER_EIP = 0x6c12;
    public static final int HOST_RSP = 0x6c14;
    public static final int HOST_RIP = 0x6c16;

    private VmcsField() {}
}
