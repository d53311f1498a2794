package proteus.x86.disasm;

/** Names for addresses. */
@FunctionalInterface
public interface Symbols {
    /** Nobody has a name. */
    Symbols NONE = address -> null;

    /** The name of an address, such as {@code start_kernel+0x10}, or null if it has none. */
    String nameOf(long address);
}
