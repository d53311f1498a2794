package proteus.silicon.cpu;

/** What the primitives in {@link Cpu} and the engine need from the units above them. */
public interface Units {
    /**
     * The full segment check of a data access, when the quick compare did not pass: returns if the access is allowed, else
     * throws #GP(0), or #SS(0) for SS (SDM 3A, 5.3 and 5.5).
     */
    void checkSegment(Cpu cpu, int segment, long offset, int bytes, boolean write);

    /**
     * An exception of the guest: exits if a control wants it, else delivers it through the IDT, double and triple faults
     * included. On return {@link CpuLayout#RIP} and all state are those of the handler's first instruction.
     *
     * @param faultRip RIP of the instruction that faulted, already in {@link CpuLayout#RIP}
     */
    void raise(Cpu cpu, GuestFault fault);

    /**
     * Delivers an event that is no fault of the running instruction: an external interrupt, an NMI, or what a VMM injects at VM
     * entry. Faults during delivery are handled as {@link #raise} does.
     *
     * @param interruption type and vector in VM-entry interruption-information format (SDM 3C, table 25-17: bits 10:8 type, 11
     *     error code valid)
     * @param errorCode pushed if bit 11 is set
     * @param instructionLength for software interrupts and exceptions: added to RIP before it is pushed
     */
    void inject(Cpu cpu, int interruption, int errorCode, int instructionLength);

    /**
     * Before an instruction that {@link Cpu#stepwise} wants executed alone: throws #DB for an instruction breakpoint.
     *
     * @return what {@link #afterInstruction} wants back
     */
    long beforeInstruction(Cpu cpu);

    /**
     * After such an instruction retired (also one iteration of a REP): ends the interrupt shadow that was in force, clears RF,
     * delivers single-step and pending debug traps. RIP is that of the next instruction, before and, of a handler, after.
     */
    void afterInstruction(Cpu cpu, Op op, long before);

    /** Whether an instruction that finds TF set ends with a single-step trap for it. */
    boolean singleSteps(Cpu cpu, Op op);
}
