package proteus.launcher;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Entry point of the process. */
public final class Main {
    /** Status of a call that cannot be understood, as EX_USAGE of BSD's sysexits.h. */
    private static final int USAGE = 64;
    private static final int FAILURE = 1;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** The command has given its status; until then only a signal can end the process. */
    private static volatile boolean finished;

    private Main() { }

    public static void main(String[] args) {
        int status = run(List.of(args));
        finished = true;
        System.exit(status);
    }

    private static int run(List<String> args) {
        Request request;
        try {
            request = Request.parse(args);
        } catch (UsageException e) {
            System.err.println("proteus: " + e.getMessage());
            return USAGE;
        }
        try (Platform platform = Platform.start(home(), request, () -> signalled(request))) {
            if (request.interactive()) {
                platform.openTerminal();
                platform.awaitStop();
                return 0;
            }
            return new Commands(platform.context(), PATIENCE).run(request);
        } catch (StartException e) {
            System.err.println("proteus: " + e.getMessage());
            return FAILURE;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILURE;
        }
    }

    /** A signal is the usual end of a server: it gets the status of success instead of the JVM's. */
    private static void signalled(Request request) {
        if (!finished && request.serves()) {
            Runtime.getRuntime().halt(0);
        }
    }

    private static Path home() {
        return Path.of(System.getProperty("proteus.home", ".")).toAbsolutePath().normalize();
    }
}
