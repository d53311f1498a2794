package proteus.itest;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.cleanCaches;
import static org.ops4j.pax.exam.CoreOptions.composite;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.frameworkStartLevel;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.engine.TestEngine;
import org.junit.platform.launcher.Launcher;
import org.ops4j.pax.exam.Option;
import org.opentest4j.AssertionFailedError;
import proteus.exam.PaxExamTest;

/** The distribution as Pax Exam options: the same bundles at the same start levels as {@code ./proteus -c} has. */
public final class Image {
    /** Gogo is the last of the levels that need no terminal. */
    private static final int GOGO = 7;

    private Image() { }

    public static Option options() {
        try {
            Path image = Path.of(System.getProperty("proteus.image")).normalize();
            List<Option> options = new ArrayList<>();
            for (Path jar : jars(image.resolve("bundles"))) {
                int level = Integer.parseInt(jar.getParent().getFileName().toString());
                if (level <= GOGO) {
                    options.add(bundle(jar.toUri().toString()).startLevel(level));
                }
            }
            for (Class<?> type : List.of(Test.class, JupiterTestEngine.class, AnnotationSupport.class, TestEngine.class, Launcher.class,
                    AssertionFailedError.class, PaxExamTest.class)) {
                options.add(bundle(bundleOf(type)).startLevel(1));
            }
            options.add(frameworkStartLevel(GOGO));
            options.add(frameworkProperty("felix.log.level").value("1"));
            options.add(frameworkProperty("org.ops4j.pax.logging.property.file").value(image.resolve("conf/logback.xml").toString()));
            options.add(systemProperty("pax.exam.invoker").value("junit5"));
            options.add(cleanCaches());
            return composite(options.toArray(Option[]::new));
        } catch (IOException e) {
            throw new IllegalStateException("the distribution is not built", e);
        }
    }

    private static List<Path> jars(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
        }
    }

    /** The jar a class was loaded from on the test's class path, which is a bundle too. */
    private static String bundleOf(Class<?> type) {
        URL location = type.getProtectionDomain().getCodeSource().getLocation();
        try {
            return location.toURI().toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException("not a bundle: " + location, e);
        }
    }
}
