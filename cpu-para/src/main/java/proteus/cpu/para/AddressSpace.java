package proteus.cpu.para;

import static proteus.x86.format.PageTable.ACCESSED;
import static proteus.x86.format.PageTable.DIRTY;
import static proteus.x86.format.PageTable.FRAME;
import static proteus.x86.format.PageTable.PRESENT;
import static proteus.x86.format.PageTable.USER;
import static proteus.x86.format.PageTable.WRITABLE;

import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;

/**
 * The guest's memory by its virtual addresses in the address space it runs in, with the rights it has itself: how hypercalls read their
 * arguments. Where the guest could not go, {@link Refusal#BAD_ADDRESS} is thrown.
 */
final class AddressSpace {
    private static final long OFFSET = PageTable.PAGE_SIZE - 1;

    private final HostMemory memory;
    private long root;

    AddressSpace(HostMemory memory) {
        this.memory = memory;
    }

    /** Host-physical address of the level-4 table in force. */
    long root() {
        return root;
    }

    void root(long hpa) {
        root = hpa;
    }

    /** Host-physical address behind a virtual one, or -1; flags are set as by an access. */
    long find(long virtual, boolean write) {
        if (!PageTable.canonical(virtual, 48)) {
            return -1;
        }
        long needed = PRESENT | USER | (write ? WRITABLE : 0);
        long table = root;
        long at = 0, entry = 0;
        for (int level = 4; level >= 1; level--) {
            at = table + PageTable.index(virtual, level) * Long.BYTES;
            entry = memory.read64(at);
            if ((entry & needed) != needed) {
                return -1;
            }
            table = entry & FRAME;
        }
        long used = entry | ACCESSED | (write ? DIRTY : 0);
        if (used != entry) {
            memory.write64(at, used);
        }
        return table | virtual & OFFSET;
    }

    private long at(long virtual, boolean write) {
        long hpa = find(virtual, write);
        if (hpa < 0) {
            throw Refusal.BAD_ADDRESS;
        }
        return hpa;
    }

    private static boolean within(long virtual, int bytes) {
        return (virtual & OFFSET) + bytes <= PageTable.PAGE_SIZE;
    }

    int read8(long virtual) {
        return memory.read8(at(virtual, false)) & 0xff;
    }

    int read16(long virtual) {
        return within(virtual, 2) ? memory.read16(at(virtual, false)) & 0xffff : read8(virtual) | read8(virtual + 1) << 8;
    }

    int read32(long virtual) {
        return within(virtual, 4) ? memory.read32(at(virtual, false)) : read16(virtual) | read16(virtual + 2) << 16;
    }

    long read64(long virtual) {
        return within(virtual, 8) ? memory.read64(at(virtual, false)) : read32(virtual) & 0xffff_ffffL | (long) read32(virtual + 4) << 32;
    }

    void write8(long virtual, int value) {
        memory.write8(at(virtual, true), value);
    }

    void write32(long virtual, int value) {
        if (within(virtual, 4)) {
            memory.write32(at(virtual, true), value);
        } else {
            for (int i = 0; i < 4; i++) {
                write8(virtual + i, value >> 8 * i & 0xff);
            }
        }
    }

    void write64(long virtual, long value) {
        if (within(virtual, 8)) {
            memory.write64(at(virtual, true), value);
        } else {
            write32(virtual, (int) value);
            write32(virtual + 4, (int) (value >>> 32));
        }
    }

    void write(long virtual, byte[] source) {
        for (int i = 0; i < source.length; i++) {
            write8(virtual + i, source[i]);
        }
    }
}
