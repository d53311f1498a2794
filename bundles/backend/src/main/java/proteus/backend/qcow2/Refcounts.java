package proteus.backend.qcow2;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import proteus.backend.file.Storage;

/**
 * The reference counts of the clusters (qcow2.txt, "Host cluster management"), and the choice of free ones. Changes stay in memory
 * until they are written in the order that {@link Qcow2Image} asks for.
 */
final class Refcounts {
    private static final int BLOCKS_KEPT = 64;
    /** Bits 9 to 63 of an entry of the table. */
    private static final long OFFSET = ~0x1ffL;

    private final Storage file;
    private final String name;
    private final int clusterBits;
    private final RefcountBits bits;
    private final int perBlock;
    private long tableOffset;
    private Metadata table;
    private int tableEntries;
    private final Map<Integer, Metadata> blocks = new LinkedHashMap<>(16, 0.75f, true);
    /** Below it no cluster is free. */
    private long free;

    Refcounts(Storage file, String name, Header header) throws IOException {
        this.file = file;
        this.name = name;
        clusterBits = header.clusterBits();
        bits = new RefcountBits(header.refcountOrder());
        perBlock = bits.perBlock(1 << clusterBits);
        tableOffset = header.refcountTableOffset();
        byte[] content = new byte[header.refcountTableClusters() << clusterBits];
        file.read(tableOffset, content, 0, content.length);
        table = new Metadata(tableOffset, content);
        tableEntries = content.length / 8;
    }

    /**
     * Takes a free cluster; its count is 1 then.
     *
     * @return its offset in the file
     */
    long allocate() throws IOException {
        for (long cluster = free; ; cluster++) {
            int index = Math.toIntExact(cluster / perBlock);
            if (index >= tableEntries) {
                grow();
                cluster = free - 1;
                continue;
            }
            if (table.entry(index) == 0) {
                // A new block counts itself: it is the first cluster it is responsible for that is free.
                add(index, cluster);
                continue;
            }
            Metadata block = block(index);
            int within = (int) (cluster % perBlock);
            if (bits.get(block.content(), within) == 0) {
                set(block, within, 1);
                free = cluster + 1;
                return cluster << clusterBits;
            }
        }
    }

    private void add(int index, long cluster) {
        Metadata block = new Metadata(cluster << clusterBits, new byte[1 << clusterBits]);
        block.changed(0, 1 << clusterBits);
        set(block, (int) (cluster % perBlock), 1);
        blocks.put(index, block);
        table.entry(index, block.offset);
    }

    /** One reference less to the cluster at an offset. */
    void release(long offset) throws IOException {
        long cluster = offset >>> clusterBits;
        Metadata block = cluster / perBlock < tableEntries && table.entry((int) (cluster / perBlock)) != 0 ? block((int) (cluster / perBlock)) : null;
        int within = (int) (cluster % perBlock);
        long count = block == null ? 0 : bits.get(block.content(), within);
        if (count == 0) {
            throw Header.damaged(name, "the cluster at %d is in use and not counted".formatted(offset));
        }
        set(block, within, count - 1);
        if (count == 1) {
            free = Math.min(free, cluster);
        }
    }

    private void set(Metadata block, int within, long count) {
        bits.set(block.content(), within, count);
        block.changed(bits.at(within), 1 << Math.max(0, bits.order() - 3));
    }

    private Metadata block(int index) throws IOException {
        Metadata block = blocks.get(index);
        if (block == null) {
            long offset = table.entry(index) & OFFSET;
            byte[] content = new byte[1 << clusterBits];
            if (offset < 0 || offset % content.length != 0 || offset > file.size() - content.length) {
                throw Header.damaged(name, "a block of reference counts at %d".formatted(offset));
            }
            file.read(offset, content, 0, content.length);
            block = new Metadata(offset, content);
            Metadata.trim(blocks, BLOCKS_KEPT);
            blocks.put(index, block);
        }
        return block;
    }

    /** Writes the counts that are not in the file yet. The table does not refer to new blocks before {@link #writeTable}. */
    void writeBlocks() throws IOException {
        for (Metadata block : blocks.values()) {
            write(block);
        }
    }

    boolean tableDirty() {
        return table.dirty();
    }

    void writeTable() throws IOException {
        write(table);
    }

    private void write(Metadata part) throws IOException {
        if (part.dirty()) {
            file.write(part.offset + part.dirtyFrom(), part.content(), part.dirtyFrom(), part.dirtyLength());
            part.clean();
        }
    }

    /** Moves the table to a larger place behind everything else; the blocks that count that place come along with it. */
    private void grow() throws IOException {
        int clusterSize = 1 << clusterBits;
        long first = Math.ceilDiv(Math.max(file.size(), (long) tableEntries * perBlock * clusterSize), clusterSize);
        int clusters = Math.max(2 * tableEntries * 8 / clusterSize, 1);
        int firstBlock = Math.toIntExact(first / perBlock);
        int newBlocks = 1;
        while (Math.ceilDiv(first + clusters + newBlocks, perBlock) > firstBlock + newBlocks || firstBlock + newBlocks > clusters * (clusterSize / 8)) {
            if (firstBlock + newBlocks > clusters * (clusterSize / 8)) {
                clusters++;
            } else {
                newBlocks++;
            }
        }
        if ((long) clusters * clusterSize > 32 << 20) {
            throw new IOException("The disk image %s cannot become larger: its table of reference counts is full.".formatted(name));
        }
        byte[] content = new byte[clusters * clusterSize];
        System.arraycopy(table.content(), 0, content, 0, table.content().length);
        Metadata larger = new Metadata(first << clusterBits, content);
        larger.changed(0, content.length);
        List<Metadata> counting = new ArrayList<>();
        for (int i = 0; i < newBlocks; i++) {
            Metadata block = new Metadata(first + clusters + i << clusterBits, new byte[clusterSize]);
            block.changed(0, clusterSize);
            counting.add(block);
            larger.entry(firstBlock + i, block.offset);
        }
        for (long cluster = first; cluster < first + clusters + newBlocks; cluster++) {
            set(counting.get((int) (cluster / perBlock) - firstBlock), (int) (cluster % perBlock), 1);
        }
        long oldOffset = tableOffset;
        int oldClusters = table.content().length / clusterSize;
        writeBlocks();
        for (Metadata block : counting) {
            write(block);
        }
        write(larger);
        file.force();
        byte[] place = new byte[12];
        ByteBuffer.wrap(place).putLong(larger.offset).putInt(clusters);
        file.write(Header.AT_REFCOUNT_TABLE, place, 0, place.length);
        file.force();
        table = larger;
        tableOffset = larger.offset;
        tableEntries = content.length / 8;
        for (int i = 0; i < newBlocks; i++) {
            blocks.put(firstBlock + i, counting.get(i));
        }
        for (int i = 0; i < oldClusters; i++) {
            release(oldOffset + (long) i * clusterSize);
        }
    }
}
