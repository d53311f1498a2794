package proteus.loader;

import proteus.x86.format.PageTable;

/** The page tables a domain starts on: 4-level tables of machine frames, in pseudo-physical frames that lie one behind the other, the root first. */
final class InitialTables {
    private static final int ENTRIES = 512, ENTRY = 8, LEVELS = 4;
    private static final long PAGE = PageTable.PAGE_SIZE;
    private static final long READ_ONLY = PageTable.PRESENT | PageTable.USER | PageTable.ACCESSED;
    private static final long READ_WRITE = READ_ONLY | PageTable.WRITABLE | PageTable.DIRTY;

    private final DomainMemory memory;
    private final int first;
    /** By table and index the table below, 0 for none. */
    private final int[][] below;
    private int used = 1;

    /**
     * @param first frame of the root; the others follow
     * @param room tables there may be
     */
    InitialTables(DomainMemory memory, int first, int room) {
        this.memory = memory;
        this.first = first;
        this.below = new int[room][ENTRIES];
    }

    /** Tables below the root that a mapping needs. */
    static int tablesFor(long virtual, long bytes) {
        int count = 0;
        for (int level = 2; level <= LEVELS; level++) {
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
            map(virtual + i * PAGE, memory.mfn(frame) * PAGE | (table ? READ_ONLY : READ_WRITE));
        }
    }

    private void map(long virtual, long entry) {
        int table = 0;
        for (int level = LEVELS; level > 1; level--) {
            int index = PageTable.index(virtual, level);
            if (below[table][index] == 0) {
                below[table][index] = used++;
                write(table, index, memory.mfn(first + below[table][index]) * PAGE | READ_WRITE);
            }
            table = below[table][index];
        }
        write(table, PageTable.index(virtual, 1), entry);
    }

    private void write(int table, int index, long entry) {
        memory.write64((first + table) * PAGE + (long) index * ENTRY, entry);
    }
}
