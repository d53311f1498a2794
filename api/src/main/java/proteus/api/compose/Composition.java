package proteus.api.compose;

/**
 * A hypervisor that is wished for, by the short names of its parts.
 *
 * @param silicon for example {@code model}
 * @param cpu {@code full}, {@code para} or {@code hwassist}
 * @param memory {@code shadow} or {@code ept}, with {@code para} {@code direct}
 * @param io {@code emul} or {@code virtio}
 */
public record Composition(String silicon, String cpu, String memory, String io) {
    /** What every option that was not given stands for. */
    public static final Composition DEFAULT = new Composition("model", "hwassist", "ept", "emul");

    /** What memory technique is taken with a CPU technique when none was wished. */
    public static String usualMemory(String cpu) {
        return switch (cpu) {
            case "para" -> "direct";
            case "full" -> "shadow";
            default -> DEFAULT.memory();
        };
    }

    @Override
    public String toString() {
        return cpu + " + " + memory + " + " + io + " on " + silicon;
    }
}
