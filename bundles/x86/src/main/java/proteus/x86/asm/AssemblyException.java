package proteus.x86.asm;

/** The source cannot be assembled; the message is one sentence with the number and the text of the line. */
public final class AssemblyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;

    AssemblyException(int line, String text, String reason) {
        super("line " + line + ": " + reason + ": " + text.strip());
        this.line = line;
    }

    /** Number of the line, from 1. */
    public int line() {
        return line;
    }
}
