package proteus.cpu.para;

import proteus.api.silicon.HostMemory;

/** The page that hypervisor and guest share, and the vCPU's part of it, which the guest may move (Xen public/xen.h, struct shared_info, struct vcpu_info). */
final class SharedInfo {
    /** Event channels there are with two levels of bits (64 words of 64). */
    static final int PORTS = 4096;
    static final int VCPU_INFO_BYTES = 64;

    private static final int PENDING = 0x800, MASK = 0xa00, WC_VERSION = 0xc00, WC_SEC = 0xc04, WC_NSEC = 0xc08, WC_SEC_HI = 0xc0c;
    private static final int UPCALL_PENDING = 0, UPCALL_MASK = 1, PENDING_SELECTOR = 8, CR2 = 16, TIME = 32;
    private static final int TIME_VERSION = TIME, TSC_TIMESTAMP = TIME + 8, SYSTEM_TIME = TIME + 16, TSC_TO_SYSTEM_MUL = TIME + 24, TSC_SHIFT = TIME + 28, TIME_FLAGS = TIME + 29;
    /** The TSC runs at the same rate on all vCPUs and never back (struct vcpu_time_info, XEN_PVCLOCK_TSC_STABLE_BIT). */
    private static final int TSC_STABLE = 1;

    private final HostMemory memory;
    private final long page;
    private long vcpu;

    /** @param page host-physical address */
    SharedInfo(HostMemory memory, long page) {
        this.memory = memory;
        this.page = page;
        this.vcpu = page;
    }

    /** The vCPU's information lies elsewhere from now on. */
    void moveVcpu(long hpa) {
        for (int i = 0; i < VCPU_INFO_BYTES; i += Long.BYTES) {
            memory.write64(hpa + i, memory.read64(vcpu + i));
        }
        vcpu = hpa;
        // All that may have been missed on the way is to be looked at.
        memory.write64(vcpu + PENDING_SELECTOR, -1);
        memory.write8(vcpu + UPCALL_PENDING, 1);
    }

    boolean moved() {
        return vcpu != page;
    }

    boolean upcallPending() {
        return memory.read8(vcpu + UPCALL_PENDING) != 0;
    }

    boolean masked() {
        return memory.read8(vcpu + UPCALL_MASK) != 0;
    }

    void mask(boolean masked) {
        memory.write8(vcpu + UPCALL_MASK, masked ? 1 : 0);
    }

    void cr2(long value) {
        memory.write64(vcpu + CR2, value);
    }

    long cr2() {
        return memory.read64(vcpu + CR2);
    }

    /** An event came: its bit, and what leads the guest to it, unless the guest masks it. */
    void raise(int port) {
        long word = page + PENDING + (port >>> 6) * Long.BYTES;
        long bit = 1L << port;
        long before = memory.read64(word);
        memory.write64(word, before | bit);
        if ((before & bit) == 0 && !channelMasked(port)) {
            announce(port);
        }
    }

    /** The guest opens a channel: what waits is announced. */
    void unmask(int port) {
        long word = page + MASK + (port >>> 6) * Long.BYTES;
        memory.write64(word, memory.read64(word) & ~(1L << port));
        if (pending(port)) {
            announce(port);
        }
    }

    void clear(int port) {
        long word = page + PENDING + (port >>> 6) * Long.BYTES;
        memory.write64(word, memory.read64(word) & ~(1L << port));
    }

    boolean pending(int port) {
        return (memory.read64(page + PENDING + (port >>> 6) * Long.BYTES) >>> port & 1) != 0;
    }

    private boolean channelMasked(int port) {
        return (memory.read64(page + MASK + (port >>> 6) * Long.BYTES) >>> port & 1) != 0;
    }

    private void announce(int port) {
        memory.write64(vcpu + PENDING_SELECTOR, memory.read64(vcpu + PENDING_SELECTOR) | 1L << (port >>> 6));
        memory.write8(vcpu + UPCALL_PENDING, 1);
    }

    /** Says how system time follows from the TSC of one tick a nanosecond: {@code system + ((tsc - stamp) << 1) * 2^31 >> 32}. */
    void time(long tsc, long system) {
        int version = memory.read32(vcpu + TIME_VERSION);
        memory.write64(vcpu + TSC_TIMESTAMP, tsc);
        memory.write64(vcpu + SYSTEM_TIME, system);
        memory.write32(vcpu + TSC_TO_SYSTEM_MUL, 1 << 31);
        memory.write8(vcpu + TSC_SHIFT, 1);
        memory.write8(vcpu + TIME_FLAGS, TSC_STABLE);
        memory.write32(vcpu + TIME_VERSION, version + 2 & ~1);
    }

    /** Says the wall-clock time at system time 0. */
    void wallClock(long seconds) {
        memory.write32(page + WC_SEC, (int) seconds);
        memory.write32(page + WC_NSEC, 0);
        memory.write32(page + WC_SEC_HI, (int) (seconds >>> 32));
        memory.write32(page + WC_VERSION, memory.read32(page + WC_VERSION) + 2);
    }
}
