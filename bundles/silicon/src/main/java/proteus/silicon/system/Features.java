package proteus.silicon.system;

import java.util.Map;
import proteus.silicon.cpu.Cpu;

/** The features that instructions and MSRs need, in {@link Cpu#isa}; taken from CPUID when a processor is built. */
public enum Features {
    FPU(1, 3, 0), TSC(1, 3, 4), MSR(1, 3, 5), MCA(1, 3, 14), CX8(1, 3, 8), SEP(1, 3, 11), MTRR(1, 3, 12), CMOV(1, 3, 15), PAT(1, 3, 16), CLFLUSH(1, 3, 19),
    MMX(1, 3, 23), FXSR(1, 3, 24), SSE(1, 3, 25), SSE2(1, 3, 26),
    SSE3(1, 2, 0), PCLMULQDQ(1, 2, 1), MONITOR(1, 2, 3), VMX(1, 2, 5), SSSE3(1, 2, 9), FMA(1, 2, 12), CX16(1, 2, 13), SSE41(1, 2, 19), SSE42(1, 2, 20),
    MOVBE(1, 2, 22), POPCNT(1, 2, 23), AES(1, 2, 25), XSAVE(1, 2, 26), AVX(1, 2, 28), F16C(1, 2, 29), RDRAND(1, 2, 30),
    FSGSBASE(7, 1, 0), TSC_ADJUST(7, 1, 1), BMI1(7, 1, 3), AVX2(7, 1, 5), BMI2(7, 1, 8), INVPCID(7, 1, 10), RDSEED(7, 1, 18), ADX(7, 1, 19), SMAP(7, 1, 20),
    CLFLUSHOPT(7, 1, 23), CLWB(7, 1, 24), SHA(7, 1, 29), VAES(7, 2, 9), VPCLMULQDQ(7, 2, 10), RDPID(7, 2, 22), MOVDIRI(7, 2, 27), SERIALIZE(7, 3, 14), SPEC_CTRL(7, 3, 26),
    ARCH_CAPABILITIES(7, 3, 29),
    LAHF_LM(0x8000_0001, 2, 0), ABM(0x8000_0001, 2, 5), SYSCALL(0x8000_0001, 3, 11), RDTSCP(0x8000_0001, 3, 27), LONG_MODE(0x8000_0001, 3, 29),
    XSAVEOPT(0xd, 0, 0), XSAVEC(0xd, 0, 1), XSAVES(0xd, 0, 3),
    /** Family 6 or later, which has instructions that no flag tells of: long NOPs and RDPMC. */
    P6(1, 0, 0);

    private final int leaf, register, bit;

    /** @param register EAX 0 to EDX 3 */
    Features(int leaf, int register, int bit) {
        this.leaf = leaf;
        this.register = register;
        this.bit = bit;
    }

    /** Its bit in {@link Cpu#isa}. */
    public long mask() {
        return 1L << ordinal();
    }

    public static boolean has(Cpu cpu, Features feature) {
        return (cpu.isa & feature.mask()) != 0;
    }

    /** All that a CPUID table has. */
    static long of(Map<Long, int[]> cpuid) {
        long isa = 0;
        for (Features feature : values()) {
            // the flags of state saving are in the second subleaf
            boolean has = feature == P6 ? Cpuid.family(cpuid) >= 6 : Cpuid.bit(cpuid, feature.leaf, feature.leaf == 0xd ? 1 : 0, feature.register, feature.bit);
            isa |= has ? feature.mask() : 0;
        }
        return isa;
    }
}
