package proteus.shell.process;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * Standard input, output and error, for a subcommand of {@code ./proteus}: it runs on the main thread and owns them. A Gogo command
 * never uses these but its session's streams, which may be a pipe, a file or another terminal.
 */
public final class StandardStreams {
    private StandardStreams() { }

    public static InputStream in() {
        return System.in;
    }

    /** For what the user asked for: a guest's console, a list, a result. */
    public static PrintStream out() {
        return System.out;
    }

    /** For our own messages. */
    public static PrintStream err() {
        return System.err;
    }
}
