package proteus.api.compose;

import java.util.Set;
import proteus.api.silicon.SiliconFeature;

/**
 * What a technique says of itself.
 *
 * @param kind which of the three questions it answers
 * @param name short name as users type it: {@code hwassist}, {@code ept}, {@code emul}
 * @param title one line for people
 * @param requires silicon features without which it cannot work
 * @param literature where the technique is described
 */
public record TechniqueInfo(Kind kind, String name, String title, Set<SiliconFeature> requires, String literature) {
    /** OSGi capability namespace and service property under which techniques are found. */
    public static final String NAMESPACE = "proteus.technique";

    public TechniqueInfo {
        requires = Set.copyOf(requires);
    }

    /** The axes of a composition. */
    public enum Kind {
        CPU,
        MEMORY,
        IO;

        /** {@code cpu}, {@code mem}, {@code io}: as users type it. */
        public String label() {
            return this == MEMORY ? "mem" : name().toLowerCase(java.util.Locale.ROOT);
        }
    }
}
