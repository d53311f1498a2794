package proteus.qtest.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Which types of objects and which machines there are. */
public final class Catalogue {
    /** The machine, and the one without anything. */
    public static final String PC = "pc";

    public static final String NONE = "none";

    private final Parts parts;

    public Catalogue(Parts parts) {
        this.parts = parts;
    }

    /**
     * Types of objects.
     *
     * @param kind that they are to be, or null for all
     * @param abstracts whether those of which there are no objects are among them
     */
    public List<Type> types(String kind, boolean abstracts) {
        Map<String, Type> types = new java.util.TreeMap<>();
        DeviceType.all().filter(parts::offers).forEach(type -> {
            add(types, type.name(), type.kinds(), false, kind);
            for (int i = 0; abstracts && i < type.kinds().size() - 1; i++) {
                add(types, type.kinds().get(i), type.kinds().subList(i + 1, type.kinds().size()), true, kind);
            }
        });
        for (String machine : List.of(PC, NONE)) {
            add(types, machine + "-machine", List.of("machine", "object"), false, kind);
        }
        return new ArrayList<>(types.values());
    }

    private static void add(Map<String, Type> types, String name, List<String> kinds, boolean isAbstract, String wanted) {
        if (wanted == null || name.equals(wanted) || kinds.contains(wanted)) {
            types.put(name, new Type(name, kinds.getFirst(), isAbstract));
        }
    }

    /** One type. */
    public record Type(String name, String parent, boolean isAbstract) {}
}
