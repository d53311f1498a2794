package proteus.cpu.para;

import java.util.Optional;
import java.util.Set;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Component;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;

/** Offers direct paging, the memory technique of paravirtual guests. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = DirectPagingTechnique.NAME, attribute = "kind=mem", effective = "active")
@Component(property = {TechniqueInfo.NAMESPACE + "=memory", "name=" + DirectPagingTechnique.NAME})
public final class DirectPagingTechnique implements MemoryTechnique {
    static final String NAME = "direct";

    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.MEMORY,
            NAME,
            "direct paging: the hardware walks a paravirtual guest's own tables, each entry validated",
            Set.of(),
            "P. Barham et al., Xen and the art of virtualization, SOSP 2003, 3.3.3; Xen public/xen.h");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public Optional<String> objection(Composition wish) {
        return wish.cpu().equals(ParavirtualTechnique.NAME) || !wish.memory().equals(NAME)
                ? Optional.empty()
                : Optional.of("Memory technique 'direct' needs a guest that asks before it changes a page table, as under CPU technique 'para': with '%s' take 'ept' or 'shadow'."
                        .formatted(wish.cpu()));
    }

    @Override
    public MemoryVirtualization virtualize(MemoryContext context) {
        return new DirectMemory(context);
    }
}
