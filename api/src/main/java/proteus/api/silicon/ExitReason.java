package proteus.api.silicon;

/**
 * Why a processor came out of the guest. Numbers are the basic exit reasons of SDM vol. 3D, appendix C; what has no VMX
 * counterpart (a budget, a kick) is numbered from 128 on. Deprivileged silicon uses {@link #EXCEPTION},
 * {@link #EXTERNAL_INTERRUPT}, {@link #SYSTEM_CALL}, the budget and the kick only.
 */
public enum ExitReason {
    EXCEPTION(0),
    EXTERNAL_INTERRUPT(1),
    TRIPLE_FAULT(2),
    INIT(3),
    SIPI(4),
    INTERRUPT_WINDOW(7),
    NMI_WINDOW(8),
    TASK_SWITCH(9),
    CPUID(10),
    GETSEC(11),
    HLT(12),
    INVD(13),
    INVLPG(14),
    RDPMC(15),
    RDTSC(16),
    RSM(17),
    VMCALL(18),
    VMCLEAR(19),
    VMLAUNCH(20),
    VMPTRLD(21),
    VMPTRST(22),
    VMREAD(23),
    VMRESUME(24),
    VMWRITE(25),
    VMXOFF(26),
    VMXON(27),
    CR_ACCESS(28),
    MOV_DR(29),
    IO_INSTRUCTION(30),
    RDMSR(31),
    WRMSR(32),
    ENTRY_FAILURE_GUEST_STATE(33),
    ENTRY_FAILURE_MSR_LOADING(34),
    MWAIT(36),
    MONITOR_TRAP_FLAG(37),
    MONITOR(39),
    PAUSE(40),
    ENTRY_FAILURE_MACHINE_CHECK(41),
    TPR_BELOW_THRESHOLD(43),
    APIC_ACCESS(44),
    VIRTUALIZED_EOI(45),
    GDTR_IDTR_ACCESS(46),
    LDTR_TR_ACCESS(47),
    EPT_VIOLATION(48),
    EPT_MISCONFIGURATION(49),
    INVEPT(50),
    RDTSCP(51),
    PREEMPTION_TIMER(52),
    INVVPID(53),
    WBINVD(54),
    XSETBV(55),
    APIC_WRITE(56),
    RDRAND(57),
    INVPCID(58),
    VMFUNC(59),
    RDSEED(61),
    XSAVES(63),
    XRSTORS(64),
    /** The instruction budget is spent. */
    BUDGET(128),
    /** Another thread kicked the processor. */
    KICKED(129),
    /** Control registers or fields in the VMCS are invalid (VMfailValid, SDM 3C 31.4): see VM_INSTRUCTION_ERROR. */
    ENTRY_INVALID_CONTROLS(130),
    /** Nothing exited: the emulated instruction retired. */
    NONE(131),
    /** One of the {@link DebugPoints} was met. */
    DEBUG(132),
    /**
     * SYSCALL or SYSENTER on {@link ExecutionMode#DEPRIVILEGED} silicon, where the hypervisor owns ring 0 and what those instructions
     * enter: RIP is still at the instruction, nothing of it has happened.
     */
    SYSTEM_CALL(133);

    /** One more than the largest number: the size of an array indexed by it. */
    public static final int COUNT = 134;

    private final int number;

    ExitReason(int number) {
        this.number = number;
    }

    /** The SDM's basic exit reason, or 128 and above for our additions. */
    public int number() {
        return number;
    }

    /** Whether hardware or a published hypervisor has this exit. The others are ours: how often the host interrupts a run is no property of the guest. */
    public boolean architectural() {
        return number < BUDGET.number || this == SYSTEM_CALL;
    }

    /** Name for people: lower case, words joined by a hyphen. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
