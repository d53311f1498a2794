package proteus.backend.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import proteus.api.io.BlockBackend;
import proteus.backend.file.Ranges;
import proteus.backend.file.Storage;

/** An image whose clusters have a place in the file once they are written; before that the image behind it is read, or zeros. */
public final class Qcow2Image implements BlockBackend {
    private final Storage file;
    private final String name;
    private final Header header;
    private final Optional<BlockBackend> backing;
    private final int clusterSize;
    private final Refcounts refcounts;
    private final Mapping mapping;
    private final byte[] cluster;
    private final byte[] inflated;
    private final Inflater inflater = new Inflater(true);
    /** The file has been at least so long. */
    private long length;
    /** The entry whose data {@link #inflated} has, 0 for none. */
    private long inflatedEntry;

    /**
     * Opens an image; it owns its file and the image behind it from then on.
     *
     * @param name for messages
     * @param backing the image behind it, opened for reading
     * @throws IOException in one sentence when it is damaged, or was not closed by a program that repairs it later
     */
    public Qcow2Image(Storage file, String name, Optional<BlockBackend> backing) throws IOException {
        this.file = file;
        this.name = name;
        this.backing = backing;
        header = Header.read(file, name);
        clusterSize = header.clusterSize();
        if (file.writable()) {
            prepareForWriting();
        }
        refcounts = new Refcounts(file, name, header);
        mapping = new Mapping(file, name, header, refcounts);
        cluster = new byte[clusterSize];
        inflated = new byte[clusterSize];
    }

    private void prepareForWriting() throws IOException {
        if ((header.incompatible() & (Header.INCOMPATIBLE_DIRTY | Header.INCOMPATIBLE_CORRUPT)) != 0) {
            throw new IOException("The disk image %s was not closed properly: repair it with qemu-img check -r all, or open it read-only.".formatted(name));
        }
        if (header.bitmaps()) {
            throw new IOException("The disk image %s has bitmaps of changes, which would not be kept: open it read-only or with snapshot=on.".formatted(name));
        }
        if (header.autoclear() != 0) {
            // What these bits say of the image is not true any more once it is written by one who does not know them.
            file.write(Header.AT_AUTOCLEAR, new byte[8], 0, 8);
        }
    }

    @Override
    public long size() {
        return header.bytes();
    }

    @Override
    public boolean readOnly() {
        return !file.writable();
    }

    // --- reading

    @Override
    public void read(long offset, byte[] target, int at, int length) throws IOException {
        Ranges.check(offset, length, size());
        for (int done = 0; done < length; ) {
            int within = (int) (offset + done & clusterSize - 1);
            int now = Math.min(length - done, clusterSize - within);
            read(mapping.entry(offset + done >>> header.clusterBits()), offset + done, target, at + done, now);
            done += now;
        }
    }

    /** Reads within a cluster. */
    private void read(long entry, long offset, byte[] target, int at, int length) throws IOException {
        int within = (int) (offset & clusterSize - 1);
        if (Entries.compressed(entry)) {
            inflate(entry);
            System.arraycopy(inflated, within, target, at, length);
        } else if (zero(entry)) {
            Arrays.fill(target, at, at + length, (byte) 0);
        } else if ((entry & Entries.OFFSET) != 0) {
            file.read(place(entry) + within, target, at, length);
        } else {
            readBacking(offset, target, at, length);
        }
    }

    private boolean zero(long entry) {
        return header.version() >= 3 && (entry & (Entries.ZERO | Entries.COMPRESSED)) == Entries.ZERO;
    }

    private long place(long entry) throws IOException {
        long place = entry & Entries.OFFSET;
        if (place >= length) {
            length = file.size();
        }
        if (place % clusterSize != 0 || place >= length) {
            throw Header.damaged(name, "a cluster at %d".formatted(place));
        }
        return place;
    }

    private void readBacking(long offset, byte[] target, int at, int length) throws IOException {
        long there = backing.isEmpty() ? 0 : Math.clamp(backing.get().size() - offset, 0, length);
        if (there > 0) {
            backing.get().read(offset, target, at, (int) there);
        }
        Arrays.fill(target, at + (int) there, at + length, (byte) 0);
    }

