package proteus.loader.debian;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import proteus.api.vm.GuestLoadException;
import proteus.loader.initramfs.CpioArchive;

/** Programs out of Debian's packages with the libraries they need, as an archive for an initial RAM disk. */
final class Programs {
    /** Of what a package depends on; the rest is for installing it. */
    private static final Pattern LIBRARY = Pattern.compile("(lib|zlib|python3).*");
    /** Nothing that a program reads in the locale C. */
    private static final Pattern UNUSED = Pattern.compile("usr/share(/.*)?|usr/lib/[^/]+/gconv(/.*)?");

    private Programs() {}

    /** @throws GuestLoadException when one of the packages cannot be had */
    static byte[] fetch(Packages packages, List<String> wanted, Path work, Map<String, String> origin) throws IOException {
        Path tree = Files.createTempDirectory(work, "tree-");
        Deque<String> open = new ArrayDeque<>(wanted);
        Set<String> seen = new HashSet<>(wanted);
        while (!open.isEmpty()) {
            String name = open.poll();
            Packages.Candidate unpacked = unpack(packages, name, work, tree);
            if (unpacked != null) {
                origin.put("programs." + name + ".version", unpacked.version());
                unpacked.depends().stream().filter(LIBRARY.asMatchPredicate()).filter(seen::add).forEach(open::add);
            } else if (wanted.contains(name)) {
                throw new GuestLoadException("The package %s could not be downloaded: see whether the network is there, and try again.".formatted(name));
            }
        }
        return archive(tree);
    }

    /** The first version that can be had, or null: an alternative that this release does not have is no loss. */
    private static Packages.Candidate unpack(Packages packages, String name, Path work, Path tree) throws IOException {
        for (Packages.Candidate candidate : packages.candidates(name)) {
            Path file = packages.download(candidate, Files.createTempDirectory(work, "download-"));
            if (file != null) {
                packages.extract(file, tree);
                return candidate;
            }
        }
        return null;
    }

    static byte[] archive(Path tree) throws IOException {
        CpioArchive archive = new CpioArchive();
        try (Stream<Path> all = Files.walk(tree)) {
            // Sorted, a directory comes before what is in it.
            all.filter(path -> !path.equals(tree)).sorted().forEach(path -> add(archive, tree.relativize(path).toString(), path));
        }
        return archive.bytes();
    }

    private static void add(CpioArchive archive, String name, Path path) {
        if (UNUSED.matcher(name).matches()) {
            return;
        }
        try {
            if (Files.isSymbolicLink(path)) {
                archive.link(name, Files.readSymbolicLink(path).toString());
            } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                archive.directory(name, 0755);
            } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                boolean executable = Files.getPosixFilePermissions(path).contains(PosixFilePermission.OWNER_EXECUTE);
                archive.file(name, executable ? 0755 : 0644, Files.readAllBytes(path));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
