package proteus.launcher;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.connect.ConnectFrameworkFactory;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;

/** The framework of one process, with the bundles of the image's folders {@code bundles/LEVEL}. */
final class Platform implements AutoCloseable {
    private static final long STOP_MILLIS = 10_000;

    private final Framework framework;
    private final ClassPathModules modules;
    private final Path cache;
    private boolean closed;
    private final List<Bundle> terminal = new ArrayList<>();

    private Platform(Framework framework, ClassPathModules modules, Path cache) {
        this.framework = framework;
        this.modules = modules;
        this.cache = cache;
    }

    /**
     * Starts the bundles that a request needs and returns when they have had their turn; a terminal is not opened yet.
     *
     * @param atExit done when the process ends, after everything has stopped
     */
    static Platform start(Path home, Request request, Runnable atExit) throws StartException {
        Path cache = null;
        try {
            // One cache per process: images are immutable and referenced in place, so a cache is small, and runs in parallel are normal.
            cache = Files.createTempDirectory("proteus-");
            Map<String, String> configuration = configuration(home);
            configuration.put(Constants.FRAMEWORK_STORAGE, cache.toString());
            configuration.put(Constants.FRAMEWORK_BEGINNING_STARTLEVEL, Integer.toString(request.startLevel()));
            ClassPathModules modules = new ClassPathModules(System.getProperty("java.class.path"));
            Framework framework = ServiceLoader.load(ConnectFrameworkFactory.class).findFirst()
                    .orElseThrow(() -> new StartException("felix-framework.jar is missing beside the launcher in " + home))
                    .newFramework(configuration, modules);
            Platform platform = new Platform(framework, modules, cache);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                platform.close();
                atExit.run();
            }, "proteus-shutdown"));
            platform.install(home, request);
            return platform;
        } catch (IOException | BundleException e) {
            delete(cache);
            throw new StartException("the platform in " + home + " does not start: " + e.getMessage(), e);
        }
    }

    private void install(Path home, Request request) throws BundleException, IOException, StartException {
        framework.init();
        BundleContext context = framework.getBundleContext();
        List<String> enough = enough(home, request);
        for (Path jar : jars(home.resolve("bundles"))) {
            int own = Integer.parseInt(jar.getParent().getFileName().toString());
            boolean terminalOnly = own > Request.GOGO && request.startLevel() < Request.GOGO;
            if (terminalOnly || !enough.isEmpty() && enough.stream().noneMatch(jar.getFileName().toString()::startsWith)) {
                continue;
            }
            Bundle bundle = context.installBundle(modules.location(jar));
            bundle.adapt(BundleStartLevel.class).setStartLevel(own);
            if (own == Request.TERMINAL) {
                terminal.add(bundle);
            } else if (bundle.getHeaders().get(Constants.FRAGMENT_HOST) == null) {
                bundle.start(Bundle.START_ACTIVATION_POLICY);
            }
        }
        CountDownLatch started = new CountDownLatch(1);
        context.addFrameworkListener(event -> {
            if (event.getType() == FrameworkEvent.STARTED) {
                started.countDown();
            } else if (event.getType() == FrameworkEvent.ERROR) {
                System.err.println("proteus: bundle " + event.getBundle().getSymbolicName() + ": " + event.getThrowable().getMessage());
            }
        });
        framework.start();
        try {
            started.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StartException("interrupted while the platform started", e);
        }
    }

    /** How the names of the jars begin that are enough for a command; empty if it has no such list and gets everything. */
    private static List<String> enough(Path home, Request request) throws IOException {
        Path list = home.resolve("conf").resolve(request.command() + ".bundles");
        if (!Files.isRegularFile(list)) {
            return List.of();
        }
        return Files.readAllLines(list).stream().map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#")).toList();
    }

    BundleContext context() {
        return framework.getBundleContext();
    }

    /**
     * Starts the interactive shell. JLine looks its terminal providers up through the context class loader, and finds none (a dumb
     * terminal) unless that is its own.
     */
    void openTerminal() throws StartException {
        framework.adapt(FrameworkWiring.class).resolveBundles(terminal);
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try {
            for (Bundle bundle : terminal) {
                BundleWiring wiring = bundle.adapt(BundleWiring.class);
                if ("org.jline".equals(bundle.getSymbolicName()) && wiring != null) {
                    thread.setContextClassLoader(wiring.getClassLoader());
                }
            }
            for (Bundle bundle : terminal) {
                bundle.start(Bundle.START_TRANSIENT);
            }
        } catch (BundleException e) {
            throw new StartException("the shell does not start: " + e.getMessage(), e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    /** Returns when something in the framework (the shell at its end) has stopped it. */
    void awaitStop() throws InterruptedException {
        framework.waitForStop(0);
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        // a bundle that stops after logging has falls back to standard output (the event service does): that is no part of a command's output
        System.out.flush();
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        try {
            framework.stop();
            framework.waitForStop(STOP_MILLIS);
        } catch (BundleException e) {
            System.err.println("proteus: the platform does not stop cleanly: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            delete(cache);
        }
    }

    private static List<Path> jars(Path folder) throws IOException, StartException {
        if (!Files.isDirectory(folder)) {
            throw new StartException("no bundles in " + folder + "; set -Dproteus.home to a Proteus image");
        }
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
        }
    }

    /** The image's framework.properties; a system property of the same name wins. */
    private static Map<String, String> configuration(Path home) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(home.resolve("conf/framework.properties"))) {
            properties.load(reader);
        }
        Map<String, String> configuration = new HashMap<>();
        for (String key : properties.stringPropertyNames()) {
            String value = System.getProperty(key, properties.getProperty(key));
            configuration.put(key, value.replace("${proteus.home}", home.toString()));
        }
        return configuration;
    }

    private static void delete(Path directory) {
        if (directory == null) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // what is left lies in the system's temporary directory and is harmless
        }
    }
}
