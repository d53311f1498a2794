package proteus.qtest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import proteus.api.io.CharacterBackend;
import proteus.api.vm.DrivenMachine;
import proteus.qtest.arguments.CommandLine;
import proteus.qtest.arguments.KeyValues;
import proteus.qtest.arguments.UnsupportedException;
import proteus.qtest.machine.Catalogue;
import proteus.qtest.machine.Parts;
import proteus.qtest.machine.TestPc;
import proteus.qtest.monitor.Commands;
import proteus.qtest.monitor.Monitor;
import proteus.qtest.protocol.QtestProtocol;
import proteus.qtest.wire.Connection;
import proteus.qtest.wire.EventLoop;

/** One machine and the sockets it is driven by, all on one thread. */
final class Session implements AutoCloseable, DrivenMachine.Listener {
    private final EventLoop loop = new EventLoop();
    private final Map<String, Connection> chardevs = new LinkedHashMap<>();
    private final List<Monitor> monitors = new ArrayList<>();
    private final Optional<TestPc> pc;
    private final Commands commands;
    private RequestLog log;

    /** @throws UnsupportedException for what there is not */
    Session(CommandLine line, Parts parts) throws IOException {
        try {
            for (KeyValues chardev : line.all("chardev")) {
                chardevs.put(chardev.require("id"), connect(chardev));
            }
            String machine = line.value("machine", "type").orElse(Catalogue.PC);
            pc = switch (machine) {
                case Catalogue.NONE -> Optional.empty();
                case Catalogue.PC -> Optional.of(new TestPc(line, parts, this::character, this::deviceLeft, this));
                default -> throw new UnsupportedException("unsupported machine type '%s': give pc or none".formatted(machine));
            };
            commands = new Commands(pc, new Catalogue(parts), line.has("preconfig"), line.has("S"),
                    (name, data) -> monitors.forEach(monitor -> monitor.event(name, data)), loop::stop);
            for (KeyValues wanted : line.all("mon")) {
                monitor(wanted);
            }
            log = new RequestLog(line.last("qtest-log").map(KeyValues::text));
            line.last("qtest").ifPresent(address -> qtest(address.text()));
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private Connection connect(KeyValues chardev) {
        String backend = chardev.require("backend");
        if (!backend.equals("socket") || !chardev.get("server", "off").equals("off")) {
            throw new UnsupportedException("there is only -chardev socket,path=PATH,id=ID here, as a client, not '%s'".formatted(chardev.text()));
        }
        return connect(chardev.require("path"));
    }

    private Connection connect(String path) {
        try {
            return loop.connect(path);
        } catch (IOException | IllegalArgumentException e) {
            throw new UnsupportedException("nobody can be reached at the socket %s: %s".formatted(path, e.getMessage()));
        }
    }

    private Connection chardev(String id) {
        Connection connection = chardevs.get(id);
        if (connection == null) {
            throw new UnsupportedException("there is no -chardev with id=%s".formatted(id));
        }
        return connection;
    }

    private CharacterBackend character(String id) {
        return new SocketCharacters(chardev(id));
    }

    private void monitor(KeyValues wanted) {
        if (!wanted.get("mode", "readline").equals("control")) {
            throw new UnsupportedException("there is no human monitor here: give mode=control");
        }
        Connection connection = chardev(wanted.require("chardev"));
        Monitor monitor = new Monitor(commands, connection::send);
        connection.receiver(monitor::received);
        monitors.add(monitor);
    }

    private void qtest(String address) {
        if (!address.startsWith("unix:")) {
            throw new UnsupportedException("-qtest takes unix:PATH here, not '%s'".formatted(address));
        }
        Connection connection = connect(address.substring("unix:".length()));
        Lines lines = new Lines(connection, log);
        QtestProtocol protocol = new QtestProtocol(pc.map(TestPc::machine), lines::send);
        connection.receiver(bytes -> lines.received(bytes, protocol::request));
    }

    private void deviceLeft(String id) {
        commands.deviceLeft(id);
    }

    /** Works until the test or the monitor ends it, or everybody has gone. */
    void serve() throws IOException {
        loop.run();
    }

    @Override
    public void resetRequested() {
        commands.reset("guest-reset", true);
    }

    @Override
    public void powerOff() {
        commands.shutdown("guest-shutdown", true);
    }

    @Override
    public void debugExit(int value) {
        commands.shutdown("guest-shutdown", true);
    }

    @Override
    public void close() throws IOException {
        loop.close();
        if (log != null) {
            log.close();
        }
        if (pc != null) {
            pc.ifPresent(TestPc::close);
        }
    }
}
