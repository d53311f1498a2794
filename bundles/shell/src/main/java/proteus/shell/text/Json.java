package proteus.shell.text;

import java.util.Map;

/** Writes maps, lists, strings, numbers, booleans and null as JSON (RFC 8259). */
public final class Json {
    private Json() {}

    public static String of(Object value) {
        StringBuilder text = new StringBuilder();
        write(text, value, "\n");
        return text.toString();
    }

    private static void write(StringBuilder text, Object value, String newline) {
        switch (value) {
            case null -> text.append("null");
            case Map<?, ?> map -> {
                String separator = "{";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    text.append(separator).append(newline).append("  ");
                    quote(text, String.valueOf(entry.getKey()));
                    text.append(": ");
                    write(text, entry.getValue(), newline + "  ");
                    separator = ",";
                }
                text.append(map.isEmpty() ? "{}" : newline + "}");
            }
            case Iterable<?> list -> {
                String separator = "[";
                for (Object element : list) {
                    text.append(separator).append(newline).append("  ");
                    write(text, element, newline + "  ");
                    separator = ",";
                }
                text.append(separator.equals("[") ? "[]" : newline + "]");
            }
            case Number number -> text.append(number);
            case Boolean truth -> text.append(truth);
            default -> quote(text, value.toString());
        }
    }

    private static void quote(StringBuilder text, String string) {
        text.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"', '\\' -> text.append('\\').append(c);
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                default -> {
                    if (c < 0x20) {
                        text.append("\\u%04x".formatted((int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
