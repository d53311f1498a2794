package proteus.debug.rsp;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Hexadecimal digits as packets carry them. */
public final class Hex {
    private static final HexFormat DIGITS = HexFormat.of();

    private Hex() {}

    public static String encode(byte[] bytes) {
        return DIGITS.formatHex(bytes);
    }

    public static String encode(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8));
    }

    /** @throws MalformedPacketException when these are no pairs of digits */
    public static byte[] decode(String digits) {
        try {
            return DIGITS.parseHex(digits);
        } catch (IllegalArgumentException e) {
            throw new MalformedPacketException("'" + digits + "' are no pairs of hexadecimal digits");
        }
    }

    /** A number with the most significant digit first. */
    public static long number(String digits) {
        if (digits.isEmpty() || digits.length() > 16 || digits.startsWith("-") || digits.startsWith("+")) {
            throw new MalformedPacketException("'" + digits + "' is no hexadecimal number");
        }
        try {
            return Long.parseUnsignedLong(digits, 16);
        } catch (NumberFormatException e) {
            throw new MalformedPacketException("'" + digits + "' is no hexadecimal number");
        }
    }
}
