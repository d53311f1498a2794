package proteus.x86.format;

/** Names for the bits of a register, for messages and shell output. */
final class Bits {
    private Bits() {
    }

    /** The names of the bits that are set, highest first, blank-separated; {@code names} is listed from bit 0 and may end early. */
    static String names(long value, String... names) {
        StringBuilder text = new StringBuilder();
        for (int bit = Math.min(63, names.length - 1); bit >= 0; bit--) {
            if ((value >>> bit & 1) != 0 && !names[bit].isEmpty()) {
                text.append(text.isEmpty() ? "" : " ").append(names[bit]);
            }
        }
        return text.toString();
    }
}
