package proteus.silicon.vmx;

import static proteus.api.silicon.VmxControls.*;

import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuFeatures;
import proteus.x86.format.Cr4;

/**
 * The capability MSRs: which settings of the controls this processor allows (SDM 3D, appendix A). Low half of a control MSR:
 * bits that must be 1; high half: bits that may be 1.
 */
final class VmxCapabilities {
    static final int BASIC = 0x480, PINBASED = 0x481, PROCBASED = 0x482, EXIT = 0x483, ENTRY = 0x484, MISC = 0x485, CR0_FIXED0 = 0x486, CR0_FIXED1 = 0x487,
        CR4_FIXED0 = 0x488, CR4_FIXED1 = 0x489, VMCS_ENUM = 0x48a, PROCBASED2 = 0x48b, EPT_VPID = 0x48c, TRUE_PINBASED = 0x48d, TRUE_PROCBASED = 0x48e,
        TRUE_EXIT = 0x48f, TRUE_ENTRY = 0x490;
    /** Bits that early processors required to be 1 (SDM 3D, A.2 to A.5). */
    private static final int PIN_DEFAULT1 = 0x16, CPU_DEFAULT1 = 0x0401e172, EXIT_DEFAULT1 = 0x36dff, ENTRY_DEFAULT1 = 0x11ff;

    private final Cpu cpu;
    private final CpuFeatures features;

    VmxCapabilities(Cpu cpu) {
        this.cpu = cpu;
        features = cpu.features;
    }

    long read(int msr) {
        return switch (msr) {
            // revision 1, 4 KiB region, write-back, INS/OUTS information, TRUE controls
            case BASIC -> 1 | 4096L << 32 | 6L << 50 | 1L << 54 | 1L << 55;
            case PINBASED, TRUE_PINBASED -> control(PIN_DEFAULT1,
                PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS | (features.has(SiliconFeature.PREEMPTION_TIMER) ? PIN_PREEMPTION_TIMER : 0));
            case PROCBASED -> control(CPU_DEFAULT1, PRIMARY);
            case TRUE_PROCBASED -> control(CPU_DEFAULT1 & ~(CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING), PRIMARY);
            case PROCBASED2 -> control(0, secondary());
            case EXIT, TRUE_EXIT -> control(EXIT_DEFAULT1,
                EXIT_SAVE_DEBUG_CONTROLS | EXIT_HOST_ADDRESS_SPACE_SIZE | EXIT_ACKNOWLEDGE_INTERRUPT | EXIT_SAVE_PAT | EXIT_LOAD_PAT | EXIT_SAVE_EFER | EXIT_LOAD_EFER
                    | EXIT_SAVE_PREEMPTION_TIMER);
            case ENTRY, TRUE_ENTRY -> control(ENTRY_DEFAULT1, ENTRY_LOAD_DEBUG_CONTROLS | ENTRY_IA32E_MODE_GUEST | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER);
            // preemption timer counts TSC ticks, activity states HLT, shutdown, wait-for-SIPI; 4 CR3 targets
            case MISC -> 0x1c0 | 4 << 16 | 1L << 5;
            case CR0_FIXED0 -> 0x80000021L;
            case CR0_FIXED1 -> 0xffffffffL;
            case CR4_FIXED0 -> Cr4.VMXE;
            // PAE is the VMM's own, whose code is 64-bit whatever the CPU model; MOV to CR4 goes by the model
            case CR4_FIXED1 -> cpu.cr4Mask & 0xffffffffL | Cr4.VMXE | Cr4.PAE;
            case VMCS_ENUM -> 0x2e;
            // execute-only, 4 levels, UC and WB, 2 MiB and 1 GiB pages, INVEPT, A/D flags, INVVPID
            case EPT_VPID -> features.has(SiliconFeature.EPT) ? 1 | 1 << 6 | 1 << 8 | 1 << 14 | 1 << 16 | 1 << 17 | 1 << 20 | 1 << 21 | 7L << 24 | 1L << 32 | 0xfL << 40 : 0;
            default -> throw new IllegalArgumentException("0x%x is no VMX capability MSR".formatted(msr));
        };
    }

    private static final int PRIMARY = CPU_INTERRUPT_WINDOW_EXITING | CPU_TSC_OFFSETTING | CPU_HLT_EXITING | CPU_INVLPG_EXITING | CPU_MWAIT_EXITING
        | CPU_RDPMC_EXITING | CPU_RDTSC_EXITING | CPU_CR3_LOAD_EXITING | CPU_CR3_STORE_EXITING | CPU_CR8_LOAD_EXITING | CPU_CR8_STORE_EXITING
        | CPU_NMI_WINDOW_EXITING | CPU_MOV_DR_EXITING | CPU_UNCONDITIONAL_IO_EXITING | CPU_USE_IO_BITMAPS | CPU_USE_MSR_BITMAPS
        | CPU_MONITOR_TRAP_FLAG | CPU_MONITOR_EXITING | CPU_PAUSE_EXITING | CPU_ACTIVATE_SECONDARY_CONTROLS;

    private int secondary() {
        return CPU2_DESCRIPTOR_TABLE_EXITING | CPU2_ENABLE_RDTSCP | CPU2_WBINVD_EXITING | CPU2_RDRAND_EXITING | CPU2_ENABLE_INVPCID | CPU2_RDSEED_EXITING
            | CPU2_ENABLE_XSAVES
            | (features.has(SiliconFeature.EPT) ? CPU2_ENABLE_EPT : 0) | (features.has(SiliconFeature.VPID) ? CPU2_ENABLE_VPID : 0)
            | (features.has(SiliconFeature.UNRESTRICTED_GUEST) ? CPU2_UNRESTRICTED_GUEST : 0);
    }

    private static long control(int must, int may) {
        return must & 0xffffffffL | (long) (must | may) << 32;
    }

    /** Whether a control value keeps to the allowed settings of its TRUE MSR. */
    boolean allows(int msr, int value) {
        long setting = read(msr);
        int must = (int) setting;
        int may = (int) (setting >>> 32);
        return (value & must) == must && (value & ~may) == 0;
    }
}
