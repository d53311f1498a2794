package proteus.vmm;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import proteus.api.vm.VmException;

/**
 * The file around a snapshot: eight bytes of magic, a format version of 32 bits, deflated content, and the SHA-256 of all that. It appears
 * under its name only when it is whole, and nothing of it is believed before its checksum was seen to fit.
 */
final class SnapshotFile {
    static final int VERSION = 2;
    private static final byte[] MAGIC = {'P', 'R', 'O', 'T', 'E', 'U', 'S', 0x1a};
    private static final int HEADER = MAGIC.length + Integer.BYTES;
    private static final int DIGEST = 32;

    /** Writes content. */
    interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    /** Reads content. */
    interface Reader<T> {
        T read(DataInputStream in) throws IOException;
    }

    private SnapshotFile() {}

    /** @throws VmException in one sentence; then there is no new file, and an old one of that name is as it was */
    static void write(Path file, Writer content) {
        Path whole = file.toAbsolutePath();
        Path part = whole.resolveSibling(whole.getFileName() + ".part");
        try {
            MessageDigest digest = sha256();
            try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                OutputStream raw = java.nio.channels.Channels.newOutputStream(channel);
                DigestOutputStream summed = new DigestOutputStream(new BufferedOutputStream(raw, 1 << 16), digest);
                summed.write(MAGIC);
                summed.write(ByteBuffer.allocate(Integer.BYTES).putInt(VERSION).array());
                Deflater fast = new Deflater(Deflater.BEST_SPEED);
                try {
                    DeflaterOutputStream deflated = new DeflaterOutputStream(summed, fast, 1 << 16);
                    DataOutputStream out = new DataOutputStream(deflated);
                    content.write(out);
                    out.flush();
                    deflated.finish();
                } finally {
                    fast.end();
                }
                summed.on(false);
                summed.write(digest.digest());
                summed.flush();
                channel.force(true);
            }
            Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            try {
                Files.deleteIfExists(part);
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw new VmException("the snapshot cannot be written to %s (%s)".formatted(file, e.getMessage()), e);
        }
    }

    /** @throws VmException in one sentence: not there, no snapshot, of another version, damaged */
    static <T> T read(Path file, Reader<T> content) {
        try {
            long size = check(file);
            try (InputStream raw = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
                raw.skipNBytes(HEADER);
                return content.read(new DataInputStream(new BufferedInputStream(new InflaterInputStream(new Limited(raw, size - HEADER - DIGEST)), 1 << 16)));
            }
        } catch (java.nio.file.NoSuchFileException e) {
            throw new VmException("there is no snapshot " + file, e);
        } catch (IOException e) {
            throw new VmException("the snapshot %s cannot be read (%s); nothing was restored".formatted(file, e.getMessage()), e);
        }
    }

    private static long check(Path file) throws IOException {
        long size = Files.size(file);
        MessageDigest digest = sha256();
        try (InputStream raw = Files.newInputStream(file)) {
            DigestInputStream summed = new DigestInputStream(new Limited(new BufferedInputStream(raw, 1 << 16), Math.max(0, size - DIGEST)), digest);
            byte[] header = summed.readNBytes(HEADER);
            if (header.length < HEADER || !Arrays.equals(header, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
                throw new VmException(file + " is no snapshot of Proteus");
            }
            int version = ByteBuffer.wrap(header, MAGIC.length, Integer.BYTES).getInt();
            if (version != VERSION) {
                throw new VmException("the snapshot %s has format %d, and this Proteus reads format %d: restore it with the Proteus that made it".formatted(file, version, VERSION));
            }
            summed.transferTo(OutputStream.nullOutputStream());
        }
        byte[] told = new byte[DIGEST];
        try (FileChannel channel = FileChannel.open(file)) {
            channel.read(ByteBuffer.wrap(told), size - DIGEST);
        }
        if (!Arrays.equals(told, digest.digest())) {
            throw new VmException("the snapshot %s is damaged: its checksum does not fit; nothing was restored".formatted(file));
        }
        return size;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** The first bytes of a stream. */
    private static final class Limited extends InputStream {
        private final InputStream in;
        private long left;

        Limited(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            if (left == 0) {
                return -1;
            }
            left--;
            return in.read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int count = in.read(target, offset, (int) Math.min(length, left));
            left -= Math.max(0, count);
            return count;
        }
    }
}
