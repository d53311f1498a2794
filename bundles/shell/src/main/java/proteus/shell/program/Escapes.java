package proteus.shell.program;

/** Backslash escapes in texts on the command line: newline, return, tab, escape, backslash and {@code \xHH}. */
final class Escapes {
    private Escapes() {}

    static String resolve(String text) {
        StringBuilder resolved = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || i + 1 == text.length()) {
                resolved.append(c);
                continue;
            }
            char kind = text.charAt(++i);
            switch (kind) {
                case 'n' -> resolved.append('\n');
                case 'r' -> resolved.append('\r');
                case 't' -> resolved.append('\t');
                case 'e' -> resolved.append('\u001b');
                case 'x' -> {
                    int value = i + 2 < text.length() ? hex(text.substring(i + 1, i + 3)) : -1;
                    if (value < 0) {
                        resolved.append("\\x");
                    } else {
                        resolved.append((char) value);
                        i += 2;
                    }
                }
                case '\\' -> resolved.append('\\');
                default -> resolved.append('\\').append(kind);
            }
        }
        return resolved.toString();
    }

    private static int hex(String digits) {
        try {
            return Integer.parseUnsignedInt(digits, 16);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
