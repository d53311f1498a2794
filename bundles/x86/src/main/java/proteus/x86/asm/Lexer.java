package proteus.x86.asm;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Splits a line into tokens. */
final class Lexer {
    private static final String TWO_CHARACTERS = "<<>>";
    private static final String ONE_CHARACTER = "+-*/%()[]{},:&|^~";

    private final String line;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String line) {
        this.line = line;
    }

    static List<Token> tokens(String line) {
        Lexer lexer = new Lexer(line);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < line.length()) {
            char c = line.charAt(at);
            if (c == ';' || c == '#') {
                return;
            } else if (Character.isWhitespace(c)) {
                at++;
            } else if (c == '"' || c == '\'' || c == '`') {
                string(c);
            } else if (Character.isDigit(c)) {
                number();
            } else if (nameStart(c)) {
                name();
            } else {
                punctuation(c);
            }
        }
    }

    private static boolean nameStart(char c) {
        return Character.isLetter(c) || c == '_' || c == '.' || c == '$' || c == '?' || c == '@';
    }

    private void name() {
        int start = at;
        while (at < line.length() && (nameStart(line.charAt(at)) || Character.isDigit(line.charAt(at)))) {
            at++;
        }
        add(Token.Kind.NAME, line.substring(start, at), 0);
    }

    private void add(Token.Kind kind, String text, long value) {
        tokens.add(new Token(kind, text, value));
    }

    private void punctuation(char c) {
        if (at + 1 < line.length() && TWO_CHARACTERS.contains(line.substring(at, at + 2)) && line.charAt(at + 1) == c) {
            add(Token.Kind.PUNCTUATION, line.substring(at, at + 2), 0);
            at += 2;
        } else if (c == '<' && line.indexOf('>', at) > 0) {
            // The name of a target as disassemblers show it
            at = line.indexOf('>', at) + 1;
        } else if (ONE_CHARACTER.indexOf(c) >= 0) {
            add(Token.Kind.PUNCTUATION, String.valueOf(c), 0);
            at++;
        } else {
            throw new Problem("unexpected character '" + c + "'");
        }
    }

    private void string(char quote) {
        StringBuilder text = new StringBuilder();
        at++;
        while (at < line.length() && line.charAt(at) != quote) {
            char c = line.charAt(at++);
            text.append(c == '\\' && quote == '`' && at < line.length() ? escape(line.charAt(at++)) : c);
        }
        if (at == line.length()) {
            throw new Problem("the string has no end");
        }
        at++;
        add(Token.Kind.STRING, text.toString(), 0);
    }

    private static char escape(char c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case '0' -> '\0';
            case 'e' -> '\033';
            default -> c;
        };
    }

    private void number() {
        int start = at;
        while (at < line.length() && (Character.isLetterOrDigit(line.charAt(at)) || line.charAt(at) == '_' || line.charAt(at) == '.')) {
            at++;
        }
        String text = line.substring(start, at);
        if (text.matches("1to\\d+")) {
            add(Token.Kind.NAME, text, 0);
        } else if (text.indexOf('.') >= 0) {
            add(Token.Kind.FLOAT, text, 0);
        } else {
            add(Token.Kind.NUMBER, text, parse(text.replace("_", "").toLowerCase(Locale.ROOT)));
        }
    }

    private static long parse(String text) {
        try {
            if (text.length() > 2 && text.charAt(0) == '0') {
                switch (text.charAt(1)) {
                    case 'x', 'h':
                        return Long.parseUnsignedLong(text.substring(2), 16);
                    case 'o', 'q':
                        return Long.parseUnsignedLong(text.substring(2), 8);
                    default:
                        break;
                }
            }
            char last = text.charAt(text.length() - 1);
            String digits = text.substring(0, text.length() - 1);
            if (last == 'h') {
                return Long.parseUnsignedLong(digits, 16);
            }
            if (text.length() > 2 && text.startsWith("0b") && text.indexOf('h') < 0) {
                return Long.parseUnsignedLong(text.substring(2), 2);
            }
            return switch (last) {
                case 'b', 'y' -> Long.parseUnsignedLong(digits, 2);
                case 'o', 'q' -> Long.parseUnsignedLong(digits, 8);
                case 'd' -> Long.parseUnsignedLong(digits);
                default -> Long.parseUnsignedLong(text);
            };
        } catch (NumberFormatException e) {
            throw new Problem("\"" + text + "\" is no number");
        }
    }
}
