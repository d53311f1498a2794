package proteus.shell.script;

import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Posix;
import org.apache.felix.gogo.jline.Procedural;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;

/**
 * The commands that make a language of Gogo's statements ({@code if}, {@code each}, {@code grep}, ...). In the shell gogo.jline offers
 * them itself; but it cannot be started for a script, since it would open a terminal.
 */
final class Language {
    private static final String SCOPE = "gogo";

    private Language() { }

    static void register(BundleContext context, CommandProcessor processor) {
        register(context, new Procedural(), "each", "if", "not", "throw", "try", "until", "while", "break", "continue");
        register(context, new Builtin(), "format", "getopt", "new", "set", "tac", "type");
        register(context, new Posix(processor), "cat", "echo", "grep", "sort", "sleep", "cd", "pwd", "ls", "head", "tail", "wc", "date");
    }

    private static void register(BundleContext context, Object commands, String... names) {
        Dictionary<String, Object> properties = new Hashtable<>(Map.of(
                CommandProcessor.COMMAND_SCOPE, SCOPE,
                CommandProcessor.COMMAND_FUNCTION, names));
        context.registerService(Object.class, commands, properties);
    }
}
