package proteus.backend.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import proteus.backend.file.Storage;

/**
 * The header of an image (qcow2.txt, "Header"). Offsets are bytes of the file.
 *
 * @param version 2 or 3
 * @param bytes size of the disk
 * @param clusterBits binary logarithm of the size of a cluster
 * @param refcountOrder binary logarithm of the bits of a reference count
 * @param backing file behind it, as it is named
 * @param backingFormat its format, if the image says
 * @param bitmaps whether there are bitmaps of changed clusters
 */
public record Header(
        int version,
        long bytes,
        int clusterBits,
        int l1Entries,
        long l1Offset,
        long refcountTableOffset,
        int refcountTableClusters,
        int snapshots,
        long snapshotsOffset,
        long incompatible,
        long autoclear,
        int refcountOrder,
        Optional<String> backing,
        Optional<String> backingFormat,
        boolean bitmaps) {
    static final int MAGIC = 0x514649fb;
    static final int LENGTH_2 = 72;
    static final int LENGTH_3 = 104;
    static final int AT_REFCOUNT_TABLE = 48;
    static final int AT_AUTOCLEAR = 88;

    static final long INCOMPATIBLE_DIRTY = 1;
    static final long INCOMPATIBLE_CORRUPT = 2;
    private static final long INCOMPATIBLE_EXTERNAL_DATA = 4;
    private static final long INCOMPATIBLE_COMPRESSION = 8;
    private static final long INCOMPATIBLE_EXTENDED_L2 = 16;

    static final int EXTENSION_BACKING_FORMAT = 0xe2792aca;
    private static final int EXTENSION_BITMAPS = 0x23852875;
    private static final int CLUSTER_BITS_LEAST = 9;
    private static final int CLUSTER_BITS_MOST = 21;
    private static final int BACKING_NAME_MOST = 1023;
    private static final int TABLE_BYTES_MOST = 32 << 20;
    private static final int SNAPSHOTS_MOST = 65_536;

    int clusterSize() {
        return 1 << clusterBits;
    }

    /** Sentences for people. */
    public List<String> details() {
        List<String> details = new ArrayList<>();
        details.add("qcow2 version %d, clusters of %d bytes, reference counts of %d bits".formatted(version, clusterSize(), 1 << refcountOrder));
        if (snapshots > 0) {
            details.add(snapshots == 1 ? "1 snapshot inside" : snapshots + " snapshots inside");
        }
        if ((incompatible & INCOMPATIBLE_DIRTY) != 0) {
            details.add("it was not closed properly");
        }
        if ((incompatible & INCOMPATIBLE_CORRUPT) != 0) {
            details.add("it is marked as damaged");
        }
        if (bitmaps) {
            details.add("bitmaps of changed clusters, which are not looked at");
        }
        return details;
    }

    /** Entries of a second-level table. */
    int l2Entries() {
        return 1 << clusterBits - 3;
    }

    /** First-level entries that a disk of this size needs. */
    int l1Needed() {
        return (int) Math.ceilDiv(bytes, 1L << 2 * clusterBits - 3);
    }

    /**
     * Reads a header and believes nothing of it.
     *
     * @param name of the image, for messages
     * @throws IOException in one sentence when it is damaged or has something that is not understood
     */
    public static Header read(Storage file, String name) throws IOException {
        byte[] bytes = new byte[(int) Math.min(Math.max(file.size(), LENGTH_3), 1 << CLUSTER_BITS_MOST)];
        file.read(0, bytes, 0, bytes.length);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int version = in.getInt(4);
        if (in.getInt(0) != MAGIC || version != 2 && version != 3) {
            throw new IOException("The disk image %s is no qcow2 image of version 2 or 3.".formatted(name));
        }
        long incompatible = version == 3 ? in.getLong(72) : 0;
        int length = version == 3 ? in.getInt(100) : LENGTH_2;
        refuse(name, in.getInt(32) != 0, "is encrypted");
        refuse(name, (incompatible & INCOMPATIBLE_EXTERNAL_DATA) != 0, "keeps its data in another file");
        refuse(name, (incompatible & INCOMPATIBLE_COMPRESSION) != 0, "is compressed with something other than deflate");
        refuse(name, (incompatible & INCOMPATIBLE_EXTENDED_L2) != 0, "has subclusters");
        refuse(name, (incompatible & ~0x1fL) != 0, "needs features that came later");
        int clusterBits = in.getInt(20);
        if (clusterBits < CLUSTER_BITS_LEAST || clusterBits > CLUSTER_BITS_MOST) {
            throw damaged(name, "clusters of 2^%d bytes".formatted(clusterBits));
        }
        int refcountOrder = version == 3 ? in.getInt(96) : 4;
        if (refcountOrder < 0 || refcountOrder > 6 || length < LENGTH_2 || length > 1 << clusterBits || length > bytes.length) {
            throw damaged(name, "a header of %d bytes, counts of 2^%d bits".formatted(length, refcountOrder));
        }
        List<String> formats = new ArrayList<>();
        boolean bitmaps = extensions(in, length, Math.min(bytes.length, 1 << clusterBits), formats);
        Header header = new Header(version, in.getLong(24), clusterBits, in.getInt(36), in.getLong(40), in.getLong(AT_REFCOUNT_TABLE), in.getInt(56), in.getInt(60),
                in.getLong(64), incompatible, version == 3 ? in.getLong(AT_AUTOCLEAR) : 0, refcountOrder, backing(in, bytes, name), formats.stream().findFirst(), bitmaps);
        header.check(name, file.size());
        return header;
    }

    private static void refuse(String name, boolean has, String what) throws IOException {
        if (has) {
            throw new IOException("The disk image %s %s, which is not supported: convert it with qemu-img convert.".formatted(name, what));
        }
    }

    static IOException damaged(String name, String what) {
        return new IOException("The disk image %s is damaged: %s.".formatted(name, what));
    }

    private static Optional<String> backing(ByteBuffer in, byte[] bytes, String name) throws IOException {
        long at = in.getLong(8);
        int length = in.getInt(16);
        if (at == 0) {
            return Optional.empty();
        }
        if (length <= 0 || length > BACKING_NAME_MOST || at < 0 || at > bytes.length - length) {
            throw damaged(name, "%d bytes at %d as the name of its backing file".formatted(length, at));
        }
        return Optional.of(new String(bytes, (int) at, length, StandardCharsets.UTF_8));
    }

    /** Whether there are bitmaps; the format of the backing file goes to the list. */
    private static boolean extensions(ByteBuffer in, int from, int end, List<String> formats) {
        boolean bitmaps = false;
        int at = from;
        while (at <= end - 8 && in.getInt(at) != 0) {
            int length = in.getInt(at + 4);
            if (length < 0 || length > end - at - 8) {
                break;
            }
            if (in.getInt(at) == EXTENSION_BACKING_FORMAT) {
                formats.add(new String(in.array(), at + 8, length, StandardCharsets.UTF_8));
            }
            bitmaps |= in.getInt(at) == EXTENSION_BITMAPS;
            at += 8 + (length + 7 & ~7);
        }
        return bitmaps;
    }

    private void check(String name, long fileBytes) throws IOException {
        long most = 1L << 62;
        if (bytes <= 0 || bytes % 512 != 0 || bytes > most || Math.ceilDiv(bytes, 1L << 2 * clusterBits - 3) > TABLE_BYTES_MOST / 8) {
            throw damaged(name, "a disk of %d bytes".formatted(bytes));
        }
        if (l1Entries < l1Needed() || l1Entries > TABLE_BYTES_MOST / 8 || !place(l1Offset, l1Entries * 8L, fileBytes)) {
            throw damaged(name, "%d first-level entries at %d".formatted(l1Entries, l1Offset));
        }
        long tableBytes = (long) refcountTableClusters << clusterBits;
        if (refcountTableClusters <= 0 || tableBytes > TABLE_BYTES_MOST || !place(refcountTableOffset, tableBytes, fileBytes)) {
            throw damaged(name, "%d clusters of reference counts at %d".formatted(refcountTableClusters, refcountTableOffset));
        }
        if (snapshots < 0 || snapshots > SNAPSHOTS_MOST || snapshots > 0 && !place(snapshotsOffset, 0, fileBytes)) {
            throw damaged(name, "%d snapshots at %d".formatted(snapshots, snapshotsOffset));
        }
    }

    private boolean place(long offset, long length, long fileBytes) {
        return offset >= clusterSize() && offset % clusterSize() == 0 && offset <= fileBytes - length;
    }
}
