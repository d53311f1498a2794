package proteus.silicon.translate;

/** What generated code and the engine tell each other, in memory behind the processor's struct. */
record StateLayout(long base) {
    private static final int OFFSET = 4096;
    /** From the start of the memory: where the handler of host faults notes the fault. */
    static final int FAULT_PC = OFFSET + 48, FAULT_SIGNAL = OFFSET + 56;

    /** Budget and flags, as they are in RAX. */
    long rax() {
        return base + OFFSET;
    }

    /** Where to go in. */
    long target() {
        return base + OFFSET + 8;
    }

    /** TLB context in force. */
    long context() {
        return base + OFFSET + 16;
    }

    long scratch() {
        return base + OFFSET + 24;
    }

    /** A byte that is not 0 if SSE instructions of the guest may execute as they are. */
    long sse() {
        return base + OFFSET + 32;
    }

    /** A byte that is not 0 if CLI clears IF at the guest's privilege. */
    long cli() {
        return base + OFFSET + 64;
    }

    /** A byte that is not 0 while the guest's x87 registers are the host's. */
    long x87() {
        return base + OFFSET + 72;
    }

    /** Where they are loaded from and saved to: an image of FXSAVE. */
    long image() {
        return base + OFFSET + 128;
    }

    /** MXCSR as the host's code wants it. */
    long hostMxcsr() {
        return base + OFFSET + 40;
    }

    long faultPc() {
        return base + FAULT_PC;
    }

    long faultSignal() {
        return base + FAULT_SIGNAL;
    }
}
