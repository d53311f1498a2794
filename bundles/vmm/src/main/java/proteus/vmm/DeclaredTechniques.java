package proteus.vmm;

import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.wiring.BundleCapability;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import proteus.api.compose.TechniqueInfo;
import proteus.api.compose.TechniqueInfo.Kind;

/**
 * What installed bundles declare that they can do, started or not: capabilities of the namespace {@link TechniqueInfo#NAMESPACE} with
 * the technique's name and its kind. It tells why a technique is missing.
 */
@Component(service = DeclaredTechniques.class)
public final class DeclaredTechniques {
    private static final String KIND = "kind";

    private final Supplier<Stream<Bundle>> bundles;

    @Activate
    public DeclaredTechniques(BundleContext context) {
        this(() -> Stream.of(context.getBundles()));
    }

    DeclaredTechniques(Supplier<Stream<Bundle>> bundles) {
        this.bundles = bundles;
    }

    /** Why a technique that a bundle declares is not offered, and what to do; empty if none declares it. */
    Optional<String> whyAbsent(Kind kind, String name) {
        return bundles.get().filter(bundle -> declares(bundle, kind, name)).findFirst().map(bundle -> {
            String which = "bundle " + bundle.getSymbolicName() + " " + bundle.getVersion();
            return switch (bundle.getState()) {
                case Bundle.ACTIVE -> which + " is active, but its component is not satisfied: scr:list and scr:info show what it waits for";
                case Bundle.INSTALLED -> which + " is installed but not resolved, so something it imports is missing: start it to see what";
                default -> which + " provides it and is not started: start it";
            };
        });
    }

    private static boolean declares(Bundle bundle, Kind kind, String name) {
        BundleRevision revision = bundle.adapt(BundleRevision.class);
        return revision != null && revision.getDeclaredCapabilities(TechniqueInfo.NAMESPACE).stream()
                .map(BundleCapability::getAttributes)
                .anyMatch(attributes -> name.equals(attributes.get(TechniqueInfo.NAMESPACE)) && kind.label().equals(attributes.get(KIND)));
    }
}
