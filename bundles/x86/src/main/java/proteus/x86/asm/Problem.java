package proteus.x86.asm;

/** What is wrong with a line, before its number is known. */
final class Problem extends RuntimeException {
    private static final long serialVersionUID = 1;

    Problem(String reason) {
        super(reason, null, false, false);
    }
}
