package proteus.qtest.arguments;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The value of an option: {@code key=value} pairs separated by commas, of which the first may be a value alone; a comma within a value
 * is written twice. Of equal keys the last counts.
 *
 * @param text as it was written, for messages
 */
public record KeyValues(String text, Map<String, String> values) {
    public KeyValues {
        values = Map.copyOf(values);
    }

    /** @param implied key of a first value that has none */
    public static KeyValues parse(String text, String implied) {
        Map<String, String> values = new LinkedHashMap<>();
        boolean first = true;
        for (int at = 0; at < text.length(); first = false) {
            StringBuilder part = new StringBuilder();
            at = part(text, at, part);
            int equals = part.indexOf("=");
            if (equals < 0 && first) {
                values.put(implied, part.toString());
            } else if (equals < 0) {
                // a flag, as in "server"; "nowait" was the way to say wait=off
                boolean off = part.length() > 2 && part.indexOf("no") == 0;
                values.put(off ? part.substring(2) : part.toString(), off ? "off" : "on");
            } else {
                values.put(part.substring(0, equals), part.substring(equals + 1));
            }
        }
        return new KeyValues(text, values);
    }

    /** Collects characters up to a single comma and gives the place behind it. */
    private static int part(String text, int from, StringBuilder part) {
        int at = from;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == ',') {
                if (at == text.length() || text.charAt(at) != ',') {
                    return at;
                }
                at++;
            }
            part.append(c);
        }
        return at;
    }

    /** With values for the keys that have none. */
    public KeyValues withDefaults(Map<String, String> defaults) {
        Map<String, String> all = new LinkedHashMap<>(defaults);
        all.putAll(values);
        return new KeyValues(text, all);
    }

    public Optional<String> find(String key) {
        return Optional.ofNullable(values.get(key));
    }

    public String get(String key, String otherwise) {
        return values.getOrDefault(key, otherwise);
    }

    /** @throws UnsupportedException when the key is missing */
    public String require(String key) {
        return find(key).orElseThrow(() -> new UnsupportedException("'%s' lacks %s=".formatted(text, key)));
    }
}
