package proteus.x86.asm;

import java.util.List;

/** A reader of tokens. */
final class Tokens {
    private final List<Token> tokens;
    private int at;

    Tokens(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return peek(0);
    }

    Token peek(int ahead) {
        return at + ahead < tokens.size() ? tokens.get(at + ahead) : Token.END;
    }

    Token next() {
        Token token = peek();
        at++;
        return token;
    }

    boolean atEnd() {
        return at >= tokens.size();
    }

    /** Takes the punctuation if it is next. */
    boolean accept(String punctuation) {
        if (peek().is(punctuation)) {
            at++;
            return true;
        }
        return false;
    }

    /** Takes the name, in any case, if it is next. */
    boolean acceptName(String name) {
        if (isName(name)) {
            at++;
            return true;
        }
        return false;
    }

    boolean isName(String name) {
        return peek().kind() == Token.Kind.NAME && peek().text().equalsIgnoreCase(name);
    }

    void expect(String punctuation) {
        if (!accept(punctuation)) {
            throw new Problem("expected \"" + punctuation + "\"" + (atEnd() ? " at the end" : " before \"" + peek().text() + "\""));
        }
    }

    void expectEnd() {
        if (!atEnd()) {
            throw new Problem("did not expect \"" + peek().text() + "\"");
        }
    }
}
