package proteus.cpu.para;

import proteus.api.silicon.HostMemory;
import proteus.x86.xen.Width;

/** The page that hypervisor and guest share, and the vCPU's part of it, which the guest may move (Xen public/xen.h, struct shared_info, struct vcpu_info). */
final class SharedInfo {
    static final int VCPU_INFO_BYTES = 64;

    private static final int PENDING = 0x800;
    private static final int UPCALL_PENDING = 0, UPCALL_MASK = 1, TIME = 32;
    private static final int TIME_VERSION = TIME, TSC_TIMESTAMP = TIME + 8, SYSTEM_TIME = TIME + 16, TSC_TO_SYSTEM_MUL = TIME + 24, TSC_SHIFT = TIME + 28, TIME_FLAGS = TIME + 29;
    /** The TSC runs at the same rate on all vCPUs and never back (struct vcpu_time_info, XEN_PVCLOCK_TSC_STABLE_BIT). */
    private static final int TSC_STABLE = 1;

    private final HostMemory memory;
    private final Width width;
    private final long page;
    /** Offsets in the page. */
    private final int mask, wallVersion, wallSeconds, wallNanos, wallSecondsHigh;
    /** Offsets in the vCPU's part. */
    private final int pendingSelector, cr2;
    private final int ports;
    private long vcpu;

    /** @param page host-physical address */
    SharedInfo(HostMemory memory, long page, Width width) {
        this.memory = memory;
        this.width = width;
        this.page = page;
        this.vcpu = page;
        // A word of words of bits.
        ports = width.bytes * width.bytes * Byte.SIZE * Byte.SIZE;
        mask = PENDING + ports / Byte.SIZE;
        wallVersion = mask + ports / Byte.SIZE;
        wallSeconds = wallVersion + 4;
        wallNanos = wallSeconds + 4;
        // With 32 bits it is the last of struct arch_shared_info.
        wallSecondsHigh = width.wide() ? wallNanos + 4 : wallNanos + 4 + 6 * width.bytes;
        pendingSelector = width.bytes;
        cr2 = 2 * width.bytes;
    }

    /** Event channels there are with two levels of bits. */
    int ports() {
        return ports;
    }

    /** The vCPU's information lies elsewhere from now on. */
    void moveVcpu(long hpa) {
        for (int i = 0; i < VCPU_INFO_BYTES; i += Long.BYTES) {
            memory.write64(hpa + i, memory.read64(vcpu + i));
        }
        vcpu = hpa;
        // All that may have been missed on the way is to be looked at.
        writeWord(vcpu + pendingSelector, -1);
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
        writeWord(vcpu + cr2, value);
    }

    long cr2() {
        return readWord(vcpu + cr2);
    }

    /** An event came: its bit, and what leads the guest to it, unless the guest masks it. */
    void raise(int port) {
        boolean was = pending(port);
        long at = page + PENDING + (port >>> 3);
        memory.write8(at, memory.read8(at) | bit(port));
        if (!was && (memory.read8(page + mask + (port >>> 3)) & bit(port)) == 0) {
            announce(port);
        }
    }

    /** The guest opens a channel: what waits is announced. */
    void unmask(int port) {
        long at = page + mask + (port >>> 3);
        memory.write8(at, memory.read8(at) & ~bit(port));
        if (pending(port)) {
            announce(port);
        }
    }

    void clear(int port) {
        long at = page + PENDING + (port >>> 3);
        memory.write8(at, memory.read8(at) & ~bit(port));
    }

    boolean pending(int port) {
        return (memory.read8(page + PENDING + (port >>> 3)) & bit(port)) != 0;
    }

    private static int bit(int port) {
        return 1 << (port & 7);
    }

    private void announce(int port) {
        writeWord(vcpu + pendingSelector, readWord(vcpu + pendingSelector) | 1L << port / (width.bytes * Byte.SIZE));
        memory.write8(vcpu + UPCALL_PENDING, 1);
    }

    private long readWord(long at) {
        return width.wide() ? memory.read64(at) : memory.read32(at) & 0xffff_ffffL;
    }

    private void writeWord(long at, long value) {
        if (width.wide()) {
            memory.write64(at, value);
        } else {
            memory.write32(at, (int) value);
        }
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
        memory.write32(page + wallSeconds, (int) seconds);
        memory.write32(page + wallNanos, 0);
        memory.write32(page + wallSecondsHigh, (int) (seconds >>> 32));
        memory.write32(page + wallVersion, memory.read32(page + wallVersion) + 2);
    }
}
