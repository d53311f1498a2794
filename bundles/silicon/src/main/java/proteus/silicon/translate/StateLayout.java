package proteus.silicon.translate;

import proteus.silicon.cpu.Cpu;

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

    /** What {@link SystemForms} may do now, 32 bits; and behind a fast system call to, and from, the kernel. */
    long allowed() {
        return base + OFFSET + 64;
    }

    long innerAllowed() {
        return base + OFFSET + 68;
    }

    long outerAllowed() {
        return base + OFFSET + 76;
    }

    /** What they did since {@link SystemState#settle}; how often privilege changed. */
    long changes() {
        return base + OFFSET + 80;
    }

    long switches() {
        return base + OFFSET + 88;
    }

    /** IA32_TSC_AUX, 32 bits. */
    long tscAux() {
        return base + OFFSET + 92;
    }

    /** What the TSC reads when the budget is spent. */
    long clock() {
        return base + OFFSET + 96;
    }

    /** The base of GS that SWAPGS brings. */
    long kernelGs() {
        return base + OFFSET + 104;
    }

    /** TLB contexts of the supervisor with AC clear and set. */
    long closedContext() {
        return base + OFFSET + 112;
    }

    long openContext() {
        return base + OFFSET + 120;
    }

    /** TLB contexts behind a fast system call. */
    long innerContext() {
        return base + OFFSET + 704;
    }

    long outerContext() {
        return base + OFFSET + 712;
    }

    /** Where SYSCALL leads to, and what it leaves of RFLAGS: in the struct, and in RAX. */
    long lstar() {
        return base + OFFSET + 720;
    }

    long callFlags() {
        return base + OFFSET + 728;
    }

    long callImage() {
        return base + OFFSET + 736;
    }

    /** Where the guest goes on after {@link TranslationCache#ELSEWHERE}. */
    long rip() {
        return base + OFFSET + 744;
    }

    /** OF while the flags are saved: 1 or 0. A byte of its own, because joining it with the others in RAX costs more than storing it. */
    long overflow() {
        return base + OFFSET + 752;
    }

    /** A byte that is not 0 while the guest's x87 registers are the host's. */
    long x87() {
        return base + OFFSET + 768;
    }

    /** A byte that is not 0 while the upper halves of the guest's YMM registers are in the host's. */
    long ymm() {
        return base + OFFSET + 760;
    }

    /** Where the x87 registers are loaded from and saved to: an image of FXSAVE. */
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

    // ---- segments (Precedents)

    /** Linear addresses of the descriptor tables and of the TSS; where {@link #known} begins. */
    long gdtBase() {
        return base + OFFSET + 784;
    }

    long idtBase() {
        return base + OFFSET + 792;
    }

    long tssBase() {
        return base + OFFSET + 800;
    }

    long knownBase() {
        return base + OFFSET + 808;
    }

    /** The selector in a segment register, 32 bits. */
    long selector(int register) {
        return base + OFFSET + 816 + 4 * register;
    }

    /** Of ES, DS, FS and GS a byte each that is 1 if a return to ring 3 leaves the register alone. */
    long survives() {
        return base + OFFSET + 840;
    }

    /** The image that generated code loaded a segment register with, or 0. */
    long loaded(int register) {
        return base + OFFSET + 848 + 8 * register;
    }

    /** RAX behind the last STI. */
    long shadow() {
        return base + OFFSET + 896;
    }

    /** {@link Precedents#IMAGES} images. */
    long known() {
        return base + OFFSET + 1024;
    }

    /** What is known of a gate, by the low bits of its vector. */
    long gate(int slot) {
        return known() + Precedents.IMAGES * Precedents.IMAGE_BYTES + (long) slot * Precedents.GATE_BYTES;
    }

    /** Image of CS or SS behind an interrupt. */
    long gateSegment(int vector, int register) {
        return gate(vector & Precedents.GATES - 1) + 64 + (register == Cpu.CS ? 0 : Precedents.IMAGE_BYTES);
    }

    /** Images of CS and SS behind an IRET to ring 3, or within ring 0. */
    long returnCode(boolean outer) {
        return gate(Precedents.GATES) + (outer ? 2 * Precedents.IMAGE_BYTES : 0);
    }

    long returnStack(boolean outer) {
        return returnCode(outer) + Precedents.IMAGE_BYTES;
    }

    /** Image of CS or SS behind SYSCALL ({@code inner}) and SYSRET. */
    long callSegment(boolean inner, int register) {
        return returnCode(false) + (inner ? 4 : 6) * Precedents.IMAGE_BYTES + (register == Cpu.CS ? 0 : Precedents.IMAGE_BYTES);
    }

    /** Two images more. */
    long spare(int n) {
        return returnCode(false) + (8 + n) * Precedents.IMAGE_BYTES;
    }
}
