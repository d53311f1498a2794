package proteus.shell.text;

import java.util.Map;
import java.util.stream.Collectors;
import proteus.api.vm.VmException;

/** The choice behind {@code -o}. */
public enum Output {
    TEXT,
    JSON;

    public static final String FLAG = "-o";
    public static final String LONG_FLAG = "--output";
    public static final String DEFAULT = "text";

    /** @throws VmException in one sentence for another word */
    public static Output of(String word) {
        return switch (word) {
            case "text" -> TEXT;
            case "json" -> JSON;
            default -> throw new VmException("'" + word + "' is no output format: text or json");
        };
    }

    public String show(Table table, String ifEmpty) {
        return this == JSON ? table.json() : table.isEmpty() ? ifEmpty : table.text();
    }

    /** Named values, one a line. */
    public String show(Map<String, ?> values) {
        if (this == JSON) {
            return Json.of(values);
        }
        int width = values.keySet().stream().mapToInt(String::length).max().orElse(0);
        return values.entrySet().stream()
                .map(entry -> (entry.getKey() + " ".repeat(width - entry.getKey().length()) + "  " + text(entry.getValue(), width + 2)).stripTrailing())
                .collect(Collectors.joining("\n"));
    }

    private static String text(Object value, int indent) {
        return switch (value) {
            case Long number -> Quantities.grouped(number);
            case Integer number -> Quantities.grouped(number);
            case Iterable<?> list -> {
                StringBuilder lines = new StringBuilder();
                for (Object element : list) {
                    lines.append(lines.isEmpty() ? "" : "\n" + " ".repeat(indent)).append(element);
                }
                yield lines.toString();
            }
            default -> String.valueOf(value);
        };
    }
}
