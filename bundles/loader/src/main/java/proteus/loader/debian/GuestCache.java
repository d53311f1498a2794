package proteus.loader.debian;

import java.io.IOException;
import java.io.StringReader;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import proteus.api.vm.CacheDirectory;
import proteus.api.vm.GuestLoadException;

/**
 * Fetched guests on disk: {@code <cache>/guests/<name>/} with the files {@code kernel}, {@code busybox}, {@code modules}, {@code cards}, {@code programs} where
 * there are some, {@code initrd} and a {@code manifest} that says where they come from and their digests. A guest appears whole or not at
 * all (made beside, then renamed).
 */
final class GuestCache {
    static final String KERNEL = "kernel", BUSYBOX = "busybox", MODULES = "modules", CARDS = "cards", PROGRAMS = "programs", INITRD = "initrd";
    private static final String MANIFEST = "manifest", WORK = ".work-";
    /** What a file is, for people; and whether it is undamaged, which at each start must cost next to nothing. */
    private static final String DIGEST = ".sha256", CHECKSUM = ".crc32";
    /** A file lock does not exclude threads of one process. */
    private static final ReentrantLock OWN_THREADS = new ReentrantLock();
    private static final long LOCK_POLL_MILLIS = 500, LOCK_LIMIT_MILLIS = 20 * 60 * 1000L;

    private final Path root;

    GuestCache(Path root) {
        this.root = root.toAbsolutePath();
    }

    static GuestCache ofEnvironment() {
        return new GuestCache(CacheDirectory.ofEnvironment());
    }

    /** State of the package manager for an architecture. */
    Path packages(String architecture) {
        return root.resolve("apt").resolve(architecture);
    }

    Path file(String guest, String name) {
        return directory(guest).resolve(name);
    }

    private Path directory(String guest) {
        return root.resolve("guests").resolve(guest);
    }

    boolean present(String guest) {
        return Files.isRegularFile(file(guest, MANIFEST)) && Files.isRegularFile(file(guest, KERNEL)) && Files.isRegularFile(file(guest, INITRD));
    }

    /** A file's bytes if they are the ones that were put there, or null: absent or damaged. */
    byte[] read(String guest, String name) {
        try {
            Properties manifest = new Properties();
            manifest.load(new StringReader(Files.readString(file(guest, MANIFEST))));
            byte[] content = Files.readAllBytes(file(guest, name));
            String checksum = manifest.getProperty(name + CHECKSUM);
            if (checksum != null) {
                return crc32(content).equals(checksum) ? content : null;
            }
            if (!sha256(content).equals(manifest.getProperty(name + DIGEST))) {
                return null;
            }
            note(guest, name + CHECKSUM + "=" + crc32(content) + "\n");
            return content;
        } catch (IOException | IllegalArgumentException e) {
            return null;
        }
    }

    /** Adds to the manifest of a guest that was stored before there were checksums. Two who do so write the same line. */
    private void note(String guest, String line) {
        try {
            Files.writeString(file(guest, MANIFEST), line, StandardOpenOption.APPEND);
        } catch (IOException e) {
            // a cache that cannot be written: the digest tells the next time too
        }
    }

    /** Puts a guest there, in place of an older one. */
    void store(String guest, Map<String, byte[]> files, Map<String, String> origin) throws IOException {
        Files.createDirectories(root.resolve("guests"));
        Path made = Files.createTempDirectory(root.resolve("guests"), "." + guest + "-");
        try {
            Map<String, String> manifest = new TreeMap<>(origin);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(made.resolve(file.getKey()), file.getValue());
                manifest.put(file.getKey() + DIGEST, sha256(file.getValue()));
                manifest.put(file.getKey() + CHECKSUM, crc32(file.getValue()));
            }
            StringBuilder text = new StringBuilder();
            manifest.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
            Files.writeString(made.resolve(MANIFEST), text);
            move(made, directory(guest));
        } finally {
            deleteTree(made);
        }
    }

    private void move(Path made, Path target) throws IOException {
        try {
            Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileSystemException e) {
            // POSIX renames a directory over an empty one only.
            if (!Files.isDirectory(target)) {
                throw e;
            }
            replace(made, target);
        }
    }

    private void replace(Path made, Path target) throws IOException {
        Path old = Files.createTempDirectory(root.resolve("guests"), ".old-");
        Files.move(target, old.resolve("guest"), StandardCopyOption.ATOMIC_MOVE);
        Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
        deleteTree(old);
    }

    /** The origin part of a manifest. */
    Map<String, String> origin(String guest) throws IOException {
        Map<String, String> origin = new TreeMap<>();
        for (String line : Files.readAllLines(file(guest, MANIFEST))) {
            int equals = line.indexOf('=');
            String key = line.substring(0, Math.max(equals, 0));
            if (equals > 0 && !key.endsWith(DIGEST) && !key.endsWith(CHECKSUM)) {
                origin.put(key, line.substring(equals + 1));
            }
        }
        return origin;
    }

    /** A directory for work in progress, on the same file system; what an ended process left of its own goes away. Only while {@link #locked}. */
    Path workDirectory() throws IOException {
        Files.createDirectories(root);
        try (Stream<Path> left = Files.list(root)) {
            for (Path path : left.filter(path -> path.getFileName().toString().startsWith(WORK)).toList()) {
                deleteTree(path);
            }
        }
        return Files.createTempDirectory(root, WORK);
    }

    static void deleteTree(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(path);
                }
            }
        }
    }

    /** Runs while no other thread or process changes the cache. */
    <T> T locked(Consumer<String> progress, Supplier<T> work) {
        OWN_THREADS.lock();
        try {
            Files.createDirectories(root);
            // Closing the channel releases the lock.
            try (FileChannel channel = FileChannel.open(root.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                acquire(channel, progress);
                return work.get();
            }
        } catch (IOException e) {
            throw new GuestLoadException("The cache of guests %s cannot be used: %s; set PROTEUS_CACHE to a directory that can be written.".formatted(root, e));
        } finally {
            OWN_THREADS.unlock();
        }
    }

    private void acquire(FileChannel channel, Consumer<String> progress) throws IOException {
        long since = System.currentTimeMillis();
        boolean told = false;
        while (true) {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return;
            }
            if (!told) {
                progress.accept("another process is using the cache of guests, waiting for it");
                told = true;
            }
            if (System.currentTimeMillis() - since > LOCK_LIMIT_MILLIS) {
                throw new GuestLoadException("Another process has been holding the cache of guests %s for too long; end it and try again.".formatted(root));
            }
            try {
                Thread.sleep(LOCK_POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new GuestLoadException("Waiting for the cache of guests was interrupted.");
            }
        }
    }

    private static String crc32(byte[] content) {
        CRC32 crc = new CRC32();
        crc.update(content);
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
