package proteus.cpu.para;

/**
 * What one entry into the hypervisor may cost: a guest chooses the lengths of its batches and the depth of its tables, and must not keep the
 * thread for ever. Xen preempts such a hypercall and continues it; we refuse what no kernel asks for.
 */
final class Work {
    private static final int MOST = 1 << 25;

    private int left;

    void begin() {
        left = MOST;
    }

    /** @throws Refusal when the entry has done enough */
    void spend(int steps) {
        left -= steps;
        if (left < 0) {
            throw Refusal.TOO_BIG;
        }
    }
}
