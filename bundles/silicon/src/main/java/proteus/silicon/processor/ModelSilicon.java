package proteus.silicon.processor;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.api.silicon.SiliconFeature;
import proteus.silicon.cpu.CpuFeatures;
import proteus.silicon.mmu.ModelHostMemory;
import proteus.silicon.system.Cpuid;

/** The modelled hardware of this host. Configuration takes features away or sizes its memory. */
@Component(configurationPid = "proteus.silicon.model", property = {Silicon.NAME_PROPERTY + "=model"})
@Designate(ocd = ModelSilicon.Config.class)
public final class ModelSilicon implements Silicon {
    /** Settings of the modelled hardware. */
    @ObjectClassDefinition(name = "Modelled silicon")
    public @interface Config {
        /** Installed physical memory; pages are backed as they are touched. */
        @AttributeDefinition(name = "Memory in MiB", min = "16")
        int memory_mib() default 8192;

        /** Features the hardware lacks, by label. */
        @AttributeDefinition(name = "Missing features")
        String[] without() default {};

        /** Physical-address width. */
        @AttributeDefinition(name = "Physical-address bits", min = "32", max = "52")
        int physical_bits() default 40;
    }

    private final String name;
    private final ModelHostMemory memory;
    private final Set<SiliconFeature> features;
    private final int physicalBits;

    @Activate
    public ModelSilicon(Config config) {
        this("model", config);
    }

    ModelSilicon(String name, Config config) {
        this(name, config.memory_mib() * (1L << 20), missing(config.without()), config.physical_bits());
    }

    public ModelSilicon(long memoryBytes, Set<SiliconFeature> without, int physicalBits) {
        this("model", memoryBytes, without, physicalBits);
    }

    private ModelSilicon(String name, long memoryBytes, Set<SiliconFeature> without, int physicalBits) {
        this.name = name;
        EnumSet<SiliconFeature> all = EnumSet.of(SiliconFeature.VMX, SiliconFeature.EPT, SiliconFeature.VPID, SiliconFeature.UNRESTRICTED_GUEST,
            SiliconFeature.PREEMPTION_TIMER, SiliconFeature.UMIP, SiliconFeature.NX, SiliconFeature.PCID);
        all.removeAll(without);
        features = Set.copyOf(all);
        memory = new ModelHostMemory(memoryBytes);
        this.physicalBits = physicalBits;
    }

    private static Set<SiliconFeature> missing(String[] labels) {
        EnumSet<SiliconFeature> missing = EnumSet.noneOf(SiliconFeature.class);
        for (String label : labels) {
            for (SiliconFeature feature : SiliconFeature.values()) {
                if (feature.label().equals(label)) {
                    missing.add(feature);
                }
            }
        }
        return missing;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Set<SiliconFeature> features() {
        return features;
    }

    @Override
    public Map<Long, int[]> cpuid(String model) {
        return Cpuid.tables(model, features, physicalBits);
    }

    @Override
    public HostMemory hostMemory() {
        return memory;
    }

    @Override
    public Processor createProcessor(ProcessorSettings settings) {
        if (settings.mode() == proteus.api.silicon.ExecutionMode.VMX_NON_ROOT && !features.contains(SiliconFeature.VMX)) {
            throw new IllegalArgumentException("this silicon is configured without VMX");
        }
        return new ModelProcessor(settings, new CpuFeatures(settings.cpu(), features, physicalBits), memory);
    }

    @Deactivate
    public void close() {
        memory.close();
    }
}
