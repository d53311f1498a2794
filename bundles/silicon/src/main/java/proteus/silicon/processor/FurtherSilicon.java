package proteus.silicon.processor;

import java.util.Map;
import java.util.Set;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.ProcessorSettings;
import proteus.api.silicon.Silicon;
import proteus.api.silicon.SiliconFeature;

/**
 * Another machine of the modelled kind, with memory and features of its own: one for each configuration {@code proteus.silicon~NAME}, whose
 * keys are those of {@code proteus.silicon.model}. VMs run on it, or move to it while they run.
 */
@Component(service = Silicon.class, configurationPid = "proteus.silicon", configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ModelSilicon.Config.class, factory = true)
public final class FurtherSilicon implements Silicon {
    private final ModelSilicon model;

    @Activate
    public FurtherSilicon(ModelSilicon.Config config, Map<String, Object> properties) {
        String pid = String.valueOf(properties.get("service.pid"));
        model = new ModelSilicon(pid.substring(pid.indexOf('~') + 1), config);
    }

    @Override
    public String name() {
        return model.name();
    }

    @Override
    public Set<SiliconFeature> features() {
        return model.features();
    }

    @Override
    public Map<Long, int[]> cpuid(String cpu) {
        return model.cpuid(cpu);
    }

    @Override
    public HostMemory hostMemory() {
        return model.hostMemory();
    }

    @Override
    public Processor createProcessor(ProcessorSettings settings) {
        return model.createProcessor(settings);
    }

    @Deactivate
    public void close() {
        model.close();
    }
}
