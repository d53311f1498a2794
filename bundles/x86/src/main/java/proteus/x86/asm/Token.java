package proteus.x86.asm;

/**
 * A word of a line.
 *
 * @param text as written; of a STRING its content; of punctuation its characters
 * @param value of a NUMBER
 */
record Token(Kind kind, String text, long value) {
    enum Kind { NAME, NUMBER, FLOAT, STRING, PUNCTUATION, END }

    static final Token END = new Token(Kind.END, "", 0);

    boolean is(String punctuation) {
        return kind == Kind.PUNCTUATION && text.equals(punctuation);
    }
}
