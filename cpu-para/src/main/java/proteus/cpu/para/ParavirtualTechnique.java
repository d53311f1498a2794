package proteus.cpu.para;

import java.util.Optional;
import java.util.Set;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Component;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.silicon.ExecutionMode;
import proteus.api.vm.GuestAbi;

/** Offers paravirtualization by Xen's public interface. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = ParavirtualTechnique.NAME, attribute = "kind=cpu", effective = "active")
@Component(property = {TechniqueInfo.NAMESPACE + "=cpu", "name=" + ParavirtualTechnique.NAME})
public final class ParavirtualTechnique implements CpuTechnique {
    static final String NAME = "para";

    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.CPU,
            NAME,
            "paravirtualization: the guest's kernel runs in ring 3 or 1 and calls the hypervisor, by Xen's interface",
            Set.of(),
            "P. Barham et al., Xen and the art of virtualization, SOSP 2003; Xen public/xen.h and public/arch-x86");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public GuestAbi abi() {
        return GuestAbi.XEN_PV;
    }

    @Override
    public Optional<String> objection(Composition wish) {
        return switch (wish.memory()) {
            case "ept" -> Optional.of("CPU technique 'para' cannot be over 'ept': nested tables translate in VMX non-root operation only, and a kernel that runs there has ring 0"
                    + " and is no guest of 'para' (Xen starts such ones by their PVH note, as 'hwassist' over 'ept' does here); take 'direct'.");
            case "shadow" -> Optional.of("CPU technique 'para' cannot be over 'shadow': Xen's interface gives a paravirtual kernel host frames, which it writes into the tables that"
                    + " the hardware walks, so there is nothing to derive a shadow from; take 'direct'.");
            default -> Optional.empty();
        };
    }

    @Override
    public ExecutionMode executionMode() {
        return ExecutionMode.DEPRIVILEGED;
    }

    @Override
    public CpuVirtualization virtualize(CpuContext context) {
        if (!(context.memory() instanceof DirectMemory memory)) {
            throw new IllegalArgumentException("paravirtualization needs memory technique 'direct'");
        }
        return new ParavirtualCpu(context, memory.context());
    }
}
