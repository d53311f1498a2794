package proteus.qtest.monitor;

import static proteus.qtest.monitor.Monitor.ordered;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import proteus.qtest.arguments.UnsupportedException;
import proteus.qtest.machine.Catalogue;
import proteus.qtest.machine.TestPc;

/** The commands of the control socket. What a command causes besides its answer happens behind the answer, as in QEMU's main loop. */
public final class Commands {
    private static final Map<String, Object> DONE = Map.of();

    private final Map<String, Function<Arguments, Object>> byName = new TreeMap<>();
    private final Queue<Runnable> later = new ArrayDeque<>();
    private final Optional<TestPc> pc;
    private final Catalogue catalogue;
    private final ObjectTree objects;
    private final BiConsumer<String, Map<String, Object>> events;
    private final Runnable quit;
    private State state;

    private enum State {
        PRELAUNCH,
        RUNNING,
        PAUSED
    }

    /**
     * @param pc empty for the machine {@code none}
     * @param preconfig whether the machine waits for {@code x-exit-preconfig}
     * @param stopped whether the machine waits for {@code cont}
     * @param events gets the name and the data of each event
     * @param quit ends the process
     */
    public Commands(
            Optional<TestPc> pc, Catalogue catalogue, boolean preconfig, boolean stopped, BiConsumer<String, Map<String, Object>> events, Runnable quit) {
        this.pc = pc;
        this.catalogue = catalogue;
        this.objects = new ObjectTree(pc);
        this.events = events;
        this.quit = quit;
        state = preconfig || stopped ? State.PRELAUNCH : State.RUNNING;
        plain("query-version", () -> version());
        plain("query-name", () -> DONE);
        plain("query-commands", () -> byName.keySet().stream().map(name -> Map.of("name", name)).toList());
        plain("query-status", () -> status());
        if (preconfig) {
            plain("x-exit-preconfig", () -> {
                byName.remove("x-exit-preconfig");
                machineCommands();
                return go();
            });
        } else {
            machineCommands();
        }
    }

    private void machineCommands() {
        plain("query-machines", () -> machines());
        plain("query-cpus-fast", () -> List.of());
        plain("query-block", () -> List.of());
        byName.put("qom-list-types", this::types);
        byName.put("qom-list", arguments -> objects.list(arguments.only("path").text("path")));
        byName.put("qom-get", arguments -> objects.get(arguments.only("path", "property").text("path"), arguments.text("property")));
        byName.put("qom-set", arguments -> {
            arguments.only("path", "property", "value").any("value");
            throw objects.readOnly(arguments.text("path"), arguments.text("property"));
        });
        byName.put("device_add", arguments -> {
            pc().add(arguments.words());
            return DONE;
        });
        byName.put("device_del", arguments -> {
            pc().remove(arguments.only("id").text("id"));
            return DONE;
        });
        byName.put("human-monitor-command", arguments -> {
            throw new QmpException("there is no human monitor here; the command was '%s'".formatted(arguments.only("command-line", "cpu-index").text("command-line")));
        });
        plain("system_reset", () -> {
            pc();
            later.add(() -> reset("host-qmp-system-reset", false));
            return DONE;
        });
        plain("stop", () -> {
            if (state == State.RUNNING) {
                state = State.PAUSED;
                events.accept("STOP", Map.of());
            }
            return DONE;
        });
        plain("cont", this::go);
        plain("quit", () -> {
            later.add(() -> shutdown("host-qmp-quit", false));
            return DONE;
        });
    }

    /** A command without arguments. */
    private void plain(String name, Supplier<Object> command) {
        byName.put(name, arguments -> {
            arguments.only();
            return command.get();
        });
    }

    private Object go() {
        if (state != State.RUNNING) {
            state = State.RUNNING;
            events.accept("RESUME", Map.of());
        }
        return DONE;
    }

    Object perform(String name, Arguments arguments) {
        Function<Arguments, Object> command = byName.get(name);
        if (command == null) {
            throw QmpException.notFound("The command %s has not been found".formatted(name));
        }
        try {
            return command.apply(arguments);
        } catch (UnsupportedException e) {
            throw new QmpException(e.getMessage());
        }
    }

    /** An answer has been sent. */
    void answered() {
        for (Runnable next = later.poll(); next != null; next = later.poll()) {
            next.run();
        }
    }

    /** Resets the machine and tells so. */
    public void reset(String reason, boolean byGuest) {
        pc.ifPresent(TestPc::reset);
        events.accept("RESET", ordered("guest", byGuest, "reason", reason));
    }

    /** Tells of the end and ends. */
    public void shutdown(String reason, boolean byGuest) {
        events.accept("SHUTDOWN", ordered("guest", byGuest, "reason", reason));
        quit.run();
    }

    /** Tells that a device was unplugged. */
    public void deviceLeft(String id) {
        events.accept("DEVICE_DELETED", ordered("device", id, "path", "/machine/peripheral/" + id));
    }

    private TestPc pc() {
        return pc.orElseThrow(() -> new QmpException("there is no machine"));
    }

    /** The version of QEMU whose protocol this is, and whose it is. */
    static Map<String, Object> version() {
        return ordered("qemu", ordered("micro", 0L, "minor", 2L, "major", 7L), "package", "Proteus");
    }

    private Map<String, Object> status() {
        return ordered("running", state == State.RUNNING, "singlestep", false, "status", state.name().toLowerCase(java.util.Locale.ROOT));
    }

    private static List<Map<String, Object>> machines() {
        return List.of(
                machine(Catalogue.PC, true, 1),
                machine(Catalogue.NONE, false, 1));
    }

    private static Map<String, Object> machine(String name, boolean standard, long processors) {
        Map<String, Object> machine = ordered("name", name);
        if (standard) {
            machine.put("is-default", true);
        }
        machine.putAll(ordered("cpu-max", processors, "hotpluggable-cpus", false, "numa-mem-supported", false, "deprecated", false));
        return machine;
    }

    private List<Map<String, Object>> types(Arguments arguments) {
        arguments.only("implements", "abstract");
        return catalogue.types(arguments.findText("implements").orElse(null), arguments.flag("abstract")).stream().map(type -> {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("name", type.name());
            if (type.isAbstract()) {
                entry.put("abstract", true);
            }
            entry.put("parent", type.parent());
            return entry;
        }).toList();
    }
}
