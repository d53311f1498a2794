package proteus.cpu.hwassist;

import java.util.EnumSet;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Component;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.SiliconFeature;

/** Offers hardware-assisted virtualization. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "hwassist", attribute = "kind=cpu", effective = "active")
@Component(property = {TechniqueInfo.NAMESPACE + "=cpu", "name=hwassist"})
public final class HardwareAssistedTechnique implements CpuTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.CPU,
            "hwassist",
            "hardware assistance: the guest runs in its own ring 0 under a VMCS and exits on what the controls say",
            EnumSet.of(SiliconFeature.VMX),
            "R. Uhlig et al., Intel virtualization technology, IEEE Computer 2005; A. Kivity et al., kvm, OLS 2007; SDM 3C, 25 to 28");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public ExecutionMode executionMode() {
        return ExecutionMode.VMX_NON_ROOT;
    }

    @Override
    public CpuVirtualization virtualize(CpuContext context) {
        return new HardwareAssistedCpu(context);
    }
}
