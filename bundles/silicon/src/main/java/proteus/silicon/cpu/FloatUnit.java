package proteus.silicon.cpu;

/**
 * Where floating-point arithmetic leaves what does not fit in one long: a result of sign, exponent and significand, and what
 * happened on the way. One per processor, so that no operation allocates. The package {@code fpu} works on it.
 */
public final class FloatUnit {
    /** Exception flags, at their places in FSW and MXCSR. */
    public int flags;
    /** The result was rounded away from zero: C1 of the x87. */
    public boolean up;
    /** Exceptions that are not masked: an overflow or underflow then keeps its precision. */
    public int unmasked;
    /** Rounding control: 0 nearest even, 1 down, 2 up, 3 toward zero. */
    public int rounding;
    /** A tiny result becomes zero (MXCSR.FTZ with underflow masked). */
    public boolean flush;

    /** Denormal operands count as zeros (MXCSR.DAZ). */
    public boolean denormalsAreZero;
    /** Round to nearest with every exception masked: what Java's own arithmetic does, but for the flags. */
    public boolean plain;
    /** The inexact flag is set already, so it need not be worked out. */
    public boolean inexactKnown;

    /** Result: 1 for negative. */
    public int sign;
    /** Result: exponent of the significand read as 1.63 bits; one more than the format's largest for infinity. */
    public int exponent;
    /** Result: left-justified significand; the top bit is clear for denormals; 0 for zero. */
    public long significand;
    /** Low half of a 128-bit intermediate. */
    public long low;

    /** Control, status, tags and opcode; pointers and selectors: as they were before an instruction whose store may fault. */
    public long keptState, keptInstruction, keptData;
    public int keptSelectors;

    /** A finished result in the format's own encoding; sign and exponent of an extended one are in {@link #tag}. */
    public long bits;
    public int tag;
}
