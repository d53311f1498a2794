package proteus.qtest.json;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonStreamTest {
    private final List<Object> values = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private final JsonStream stream = new JsonStream(values::add, errors::add);

    private void add(String text) {
        stream.add(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void valuesOfEveryKind() {
        add("{'a': [1, -2.5, true, false, null], \"b\": {\"c\": \"x\\n\\u00e9\\\"'\"}}");
        List<Object> list = new ArrayList<>(List.of(1L, -2.5, true, false));
        list.add(null);
        assertEquals(List.of(Map.of("a", list, "b", Map.of("c", "x\n\u00e9\"'"))), values);
        assertEquals(List.of(), errors);
    }

    @Test
    void aValueMayComeByteByByteAndTwoAtOnce() {
        for (char c : "{\"execute\": \"stop\"}".toCharArray()) {
            assertEquals(List.of(), values);
            add(String.valueOf(c));
        }
        add(" {} [");
        assertEquals(List.of(Map.of("execute", "stop"), Map.of()), values);
        add("]");
        assertEquals(List.of(), values.getLast());
    }

    @Test
    void behindAnErrorItGoesOnWhereAnObjectBegins() {
        String[] wrongs = {"{]\n", "{\u00ff", "{\u0001", "{'bad \u00ff", "{'execute': 'nonexistent', 'id':'\n", "%p", "{'a' 1}", "[1 2]", "{'a': 01}", "'\\x'"};
        for (int i = 0; i < wrongs.length; i++) {
            add(wrongs[i]);
            assertEquals(i + 1, errors.size(), wrongs[i]);
            add("{'good': " + i + "}");
            assertEquals(Map.of("good", (long) i), values.getLast(), wrongs[i]);
            assertEquals(i + 1, values.size(), wrongs[i]);
        }
    }

    @Test
    void aScalarEndsWithALine() {
        add("null");
        assertEquals(0, values.size());
        add("\n");
        assertEquals(1, values.size());
    }

    @Test
    void whatIsNestedTooDeeplyIsRefused() {
        add("[".repeat(2000));
        assertEquals("JSON nesting depth limit exceeded", errors.getFirst());
    }

    @Test
    void whatIsWrittenCanBeRead() {
        Map<String, Object> value = Map.of("key", List.of("a\"\\\n\u20ac", 7L, true));
        String text = JsonWriter.write(value);
        assertEquals("{\"key\": [\"a\\\"\\\\\\n\\u20AC\", 7, true]}", text);
        add(text);
        assertEquals(List.of(value), values);
    }
}
