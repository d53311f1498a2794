package proteus.itest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;

/** Unpacks an initial RAM disk as the kernel does (Linux buffer-format.rst): archives "newc" in a row; devices are left out. */
final class Cpio {
    private static final String MAGIC = "070701";
    private static final String TRAILER = "TRAILER!!!";
    private static final int HEADER = 110, TYPE = 0170000, DIRECTORY = 0040000, REGULAR = 0100000, LINK = 0120000;

    private Cpio() {}

    static void unpack(byte[] archive, Path root) throws IOException {
        int at = 0;
        while (at < archive.length) {
            if (archive[at] == 0) {
                at += 4;
                continue;
            }
            String header = new String(archive, at, HEADER, StandardCharsets.US_ASCII);
            if (!header.startsWith(MAGIC)) {
                throw new IOException("no archive at " + at);
            }
            int mode = field(header, 1), size = field(header, 6), nameSize = field(header, 11);
            String name = new String(archive, at + HEADER, nameSize - 1, StandardCharsets.UTF_8);
            int content = aligned(at + HEADER + nameSize);
            if (!name.equals(TRAILER)) {
                entry(root.resolve(name), mode, Arrays.copyOfRange(archive, content, content + size));
            }
            at = aligned(content + size);
        }
    }

    private static void entry(Path path, int mode, byte[] content) throws IOException {
        switch (mode & TYPE) {
            case DIRECTORY -> Files.createDirectories(path);
            case LINK -> {
                Files.deleteIfExists(path);
                Files.createSymbolicLink(path, Path.of(new String(content, StandardCharsets.UTF_8)));
            }
            case REGULAR -> {
                if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                    Files.delete(path);
                }
                Files.write(path, content);
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString((mode & 0111) != 0 ? "rwxr-xr-x" : "rw-r--r--"));
            }
            default -> { }
        }
    }

    private static int field(String header, int index) {
        return Integer.parseInt(header.substring(6 + 8 * index, 14 + 8 * index), 16);
    }

    private static int aligned(int offset) {
        return offset + 3 & ~3;
    }
}
