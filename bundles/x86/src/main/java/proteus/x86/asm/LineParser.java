package proteus.x86.asm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads lines; remembers the label that local labels belong to. */
final class LineParser {
    private static final Map<String, Integer> DATA = Map.of("db", 1, "dw", 2, "dd", 4, "dq", 8, "dt", 10);
    private static final Map<String, Integer> RESERVE = Map.of("resb", 1, "resw", 2, "resd", 4, "resq", 8);
    private static final Set<String> AFTER_LABEL = Set.of("equ", "times", "align");
    private static final int EXPONENT_BIAS_DIFFERENCE = 16383 - 1023, DOUBLE_FRACTION = 52;

    private String label = "";

    /** The statements of a line; none if it is empty. */
    List<Statement> line(String line) {
        Tokens tokens = new Tokens(Lexer.tokens(line));
        List<Statement> statements = new ArrayList<>(2);
        while (tokens.peek().kind() == Token.Kind.NAME && tokens.peek(1).is(":")) {
            String name = define(tokens.next().text());
            tokens.next();
            if (tokens.acceptName("equ")) {
                statements.add(new Statement.Equ(name, Expression.parse(tokens, label)));
                tokens.expectEnd();
                return statements;
            }
            statements.add(new Statement.Label(name));
        }
        if (statements.isEmpty() && tokens.peek().kind() == Token.Kind.NAME && startsData(tokens.peek(1))) {
            String name = tokens.next().text();
            if (tokens.acceptName("equ")) {
                statements.add(new Statement.Equ(full(name), Expression.parse(tokens, label)));
                tokens.expectEnd();
                return statements;
            }
            statements.add(new Statement.Label(define(name)));
        }
        if (!tokens.atEnd()) {
            statements.add(statement(tokens));
            tokens.expectEnd();
        }
        return statements;
    }

    private static boolean startsData(Token token) {
        String word = token.text().toLowerCase(Locale.ROOT);
        return token.kind() == Token.Kind.NAME && (AFTER_LABEL.contains(word) || DATA.containsKey(word) || RESERVE.containsKey(word));
    }

    private String full(String name) {
        if (Names.register(name) != null || name.startsWith("$")) {
            throw new Problem("\"" + name + "\" cannot be the name of a label");
        }
        return name.charAt(0) == '.' ? label + name : name;
    }

    private String define(String name) {
        String full = full(name);
        if (name.charAt(0) != '.') {
            label = name;
        }
        return full;
    }

    private Statement statement(Tokens tokens) {
        String word = tokens.peek().text().toLowerCase(Locale.ROOT);
        if (tokens.peek().kind() != Token.Kind.NAME) {
            return new Statement.Code(InstructionText.read(tokens, label));
        }
        if (DATA.containsKey(word)) {
            tokens.next();
            return data(tokens, DATA.get(word));
        }
        if (RESERVE.containsKey(word)) {
            tokens.next();
            return new Statement.Reserve(RESERVE.get(word), Expression.parse(tokens, label));
        }
        return switch (word) {
            case "bits", "use16", "use32", "use64" -> bits(tokens);
            case "org" -> {
                tokens.next();
                yield new Statement.Org(Expression.parse(tokens, label));
            }
            case "default" -> {
                tokens.next();
                boolean relative = tokens.acceptName("rel");
                if (!relative && !tokens.acceptName("abs")) {
                    throw new Problem("\"default\" is followed by rel or abs");
                }
                yield new Statement.Default(relative);
            }
            case "align" -> align(tokens);
            case "times" -> {
                tokens.next();
                Expression count = Expression.parse(tokens, label);
                yield new Statement.Times(count, statement(tokens));
            }
            default -> new Statement.Code(InstructionText.read(tokens, label));
        };
    }

    private static Statement bits(Tokens tokens) {
        String word = tokens.next().text();
        long mode = word.equalsIgnoreCase("bits") ? tokens.next().value() : Long.parseLong(word.substring(3));
        if (mode != 16 && mode != 32 && mode != 64) {
            throw new Problem("code is 16, 32 or 64 bits");
        }
        return new Statement.Bits((int) mode);
    }

    private Statement align(Tokens tokens) {
        tokens.next();
        Expression boundary = Expression.parse(tokens, label);
        Expression fill = null;
        if (tokens.accept(",")) {
            tokens.acceptName("db");
            fill = Expression.parse(tokens, label);
        }
        return new Statement.Align(boundary, fill);
    }

    private Statement data(Tokens tokens, int bytes) {
        List<Statement.Item> items = new ArrayList<>();
        do {
            Token token = tokens.peek();
            boolean last = tokens.peek(1).is(",") || tokens.peek(1).kind() == Token.Kind.END;
            boolean negativeFloat = token.is("-") && tokens.peek(1).kind() == Token.Kind.FLOAT;
            if (token.kind() == Token.Kind.STRING && last) {
                byte[] text = tokens.next().text().getBytes(StandardCharsets.UTF_8);
                items.add(new Statement.Item(null, Arrays.copyOf(text, (text.length + bytes - 1) / bytes * bytes)));
            } else if (token.kind() == Token.Kind.FLOAT || negativeFloat) {
                boolean negative = tokens.accept("-");
                double value = Double.parseDouble(tokens.next().text());
                items.add(new Statement.Item(null, floating(negative ? -value : value, bytes)));
            } else {
                items.add(new Statement.Item(Expression.parse(tokens, label), null));
            }
        } while (tokens.accept(","));
        return new Statement.Data(bytes, items);
    }

    private static byte[] floating(double value, int bytes) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        switch (bytes) {
            case 4 -> buffer.putFloat((float) value);
            case 8 -> buffer.putDouble(value);
            case 10 -> {
                long raw = Double.doubleToLongBits(value);
                long fraction = raw & (1L << DOUBLE_FRACTION) - 1;
                int exponent = (int) (raw >>> DOUBLE_FRACTION & 0x7FF);
                buffer.putLong(value == 0 ? 0 : 1L << 63 | fraction << 11);
                buffer.putShort((short) ((value == 0 ? 0 : exponent + EXPONENT_BIAS_DIFFERENCE) | (raw < 0 ? 0x8000 : 0)));
            }
            default -> throw new Problem("a floating-point number is dd, dq or dt");
        }
        return buffer.array();
    }
}
