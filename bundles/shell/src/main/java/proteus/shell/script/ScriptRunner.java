package proteus.shell.script;

import java.io.InputStream;
import java.io.PrintStream;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;

/** Runs a program of Gogo statements one after the other and stops at the first that fails. */
final class ScriptRunner {
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

    /** Prints each statement's result unless it has none; true if all statements succeeded, else the error was printed. */
    boolean run(String program) {
        String current = "script";
        try (CommandSession session = processor.createSession(in, out, err)) {
            for (String statement : Statements.of(program)) {
                current = statement;
                Object result = session.execute(statement);
                if (result != null) {
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
        String message = e.getMessage();
        return message == null || message.isBlank() ? e.getClass().getSimpleName() : message;
    }
}
