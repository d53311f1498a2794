package proteus.backend.qcow2;

/**
 * Counts of 1 to 64 bits in a block (qcow2.txt, "Refcount table"): big-endian from bytes on, least significant bits first below.
 *
 * @param order binary logarithm of the bits of a count
 */
record RefcountBits(int order) {
    int perBlock(int clusterSize) {
        return (int) (8L * clusterSize >> order);
    }

    /** The byte where a count is or begins. */
    int at(int index) {
        return order >= 3 ? index << order - 3 : index >> 3 - order;
    }

    long get(byte[] block, int index) {
        int at = at(index);
        if (order < 3) {
            return block[at] >> shift(index) & (1 << (1 << order)) - 1;
        }
        long value = 0;
        for (int i = 0; i < 1 << order - 3; i++) {
            value = value << 8 | block[at + i] & 0xff;
        }
        return value;
    }

    void set(byte[] block, int index, long value) {
        int at = at(index);
        if (order < 3) {
            int mask = (1 << (1 << order)) - 1 << shift(index);
            block[at] = (byte) (block[at] & ~mask | (int) value << shift(index) & mask);
            return;
        }
        int length = 1 << order - 3;
        for (int i = 0; i < length; i++) {
            block[at + i] = (byte) (value >>> 8 * (length - 1 - i));
        }
    }

    private int shift(int index) {
        return (index & (1 << 3 - order) - 1) << order;
    }
}
