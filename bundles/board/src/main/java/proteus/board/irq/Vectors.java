package proteus.board.irq;

/** A 256-bit register with a bit for each vector: IRR, ISR, TMR (SDM 3A 11.8.4). */
final class Vectors {
    final int[] words = new int[8];

    void set(int vector) {
        words[vector >> 5] |= 1 << (vector & 31);
    }

    void clear(int vector) {
        words[vector >> 5] &= ~(1 << (vector & 31));
    }

    boolean get(int vector) {
        return (words[vector >> 5] & 1 << (vector & 31)) != 0;
    }

    /** The highest vector that is set, -1 if none. */
    int highest() {
        for (int i = 7; i >= 0; i--) {
            if (words[i] != 0) {
                return (i << 5) + 31 - Integer.numberOfLeadingZeros(words[i]);
            }
        }
        return -1;
    }

    void clear() {
        java.util.Arrays.fill(words, 0);
    }
}
