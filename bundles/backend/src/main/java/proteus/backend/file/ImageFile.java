package proteus.backend.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A file with an image, locked: one may write it, or many read it. Readers of this process share one channel, since a process has one
 * lock on a file and loses it when it closes any channel to it.
 */
public final class ImageFile implements Storage {
    private static final Map<Object, Shared> OPEN = new HashMap<>();

    private final Shared shared;
    private boolean closed;

    private ImageFile(Shared shared) {
        this.shared = shared;
    }

    private static final class Shared {
        final Object key;
        final FileChannel channel;
        final boolean writable;
        int users = 1;

        Shared(Object key, FileChannel channel, boolean writable) {
            this.key = key;
            this.channel = channel;
            this.writable = writable;
        }
    }

    /** @throws IOException in one sentence when there is no such file or another machine uses it */
    public static ImageFile open(Path path, boolean write) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new IOException("There is no disk image %s.".formatted(path));
        }
        synchronized (OPEN) {
            Object key = key(path);
            Shared there = OPEN.get(key);
            if (there != null) {
                if (write || there.writable) {
                    throw inUse(path);
                }
                there.users++;
                return new ImageFile(there);
            }
            FileChannel channel = write
                    ? FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)
                    : FileChannel.open(path, StandardOpenOption.READ);
            return own(new Shared(key, channel, write), path);
        }
    }

    /** Makes a file; one that is there already is left alone. */
    public static ImageFile create(Path path) throws IOException {
        if (Files.exists(path)) {
            throw new IOException("There is a file %s already: choose another name or remove it.".formatted(path));
        }
        synchronized (OPEN) {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
            return own(new Shared(key(path), channel, true), path);
        }
    }

    /** A file that has no name when others look, and no content when it is closed. */
    public static ImageFile temporary() throws IOException {
        Path path = Files.createTempFile("proteus-", ".snapshot");
        synchronized (OPEN) {
            Object key = key(path);
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            return own(new Shared(key, channel, true), path);
        }
    }

    private static ImageFile own(Shared shared, Path path) throws IOException {
        try {
            lock(shared.channel, path, !shared.writable);
        } catch (IOException e) {
            shared.channel.close();
            throw e;
        }
        OPEN.put(shared.key, shared);
        return new ImageFile(shared);
    }

    /** The file itself, by whatever name. */
    private static Object key(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path.toRealPath() : key;
    }

    private static void lock(FileChannel channel, Path path, boolean shared) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock(0, Long.MAX_VALUE, shared);
        } catch (OverlappingFileLockException held) {
            // Another class loader's copy of this class.
            lock = null;
        }
        if (lock == null) {
            throw inUse(path);
        }
    }

    private static IOException inUse(Path path) {
        return new IOException("The disk image %s is in use by another virtual machine.".formatted(path));
    }

    @Override
    public long size() throws IOException {
        return shared.channel.size();
    }

    @Override
    public boolean writable() {
        return shared.writable;
    }

    @Override
    public void read(long offset, byte[] target, int at, int length) throws IOException {
        ByteBuffer into = ByteBuffer.wrap(target, at, length);
        long position = offset;
        while (into.hasRemaining()) {
            int got = shared.channel.read(into, position);
            if (got < 0) {
                Arrays.fill(target, into.position(), at + length, (byte) 0);
                return;
            }
            position += got;
        }
    }

    @Override
    public void write(long offset, byte[] source, int at, int length) throws IOException {
        ByteBuffer from = ByteBuffer.wrap(source, at, length);
        long position = offset;
        while (from.hasRemaining()) {
            position += shared.channel.write(from, position);
        }
    }

    @Override
    public void force() throws IOException {
        shared.channel.force(false);
    }

    @Override
    public void close() throws IOException {
        synchronized (OPEN) {
            if (!closed) {
                closed = true;
                if (--shared.users == 0) {
                    OPEN.remove(shared.key);
                    shared.channel.close();
                }
            }
        }
    }
}
