package proteus.backend;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.osgi.service.component.annotations.Component;
import proteus.api.io.BlockBackend;
import proteus.api.io.BlockBackends;

/** Opens raw images, each for one VM of this process at a time; other processes may share an image that is only read. */
@Component
public final class RawImages implements BlockBackends {
    private static final int SECTOR = 512;

    @Override
    public BlockBackend open(Path image, boolean readOnly) throws IOException {
        if (!Files.isRegularFile(image)) {
            throw new IOException("There is no disk image %s.".formatted(image));
        }
        boolean reader = readOnly || !Files.isWritable(image);
        FileChannel channel = reader
                ? FileChannel.open(image, StandardOpenOption.READ)
                : FileChannel.open(image, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            lock(channel, image, reader);
            long size = channel.size();
            if (size == 0 || size % SECTOR != 0) {
                throw new IOException("The disk image %s has %d bytes, which is no whole number of sectors.".formatted(image, size));
            }
            return new RawImage(channel, size, reader);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    private static void lock(FileChannel channel, Path image, boolean shared) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock(0, Long.MAX_VALUE, shared);
        } catch (OverlappingFileLockException held) {
            // The JVM refuses a second lock of its own, even a shared one.
            lock = null;
        }
        if (lock == null) {
            throw new IOException("The disk image %s is in use by another virtual machine.".formatted(image));
        }
    }
}
