package proteus.x86.asm;

/** What expressions may ask while a statement is assembled. */
interface Scope {
    /** The value of a symbol by its full name; a guess while later labels are not placed yet. */
    long symbol(String name);

    /** {@code $}: the address of the statement. */
    long here();

    /** {@code $$}: the origin. */
    long start();
}
