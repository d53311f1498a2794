package proteus.api.compose;

/**
 * A composition that history has a name for, or one that teaching should have.
 *
 * @param name as users type it: {@code vmware-1999}
 * @param title what it was, in one line
 * @param cpu CPU technique
 * @param memory memory technique
 * @param io I/O technique
 * @param source where it is described
 */
public record Preset(String name, String title, String cpu, String memory, String io, String source) {}
