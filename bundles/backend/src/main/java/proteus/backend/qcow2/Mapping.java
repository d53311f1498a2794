package proteus.backend.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import proteus.backend.file.Storage;

/** From clusters of the disk to entries: the first-level table, and the second-level tables as they are needed. */
final class Mapping {
    /** Second-level tables kept; with clusters of 64 KiB each maps 512 MiB. */
    private static final int TABLES_KEPT = 64;

    private final Storage file;
    private final String name;
    private final Header header;
    private final Refcounts refcounts;
    private final long[] first;
    private final Map<Integer, Metadata> second = new LinkedHashMap<>(16, 0.75f, true);
    /** Tables that the first level does not refer to in the file yet, by first-level index. */
    private final Map<Integer, Metadata> fresh = new LinkedHashMap<>();

    private final List<Long> given = new ArrayList<>();

    Mapping(Storage file, String name, Header header, Refcounts refcounts) throws IOException {
        this.file = file;
        this.name = name;
        this.header = header;
        this.refcounts = refcounts;
        byte[] content = new byte[header.l1Entries() * 8];
        file.read(header.l1Offset(), content, 0, content.length);
        first = new long[header.l1Entries()];
        ByteBuffer.wrap(content).asLongBuffer().get(first);
    }

    /** The entry of a cluster of the disk; 0 where there is none. */
    long entry(long cluster) throws IOException {
        Metadata table = table((int) (cluster / header.l2Entries()));
        return table == null ? 0 : table.entry((int) (cluster % header.l2Entries()));
    }

    /** Changes the entry of a cluster; what it referred to before is given up when the file knows of the change. */
    void entry(long cluster, long value) throws IOException {
        int index = (int) (cluster / header.l2Entries());
        Metadata table = writable(index);
        int within = (int) (cluster % header.l2Entries());
        long old = table.entry(within);
        table.entry(within, value);
        giveUp(old, value);
    }

    private void giveUp(long old, long value) {
        if (Entries.compressed(old)) {
            long from = Entries.compressedOffset(old, header.clusterBits());
            long last = from + Entries.compressedLength(old, header.clusterBits()) - 1;
            for (long at = from & -header.clusterSize(); at <= last; at += header.clusterSize()) {
                given.add(at);
            }
        } else if ((old & Entries.OFFSET) != 0 && (old & Entries.OFFSET) != (value & Entries.OFFSET)) {
            given.add(old & Entries.OFFSET);
        }
    }

    private Metadata table(int index) throws IOException {
        Metadata table = second.get(index);
        if (table == null && (first[index] & Entries.OFFSET) != 0) {
            long offset = first[index] & Entries.OFFSET;
            byte[] content = new byte[header.clusterSize()];
            if (offset % content.length != 0 || offset > file.size() - content.length) {
                throw Header.damaged(name, "a second-level table at %d".formatted(offset));
            }
            file.read(offset, content, 0, content.length);
            table = new Metadata(offset, content);
            Metadata.trim(second, TABLES_KEPT);
            second.put(index, table);
        }
        return table;
    }

    /** A table that nobody else refers to: a snapshot may share the one there is. */
    private Metadata writable(int index) throws IOException {
        Metadata table = table(index);
        if (table != null && (first[index] & Entries.COPIED) != 0) {
            return table;
        }
        long offset = refcounts.allocate();
        Metadata own = new Metadata(offset, table == null ? new byte[header.clusterSize()] : table.content().clone());
        own.changed(0, header.clusterSize());
        if (table != null) {
            given.add(table.offset);
        }
        Metadata.trim(second, TABLES_KEPT);
        second.put(index, own);
        fresh.put(index, own);
        first[index] = offset | Entries.COPIED;
        return own;
    }

    /** Whether so much waits to be written that it is time to do it. */
    boolean full() {
        return second.size() > TABLES_KEPT;
    }

    boolean dirty() {
        return !fresh.isEmpty() || second.values().stream().anyMatch(Metadata::dirty);
    }

    /** Writes tables that nothing in the file refers to. */
    void writeFresh() throws IOException {
        for (Metadata table : fresh.values()) {
            write(table);
        }
    }

    /** Writes the tables in use, and what refers to the fresh ones. */
    void writeReferences() throws IOException {
        for (Metadata table : second.values()) {
            write(table);
        }
        for (int index : fresh.keySet()) {
            file.write(header.l1Offset() + index * 8L, ByteBuffer.allocate(8).putLong(first[index]).array(), 0, 8);
        }
    }

    private void write(Metadata table) throws IOException {
        if (table.dirty()) {
            file.write(table.offset + table.dirtyFrom(), table.content(), table.dirtyFrom(), table.dirtyLength());
            table.clean();
        }
    }

    /** The file has all of it: what was given up may be used again. */
    void written() throws IOException {
        fresh.clear();
        for (long offset : given) {
            refcounts.release(offset);
        }
        given.clear();
    }
}
