package proteus.qtest.machine;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.KeyValues;
import proteus.qtest.arguments.UnsupportedException;

/** What {@code -global TYPE.PROPERTY=VALUE} says: values for the properties of all devices of a type that are not given any. */
final class Globals {
    private final Map<String, Map<String, String>> byType = new HashMap<>();

    /** @throws UnsupportedException for a type or a property that there is not */
    Globals(CommandLine line) {
        for (KeyValues wish : line.all("global")) {
            if (wish.find("driver").isPresent()) {
                add(wish.require("driver"), wish.require("property"), wish.require("value"));
            } else {
                wish.values().forEach((name, value) -> {
                    int dot = name.lastIndexOf('.');
                    add(name.substring(0, Math.max(dot, 0)), name.substring(dot + 1), value);
                });
            }
        }
    }

    private void add(String type, String property, String value) {
        DeviceType known = DeviceType.find(type).filter(DeviceType::pluggable)
                .orElseThrow(() -> new UnsupportedException("there is no device type '%s' for -global".formatted(type)));
        if (!known.properties().contains(property)) {
            throw new UnsupportedException("Property '%s.%s' not found".formatted(type, property));
        }
        byType.computeIfAbsent(type, any -> new LinkedHashMap<>()).put(property, value);
    }

    Map<String, String> of(DeviceType type) {
        return byType.getOrDefault(type.name(), Map.of());
    }
}
