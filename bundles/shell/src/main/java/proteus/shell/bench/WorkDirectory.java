package proteus.shell.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import proteus.api.vm.VmException;

/** A temporary directory for what the peers are given; closing it deletes it. */
final class WorkDirectory implements AutoCloseable {
    private final Path path;

    WorkDirectory() {
        try {
            path = Files.createTempDirectory("proteus-bench");
        } catch (IOException e) {
            throw new VmException("no temporary directory can be made (" + e.getMessage() + ")", e);
        }
    }

    Path path() {
        return path;
    }

    Path write(String name, byte[] content) {
        try {
            return Files.write(path.resolve(name), content);
        } catch (IOException e) {
            throw new VmException("the file %s cannot be written (%s)".formatted(path.resolve(name), e.getMessage()), e);
        }
    }

    /** A file that came with the bundle, from the package's resources. */
    static byte[] resource(String name) {
        try (InputStream in = Objects.requireNonNull(WorkDirectory.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("the bundle's own resource " + name + " cannot be read", e);
        }
    }

    /** Text of a file, empty if there is none. */
    static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
        } catch (IOException e) {
            throw new VmException("the file " + file + " cannot be read", e);
        }
    }

    @Override
    public void close() {
        try (Stream<Path> tree = Files.walk(path)) {
            List<Path> all = tree.sorted(Comparator.reverseOrder()).toList();
            for (Path each : all) {
                Files.deleteIfExists(each);
            }
        } catch (IOException e) {
            // What is left lies in the temporary directory, which the host clears.
        }
    }
}
