package proteus.cpu.full;

import java.util.EnumSet;
import java.util.Optional;
import org.osgi.annotation.bundle.Capability;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import proteus.api.compose.Composition;
import proteus.api.compose.TechniqueInfo;
import proteus.api.cpu.CpuContext;
import proteus.api.cpu.CpuTechnique;
import proteus.api.cpu.CpuVirtualization;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.SiliconFeature;

/** Offers full virtualization. */
@Capability(namespace = TechniqueInfo.NAMESPACE, name = "full", attribute = "kind=cpu", effective = "active")
@Component(configurationPid = "proteus.cpu.full", property = {TechniqueInfo.NAMESPACE + "=cpu", "name=full"})
@Designate(ocd = FullTechnique.Config.class)
public final class FullTechnique implements CpuTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.CPU,
            "full",
            "full virtualization: the guest's kernel runs outside ring 0, its code translated, its users' code as it is",
            EnumSet.noneOf(SiliconFeature.class),
            "E. Bugnion et al., Bringing virtualization to the x86 architecture with the original VMware Workstation, ACM TOCS 2012; "
                    + "K. Adams, O. Agesen, A comparison of software and hardware techniques for x86 virtualization, ASPLOS 2006");

    private static final String NEEDS_SHADOW =
            "CPU technique 'full' needs memory technique 'shadow': nested paging belongs to VMX non-root operation, which it does without.";

    private final boolean translation;

    /** Settings of the bundle. */
    @ObjectClassDefinition(name = "Full virtualization")
    public @interface Config {
        @AttributeDefinition(name = "Translation", description = "on; or off, to see what becomes of a kernel that is only deprivileged")
        String translation() default "on";
    }

    @Activate
    public FullTechnique(Config config) {
        this(on(config.translation()));
    }

    FullTechnique(boolean translation) {
        this.translation = translation;
    }

    private static boolean on(String value) {
        return switch (value) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("translation is on or off, not '%s'".formatted(value));
        };
    }

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public ExecutionMode executionMode() {
        return ExecutionMode.DEPRIVILEGED;
    }

    @Override
    public Optional<String> objection(Composition wish) {
        return wish.memory().equals("shadow") ? Optional.empty() : Optional.of(NEEDS_SHADOW);
    }

    @Override
    public CpuVirtualization virtualize(CpuContext context) {
        if (context.memory().nested()) {
            throw new IllegalArgumentException(NEEDS_SHADOW);
        }
        return new FullCpu(context, translation);
    }
}
