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

    /** What the command has given; until then only a signal can end the process. */
    private static volatile int status;

    private Main() { }

    public static void main(String[] args) {
        status = run(List.of(args));
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

    /** A signal is the usual end of a server, also while it ends by itself: the status is the command's or success, not the JVM's. */
    private static void signalled(Request request) {
        if (request.serves()) {
            Runtime.getRuntime().halt(status);
        }
    }

    private static Path home() {
        return Path.of(System.getProperty("proteus.home", ".")).toAbsolutePath().normalize();
    }
}