    private void inflate(long entry) throws IOException {
        if (inflatedEntry == entry) {
            return;
        }
        inflatedEntry = 0;
        byte[] packed = new byte[Entries.compressedLength(entry, header.clusterBits())];
        file.read(Entries.compressedOffset(entry, header.clusterBits()), packed, 0, packed.length);
        inflater.reset();
        inflater.setInput(packed);
        try {
            int got = 0;
            while (got < clusterSize) {
                int more = inflater.inflate(inflated, got, clusterSize - got);
                if (more == 0) {
                    throw Header.damaged(name, "compressed data at %d that ends too early".formatted(Entries.compressedOffset(entry, header.clusterBits())));
                }
                got += more;
            }
        } catch (DataFormatException e) {
            throw new IOException("The disk image %s is damaged: its compressed data cannot be read.".formatted(name), e);
        }
        inflatedEntry = entry;
    }

    // --- writing

    @Override
    public void write(long offset, byte[] source, int at, int length) throws IOException {
        Ranges.checkWritable(this);
        Ranges.check(offset, length, size());
        for (int done = 0; done < length; ) {
            int within = (int) (offset + done & clusterSize - 1);
            int now = Math.min(length - done, clusterSize - within);
            writeCluster(offset + done, source, at + done, now);
            done += now;
        }
    }

    /** Writes within a cluster: in place if it is ours alone, else to a new one with the rest copied. */
    private void writeCluster(long offset, byte[] source, int at, int length) throws IOException {
        long index = offset >>> header.clusterBits();
        int within = (int) (offset & clusterSize - 1);
        long entry = mapping.entry(index);
        if ((entry & Entries.COPIED) != 0 && !zero(entry) && !Entries.compressed(entry)) {
            file.write(place(entry) + within, source, at, length);
            return;
        }
        long place = refcounts.allocate();
        try {
            fill(entry, index << header.clusterBits(), place, within, source, at, length);
        } catch (IOException e) {
            refcounts.release(place);
            throw e;
        }
        mapping.entry(index, place | Entries.COPIED);
        if (mapping.full()) {
            commit();
        }
    }

    /** Writes a new cluster: what its old entry reads as, with new data in the middle. */
    private void fill(long entry, long start, long place, int within, byte[] source, int at, int length) throws IOException {
        boolean zeros = zero(entry) || entry == 0 && backing.isEmpty();
        if (length == clusterSize || zeros && place >= file.size()) {
            // Behind the end of the file all is zeros already.
            file.write(place + within, source, at, length);
            return;
        }
        read(entry, start, cluster, 0, clusterSize);
        System.arraycopy(source, at, cluster, within, length);
        file.write(place, cluster, 0, clusterSize);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        Ranges.checkWritable(this);
        Ranges.check(offset, length, size());
        long from = Math.ceilDiv(offset, clusterSize);
        long to = end(offset + length);
        for (long index = from; index < to; index++) {
            if (backing.isEmpty() || header.version() >= 3) {
                clear(index);
            }
        }
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) throws IOException {
        Ranges.checkWritable(this);
        Ranges.check(offset, length, size());
        if (backing.isPresent() && header.version() < 3) {
            BlockBackend.super.writeZeroes(offset, length, unmap);
            return;
        }
        long from = Math.ceilDiv(offset, clusterSize);
        long to = end(offset + length);
        if (from >= to) {
            BlockBackend.super.writeZeroes(offset, length, unmap);
            return;
        }
        BlockBackend.super.writeZeroes(offset, from * clusterSize - offset, unmap);
        for (long index = from; index < to; index++) {
            clear(index);
        }
        long done = Math.min(to * clusterSize, offset + length);
        BlockBackend.super.writeZeroes(done, offset + length - done, unmap);
    }

    /** The cluster behind the last whole one of a range; the last of the disk may be shorter. */
    private long end(long rangeEnd) {
        return rangeEnd == size() ? Math.ceilDiv(rangeEnd, clusterSize) : rangeEnd >>> header.clusterBits();
    }

    /** Makes a cluster read as zeros and gives its place up. */
    private void clear(long index) throws IOException {
        long entry = mapping.entry(index);
        long cleared = backing.isEmpty() ? 0 : Entries.ZERO;
        if (entry != cleared && !(zero(entry) && (entry & Entries.OFFSET) == 0)) {
            mapping.entry(index, cleared);
            if (mapping.full()) {
                commit();
            }
        }
    }

