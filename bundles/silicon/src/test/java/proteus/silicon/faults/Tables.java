package proteus.silicon.faults;

import proteus.silicon.mmu.ModelHostMemory;
import proteus.x86.format.Ept;
import proteus.x86.format.PageTable;

/** Page tables of the regions, two or four levels, and identical EPT tables of all memory. */
final class Tables {
    private static final long ROOT = 0x1000, DIRECTORY_POINTERS = 0x2000, DIRECTORY = 0x3000;
    /** The last level. */
    static final long TABLE = 0x4000;
    private static final long HIGH_POINTERS = 0x5000, HIGH_DIRECTORY = 0x6000, HIGH_TABLE = 0x7000;
    private static final long EPT = 0x8000;
    private static final long ALL = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER;
    private static final int PAGES = Region.BYTES >> 12;

    private final ModelHostMemory memory;
    private boolean wide;

    Tables(ModelHostMemory memory) {
        this.memory = memory;
        memory.write64(EPT, EPT + 0x1000 | Ept.ACCESS);
        memory.write64(EPT + 0x1000, EPT + 0x2000 | Ept.ACCESS);
        memory.write64(EPT + 0x2000, EPT + 0x3000 | Ept.ACCESS);
    }

    long root() {
        return ROOT;
    }

    long eptp() {
        return Ept.eptp(EPT, Ept.WRITE_BACK, 4, false);
    }

    void build(Mode mode, Region highest) {
        wide = mode.ia32e();
        memory.fill(ROOT, EPT - ROOT, (byte) 0);
        if (wide) {
            memory.write64(ROOT, DIRECTORY_POINTERS | ALL);
            memory.write64(DIRECTORY_POINTERS, DIRECTORY | ALL);
            memory.write64(DIRECTORY, TABLE | ALL);
            memory.write64(ROOT + 8 * 255, HIGH_POINTERS | ALL);
            memory.write64(HIGH_POINTERS + 8 * 511, HIGH_DIRECTORY | ALL);
            memory.write64(HIGH_DIRECTORY + 8 * 511, HIGH_TABLE | ALL);
        } else {
            memory.write32(ROOT, (int) (TABLE | ALL));
        }
        // guest-physical addresses are host-physical ones, but in real mode linear ones
        for (long frame = 0; frame < memory.size() >> 12; frame++) {
            allow(frame << 12, frame << 12, Ept.ACCESS);
        }
        for (Region region : Region.values()) {
            for (int page = 0; page < PAGES; page++) {
                put(region.linear() + 4096L * page, region.physical() + 4096L * page | (region.implicit() ? ALL & ~PageTable.USER : ALL));
                if (!mode.paging()) {
                    allow(region.linear() + 4096L * page, region.physical() + 4096L * page, Ept.ACCESS);
                }
                if (region == highest && page < Region.BORDER >> 12) {
                    memory.write64(HIGH_TABLE + 8 * (511 + page), region.physical() + 4096L * page | ALL);
                }
            }
        }
    }

    private long entryAddress(long linear) {
        long table = linear >= 1L << 40 ? HIGH_TABLE : TABLE;
        return wide ? table + 8L * PageTable.index(linear, 1) : table + 4L * PageTable.index32(linear, 1);
    }

    /** The entry of a page. */
    long get(long linear) {
        return wide ? memory.read64(entryAddress(linear)) : memory.read32(entryAddress(linear)) & 0xffff_ffffL;
    }

    void put(long linear, long entry) {
        if (wide) {
            memory.write64(entryAddress(linear), entry);
        } else {
            memory.write32(entryAddress(linear), (int) entry);
        }
    }

    /** Whether a page was written since the last time. */
    boolean takeDirty(long linear) {
        long entry = get(linear);
        put(linear, entry & ~PageTable.DIRTY);
        return (entry & PageTable.DIRTY) != 0;
    }

    /** Maps a guest-physical page. */
    void allow(long gpa, long hpa, long access) {
        memory.write64(EPT + 0x3000 + 8 * (gpa >> 12), hpa | access | Ept.WRITE_BACK << Ept.MEMORY_TYPE_SHIFT);
    }
}
