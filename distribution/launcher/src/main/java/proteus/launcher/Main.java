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

    private Main() { }

    public static void main(String[] args) {
        System.exit(run(List.of(args)));
    }

    private static int run(List<String> args) {
        Request request;
        try {
            request = Request.parse(args);
        } catch (UsageException e) {
            System.err.println("proteus: " + e.getMessage());
            return USAGE;
        }
        try (Platform platform = Platform.start(home(), request.startLevel())) {
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

    private static Path home() {
        return Path.of(System.getProperty("proteus.home", ".")).toAbsolutePath().normalize();
    }
}
