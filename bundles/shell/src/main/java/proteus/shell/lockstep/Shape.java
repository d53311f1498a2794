package proteus.shell.lockstep;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.VirtualMachine;

/** What can be changed under a guest that cannot tell: its hypervisor's composition and the silicon's engine. */
public record Shape(Composition composition, ExecutionEngine engine) {
    static Shape of(VirtualMachine vm) {
        return new Shape(vm.composition().composition(), vm.engine());
    }

    /** What is to be changed to become another shape, such as {@code mem ept to shadow}. */
    String edge(Shape to) {
        List<String> changes = new ArrayList<>();
        change(changes, "cpu", composition.cpu(), to.composition.cpu());
        change(changes, "mem", composition.memory(), to.composition.memory());
        change(changes, "io", composition.io(), to.composition.io());
        change(changes, "engine", name(engine), name(to.engine));
        return String.join(", ", changes);
    }

    private static void change(List<String> changes, String axis, String from, String to) {
        if (!from.equals(to)) {
            changes.add(axis + " " + from + " to " + to);
        }
    }

    @Override
    public String toString() {
        return composition + ", " + name(engine);
    }

    private static String name(ExecutionEngine engine) {
        return engine.name().toLowerCase(Locale.ROOT);
    }
}
