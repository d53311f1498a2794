package proteus.mem.ept;

import java.util.EnumSet;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Component;
import proteus.api.compose.TechniqueInfo;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.SiliconFeature;

/** Offers nested paging. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "ept", attribute = "kind=mem", effective = "active")
@Component(property = {TechniqueInfo.NAMESPACE + "=memory", "name=ept"})
public final class EptTechnique implements MemoryTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.MEMORY,
            "ept",
            "nested paging: the hardware walks the guest's tables and ours, no exit for the guest's own paging",
            EnumSet.of(SiliconFeature.VMX, SiliconFeature.EPT),
            "R. Bhargava et al., Accelerating two-dimensional page walks for virtualized systems, ASPLOS 2008; SDM 3C, 29.3");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public MemoryVirtualization virtualize(MemoryContext context) {
        return new EptMemory(context);
    }
}
