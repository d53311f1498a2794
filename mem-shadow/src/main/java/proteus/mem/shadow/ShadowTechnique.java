package proteus.mem.shadow;

import java.util.EnumSet;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import proteus.api.compose.TechniqueInfo;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.SiliconFeature;

/** Offers shadow page tables. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "shadow", attribute = "kind=mem", effective = "active")
@Component(configurationPid = "proteus.mem.shadow", property = {TechniqueInfo.NAMESPACE + "=memory", "name=shadow"})
@Designate(ocd = ShadowTechnique.Config.class)
public final class ShadowTechnique implements MemoryTechnique {
    /** The share of RAM that its shadow may take if nothing else is said, and the least (KVM: KVM_PERMILLE_MMU_PAGES, KVM_MIN_ALLOC_MMU_PAGES). */
    private static final int PERMILLE = 20;

    private static final int LEAST_FRAMES = 64;

    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.MEMORY,
            "shadow",
            "shadow page tables: the hardware walks tables derived from the guest's, and every page fault comes here first",
            EnumSet.of(SiliconFeature.NX),
            "K. Adams, O. Agesen, A comparison of software and hardware techniques for x86 virtualization, ASPLOS 2006; A. Kivity et al., kvm, OLS 2007");

    private final Variant variant;
    private final int frames;

    /** Settings of the bundle. */
    @ObjectClassDefinition(name = "Shadow page tables")
    public @interface Config {
        @AttributeDefinition(name = "Variant", description = "What happens when the guest writes its page tables: naive, update-on-write or out-of-sync")
        String variant() default "out-of-sync";

        @AttributeDefinition(name = "Frames", description = "Most frames of 4 KiB that the shadow of one VM may take; 0: 2 % of its memory, at least 64")
        int frames() default 0;
    }

    @Activate
    public ShadowTechnique(Config config) {
        this(Variant.of(config.variant()), config.frames());
    }

    ShadowTechnique(Variant variant, int frames) {
        if (frames != 0 && frames < ShadowPages.LEAST_FRAMES) {
            throw new IllegalArgumentException("shadow page tables need at least %d frames, not %d".formatted(ShadowPages.LEAST_FRAMES, frames));
        }
        this.variant = variant;
        this.frames = frames;
    }

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public MemoryVirtualization virtualize(MemoryContext context) {
        return new ShadowMemory(context, variant, frames != 0 ? frames : share(context));
    }

    private static int share(MemoryContext context) {
        long bytes = context.map().regions().stream().mapToLong(MemoryRegion::bytes).sum();
        return (int) Math.max(LEAST_FRAMES, bytes / HostMemory.FRAME_SIZE * PERMILLE / 1000);
    }
}
