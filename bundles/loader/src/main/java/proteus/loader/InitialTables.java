package proteus.loader;

import proteus.x86.format.PageTable;
import proteus.x86.xen.Width;

/** The page tables a domain starts on: tables of machine frames, in pseudo-physical frames that lie one behind the other, the root first. */
final class InitialTables {
    private static final int ENTRIES = 512, ENTRY = 8;
    private static final long PAGE = PageTable.PAGE_SIZE;
    /** Where the hypervisor's part of a 32-bit address space needs a table of level 2. */
    private static final long TOP_GIB = 3L << 30;

    private final DomainMemory memory;
    private final Width width;
    private final long readOnly;
    private final long readWrite;
    private final int first;
    /** By table and index the table below, 0 for none. */
    private final int[][] below;
    private int used = 1;

    /**
     * @param first frame of the root; the others follow
     * @param room tables there may be
     */
    InitialTables(DomainMemory memory, int first, int room, Width width) {
        this.memory = memory;
        this.width = width;
        // A 64-bit kernel is in ring 3, as user code is.
        readOnly = PageTable.PRESENT | PageTable.ACCESSED | (width.wide() ? PageTable.USER : 0);
        readWrite = readOnly | PageTable.WRITABLE | PageTable.DIRTY;
        this.first = first;
        this.below = new int[room][ENTRIES];
        if (!width.wide()) {
            below(0, PageTable.index(TOP_GIB, 3), PageTable.PRESENT);
        }
    }

    /** Tables there are whatever is mapped. */
    static int fixedTables(Width width) {
        return width.wide() ? 1 : 2;
    }

    /** Tables below the root that a mapping needs. */
    static int tablesFor(long virtual, long bytes, Width width) {
        int count = 0;
        for (int level = 2; level <= width.levels; level++) {
            long span = PageTable.span(level);
            count += (int) (Math.floorDiv(virtual + bytes - 1, span) - Math.floorDiv(virtual, span)) + 1;
        }
        return count;
    }

    /** Maps frames that lie one behind the other; those of the tables themselves read-only, as the hypervisor demands. */
    void map(long virtual, int pfn, int pages) {
        for (int i = 0; i < pages; i++) {
            int frame = pfn + i;
            boolean table = frame >= first && frame < first + below.length;
            map(virtual + i * PAGE, memory.mfn(frame) * PAGE | (table ? readOnly : readWrite));
        }
    }

    private void map(long virtual, long entry) {
        int table = 0;
        for (int level = width.levels; level > 1; level--) {
            // The entries of PAE's level 3 have no rights.
            table = below(table, PageTable.index(virtual, level), level == width.levels && !width.wide() ? PageTable.PRESENT : readWrite);
        }
        write(table, PageTable.index(virtual, 1), entry);
    }

    /** The table below an entry, made if need be. */
    private int below(int table, int index, long rights) {
        if (below[table][index] == 0) {
            below[table][index] = used++;
            write(table, index, memory.mfn(first + below[table][index]) * PAGE | rights);
        }
        return below[table][index];
    }

    private void write(int table, int index, long entry) {
        memory.write64((first + table) * PAGE + (long) index * ENTRY, entry);
    }
}
