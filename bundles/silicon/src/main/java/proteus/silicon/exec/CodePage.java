package proteus.silicon.exec;

/** The blocks that begin in one frame of host memory, and those that reach into it. */
final class CodePage {
    private static final int BUCKET_SHIFT = 5;
    private static final int BUCKETS = 4096 >> BUCKET_SHIFT;
    private static final int CHUNK_SHIFT = 6;

    final long page;
    private final Block[] buckets = new Block[BUCKETS];
    /** Blocks that begin in the page before and end here. */
    private Block[] guests = new Block[0];
    /** Chunks of 64 bytes that hold code: a store elsewhere in the page needs no search. */
    private long chunks;

    CodePage(long page) {
        this.page = page;
    }

    Block find(long hpa, int mode) {
        for (Block b = buckets[bucket(hpa)]; b != null; b = b.next) {
            // a block that reaches into the next page is retired from there and stays in this list until this page is written
            if (b.hpa == hpa && b.mode == mode && !b.stale) {
                return b;
            }
        }
        return null;
    }

    void add(Block block) {
        int bucket = bucket(block.hpa);
        block.next = buckets[bucket];
        buckets[bucket] = block;
        int from = (int) block.hpa & 4095;
        chunks |= chunks(from, Math.min(from + block.bytes, 4096));
    }

    /** A block that begins in the page before and whose last bytes lie at the start of this one. */
    void addGuest(Block block) {
        guests = java.util.Arrays.copyOf(guests, guests.length + 1);
        guests[guests.length - 1] = block;
        chunks |= 1;
    }

    /** Forgets the blocks that hold one of these bytes; true if there were any. */
    boolean written(long hpa, int bytes) {
        int from = (int) hpa & 4095;
        int to = Math.min(from + bytes, 4096);
        if ((chunks & chunks(from, to)) == 0) {
            return false;
        }
        boolean hit = false;
        long left = 0;
        for (int i = 0; i < BUCKETS; i++) {
            Block kept = null;
            for (Block b = buckets[i]; b != null; ) {
                Block next = b.next;
                int start = (int) b.hpa & 4095;
                int end = Math.min(start + b.bytes, 4096);
                if (b.stale) {
                    hit = true;
                } else if (start < to && from < end) {
                    b.retire();
                    hit = true;
                } else {
                    b.next = kept;
                    kept = b;
                    left |= chunks(start, end);
                }
                b = next;
            }
            buckets[i] = kept;
        }
        if (from < 16) {
            for (Block b : guests) {
                b.retire();
                hit = true;
            }
            guests = new Block[0];
        }
        chunks = left | (guests.length > 0 ? 1 : 0);
        return hit;
    }

    boolean isEmpty() {
        return chunks == 0;
    }

    private static int bucket(long hpa) {
        return ((int) hpa & 4095) >> BUCKET_SHIFT;
    }

    /** The chunks of bytes from..to-1. */
    private static long chunks(int from, int to) {
        int first = from >> CHUNK_SHIFT;
        int last = to - 1 >> CHUNK_SHIFT;
        return -1L << first & -1L >>> 63 - last;
    }
}
