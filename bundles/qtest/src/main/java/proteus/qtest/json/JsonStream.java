package proteus.qtest.json;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Cuts a stream of bytes into values. It goes on behind an error: tokens are thrown away up to where an object or a list begins.
 * A scalar that is no part of an object or list ends with a blank or a line.
 */
public final class JsonStream {
    /** Longer or deeper than anything a client has to say. */
    private static final int MOST_BYTES = 64 << 20;

    private static final int DEEPEST = 1024;

    private final Consumer<Object> values;
    private final Consumer<String> errors;
    private byte[] bytes = new byte[0];
    private boolean recovering;
    private int at;

    /** @param errors gets one sentence for each */
    public JsonStream(Consumer<Object> values, Consumer<String> errors) {
        this.values = values;
        this.errors = errors;
    }

    /** More is needed to go on. */
    private static final class Incomplete extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Incomplete() {
            super(null, null, false, false);
        }
    }

    private static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message, null, false, false);
        }
    }

    /** Takes what has come. */
    public void add(byte[] more) {
        byte[] all = java.util.Arrays.copyOf(bytes, bytes.length + more.length);
        System.arraycopy(more, 0, all, bytes.length, more.length);
        bytes = all;
        int done = 0;
        for (at = 0; skip(); ) {
            done = at;
            try {
                Object value = value(0);
                done = at;
                values.accept(value);
            } catch (Incomplete e) {
                at = done;
                if (bytes.length - done > MOST_BYTES) {
                    malformed("JSON value is too long");
                    done = bytes.length;
                }
                break;
            } catch (Malformed e) {
                malformed(e.getMessage());
                done = at;
            }
        }
        bytes = java.util.Arrays.copyOfRange(bytes, Math.max(done, at), bytes.length);
    }

    private void malformed(String message) {
        recovering = true;
        errors.accept(message);
    }

    /** Goes to the next value; whether there is one. */
    private boolean skip() {
        while (at < bytes.length) {
            int c = bytes[at] & 0xff;
            if (c == '{' || c == '[') {
                recovering = false;
            }
            if (!recovering && !blank(c)) {
                return true;
            }
            at++;
        }
        return false;
    }

    private static boolean blank(int c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    private int peek() {
        if (at == bytes.length) {
            throw new Incomplete();
        }
        return bytes[at] & 0xff;
    }

    private int token() {
        while (blank(peek())) {
            at++;
        }
        return peek();
    }

    private Object value(int depth) {
        int c = token();
        if (depth > DEEPEST) {
            at++;
            throw new Malformed("JSON nesting depth limit exceeded");
        }
        return switch (c) {
            case '{' -> object(depth);
            case '[' -> list(depth);
            case '"', '\'' -> string();
            default -> scalar();
        };
    }

    private Map<String, Object> object(int depth) {
        Map<String, Object> object = new LinkedHashMap<>();
        at++;
        if (token() == '}') {
            at++;
            return object;
        }
        while (true) {
            int c = token();
            if (c != '"' && c != '\'') {
                throw wrong("JSON parse error, expecting a key");
            }
            String key = string();
            expect(':');
            object.put(key, value(depth + 1));
            if (token() == '}') {
                at++;
                return object;
            }
            expect(',');
        }
    }

    private List<Object> list(int depth) {
        List<Object> list = new ArrayList<>();
        at++;
        if (token() == ']') {
            at++;
            return list;
        }
        while (true) {
            list.add(value(depth + 1));
            if (token() == ']') {
                at++;
                return list;
            }
            expect(',');
        }
    }

    private void expect(int wanted) {
        if (token() != wanted) {
            throw wrong("JSON parse error, expecting '%c'".formatted(wanted));
        }
        at++;
    }

    /** The token at this place does not belong here; it is consumed. */
    private Malformed wrong(String message) {
        at++;
        return new Malformed(message);
    }

    private String string() {
        int quote = peek();
        at++;
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        while (true) {
            int c = peek();
            if (c < 0x20 || c >= 0xf8 || c == 0xc0 || c == 0xc1) {
                throw wrong("JSON parse error, stray '\\x%02x' in a string".formatted(c));
            }
            at++;
            if (c == quote) {
                return out.toString(StandardCharsets.UTF_8);
            }
            if (c == '\\') {
                out.writeBytes(escape().getBytes(StandardCharsets.UTF_8));
            } else {
                out.write(c);
            }
        }
    }

    private String escape() {
        int c = peek();
        at++;
        return switch (c) {
            case '"', '\'', '\\', '/' -> String.valueOf((char) c);
            case 'b' -> "\b";
            case 'f' -> "\f";
            case 'n' -> "\n";
            case 'r' -> "\r";
            case 't' -> "\t";
            case 'u' -> {
                char first = unit();
                if (Character.isHighSurrogate(first) && peek() == '\\') {
                    at++;
                    if (peek() != 'u') {
                        throw wrong("JSON parse error, a surrogate without its pair");
                    }
                    at++;
                    yield "" + first + unit();
                }
                yield String.valueOf(first);
            }
            default -> throw new Malformed("JSON parse error, invalid escape '\\%c'".formatted(c));
        };
    }

    private char unit() {
        int unit = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(peek(), 16);
            if (digit < 0) {
                throw wrong("JSON parse error, \\u needs four hexadecimal digits");
            }
            unit = unit << 4 | digit;
            at++;
        }
        return (char) unit;
    }

    private Object scalar() {
        int from = at;
        while (word(peek())) {
            at++;
        }
        String text = new String(bytes, from, at - from, StandardCharsets.US_ASCII);
        return switch (text) {
            case "true" -> true;
            case "false" -> false;
            case "null" -> null;
            case "" -> throw wrong("JSON parse error, stray '\\x%02x'".formatted(peek()));
            default -> number(text);
        };
    }

    private static boolean word(int c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.';
    }

    private static Object number(String text) {
        if (!text.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
            throw new Malformed("JSON parse error, invalid keyword '%s'".formatted(text));
        }
        try {
            return Long.valueOf(text);
        } catch (NumberFormatException e) {
            return Double.valueOf(text);
        }
    }
}
