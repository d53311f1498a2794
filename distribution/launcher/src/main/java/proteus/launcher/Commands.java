package proteus.launcher;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.util.tracker.ServiceTracker;

/** Finds the subcommands that bundles offer. */
final class Commands {
    static final String NAME = "proteus.command";

    private final BundleContext context;
    private final Duration patience;

    Commands(BundleContext context, Duration patience) {
        this.context = context;
        this.patience = patience;
    }

    /** Runs the command on the calling thread, which is that of the process: it may own the terminal and take its time. */
    int run(Request request) throws StartException, InterruptedException {
        ServiceTracker<ToIntFunction<String[]>, ToIntFunction<String[]>> tracker = new ServiceTracker<>(context, filter(request.command()), null);
        tracker.open();
        try {
            // A bundle that failed to start will not come later: no use in waiting for it.
            long millis = stopped(request.startLevel()).isEmpty() ? patience.toMillis() : 1;
            ToIntFunction<String[]> command = tracker.waitForService(millis);
            if (command == null) {
                throw new StartException(explain(request));
            }
            return command.applyAsInt(request.arguments().toArray(String[]::new));
        } finally {
            tracker.close();
        }
    }

    private org.osgi.framework.Filter filter(String command) {
        try {
            return FrameworkUtil.createFilter("(&(" + Constants.OBJECTCLASS + "=" + ToIntFunction.class.getName() + ")(" + NAME + "=" + escaped(command) + "))");
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String escaped(String value) {
        return value.replaceAll("[\\\\*()]", "\\\\$0");
    }

    private String explain(Request request) {
        StringBuilder text = new StringBuilder("no bundle offers the command '" + request.command() + "'");
        TreeSet<String> offered = offered();
        if (!offered.isEmpty()) {
            text.append("; there are: ").append(String.join(", ", offered));
        }
        for (Bundle bundle : stopped(request.startLevel())) {
            text.append("\n  bundle ").append(bundle.getSymbolicName()).append(" is not active: ").append(reason(bundle));
        }
        for (String component : new Components(context).unsatisfied(request.command())) {
            text.append("\n  ").append(component);
        }
        return text.toString();
    }

    private TreeSet<String> offered() {
        TreeSet<String> names = new TreeSet<>();
        try {
            ServiceReference<?>[] references = context.getAllServiceReferences(ToIntFunction.class.getName(), "(" + NAME + "=*)");
            if (references != null) {
                names.addAll(Arrays.stream(references).map(reference -> reference.getProperty(NAME).toString()).collect(Collectors.toSet()));
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
        return names;
    }

    private List<Bundle> stopped(int level) {
        return Arrays.stream(context.getBundles())
                .filter(bundle -> (bundle.getState() & (Bundle.ACTIVE | Bundle.STARTING)) == 0)
                .filter(bundle -> bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null)
                .filter(bundle -> bundle.adapt(BundleStartLevel.class).getStartLevel() <= level)
                .toList();
    }

    private static String reason(Bundle bundle) {
        try {
            bundle.start(Bundle.START_TRANSIENT);
            return "it was stopped";
        } catch (BundleException e) {
            Throwable cause = e.getCause();
            return cause == null ? e.getMessage() : e.getMessage() + " (" + cause + ")";
        }
    }
}
