package proteus.cpu.para;

import proteus.api.vm.GuestContract;

/**
 * What CPUID says to a paravirtual kernel that asks the hypervisor: of the promised processor that which ring 3 can use without the
 * hypervisor's help, and Xen's own leaves (Xen public/arch-x86/cpuid.h).
 */
final class CpuidPolicy {
    private static final int EAX = 0, EBX = 1, ECX = 2, EDX = 3;
    private static final int XEN_FIRST = 0x4000_0000, XEN_LAST = 0x4000_0002;
    /** "XenVMMXenVMM". */
    private static final int XEN_EBX = 0x566e6558, XEN_ECX = 0x65584d4d, XEN_EDX = 0x4d4d566e;

    static final int VERSION = 4 << 16 | 17;
    /** SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES RDRAND HYPERVISOR. */
    private static final int LEAF1_ECX = bits(0, 1, 9, 13, 19, 20, 22, 23, 25, 30, 31);
    /** FPU TSC MSR PAE CX8 CMOV PAT CLFSH MMX FXSR SSE SSE2 SS. */
    private static final int LEAF1_EDX = bits(0, 4, 5, 6, 8, 15, 16, 19, 23, 24, 25, 26, 27);
    /** BMI1 BMI2 ERMS RDSEED ADX CLFLUSHOPT CLWB SHA. */
    private static final int LEAF7_EBX = bits(3, 8, 9, 18, 19, 23, 24, 29);
    private static final int LEAF7_EDX = bits(4);
    /** LAHF ABM PREFETCHW. */
    private static final int EXTENDED_ECX = bits(0, 5, 8);
    /** SYSCALL NX RDTSCP LM. */
    private static final int EXTENDED_EDX = bits(11, 20, 27, 29);

    private final GuestContract contract;

    CpuidPolicy(GuestContract contract) {
        this.contract = contract;
    }

    private static int bits(int... numbers) {
        int mask = 0;
        for (int number : numbers) {
            mask |= 1 << number;
        }
        return mask;
    }

    int[] values(int leaf, int subleaf) {
        if (leaf >= XEN_FIRST && leaf <= XEN_FIRST + 0xff) {
            return xen(leaf);
        }
        int[] promised = contract.cpuid(leaf, subleaf);
        return switch (leaf) {
            case 1 -> new int[] {promised[EAX], promised[EBX], promised[ECX] & LEAF1_ECX, promised[EDX] & LEAF1_EDX};
            case 7 -> subleaf == 0 ? new int[] {0, promised[EBX] & LEAF7_EBX, 0, promised[EDX] & LEAF7_EDX} : new int[4];
            case 0x8000_0001 -> new int[] {promised[EAX], promised[EBX], promised[ECX] & EXTENDED_ECX, promised[EDX] & EXTENDED_EDX};
            // Power and thermal control, monitoring, topology by APIC, extended state.
            case 5, 6, 0xa, 0xb, 0xd, 0x1f -> new int[4];
            default -> promised;
        };
    }

    private static int[] xen(int leaf) {
        return switch (leaf - XEN_FIRST) {
            case 0 -> new int[] {XEN_LAST, XEN_EBX, XEN_ECX, XEN_EDX};
            case 1 -> new int[] {VERSION, 0, 0, 0};
            // One hypercall page; its MSR is for guests in ring 0 only.
            case 2 -> new int[] {1, XEN_FIRST, 0, 0};
            default -> new int[4];
        };
    }
}
