package proteus.qtest.monitor;

import static proteus.qtest.monitor.Monitor.ordered;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import proteus.qtest.machine.Catalogue;
import proteus.qtest.machine.TestPc;

/**
 * Objects by path, as far as clients look for them: the machine, and under {@code peripheral} and {@code peripheral-anon} the devices
 * that were asked for, with and without a name. Every property is read-only.
 */
final class ObjectTree {
    private static final String ROOT = "/machine";

    private final Optional<TestPc> pc;

    ObjectTree(Optional<TestPc> pc) {
        this.pc = pc;
    }

    /** Properties of an object, each with its type; children have the type {@code child<TYPE>}. */
    List<Map<String, Object>> list(String path) {
        return properties(path).entrySet().stream().map(property -> ordered("name", property.getKey(), "type", property.getValue().type)).toList();
    }

    Object get(String path, String name) {
        return find(path, name).value;
    }

    QmpException readOnly(String path, String name) {
        find(path, name);
        return new QmpException("Property '%s' is not writable here".formatted(name));
    }

    private Property find(String path, String name) {
        Property property = properties(path).get(name);
        if (property == null) {
            throw new QmpException("Property '%s' of '%s' not found".formatted(name, path));
        }
        return property;
    }

    private record Property(String type, Object value) {}

    private Map<String, Property> properties(String path) {
        String full = path.startsWith("/") ? path : ROOT + "/" + path;
        Map<String, Property> all = new LinkedHashMap<>();
        switch (full) {
            case "/" -> child(all, "", "machine", machine());
            case ROOT -> {
                type(all, machine());
                child(all, ROOT, "peripheral", "container");
                child(all, ROOT, "peripheral-anon", "container");
            }
            case ROOT + "/peripheral" -> children(all, full, false);
            case ROOT + "/peripheral-anon" -> children(all, full, true);
            default -> {
                TestPc.Plugged device = device(full).orElseThrow(() -> new QmpException("DeviceNotFound", "Device '%s' not found".formatted(path)));
                type(all, device.type().name());
                all.put("realized", new Property("bool", true));
            }
        }
        return all;
    }

    private String machine() {
        return (pc.isPresent() ? Catalogue.PC : Catalogue.NONE) + "-machine";
    }

    private static void type(Map<String, Property> all, String type) {
        all.put("type", new Property("string", type));
    }

    private static void child(Map<String, Property> all, String path, String name, String type) {
        all.put(name, new Property("child<%s>".formatted(type), path + "/" + name));
    }

    private void children(Map<String, Property> all, String path, boolean anonymous) {
        type(all, "container");
        pc.stream().flatMap(machine -> machine.devices().stream()).filter(device -> anonymous(device) == anonymous)
                .forEach(device -> child(all, path, device.id(), device.type().name()));
    }

    private Optional<TestPc.Plugged> device(String path) {
        return pc.stream().flatMap(machine -> machine.devices().stream())
                .filter(device -> path.equals(ROOT + (anonymous(device) ? "/peripheral-anon/" : "/peripheral/") + device.id())).findFirst();
    }

    /** Names with brackets are ours. */
    private static boolean anonymous(TestPc.Plugged device) {
        return device.id().endsWith("]");
    }
}
