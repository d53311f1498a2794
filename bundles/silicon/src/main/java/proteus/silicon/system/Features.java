package proteus.silicon.system;

import java.util.Map;
import proteus.silicon.cpu.Cpu;

/** The features that instructions check before anything else, in {@link Cpu#isa}; taken from CPUID when a processor is built. */
public final class Features {
    static final int SMAP = 0, INVPCID = 1, RDRAND = 2, RDSEED = 3, RDTSCP = 4, RDPID = 5, SERIALIZE = 6, CLFLUSH = 7, CLFLUSHOPT = 8, CLWB = 9, TSC = 10,
        MSR = 11, SPEC_CTRL = 12, ARCH_CAPABILITIES = 13, MTRR = 14, PAT = 15, MCA = 16, SEP = 17, LONG_MODE = 18, TSC_ADJUST = 19, VMX = 20;
    public static final int FXSR = 21, MMX = 22, SSE = 23, CMOV = 24, SSE3 = 25, SSSE3 = 26, SSE41 = 27, SSE42 = 28, AES = 29, PCLMULQDQ = 30, SHA = 31;

    /** Where each is in CPUID: leaf, register (EAX 0 to EDX 3), bit; in the order of the constants. */
    private static final int[][] PLACES = {
        {7, 1, 20}, {7, 1, 10}, {1, 2, 30}, {7, 1, 18}, {0x8000_0001, 3, 27}, {7, 2, 22}, {7, 3, 14}, {1, 3, 19}, {7, 1, 23}, {7, 1, 24}, {1, 3, 4},
        {1, 3, 5}, {7, 3, 26}, {7, 3, 29}, {1, 3, 12}, {1, 3, 16}, {1, 3, 14}, {1, 3, 11}, {0x8000_0001, 3, 29}, {7, 1, 1}, {1, 2, 5},
        {1, 3, 24}, {1, 3, 23}, {1, 3, 25}, {1, 3, 15}, {1, 2, 0}, {1, 2, 9}, {1, 2, 19}, {1, 2, 20}, {1, 2, 25}, {1, 2, 1}, {7, 1, 29}};

    private Features() {}

    public static boolean has(Cpu cpu, int feature) {
        return (cpu.isa >>> feature & 1) != 0;
    }

    /** All that a CPUID table has. */
    static long of(Map<Long, int[]> cpuid) {
        long isa = 0;
        for (int i = 0; i < PLACES.length; i++) {
            int[] place = PLACES[i];
            if (Cpuid.bit(cpuid, place[0], place[1], place[2])) {
                isa |= 1L << i;
            }
        }
        return isa;
    }
}
