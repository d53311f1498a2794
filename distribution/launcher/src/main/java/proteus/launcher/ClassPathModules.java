package proteus.launcher;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.connect.ConnectContent;
import org.osgi.framework.connect.ConnectModule;
import org.osgi.framework.connect.ModuleConnector;

/**
 * Lets bundles whose jars are on the class path take their classes from there (OSGi Core 8, chapter 60, Connect): the JVM's archive
 * holds these classes loaded, verified and linked, which it cannot do for classes of a framework's own loaders. Any other bundle is
 * loaded by the framework.
 */
final class ClassPathModules implements ModuleConnector {
    private static final String SCHEME = "classpath:";

    private final Set<Path> jars;

    /** @param classPath jars, separated as the platform does */
    ClassPathModules(String classPath) {
        jars = Arrays.stream(classPath.split(File.pathSeparator)).map(jar -> Path.of(jar).toAbsolutePath().normalize()).collect(Collectors.toUnmodifiableSet());
    }

    /** Where to install a bundle from: its entry on the class path if it has one, else the jar itself, in place. */
    String location(Path jar) {
        return (jars.contains(jar) ? SCHEME : "reference:") + jar.toUri();
    }

    @Override
    public void initialize(File storage, Map<String, String> configuration) { }

    @Override
    public Optional<ConnectModule> connect(String location) {
        if (!location.startsWith(SCHEME)) {
            return Optional.empty();
        }
        Path jar = Path.of(URI.create(location.substring(SCHEME.length())));
        return Optional.of(() -> new Content(jar));
    }

    @Override
    public Optional<BundleActivator> newBundleActivator() {
        return Optional.empty();
    }

    /** The entries of one jar. */
    private static final class Content implements ConnectContent {
        private final Path path;
        private JarFile jar;

        Content(Path path) {
            this.path = path;
        }

        @Override
        public void open() throws IOException {
            jar = new JarFile(path.toFile(), false);
        }

        @Override
        public void close() throws IOException {
            jar.close();
        }

        @Override
        public Optional<Map<String, String>> getHeaders() {
            return Optional.empty(); // the framework reads the manifest
        }

        @Override
        public Optional<ClassLoader> getClassLoader() {
            return Optional.of(ClassPathModules.class.getClassLoader());
        }

        @Override
        public Iterable<String> getEntries() {
            return jar.stream().map(ZipEntry::getName).toList();
        }

        @Override
        public Optional<ConnectEntry> getEntry(String name) {
            return Optional.ofNullable(jar.getEntry(name)).map(Entry::new);
        }

        private final class Entry implements ConnectEntry {
            private final ZipEntry entry;

            Entry(ZipEntry entry) {
                this.entry = entry;
            }

            @Override
            public String getName() {
                return entry.getName();
            }

            @Override
            public long getContentLength() {
                return entry.getSize();
            }

            @Override
            public long getLastModified() {
                return entry.getTime();
            }

            @Override
            public InputStream getInputStream() throws IOException {
                return jar.getInputStream(entry);
            }
        }
    }
}
