package proteus.backend.qcow2;

/** Bits of the entries of first and second-level tables (qcow2.txt, "Cluster mapping"). */
final class Entries {
    /** The reference count is exactly one: the cluster may be written in place. */
    static final long COPIED = 1L << 63;

    static final long COMPRESSED = 1L << 62;
    /** Reads as zeros, whatever is at the offset; version 3. */
    static final long ZERO = 1;

    static final long OFFSET = 0x00ff_ffff_ffff_fe00L;
    private static final int SECTOR = 512;

    private Entries() {}

    static boolean compressed(long entry) {
        return (entry & COMPRESSED) != 0;
    }

    /** Where compressed data begins; any byte. */
    static long compressedOffset(long entry, int clusterBits) {
        return entry & (1L << 62 - (clusterBits - 8)) - 1;
    }

    /** Bytes up to the end of the last sector that has some of the data. */
    static int compressedLength(long entry, int clusterBits) {
        int shift = 62 - (clusterBits - 8);
        int sectors = (int) ((entry & COMPRESSED - 1) >>> shift) + 1;
        return sectors * SECTOR - (int) (compressedOffset(entry, clusterBits) % SECTOR);
    }
}
