package proteus.x86.asm;

import java.nio.charset.StandardCharsets;

/** An expression of the source, evaluated in every pass. */
sealed interface Expression {
    record Number(long value) implements Expression {
    }

    record Symbol(String name) implements Expression {
    }

    record Here() implements Expression {
    }

    record Start() implements Expression {
    }

    /** A register within an address. */
    record Register(Names.Register register) implements Expression {
    }

    record Unary(char operator, Expression operand) implements Expression {
    }

    record Binary(String operator, Expression left, Expression right) implements Expression {
    }

    default long evaluate(Scope scope) {
        return switch (this) {
            case Number n -> n.value;
            case Symbol s -> scope.symbol(s.name);
            case Here _ -> scope.here();
            case Start _ -> scope.start();
            case Register r -> throw new Problem("register " + r.register.name() + " cannot be part of this expression");
            case Unary u -> u.operator == '-' ? -u.operand.evaluate(scope) : u.operator == '~' ? ~u.operand.evaluate(scope) : u.operand.evaluate(scope);
            case Binary b -> binary(b.operator, b.left.evaluate(scope), b.right.evaluate(scope));
        };
    }

    private static long binary(String operator, long left, long right) {
        if ((operator.equals("/") || operator.equals("%")) && right == 0) {
            throw new Problem("division by zero");
        }
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> Long.divideUnsigned(left, right);
            case "%" -> Long.remainderUnsigned(left, right);
            case "<<" -> right < Long.SIZE ? left << right : 0;
            case ">>" -> right < Long.SIZE ? left >>> right : 0;
            case "&" -> left & right;
            case "^" -> left ^ right;
            default -> left | right;
        };
    }

    /** Levels of precedence, loosest first. */
    String[][] LEVELS = {{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};

    /**
     * Reads an expression.
     *
     * @param label the label that local names belong to
     */
    static Expression parse(Tokens tokens, String label) {
        return level(tokens, label, 0);
    }

    private static Expression level(Tokens tokens, String label, int level) {
        if (level == LEVELS.length) {
            return unary(tokens, label);
        }
        Expression left = level(tokens, label, level + 1);
        while (true) {
            String found = null;
            for (String operator : LEVELS[level]) {
                if (tokens.accept(operator)) {
                    found = operator;
                    break;
                }
            }
            if (found == null) {
                return left;
            }
            left = new Binary(found, left, level(tokens, label, level + 1));
        }
    }

    private static Expression unary(Tokens tokens, String label) {
        for (String operator : new String[] {"-", "~", "+"}) {
            if (tokens.accept(operator)) {
                return new Unary(operator.charAt(0), unary(tokens, label));
            }
        }
        if (tokens.accept("(")) {
            Expression inner = parse(tokens, label);
            tokens.expect(")");
            return inner;
        }
        Token token = tokens.next();
        return switch (token.kind()) {
            case NUMBER -> new Number(token.value());
            case STRING -> new Number(characters(token.text()));
            case NAME -> name(token.text(), label);
            case END -> throw new Problem("an operand or a value is missing");
            default -> throw new Problem("did not expect \"" + token.text() + "\"");
        };
    }

    private static Expression name(String text, String label) {
        if (text.equals("$")) {
            return new Here();
        }
        if (text.equals("$$")) {
            return new Start();
        }
        Names.Register register = Names.register(text);
        return register != null ? new Register(register) : new Symbol(text.charAt(0) == '.' ? label + text : text);
    }

    /** A character constant: the first character in the low byte. */
    private static long characters(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > Long.BYTES) {
            throw new Problem("a character constant has at most 8 characters");
        }
        long value = 0;
        for (int i = 0; i < bytes.length; i++) {
            value |= (bytes[i] & 0xFFL) << 8 * i;
        }
        return value;
    }
}
