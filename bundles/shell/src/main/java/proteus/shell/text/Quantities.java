package proteus.shell.text;

import java.time.Duration;
import java.util.Locale;

/** Numbers and times for people. */
public final class Quantities {
    private Quantities() {}

    /** {@code 1 234 567}. */
    public static String grouped(long number) {
        return String.format(Locale.ROOT, "%,d", number).replace(',', ' ');
    }

    public static String decimal(double number) {
        return String.format(Locale.ROOT, "%.1f", number);
    }

    /** {@code 1.23 s}, {@code 45 ms}. */
    public static String time(long nanos) {
        Duration duration = Duration.ofNanos(nanos);
        return duration.toMillis() >= 1000
                ? String.format(Locale.ROOT, "%.2f s", duration.toMillis() / 1000.0)
                : duration.toMillis() + " ms";
    }

    /** Millions of instructions per second. */
    public static double mips(long instructions, long nanos) {
        return nanos <= 0 ? 0 : instructions * 1000.0 / nanos;
    }
}
