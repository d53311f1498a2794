package proteus.qtest.monitor;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import proteus.qtest.arguments.KeyValues;

/** The arguments of one command. */
record Arguments(Map<String, Object> values) {
    /** Refuses arguments that the command has not. */
    Arguments only(String... names) {
        for (String name : values.keySet()) {
            if (!Set.of(names).contains(name)) {
                throw new QmpException("Parameter '%s' is unexpected".formatted(name));
            }
        }
        return this;
    }

    Object any(String name) {
        if (!values.containsKey(name)) {
            throw new QmpException("Parameter '%s' is missing".formatted(name));
        }
        return values.get(name);
    }

    String text(String name) {
        return any(name) instanceof String text ? text : wrong(name, "string");
    }

    Optional<String> findText(String name) {
        return values.containsKey(name) ? Optional.of(text(name)) : Optional.empty();
    }

    boolean flag(String name) {
        if (!values.containsKey(name)) {
            return false;
        }
        return any(name) instanceof Boolean flag ? flag : wrong(name, "boolean");
    }

    private static <T> T wrong(String name, String type) {
        throw new QmpException("Invalid parameter type for '%s', expected: %s".formatted(name, type));
    }

    /** As an option of the command line has them: text all of them. */
    KeyValues words() {
        Map<String, String> words = new LinkedHashMap<>();
        values.forEach((key, value) -> words.put(key, switch (value) {
            case Boolean flag -> flag ? "on" : "off";
            case String text -> text;
            case Long number -> number.toString();
            case null, default -> wrong(key, "string");
        }));
        return new KeyValues(words.toString(), words);
    }
}
