package proteus.shell.script;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.gogo.runtime.Parser;
import org.apache.felix.gogo.runtime.Token;

/** Cuts a Gogo program where one statement ends and the next begins; {@code &&}, {@code ||} and pipes stay within a statement. */
final class Statements {
    private Statements() { }

    /** Throws what Gogo's parser throws when the text is not a program: an exception whose message names line and column. */
    static List<String> of(String program) {
        List<String> statements = new ArrayList<>();
        int start = -1;
        int end = -1;
        for (Token token : new Parser(program).program().tokens()) {
            if (Token.eq(token, ";") || Token.eq(token, "\n")) {
                add(program, start, end, statements);
                start = -1;
                continue;
            }
            start = start < 0 ? token.start() : start;
            end = token.start() + token.length();
        }
        add(program, start, end, statements);
        return statements;
    }

    private static void add(String program, int start, int end, List<String> statements) {
        if (start >= 0) {
            statements.add(program.substring(start, end));
        }
    }
}
