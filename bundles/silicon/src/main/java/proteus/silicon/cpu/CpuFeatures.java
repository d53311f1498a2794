package proteus.silicon.cpu;

import java.util.EnumSet;
import java.util.Set;
import proteus.api.silicon.SiliconFeature;

/**
 * What this processor is: its CPUID tables and the limits that follow from them.
 *
 * @param model name of the CPU model
 * @param silicon features that techniques ask for
 * @param physicalBits width of physical addresses (CPUID 80000008H)
 */
public record CpuFeatures(String model, Set<SiliconFeature> silicon, int physicalBits) {
    public CpuFeatures {
        silicon = silicon.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(silicon));
    }

    public boolean has(SiliconFeature feature) {
        return silicon.contains(feature);
    }
}
