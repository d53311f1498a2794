package proteus.silicon.cpu;

import proteus.api.silicon.ExitReason;

/**
 * What makes the processor leave the guest. Semantics call these at the point where the manual says that a VM exit has its
 * priority (after the exceptions that come first, before any effect; SDM 3C, 26.1.1). A method that decides to exit records
 * the exit information and throws {@link Cpu#exitSignal}; otherwise it returns and the instruction goes on.
 */
public interface Intercepts {
    /** CPUID, HLT, INVD, INVLPG, INVPCID, MONITOR, MWAIT, PAUSE, RDPMC, RDRAND, RDSEED, RDTSC, RDTSCP, RSM, WBINVD, XSETBV, VMX instructions, descriptor-table instructions, SYSCALL and SYSENTER (as SYSTEM_CALL). */
    void instruction(Cpu cpu, Op op, ExitReason reason, long qualification);

    /**
     * Whether an instruction of those, or INT n (as EXCEPTION), never leaves and is never undefined as things are set up, so that an
     * engine need not ask each time; asked again after whatever might change it.
     */
    boolean lets(ExitReason reason);

    /** MOV from CR0, CR3, CR4 or CR8 (and SMSW with gpr -1, which never exits): the value the guest reads. */
    long readCr(Cpu cpu, Op op, int cr, int gpr);

    /**
     * MOV to CR (access 0), CLTS (2), LMSW (3).
     *
     * @param value what the guest writes, all 64 bits
     * @return what is to be loaded, host-owned bits kept
     */
    long writeCr(Cpu cpu, Op op, int cr, int access, int gpr, long value);

    void movDr(Cpu cpu, Op op, int dr, boolean fromDr, int gpr);

    /** IN, OUT, INS, OUTS after all privilege checks. */
    void portIo(Cpu cpu, Op op, int port, int bytes, boolean in, boolean string, boolean rep, boolean immediatePort);

    /** RDMSR and WRMSR after the CPL check. */
    void msr(Cpu cpu, Op op, int index, boolean write);

    /** @param source 0 CALL, 1 IRET, 2 JMP, 3 task gate in the IDT (SDM 3C, table 28-2) */
    void taskSwitch(Cpu cpu, int selector, int source, int instructionLength);

    /**
     * An exception or a software interrupt before its delivery begins.
     *
     * @param type interruption type of SDM 3C table 25-17: 3 hardware exception, 4 software interrupt, 5 INT1, 6 INT3 or INTO
     * @param detail CR2 of a page fault, DR6 bits of a debug exception
     */
    void exception(Cpu cpu, int vector, int errorCode, long detail, int type, int instructionLength);

    /**
     * An exception met while another event was being delivered, before the two may become a double or triple fault. VMX asks the
     * exception bitmap for it by itself (SDM 3C, 26.2 and 28.2.4): a hypervisor with shadow tables resolves it and delivers again.
     */
    default void duringDelivery(Cpu cpu, int vector, int errorCode, long detail) {}

    /** Delivery of an event begins (interruption-information format with valid bit) or, with 0, has ended: an exit in between reports it as IDT-vectoring information. */
    void delivering(Cpu cpu, int interruption, int errorCode, int instructionLength);

    /** Always leaves. */
    void tripleFault(Cpu cpu);

    /** The TSC as RDTSC shows it here. */
    long tsc(Cpu cpu);

    /**
     * The engine stands between two instructions and {@link Cpu#boundaryWork} is set (a window is awaited): leaves if the
     * interrupt or NMI window is open.
     */
    void boundary(Cpu cpu);
}
