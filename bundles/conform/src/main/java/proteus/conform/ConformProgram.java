package proteus.conform;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.function.ToIntFunction;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import proteus.api.silicon.Silicon;
import proteus.conform.host.HostCpu;
import proteus.conform.host.HostFeatures;
import proteus.conform.privileged.PrivilegedProgram;

/** {@code ./proteus conform}. */
@Component(service = ToIntFunction.class, property = "proteus.command=conform")
public final class ConformProgram implements ToIntFunction<String[]> {
    private static final int SUCCESS = 0, FAILURE = 1;
    /** EX_USAGE and EX_UNAVAILABLE of BSD's sysexits.h. */
    private static final int USAGE = 64, UNAVAILABLE = 69;

    private final Silicon silicon;

    @Activate
    public ConformProgram(@Reference(target = "(" + Silicon.NAME_PROPERTY + "=model)") Silicon silicon) {
        this.silicon = silicon;
    }

    @Override
    public int applyAsInt(String[] arguments) {
        PrintStream out = stream(FileDescriptor.out);
        PrintStream err = stream(FileDescriptor.err);
        if (List.of(arguments).contains("--privileged")) {
            return PrivilegedProgram.run(silicon, arguments, out, err);
        }
        try {
            Options options = Options.parse(arguments);
            if (options.help()) {
                out.print(Options.HELP);
                return SUCCESS;
            }
            String obstacle = HostCpu.obstacle();
            if (!obstacle.isEmpty()) {
                err.println("proteus conform: SKIPPED, nothing was compared: " + obstacle);
                return UNAVAILABLE;
            }
            String refusal = Conformance.refusal(silicon, options.engine());
            if (!refusal.isEmpty()) {
                err.println("proteus conform: SKIPPED, nothing was compared: " + refusal);
                return UNAVAILABLE;
            }
            err.println("proteus: the oracle is " + HostFeatures.model());
            List<FamilyResult> results = Conformance.run(silicon, options, progress(err));
            out.print(Report.text(results, options));
            if (options.json().isPresent()) {
                Files.writeString(options.json().get(), Report.json(results, options, HostFeatures.model()));
            }
            return results.stream().allMatch(result -> result.differences == 0) ? SUCCESS : FAILURE;
        } catch (Options.UsageException e) {
            err.println("proteus conform: " + e.getMessage());
            return USAGE;
        } catch (IOException e) {
            err.println("proteus conform: the figures could not be written: " + e.getMessage());
            return FAILURE;
        } catch (IllegalStateException e) {
            err.println("proteus conform: " + e.getMessage());
            return FAILURE;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            err.println("proteus conform: interrupted");
            return FAILURE;
        }
    }

    private static Conformance.Progress progress(PrintStream err) {
        return new Conformance.Progress() {
            private long next = System.nanoTime();

            @Override
            public void at(String family, long done, long of) {
                if (System.nanoTime() >= next) {
                    next = System.nanoTime() + 2_000_000_000L;
                    err.printf("proteus: %s, %,d of %,d cases%n", family, done, of);
                }
            }

            @Override
            public void skipped(String what) {
                err.println("proteus conform: SKIPPED, " + what);
            }
        };
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }
}
