package proteus.api.vm;

import java.util.List;
import java.util.Map;

/**
 * What the guest was promised at boot and what must therefore not change under it.
 *
 * @param cpu CPU model by name
 * @param cpuid leaf and subleaf ({@code leaf << 32 | subleaf}) to {EAX, EBX, ECX, EDX}, dynamic bits (OSXSAVE, APIC, APIC id) not applied
 * @param devices what it may drive
 * @param tscFrequency ticks per second of the TSC
 */
public record GuestContract(String cpu, Map<Long, int[]> cpuid, List<String> devices, long tscFrequency) {
    private static final int[] ZERO = new int[4];

    public GuestContract {
        cpuid = Map.copyOf(cpuid);
        devices = List.copyOf(devices);
    }

    /** {EAX, EBX, ECX, EDX} of a leaf; a leaf without subleaves ignores it; beyond the largest leaf the largest basic leaf answers, as Intel's processors do. Do not modify. */
    public int[] cpuid(int leaf, int subleaf) {
        int[] exact = cpuid.get((leaf & 0xffffffffL) << 32 | subleaf & 0xffffffffL);
        if (exact != null) {
            return exact;
        }
        boolean hasSubleaves = leaf == 4 || leaf == 7 || leaf == 0xb || leaf == 0xd;
        int[] first = cpuid.get((leaf & 0xffffffffL) << 32);
        if (first != null) {
            return hasSubleaves ? ZERO : first;
        }
        int[] basic = cpuid.get(0L);
        if (basic != null && leaf > basic[0] && leaf >= 0 && leaf != basic[0]) {
            return cpuid(basic[0], subleaf);
        }
        return ZERO;
    }
}
