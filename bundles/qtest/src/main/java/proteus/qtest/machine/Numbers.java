package proteus.qtest.machine;

import proteus.qtest.arguments.UnsupportedException;

/** Numbers as C writes them. */
public final class Numbers {
    private Numbers() {}

    /**
     * Decimal, hexadecimal behind 0x, octal behind 0, up to 64 bits; maybe with a sign.
     *
     * @throws NumberFormatException for anything else
     */
    public static long parse(String text) {
        boolean negative = text.startsWith("-");
        String digits = negative ? text.substring(1) : text;
        long value;
        if (digits.startsWith("0x") || digits.startsWith("0X")) {
            value = Long.parseUnsignedLong(digits, 2, digits.length(), 16);
        } else if (digits.length() > 1 && digits.startsWith("0")) {
            value = Long.parseUnsignedLong(digits, 8);
        } else {
            value = Long.parseUnsignedLong(digits);
        }
        return negative ? -value : value;
    }

    /** Bytes, with K, M, G or T for the powers of 1024. */
    static long size(String text) {
        int shift = text.isEmpty() ? -1 : "BKMGT".indexOf(Character.toUpperCase(text.charAt(text.length() - 1)));
        try {
            return shift < 0 ? Long.parseLong(text) : Math.multiplyExact(Long.parseLong(text.substring(0, text.length() - 1)), 1L << 10 * shift);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new UnsupportedException("'%s' is no size".formatted(text));
        }
    }
}
