package proteus.itest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.inject.Inject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import proteus.api.compose.Composition;
import proteus.api.silicon.ExecutionEngine;
import proteus.api.vm.GuestCatalogue.GuestImage;
import proteus.api.vm.GuestLoadException;
import proteus.api.vm.VirtualMachine;
import proteus.api.vm.VmEnd;
import proteus.exam.PaxExamTest;

/**
 * Programs of Debian compute in the guest what they compute on the host: the guest's initial RAM disk is unpacked, the workloads in it
 * run on the host's own processor with that tree as root directory, and both outputs are the same to the byte.
 */
@PaxExamTest
@ExamReactorStrategy(PerClass.class)
public class UserlandIT {
    private static final String WORKLOADS = "/bin/userland";
    private static final String LONG = "proteus.long";
    private static final Duration SOON = Duration.ofMinutes(10);
    private static final long HOST_SECONDS = 120;

    @Inject
    private BundleContext context;

    @TempDir
    private Path directory;

    @Configuration
    public Option[] image() {
        return new Option[] {Image.options()};
    }

    @Test
    void programsOf64BitsComputeWhatTheyComputeOnTheHost() throws Exception {
        sameAsOnTheHost("debian-userland-amd64");
    }

    /** The 32-bit kernel alone takes more than six thousand million instructions. */
    @Test
    void programsOf32BitsComputeWhatTheyComputeOnTheHost() throws Exception {
        if (!Boolean.getBoolean(LONG)) {
            abort("the 32-bit programs take minutes: -D" + LONG + "=true runs them");
        }
        sameAsOnTheHost("debian-userland-i386");
    }

    private void sameAsOnTheHost(String guest) throws Exception {
        GuestImage image;
        try {
            image = new Guests(context).image(guest);
        } catch (GuestLoadException e) {
            abort(guest + " cannot be had here: " + e.getMessage());
            return;
        }
        Path root = Files.createDirectory(directory.resolve("root"));
        Cpio.unpack(image.initrd(), root);
        // The guest has the device; on the host it need only be there.
        Files.writeString(root.resolve("dev/null"), "");
        List<String> expected = onTheHost(root);
        assertTrue(expected.size() > 400 && expected.getLast().equals("== end"), () -> "the host's own run is not whole: " + expected.getLast());
        VirtualMachine vm = new Guests(context).create(guest, Composition.DEFAULT, image, "", ExecutionEngine.AUTO);
        try {
            new Guests(context).runToEnd(vm, SOON);
            assertEquals(VmEnd.Kind.POWER_OFF, vm.awaitEnd(Duration.ZERO).orElseThrow().kind());
            List<String> lines = vm.console().text().replace("\r\n", "\n").lines().toList();
            int from = lines.indexOf("READY") + 1;
            int to = lines.indexOf("proteus.run: status 0");
            assertTrue(from > 0 && to > from, vm.console().text());
            assertEquals(String.join("\n", expected), String.join("\n", lines.subList(from, to)));
        } finally {
            vm.close();
        }
    }

    /** Runs the workloads with another root directory, as the superuser of a user namespace of its own. */
    private List<String> onTheHost(Path root) throws IOException, InterruptedException {
        List<String> enter = List.of("unshare", "--map-root-user", "--root=" + root);
        if (run(Files.createTempFile(directory, "true", ".out"), enter, "/bin/busybox", "true") != 0) {
            abort("the programs cannot be run on this host: no unshare, no user namespaces, or no such programs");
        }
        Path output = Files.createTempFile(directory, "host", ".out");
        assertEquals(0, run(output, enter, WORKLOADS), () -> read(output));
        return read(output).lines().toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private int run(Path output, List<String> enter, String... command) throws InterruptedException {
        List<String> all = new ArrayList<>(enter);
        all.addAll(List.of(command));
        Process process;
        try {
            process = new ProcessBuilder(all).redirectInput(Path.of("/dev/null").toFile()).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        } catch (IOException e) {
            return 127;
        }
        if (!process.waitFor(HOST_SECONDS, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            return 124;
        }
        return process.exitValue();
    }
}
