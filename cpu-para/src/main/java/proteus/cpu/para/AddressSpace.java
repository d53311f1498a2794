package proteus.cpu.para;

import static proteus.x86.format.PageTable.ACCESSED;
import static proteus.x86.format.PageTable.DIRTY;
import static proteus.x86.format.PageTable.FRAME;
import static proteus.x86.format.PageTable.PRESENT;
import static proteus.x86.format.PageTable.USER;
import static proteus.x86.format.PageTable.WRITABLE;

import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/**
 * The guest's memory by its virtual addresses in the address space it runs in, with the rights its kernel has: how hypercalls read their
 * arguments. Where the guest could not go, {@link Refusal#BAD_ADDRESS} is thrown.
 */
final class AddressSpace {
    private static final long OFFSET = PageTable.PAGE_SIZE - 1, LOW = 0xffff_ffffL;

    private final HostMemory memory;
    private final Width width;
    private long root;

    AddressSpace(HostMemory memory, Width width) {
        this.memory = memory;
        this.width = width;
    }

    Width width() {
        return width;
    }

    /** Host-physical address of the guest's table of the highest level in force. */
    long root() {
        return root;
    }

    void root(long hpa) {
        root = hpa;
    }

    /** Host-physical address behind a virtual one for the kernel, or -1; flags are set as by an access. */
    long find(long virtual, boolean write) {
        // A 64-bit kernel is in ring 3 itself.
        return find(virtual, write, width.wide());
    }

    /** The same for the kernel or for user code. */
    long find(long virtual, boolean write, boolean user) {
        long address = width.address(virtual);
        if (!PageTable.canonical(address, 48)) {
            return -1;
        }
        long needed = PRESENT | (user ? USER : 0) | (write ? WRITABLE : 0);
        long table = root;
        long at = 0, entry = 0;
        for (int level = width.levels; level >= 1; level--) {
            at = table + PageTable.index(address, level) * Long.BYTES;
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
        return table | address & OFFSET;
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
        return within(virtual, 8) ? memory.read64(at(virtual, false)) : read32(virtual) & LOW | (long) read32(virtual + 4) << 32;
    }

    /** An {@code unsigned long} or a pointer of the guest. */
    long readWord(long virtual) {
        return width.wide() ? read64(virtual) : read32(virtual) & LOW;
    }

    /** One of a structure of them: the number of words before it. */
    long readWord(long virtual, long index) {
        return readWord(virtual + index * width.bytes);
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

    void writeWord(long virtual, long value) {
        if (width.wide()) {
            write64(virtual, value);
        } else {
            write32(virtual, (int) value);
        }
    }

    void writeWord(long virtual, long index, long value) {
        writeWord(virtual + index * width.bytes, value);
    }

    void write(long virtual, byte[] source) {
        for (int i = 0; i < source.length; i++) {
            write8(virtual + i, source[i]);
        }
    }
}
