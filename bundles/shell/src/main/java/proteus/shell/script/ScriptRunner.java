package proteus.shell.script;

import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.regex.Pattern;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;

/** Runs a program of Gogo statements one after the other and stops at the first that fails. */
final class ScriptRunner {
    private static final Pattern ASSIGNMENT = Pattern.compile("\\s*[\\w.#-]+\\s*=");

    private final CommandProcessor processor;
    private final InputStream in;
    private final PrintStream out;
    private final PrintStream err;

    ScriptRunner(CommandProcessor processor, InputStream in, PrintStream out, PrintStream err) {
        this.processor = processor;
        this.in = in;
        this.out = out;
        this.err = err;
    }

    /** Prints each statement's result unless it has none or was given a name; true if all statements succeeded, else the error was printed. */
    boolean run(String program) {
        String current = "script";
        try (CommandSession session = processor.createSession(in, out, err)) {
            // Gogo takes any session for a terminal; a script's output is for programs
            session.put("GREP_COLORS", "none=0");
            session.put("LS_COLORS", "none=0");
            for (String statement : Statements.of(program)) {
                current = statement;
                Object result = session.execute(statement);
                if (result != null && !ASSIGNMENT.matcher(statement).lookingAt()) {
                    out.println(session.format(result, Converter.INSPECT));
                }
                out.flush();
            }
            return true;
        } catch (Exception e) {
            out.flush();
            err.println("proteus: " + current.strip() + ": " + sentence(e));
            return false;
        }
    }

    private static String sentence(Throwable e) {
        if (e instanceof InvocationTargetException && e.getCause() != null) {
            return sentence(e.getCause()); // Gogo unwraps exceptions only, not errors
        }
        String message = e.getMessage();
        return message == null || message.isBlank() || e instanceof Error ? e.toString() : message;
    }
}
