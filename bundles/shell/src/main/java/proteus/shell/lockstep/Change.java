package proteus.shell.lockstep;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import proteus.api.vm.VmShape;

/** What is to be changed to become another shape, in words such as {@code mem ept to shadow}. */
final class Change {
    private Change() {}

    static String of(VmShape from, VmShape to) {
        return String.join(", ", all(from, to));
    }

    /** In how many ways two shapes differ. */
    static int count(VmShape from, VmShape to) {
        return all(from, to).size();
    }

    private static List<String> all(VmShape from, VmShape to) {
        List<String> changes = new ArrayList<>();
        change(changes, "silicon", from.composition().silicon(), to.composition().silicon());
        change(changes, "cpu", from.composition().cpu(), to.composition().cpu());
        change(changes, "mem", from.composition().memory(), to.composition().memory());
        change(changes, "io", from.composition().io(), to.composition().io());
        change(changes, "engine", word(from.engine()), word(to.engine()));
        change(changes, "host", word(from.host()), word(to.host()));
        return changes;
    }

    private static void change(List<String> changes, String axis, String from, String to) {
        if (!from.equals(to)) {
            changes.add(axis + " " + from + " to " + to);
        }
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }
}
