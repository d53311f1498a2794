package proteus.qtest.arguments;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What was asked for, in its order. */
public final class CommandLine {
    /** Options that this port acts on, and the key of a value alone; an option that takes no value has none. */
    private static final Map<String, String> KNOWN = Map.ofEntries(
            Map.entry("qtest", "path"),
            Map.entry("qtest-log", "path"),
            Map.entry("chardev", "backend"),
            Map.entry("mon", "chardev"),
            Map.entry("machine", "type"),
            Map.entry("m", "size"),
            Map.entry("smp", "cpus"),
            Map.entry("device", "driver"),
            Map.entry("drive", "file"),
            Map.entry("blockdev", "driver"),
            Map.entry("hda", "file"),
            Map.entry("hdb", "file"),
            Map.entry("hdc", "file"),
            Map.entry("hdd", "file"),
            Map.entry("cdrom", "file"),
            Map.entry("netdev", "type"),
            Map.entry("object", "qom-type"),
            Map.entry("serial", "backend"),
            Map.entry("global", "driver"),
            Map.entry("bios", "file"),
            Map.entry("boot", "order"),
            Map.entry("uuid", "uuid"),
            Map.entry("vga", "type"),
            Map.entry("rtc", "base"));

    private static final Set<String> FLAGS = Set.of("S", "nodefaults", "help", "preconfig", "no-fd-bootchk");

    /** Options with a value that mean nothing to a machine without processor, screen and sound. */
    private static final Set<String> MEANINGLESS = Set.of("accel", "cpu", "display", "audio", "audiodev", "monitor", "parallel", "net", "nic", "name", "trace", "L", "k");

    private static final Set<String> MEANINGLESS_FLAGS = Set.of("no-shutdown", "no-reboot", "nographic", "no-user-config", "enable-kvm", "no-hpet", "no-acpi");

    private static final Map<String, String> SYNONYMS = Map.of("M", "machine", "h", "help");

    private final List<Option> options = new ArrayList<>();

    /** One option and its value. */
    public record Option(String name, KeyValues value) {}

    /** @throws UnsupportedException naming the first option that there is not, or that lacks its value */
    public static CommandLine parse(List<String> arguments) {
        CommandLine line = new CommandLine();
        for (int i = 0; i < arguments.size(); i++) {
            String word = arguments.get(i);
            if (!word.startsWith("-") || word.length() < 2) {
                throw new UnsupportedException("'%s' is no option; a disk image is given with -drive or -hda".formatted(word));
            }
            String written = word.substring(word.startsWith("--") ? 2 : 1);
            String name = SYNONYMS.getOrDefault(written, written);
            if (FLAGS.contains(name)) {
                line.options.add(new Option(name, KeyValues.parse("", "")));
            } else if (KNOWN.containsKey(name) || MEANINGLESS.contains(name)) {
                if (++i == arguments.size()) {
                    throw new UnsupportedException("-%s lacks its value".formatted(written));
                }
                if (KNOWN.containsKey(name)) {
                    line.options.add(new Option(name, KeyValues.parse(arguments.get(i), KNOWN.get(name))));
                }
            } else if (!MEANINGLESS_FLAGS.contains(name)) {
                throw new UnsupportedException("there is no option -%s here; -help lists what there is".formatted(written));
            }
        }
        return line;
    }

    public boolean has(String name) {
        return options.stream().anyMatch(option -> option.name.equals(name));
    }

    /** Every value of an option, in their order. */
    public List<KeyValues> all(String name) {
        return options.stream().filter(option -> option.name.equals(name)).map(Option::value).toList();
    }

    /** The values of several options in the order in which they were given. */
    public List<Option> all(Set<String> names) {
        return options.stream().filter(option -> names.contains(option.name)).toList();
    }

    /** The last value of an option. */
    public Optional<KeyValues> last(String name) {
        List<KeyValues> all = all(name);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
    }

    /** The last value of a key over all of an option's values. */
    public Optional<String> value(String name, String key) {
        return all(name).stream().map(value -> value.values().get(key)).filter(value -> value != null).reduce((before, after) -> after);
    }
}
