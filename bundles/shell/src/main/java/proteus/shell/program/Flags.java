package proteus.shell.program;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Named flags of a program: what there is, with its help, and what was given. */
final class Flags {
    private static final int HELP_COLUMN = 26;

    private record Flag(String name, String value, String help, boolean repeatable) {}

    private final Map<String, Flag> known = new LinkedHashMap<>();
    private final Map<String, List<String>> given = new HashMap<>();
    private final List<String> words = new ArrayList<>();

    Flags() {
        option("--help", "", "say this");
    }

    /** A flag; {@code value} names its value for the help, empty for a switch. */
    Flags option(String name, String value, String help) {
        known.put(name, new Flag(name, value, help, false));
        return this;
    }

    Flags repeatable(String name, String value, String help) {
        known.put(name, new Flag(name, value, help, true));
        return this;
    }

    /** @throws UsageException in one sentence */
    Flags parse(String[] arguments) {
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (argument.equals("-h")) {
                argument = "--help";
            }
            if (!argument.startsWith("-") || argument.equals("-")) {
                words.add(argument);
                continue;
            }
            int equals = argument.indexOf('=');
            String name = equals < 0 ? argument : argument.substring(0, equals);
            Flag flag = known.get(name);
            if (flag == null) {
                throw new UsageException("there is no flag " + name + "; --help lists them");
            }
            String value = "";
            if (equals >= 0) {
                value = argument.substring(equals + 1);
            }
            if (flag.value.isEmpty() && equals >= 0) {
                throw new UsageException(name + " takes no value");
            }
            if (!flag.value.isEmpty() && equals < 0) {
                if (++i == arguments.length) {
                    throw new UsageException(name + " needs a value: " + flag.value);
                }
                value = arguments[i];
            }
            List<String> values = given.computeIfAbsent(name, key -> new ArrayList<>());
            if (!values.isEmpty() && !flag.repeatable) {
                throw new UsageException(name + " is given twice");
            }
            values.add(value);
        }
        return this;
    }

    boolean has(String name) {
        return given.containsKey(name);
    }

    Optional<String> value(String name) {
        return values(name).stream().findFirst();
    }

    List<String> values(String name) {
        return given.getOrDefault(name, List.of());
    }

    /** What is no flag. */
    List<String> words() {
        return words;
    }

    /** A value out of a few words. */
    String choice(String name, String otherwise, String... words) {
        Optional<String> given = value(name);
        if (given.isPresent() && !List.of(words).contains(given.get())) {
            throw new UsageException("%s %s will not do: give %s".formatted(name, given.get(), String.join(", ", words)));
        }
        return given.orElse(otherwise);
    }

    String help() {
        StringBuilder text = new StringBuilder();
        for (Flag flag : known.values()) {
            String left = "  " + flag.name + (flag.value.isEmpty() ? "" : " " + flag.value);
            text.append(left).append(" ".repeat(Math.max(2, HELP_COLUMN - left.length()))).append(flag.help).append('\n');
        }
        return text.toString();
    }
}
