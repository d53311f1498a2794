package proteus.backend.qcow2;

import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map;

/** A table of the file in memory, a cluster long, with the part of it that the file does not have yet. */
final class Metadata {
    /** What is written together: a sector, which a disk writes whole or not at all. */
    private static final int UNIT = 512;

    final long offset;
    private final ByteBuffer bytes;
    private int dirtyFrom = Integer.MAX_VALUE;
    private int dirtyTo;

    Metadata(long offset, byte[] content) {
        this.offset = offset;
        bytes = ByteBuffer.wrap(content);
    }

    byte[] content() {
        return bytes.array();
    }

    long entry(int index) {
        return bytes.getLong(index * 8);
    }

    void entry(int index, long value) {
        bytes.putLong(index * 8, value);
        changed(index * 8, 8);
    }

    /** Bytes of the content that the caller has changed. */
    void changed(int at, int length) {
        dirtyFrom = Math.min(dirtyFrom, at / UNIT * UNIT);
        dirtyTo = Math.max(dirtyTo, Math.ceilDiv(at + length, UNIT) * UNIT);
    }

    boolean dirty() {
        return dirtyTo > dirtyFrom;
    }

    int dirtyFrom() {
        return dirtyFrom;
    }

    int dirtyLength() {
        return dirtyTo - dirtyFrom;
    }

    void clean() {
        dirtyFrom = Integer.MAX_VALUE;
        dirtyTo = 0;
    }

    /** Forgets the oldest of the tables that the file has, until one more has room; those it has not must stay. */
    static void trim(Map<Integer, Metadata> tables, int most) {
        Iterator<Metadata> oldest = tables.values().iterator();
        while (tables.size() >= most && oldest.hasNext()) {
            if (!oldest.next().dirty()) {
                oldest.remove();
            }
        }
    }
}
