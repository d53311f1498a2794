package proteus.api.silicon;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The registers of a processor, live. Setting a register here has the effect a VMM's write has: caches that depend on it
 * are kept right, no exits and no checks beyond what keeps the silicon itself safe.
 */
@ProviderType
public interface CpuRegisters {
    int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5, LDTR = 6, TR = 7;

    /** General register by its encoding, 0..15. */
    long gpr(int register);

    void gpr(int register, long value);

    long rip();

    void rip(long value);

    /** RFLAGS with all lazily kept flags made real. */
    long rflags();

    void rflags(long value);

    SegmentRegister segment(int register);

    void segment(int register, SegmentRegister value);

    /** Base of GDTR. */
    long gdtrBase();

    int gdtrLimit();

    void gdtr(long base, int limit);

    long idtrBase();

    int idtrLimit();

    void idtr(long base, int limit);

    /** Control register 0, 2, 3, 4 or 8. */
    long cr(int register);

    void cr(int register, long value);

    /** Debug register 0..3, 6, 7. */
    long dr(int register);

    void dr(int register, long value);

    /** Model-specific register as the hardware holds it; 0 for one that is not modelled. */
    long msr(int index);

    void msr(int index, long value);

    long xcr0();

    /** What holds off interrupts and NMIs at this boundary: bits of {@code VmxControls.BLOCKING_BY_*} (SDM 3C, table 25-3). */
    int interruptibility();

    void interruptibility(int blocking);

    /** Current privilege level, 0..3. */
    int cpl();

    /** Code size in force: 16, 32 or 64. */
    int codeSize();

    /** Low 128 bits of a vector register as {low, high}. */
    long[] xmm(int register);
}
