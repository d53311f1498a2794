package proteus.loader.debian;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import proteus.loader.initramfs.CpioArchive;

class ProgramsTest {
    @TempDir
    private Path directory;

    @Test
    void aTreeBecomesAnArchiveWithoutDocumentationAndConversions() throws Exception {
        Path tree = Files.createDirectories(directory.resolve("tree"));
        for (String name : List.of("usr/bin", "usr/share/doc/bc", "usr/lib/arch/gconv")) {
            Files.createDirectories(tree.resolve(name));
        }
        Files.writeString(tree.resolve("usr/share/doc/bc/changelog"), "old");
        Files.writeString(tree.resolve("usr/lib/arch/gconv/UTF-16.so"), "table");
        Files.writeString(tree.resolve("usr/lib/arch/libm.so.6"), "code");
        Files.writeString(tree.resolve("usr/bin/bc"), "program");
        Files.setPosixFilePermissions(tree.resolve("usr/bin/bc"), PosixFilePermissions.fromString("rwx------"));
        Files.createSymbolicLink(tree.resolve("lib"), Path.of("usr/lib"));
        byte[] expected = new CpioArchive().link("lib", "usr/lib").directory("usr", 0755).directory("usr/bin", 0755)
                .file("usr/bin/bc", 0755, bytes("program")).directory("usr/lib", 0755).directory("usr/lib/arch", 0755)
                .file("usr/lib/arch/libm.so.6", 0644, bytes("code")).bytes();
        assertArrayEquals(expected, Programs.archive(tree));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
