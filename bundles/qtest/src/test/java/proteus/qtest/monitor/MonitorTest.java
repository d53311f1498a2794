package proteus.qtest.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import proteus.qtest.machine.Catalogue;
import proteus.qtest.machine.Parts;

/** What a client reads, letter by letter, of a process with the machine {@code none}. */
class MonitorTest {
    private static final String NOT_FOUND = "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"%s\"}}";
    private static final String GENERIC = "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}}";

    private final List<String> lines = new ArrayList<>();
    private int quits;
    private Monitor monitor = open(false);

    private Monitor open(boolean preconfig) {
        lines.clear();
        Commands commands = new Commands(Optional.empty(), new Catalogue(new Parts(null, List.of(), Optional.empty())), preconfig, false,
                (name, data) -> monitor.event(name, data), () -> quits++);
        monitor = new Monitor(commands, bytes -> lines.add(new String(bytes, StandardCharsets.US_ASCII).replace("\r\n", "")));
        return monitor;
    }

    private String ask(String request) {
        lines.clear();
        monitor.received((request + "\n").getBytes(StandardCharsets.UTF_8));
        return String.join("\n", lines);
    }

    private void negotiate() {
        assertEquals("{\"return\": {}}", ask("{'execute': 'qmp_capabilities'}"));
    }

    @Test
    void theGreetingComesUnasked() {
        assertEquals(List.of("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}, \"package\": \"Proteus\"}, \"capabilities\": []}}"), lines);
    }

    @Test
    void commandsNeedANegotiationAndOnlyOne() {
        assertEquals(NOT_FOUND.formatted("Expecting capabilities negotiation with 'qmp_capabilities'"), ask("{'execute': 'query-name'}"));
        negotiate();
        assertEquals("{\"return\": {}, \"id\": \"cookie#1\"}", ask("{'execute': 'query-name', 'id': 'cookie#1'}"));
        assertEquals(NOT_FOUND.formatted("Capabilities negotiation is already complete, command ignored"), ask("{'execute': 'qmp_capabilities'}"));
    }

    @Test
    void wrongRequestsAreAnswered() {
        assertEquals(GENERIC.formatted("QMP input must be a JSON object"), ask("null"));
        assertEquals(GENERIC.formatted("QMP input lacks member 'execute'"), ask("{}"));
        assertEquals(GENERIC.formatted("QMP input member 'execute' must be a string"), ask("{'execute': true}"));
        assertEquals(GENERIC.formatted("QMP input member 'arguments' must be an object"), ask("{'execute': 'x', 'arguments': []}"));
        assertEquals(GENERIC.formatted("QMP input member 'extra' is unexpected"), ask("{'execute': 'x', 'extra': 1}"));
        negotiate();
        assertEquals(NOT_FOUND.formatted("The command no-such-cmd has not been found"), ask("{'execute': 'no-such-cmd'}"));
        assertEquals(GENERIC.formatted("Parameter 'value' is missing"), ask("{'execute': 'qom-set', 'arguments': {'path': '/machine', 'property': 'type'}}"));
        assertEquals(GENERIC.formatted("Parameter 'a' is unexpected"), ask("{'execute': 'stop', 'arguments': {'a': 1}}"));
    }

    @Test
    void machinesAndTypes() {
        negotiate();
        String machines = ask("{'execute': 'query-machines'}");
        assertTrue(machines.contains("\"name\": \"pc\", \"is-default\": true") && machines.contains("\"name\": \"none\""), machines);
        String types = ask("{'execute': 'qom-list-types', 'arguments': {'implements': 'device', 'abstract': false}}");
        assertTrue(types.contains("{\"name\": \"mc146818rtc\", \"parent\": \"isa-device\"}"), types);
        assertTrue(!types.contains("virtio-blk-pci"), "no technique offers it");
        assertEquals("{\"return\": [{\"name\": \"type\", \"type\": \"string\"}, {\"name\": \"peripheral\", \"type\": \"child<container>\"}, "
                + "{\"name\": \"peripheral-anon\", \"type\": \"child<container>\"}]}", ask("{'execute': 'qom-list', 'arguments': {'path': '/machine'}}"));
        assertEquals("{\"return\": \"none-machine\"}", ask("{'execute': 'qom-get', 'arguments': {'path': '/machine', 'property': 'type'}}"));
    }

    @Test
    void eventsFollowTheAnswer() {
        negotiate();
        assertEquals(GENERIC.formatted("there is no machine"), ask("{'execute': 'system_reset'}"));
        String stop = ask("{'execute': 'stop'}");
        assertTrue(stop.matches("\\{\"timestamp\": \\{\"seconds\": \\d+, \"microseconds\": \\d+}, \"event\": \"STOP\"}\n\\{\"return\": \\{}}"), stop);
        assertTrue(ask("{'execute': 'query-status'}").contains("\"running\": false, \"singlestep\": false, \"status\": \"paused\""));
        assertTrue(ask("{'execute': 'cont'}").contains("RESUME"));
        String quit = ask("{'execute': 'quit'}");
        assertTrue(quit.startsWith("{\"return\": {}}\n") && quit.contains("\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false, \"reason\": \"host-qmp-quit\"}"), quit);
        assertEquals(1, quits);
    }

    @Test
    void beforeTheConfigurationEndsThereIsNoMachineToAsk() {
        open(true);
        negotiate();
        assertTrue(ask("{'execute': 'query-cpus-fast'}").contains("CommandNotFound"));
        assertTrue(ask("{'execute': 'query-status'}").contains("\"status\": \"prelaunch\""));
        assertTrue(ask("{'execute': 'x-exit-preconfig'}").contains("RESUME"));
        assertTrue(ask("{'execute': 'query-status'}").contains("\"status\": \"running\""));
        assertEquals("{\"return\": []}", ask("{'execute': 'query-cpus-fast'}"));
        assertTrue(ask("{'execute': 'x-exit-preconfig'}").contains("CommandNotFound"));
    }
}