    // --- to stable storage

    @Override
    public void flush() throws IOException {
        if (file.writable()) {
            commit();
        }
    }

    /** See the package: each step is on stable storage before the next refers to it. */
    private void commit() throws IOException {
        if (!mapping.dirty()) {
            file.force();
            return;
        }
        long beyond = file.size() % clusterSize;
        if (beyond != 0) {
            file.write(file.size() + clusterSize - beyond - 1, new byte[1], 0, 1);
        }
        mapping.writeFresh();
        refcounts.writeBlocks();
        file.force();
        if (refcounts.tableDirty()) {
            refcounts.writeTable();
            file.force();
        }
        mapping.writeReferences();
        file.force();
        mapping.written();
        refcounts.writeBlocks();
    }

    @Override
    public void close() throws IOException {
        try (file; BlockBackend behind = backing.orElse(null)) {
            if (file.writable()) {
                commit();
            }
        } finally {
            inflater.end();
        }
    }

    // --- making

    /**
     * Writes an empty image to an empty file.
     *
     * @param bytes size of the disk, a multiple of 512
     * @param clusterBits binary logarithm of the size of a cluster, 9 to 21
     * @param backing name and format of the image behind it
     */
    public static void format(Storage file, long bytes, int clusterBits, Optional<String> backing, Optional<String> backingFormat) throws IOException {
        int clusterSize = 1 << clusterBits;
        int l1Entries = (int) Math.ceilDiv(bytes, 1L << 2 * clusterBits - 3);
        int l1Clusters = Math.ceilDiv(l1Entries * 8, clusterSize);
        // Cluster 0 the header, 1 the table of counts; the blocks they need, then the first level.
        int perBlock = new RefcountBits(4).perBlock(clusterSize);
        int blocks = 1;
        while (Math.ceilDiv(2 + blocks + l1Clusters, perBlock) > blocks) {
            blocks++;
        }
        if (blocks > clusterSize / 8) {
            throw new IOException("A disk of %d bytes is too large for clusters of %d bytes.".formatted(bytes, clusterSize));
        }
        int used = 2 + blocks + l1Clusters;
        ByteBuffer table = ByteBuffer.allocate(clusterSize);
        ByteBuffer counts = ByteBuffer.allocate(blocks * clusterSize);
        for (int i = 0; i < blocks; i++) {
            table.putLong((2L + i) * clusterSize);
        }
        for (int i = 0; i < used; i++) {
            counts.putShort((short) 1);
        }
        write(file, clusterSize, table);
        write(file, 2L * clusterSize, counts);
        write(file, (2L + blocks) * clusterSize, ByteBuffer.allocate(l1Clusters * clusterSize));
        file.force();
        write(file, 0, header(bytes, clusterBits, l1Entries, (2L + blocks) * clusterSize, backing, backingFormat));
        file.force();
    }

    private static void write(Storage file, long offset, ByteBuffer content) throws IOException {
        file.write(offset, content.array(), 0, content.capacity());
    }

    private static ByteBuffer header(long bytes, int clusterBits, int l1Entries, long l1Offset, Optional<String> backing, Optional<String> backingFormat)
            throws IOException {
        ByteBuffer header = ByteBuffer.allocate(1 << clusterBits);
        header.putInt(Header.MAGIC).putInt(3).putLong(0).putInt(0).putInt(clusterBits).putLong(bytes).putInt(0).putInt(l1Entries).putLong(l1Offset);
        header.putLong(1L << clusterBits).putInt(1);
        header.putInt(96, 4).putInt(100, Header.LENGTH_3).position(Header.LENGTH_3);
        backingFormat.ifPresent(format -> {
            byte[] text = format.getBytes(StandardCharsets.UTF_8);
            header.putInt(Header.EXTENSION_BACKING_FORMAT).putInt(text.length).put(text).position(header.position() + 7 & ~7);
        });
        header.putLong(0);
        if (backing.isPresent()) {
            byte[] text = backing.get().getBytes(StandardCharsets.UTF_8);
            if (text.length > Math.min(1023, header.remaining())) {
                throw new IOException("The name of the backing file is too long: %s.".formatted(backing.get()));
            }
            header.putLong(8, header.position()).putInt(16, text.length).put(text);
        }
        return header;
    }
}
