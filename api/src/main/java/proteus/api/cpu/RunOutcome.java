package proteus.api.cpu;

/** Why a technique gave a vCPU back. */
public enum RunOutcome {
    /** The schedule's limit is reached. */
    LIMIT,
    /** The guest executed HLT and no interrupt is deliverable. */
    HALTED,
    /** Somebody kicked the processor. */
    KICKED,
    /** The guest's triple fault: shutdown. */
    TRIPLE_FAULT,
    /** A device asked for the end of the run (power off, reset, debug exit): the schedule says so. */
    STOP_REQUESTED,
    /** The processor stopped for a debugger outside of the guest: the VM is paused. */
    DEBUG,
    /** The technique cannot go on; {@link CpuVirtualization#failure()} says why. The VM is parked. */
    FAILED
}
