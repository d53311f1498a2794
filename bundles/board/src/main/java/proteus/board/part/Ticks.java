package proteus.board.part;

/** Conversion between nanoseconds and ticks of a crystal, without overflow for any time a VM can reach. */
public final class Ticks {
    /** The PC's 14.31818 MHz crystal divided by 12: the 8254. */
    public static final long PIT_HZ = 1_193_182;
    /** The same crystal divided by 4: the ACPI power-management timer (ACPI 6.5, 4.8.3.3). */
    public static final long PM_TIMER_HZ = 3_579_545;

    public static final long SECOND = 1_000_000_000L;

    private Ticks() {}

    /** Whole ticks that have passed at an instant. */
    public static long at(long nanos, long hertz) {
        return nanos / SECOND * hertz + nanos % SECOND * hertz / SECOND;
    }

    /** The first nanosecond at which so many ticks have passed. */
    public static long nanos(long ticks, long hertz) {
        return ticks / hertz * SECOND + (ticks % hertz * SECOND + hertz - 1) / hertz;
    }
}
