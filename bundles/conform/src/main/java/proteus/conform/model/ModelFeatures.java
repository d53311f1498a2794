package proteus.conform.model;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import proteus.api.silicon.Silicon;

/** What the modelled processor has, by the names of /proc/cpuinfo, as far as instructions that a program can use depend on it. */
public final class ModelFeatures {
    private static final int EBX = 1, ECX = 2, EDX = 3, EXTENDED = 0x8000_0001;

    private record Place(int leaf, int register, int bit) {}

    /** SDM vol. 2, CPUID, tables 3-8 to 3-11. */
    private static final Map<String, Place> PLACES = Map.ofEntries(
        at("fpu", 1, EDX, 0), at("cx8", 1, EDX, 8), at("cmov", 1, EDX, 15), at("clflush", 1, EDX, 19), at("mmx", 1, EDX, 23), at("fxsr", 1, EDX, 24),
        at("sse", 1, EDX, 25), at("sse2", 1, EDX, 26), at("pni", 1, ECX, 0), at("pclmulqdq", 1, ECX, 1), at("ssse3", 1, ECX, 9), at("fma", 1, ECX, 12),
        at("cx16", 1, ECX, 13), at("sse4_1", 1, ECX, 19), at("sse4_2", 1, ECX, 20), at("movbe", 1, ECX, 22), at("popcnt", 1, ECX, 23), at("aes", 1, ECX, 25),
        at("xsave", 1, ECX, 26), at("avx", 1, ECX, 28), at("f16c", 1, ECX, 29), at("fsgsbase", 7, EBX, 0), at("bmi1", 7, EBX, 3), at("avx2", 7, EBX, 5),
        at("bmi2", 7, EBX, 8), at("adx", 7, EBX, 19), at("clflushopt", 7, EBX, 23), at("clwb", 7, EBX, 24), at("sha_ni", 7, EBX, 29),
        at("lahf_lm", EXTENDED, ECX, 0), at("abm", EXTENDED, ECX, 5), at("3dnowprefetch", EXTENDED, ECX, 8));

    private ModelFeatures() {}

    private static Map.Entry<String, Place> at(String name, int leaf, int register, int bit) {
        return Map.entry(name, new Place(leaf, register, bit));
    }

    public static Set<String> names(Silicon silicon, String cpu) {
        Map<Long, int[]> cpuid = silicon.cpuid(cpu);
        Set<String> names = new HashSet<>();
        PLACES.forEach((name, place) -> {
            int[] values = cpuid.get((place.leaf & 0xffff_ffffL) << 32);
            if (values != null && (values[place.register] >>> place.bit & 1) != 0) {
                names.add(name);
            }
        });
        return names;
    }
}
