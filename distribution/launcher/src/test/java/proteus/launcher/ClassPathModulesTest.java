package proteus.launcher;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.connect.ConnectContent;

class ClassPathModulesTest {
    private static final byte[] TEXT = "Manifest-Version: 1.0\n".getBytes();

    @TempDir
    private Path folder;

    private Path jar(String name) throws IOException {
        Path jar = folder.resolve(name);
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
            out.putNextEntry(new ZipEntry("META-INF/MANIFEST.MF"));
            out.write(TEXT);
        }
        return jar;
    }

    @Test
    void aJarOnTheClassPathHasItsClassesFromTheLaunchersLoader() throws IOException {
        Path jar = jar("with space.jar");
        ClassPathModules modules = new ClassPathModules("other.jar" + File.pathSeparator + jar);
        ConnectContent content = modules.connect(modules.location(jar)).orElseThrow().getContent();
        content.open();
        assertSame(getClass().getClassLoader(), content.getClassLoader().orElseThrow());
        assertEquals(List.of("META-INF/MANIFEST.MF"), content.getEntries());
        assertTrue(content.getEntry("missing").isEmpty());
        ConnectContent.ConnectEntry entry = content.getEntry("META-INF/MANIFEST.MF").orElseThrow();
        assertEquals(TEXT.length, entry.getContentLength());
        try (InputStream in = entry.getInputStream()) {
            assertArrayEquals(TEXT, in.readAllBytes());
        }
        content.close();
    }

    @Test
    void anyOtherJarIsTheFrameworks() throws IOException {
        Path jar = jar("third.jar");
        ClassPathModules modules = new ClassPathModules("other.jar");
        assertEquals("reference:" + jar.toUri(), modules.location(jar));
        assertTrue(modules.connect(modules.location(jar)).isEmpty());
    }
}
