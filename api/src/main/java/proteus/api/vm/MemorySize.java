package proteus.api.vm;

import java.util.Locale;

/** Sizes as people write them: {@code 256M}, {@code 1G}, {@code 640K}, or a plain number of bytes. */
public final class MemorySize {
    private MemorySize() {}

    /** @throws VmException with one sentence when the text is no size */
    public static long parse(String text) {
        String digits = text.strip().toUpperCase(Locale.ROOT).replaceFirst("I?B$", "");
        int shift = digits.endsWith("K") ? 10 : digits.endsWith("M") ? 20 : digits.endsWith("G") ? 30 : 0;
        try {
            long number = Long.parseLong(shift == 0 ? digits : digits.substring(0, digits.length() - 1));
            if (number >= 0 && number <= Long.MAX_VALUE >> shift) {
                return number << shift;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw new VmException("'" + text + "' is not a memory size: write a number with K, M or G behind it, such as 256M");
    }

    /** The shortest exact form. */
    public static String format(long bytes) {
        if (bytes != 0 && (bytes & (1 << 30) - 1) == 0) {
            return (bytes >> 30) + "G";
        }
        if (bytes != 0 && (bytes & (1 << 20) - 1) == 0) {
            return (bytes >> 20) + "M";
        }
        return bytes != 0 && (bytes & (1 << 10) - 1) == 0 ? (bytes >> 10) + "K" : Long.toString(bytes);
    }
}
