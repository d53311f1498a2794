package proteus.shell.process;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/**
 * Standard input, output and error, for a subcommand of {@code ./proteus}: it runs on the main thread and owns them. A Gogo command
 * never uses these but its session's streams, which may be a pipe, a file or another terminal.
 *
 * <p>They are the process's own, not those of {@link System}: Gogo replaces the latter by its dispatcher to the session of the
 * calling thread, so a session that wrote to them would write to itself. Nothing is buffered.
 */
public final class StandardStreams {
    private static final InputStream IN = new FileInputStream(FileDescriptor.in);
    private static final PrintStream OUT = stream(FileDescriptor.out, "stdout.encoding");
    private static final PrintStream ERR = stream(FileDescriptor.err, "stderr.encoding");

    private StandardStreams() { }

    public static InputStream in() {
        return IN;
    }

    /** For what the user asked for: a guest's console, a list, a result. */
    public static PrintStream out() {
        return OUT;
    }

    /** For our own messages. */
    public static PrintStream err() {
        return ERR;
    }

    private static PrintStream stream(FileDescriptor descriptor, String encoding) {
        String name = System.getProperty(encoding);
        return new PrintStream(new FileOutputStream(descriptor), true, name == null ? Charset.defaultCharset() : Charset.forName(name));
    }
}
