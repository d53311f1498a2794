package proteus.shell.script;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.ToIntFunction;
import org.apache.felix.service.command.CommandProcessor;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.shell.process.StandardStreams;

/** The subcommand behind {@code -c} and {@code -f}; status 0 only if all statements succeeded. */
@Component(service = ToIntFunction.class, property = "proteus.command=script")
public final class ScriptCommand implements ToIntFunction<String[]> {
    private static final int FAILURE = 1;

    private final CommandProcessor processor;
    private final BundleContext context;

    @Activate
    public ScriptCommand(@Reference CommandProcessor processor, BundleContext context) {
        this.processor = processor;
        this.context = context;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        String program;
        try {
            program = arguments[0].equals("-f") ? Files.readString(Path.of(arguments[1])) : arguments[1];
        } catch (IOException e) {
            StandardStreams.err().println("proteus: the script " + arguments[1] + " cannot be read: " + e.getClass().getSimpleName());
            return FAILURE;
        }
        Language.register(context, processor);
        ScriptRunner runner = new ScriptRunner(processor, StandardStreams.in(), StandardStreams.out(), StandardStreams.err());
        return runner.run(program) ? 0 : FAILURE;
    }
}
