package proteus.x86.decode;

/** Where the decoder takes its bytes from. */
@FunctionalInterface
public interface CodeSource {
    /**
     * The byte at an offset from the start of the instruction.
     *
     * @param offset 0..14
     * @return the byte, 0..255; an implementation may throw to report a fault of the fetch
     */
    int byteAt(int offset);
}
