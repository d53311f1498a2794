package proteus.qtest.monitor;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import proteus.qtest.json.JsonStream;
import proteus.qtest.json.JsonWriter;

/** One client of the control socket: greeting, negotiation, then commands, each answered in its turn. */
public final class Monitor {
    private static final String NEGOTIATE = "qmp_capabilities";

    private final Commands commands;
    private final Consumer<byte[]> out;
    private final JsonStream in = new JsonStream(this::request, message -> answer(null, error(new QmpException(message))));
    private boolean negotiated;

    /** Greets. */
    public Monitor(Commands commands, Consumer<byte[]> out) {
        this.commands = commands;
        this.out = out;
        send(Map.of("QMP", ordered("version", Commands.version(), "capabilities", List.of())));
    }

    /** Takes what the client sent. */
    public void received(byte[] bytes) {
        in.add(bytes);
    }

    /** Tells a client that has negotiated. */
    public void event(String name, Map<String, Object> data) {
        if (negotiated) {
            long micros = System.currentTimeMillis() * 1000;
            Map<String, Object> event = ordered("timestamp", ordered("seconds", micros / 1_000_000, "microseconds", micros % 1_000_000), "event", name);
            if (!data.isEmpty()) {
                event.put("data", data);
            }
            send(event);
        }
    }

    private void request(Object value) {
        Object id = value instanceof Map<?, ?> map ? map.get("id") : null;
        Map<String, Object> answer;
        try {
            answer = ordered("return", perform(value));
        } catch (QmpException e) {
            answer = error(e);
        }
        answer(id, answer);
        commands.answered();
    }

    private void answer(Object id, Map<String, Object> answer) {
        if (id != null) {
            answer.put("id", id);
        }
        send(answer);
    }

    private static Map<String, Object> error(QmpException e) {
        return ordered("error", ordered("class", e.errorClass(), "desc", e.getMessage()));
    }

    private Object perform(Object value) {
        if (!(value instanceof Map<?, ?> request)) {
            throw new QmpException("QMP input must be a JSON object");
        }
        for (Object key : request.keySet()) {
            if (!Set.of("execute", "arguments", "id").contains(key)) {
                throw new QmpException("QMP input member '%s' is unexpected".formatted(key));
            }
        }
        if (!request.containsKey("execute")) {
            throw new QmpException("QMP input lacks member 'execute'");
        }
        if (!(request.get("execute") instanceof String name)) {
            throw new QmpException("QMP input member 'execute' must be a string");
        }
        Object given = request.containsKey("arguments") ? request.get("arguments") : Map.of();
        if (!(given instanceof Map<?, ?> map)) {
            throw new QmpException("QMP input member 'arguments' must be an object");
        }
        Map<String, Object> arguments = new LinkedHashMap<>();
        map.forEach((key, argument) -> arguments.put((String) key, argument));
        return dispatch(name, new Arguments(arguments));
    }

    private Object dispatch(String name, Arguments arguments) {
        if (!negotiated) {
            if (!name.equals(NEGOTIATE)) {
                throw QmpException.notFound("Expecting capabilities negotiation with '%s'".formatted(NEGOTIATE));
            }
            negotiate(arguments.only("enable"));
            return Map.of();
        }
        if (name.equals(NEGOTIATE)) {
            throw QmpException.notFound("Capabilities negotiation is already complete, command ignored");
        }
        return commands.perform(name, arguments);
    }

    private void negotiate(Arguments arguments) {
        if (arguments.values().containsKey("enable") && !List.of().equals(arguments.any("enable"))) {
            throw new QmpException("there is no capability that could be enabled");
        }
        negotiated = true;
    }

    /** A map in the order of its words: name, value, name, value. */
    static Map<String, Object> ordered(Object... words) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < words.length; i += 2) {
            map.put((String) words[i], words[i + 1]);
        }
        return map;
    }

    private void send(Map<String, Object> value) {
        out.accept((JsonWriter.write(value) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }
}
