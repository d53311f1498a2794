package proteus.api.compose;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** Says what can be composed now; a service. */
@ProviderType
public interface Composer {
    CompositionReport examine(Composition wish);

    /** Every technique known to the design, offered or not. */
    List<TechniqueStatus> techniques();

    /**
     * One technique.
     *
     * @param offered whether a service offers it now
     * @param bundle symbolic name and version of the bundle, or empty
     * @param reason why it is not offered, or empty
     */
    record TechniqueStatus(TechniqueInfo.Kind kind, String name, String title, boolean offered, String bundle, String reason) {}
}
