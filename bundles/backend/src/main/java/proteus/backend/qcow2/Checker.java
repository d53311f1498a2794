package proteus.backend.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import proteus.api.io.BlockBackends.Report;
import proteus.backend.file.Storage;

/** Follows every reference of an image and compares how many there are to each cluster with the counts that it keeps. */
public final class Checker {
    private static final int ERRORS_TOLD = 24;
    /** Clusters of a file that are kept account of: four bytes each. */
    private static final long CLUSTERS_MOST = 1L << 28;

    private final Storage file;
    private final Header header;
    private final int clusterSize;
    private final int[] found;
    private final List<String> errors = new ArrayList<>();
    private long errorCount;
    private long allocated;

    private Checker(Storage file, String name) throws IOException {
        this.file = file;
        header = Header.read(file, name);
        clusterSize = header.clusterSize();
        long clusters = Math.ceilDiv(file.size(), clusterSize);
        if (clusters > CLUSTERS_MOST) {
            throw new IOException("The disk image %s has %d clusters, too many to examine.".formatted(name, clusters));
        }
        found = new int[(int) clusters];
    }

    /** @throws IOException in one sentence when the header cannot be understood, or the file not read */
    public static Report check(Storage file, String name) throws IOException {
        return new Checker(file, name).check();
    }

    private Report check() throws IOException {
        if ((header.incompatible() & Header.INCOMPATIBLE_CORRUPT) != 0) {
            error("it is marked as damaged");
        }
        refer(0, clusterSize, "the header");
        long[] table = longs(header.refcountTableOffset(), header.refcountTableClusters() * (clusterSize / 8), "the table of reference counts");
        for (long entry : table) {
            if (entry != 0) {
                refer(entry, clusterSize, "a block of reference counts");
            }
        }
        firstLevel(header.l1Offset(), header.l1Entries(), true, table);
        snapshots(table);
        long leaks = compare(table);
        return new Report(errors, errorCount, leaks, allocated);
    }

    private void error(String sentence) {
        errorCount++;
        if (errors.size() < ERRORS_TOLD) {
            errors.add(sentence);
        }
    }

    /** A reference to clusters; they must begin at one and lie in the file. */
    private boolean refer(long offset, long length, String what) {
        if (offset % clusterSize != 0) {
            error("%s is at %d, where no cluster begins".formatted(what, offset));
            return false;
        }
        if (offset < 0 || length < 0 || offset >> header.clusterBits() > found.length - Math.ceilDiv(length, clusterSize)) {
            error("%s of %d bytes at %d is beyond the end of the file".formatted(what, length, offset));
            return false;
        }
        for (long at = offset; at < offset + length; at += clusterSize) {
            found[(int) (at >> header.clusterBits())]++;
        }
        return true;
    }

    private long[] longs(long offset, int count, String what) throws IOException {
        long[] values = new long[count];
        if (refer(offset, count * 8L, what)) {
            byte[] bytes = new byte[count * 8];
            file.read(offset, bytes, 0, bytes.length);
            ByteBuffer.wrap(bytes).asLongBuffer().get(values);
        }
        return values;
    }

    private void firstLevel(long offset, int entries, boolean active, long[] counts) throws IOException {
        for (long entry : longs(offset, entries, "a first-level table")) {
            long at = entry & Entries.OFFSET;
            if (at == 0) {
                continue;
            }
            copied(entry, at, active, counts, "a second-level table");
            for (long cluster : longs(at, header.l2Entries(), "a second-level table")) {
                cluster(cluster, active, counts);
            }
        }
    }

    private void cluster(long entry, boolean active, long[] counts) throws IOException {
        long at = entry & Entries.OFFSET;
        if (Entries.compressed(entry)) {
            long from = Entries.compressedOffset(entry, header.clusterBits());
            long last = from + Entries.compressedLength(entry, header.clusterBits()) - 1;
            long first = from & -clusterSize;
            refer(first, (last & -clusterSize) + clusterSize - first, "compressed data");
            if ((entry & Entries.COPIED) != 0) {
                error("compressed data at %d is marked as writable in place".formatted(from));
            }
        } else if (at != 0) {
            refer(at, clusterSize, "data");
            copied(entry, at, active, counts, "data");
        }
        allocated += active && (at != 0 || Entries.compressed(entry)) ? clusterSize : 0;
    }

    /** What may be written in place has one reference, and what has one may be. */
    private void copied(long entry, long at, boolean active, long[] counts, String what) throws IOException {
        if (active && at % clusterSize == 0 && (entry & Entries.COPIED) != 0 != (count(counts, at >> header.clusterBits()) == 1)) {
            error("%s at %d has %d references and is %s as writable in place"
                    .formatted(what, at, count(counts, at >> header.clusterBits()), (entry & Entries.COPIED) != 0 ? "marked" : "not marked"));
        }
    }

    /** The table of internal snapshots, each with its first level (qcow2.txt, "Snapshots"). */
    private void snapshots(long[] counts) throws IOException {
        long at = header.snapshotsOffset();
        for (int i = 0; i < header.snapshots(); i++) {
            byte[] fixed = new byte[40];
            file.read(at, fixed, 0, fixed.length);
            ByteBuffer entry = ByteBuffer.wrap(fixed);
            int entries = entry.getInt(8);
            if (at >= file.size() || entries < 0 || entries > 4 << 20) {
                error("snapshot %d is damaged".formatted(i));
                return;
            }
            firstLevel(entry.getLong(0), entries, false, counts);
            long length = 40L + (entry.getInt(36) & 0xffff_ffffL) + (entry.getShort(12) & 0xffff) + (entry.getShort(14) & 0xffff);
            at += length + 7 & ~7L;
        }
        if (header.snapshots() > 0) {
            refer(header.snapshotsOffset(), at - header.snapshotsOffset(), "the table of snapshots");
        }
    }

    private int blockIndex = -1;
    private byte[] block;

    /** The count that the image keeps of a cluster. */
    private long count(long[] table, long cluster) throws IOException {
        RefcountBits bits = new RefcountBits(header.refcountOrder());
        int perBlock = bits.perBlock(clusterSize);
        if (cluster / perBlock >= table.length) {
            return 0;
        }
        int index = (int) (cluster / perBlock);
        if (table[index] <= 0 || table[index] % clusterSize != 0) {
            return 0;
        }
        if (index != blockIndex) {
            block = block == null ? new byte[clusterSize] : block;
            Arrays.fill(block, (byte) 0);
            file.read(table[index], block, 0, clusterSize);
            blockIndex = index;
        }
        return bits.get(block, (int) (cluster % perBlock));
    }

    private long compare(long[] table) throws IOException {
        long leaks = 0;
        for (int cluster = 0; cluster < found.length; cluster++) {
            long count = count(table, cluster);
            if (count < found[cluster]) {
                error("the cluster at %d has %d references and %d are counted".formatted((long) cluster << header.clusterBits(), found[cluster], count));
            } else if (count > found[cluster]) {
                leaks++;
            }
        }
        return leaks;
    }
}
