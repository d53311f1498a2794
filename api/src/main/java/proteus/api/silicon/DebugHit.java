package proteus.api.silicon;

/**
 * What stopped a processor for the debugger.
 *
 * @param kind which kind of point
 * @param address of the instruction, or of the first watched byte that was accessed; linear
 */
public record DebugHit(Kind kind, long address) {
    /** Kinds of points. */
    public enum Kind {
        /** In front of an instruction. */
        INSTRUCTION,
        READ,
        WRITE
    }
}
