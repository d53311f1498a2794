package proteus.mem.shadow;

import java.util.Arrays;

/** Addresses of table entries in host memory, in no order. Most often one. */
final class Slots {
    private long[] at = new long[1];
    private int count;

    boolean isEmpty() {
        return count == 0;
    }

    int count() {
        return count;
    }

    long get(int index) {
        return at[index];
    }

    void add(long slot) {
        if (count == at.length) {
            at = Arrays.copyOf(at, 2 * count);
        }
        at[count++] = slot;
    }

    void remove(long slot) {
        for (int i = 0; i < count; i++) {
            if (at[i] == slot) {
                at[i] = at[--count];
                return;
            }
        }
    }
}
