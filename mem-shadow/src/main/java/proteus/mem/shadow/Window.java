package proteus.mem.shadow;

import proteus.api.memory.VmmWindow;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;

/**
 * The way to a VMM's own pages at the end of the linear address space. Every root leads there: through the tables that shadow the
 * guest's, and through tables of its own where the guest has none.
 */
final class Window implements AutoCloseable {
    /** The entry of each table on the path. */
    static final int INDEX = ShadowPage.ENTRIES - 1;
    /** Marks entries that stand for nothing of the guest's, in a bit that the hardware ignores. */
    private static final long MARK = 1 << 9;

    private static final long FLAGS = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER | PageTable.ACCESSED | MARK;

    private final HostMemory memory;
    /** A page directory and a PDPT for each of the two tables. */
    private final long frames;

    private final VmmWindow window;

    Window(HostMemory memory, VmmWindow window, String owner) {
        this.memory = memory;
        this.window = window;
        this.frames = memory.allocate(4L * HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, owner);
        for (boolean ring3 : new boolean[] {false, true}) {
            for (int level = 2; level <= 3; level++) {
                memory.write64(own(level, ring3) + 8L * INDEX, entry(level, ring3));
            }
        }
    }

    private long own(int level, boolean ring3) {
        return frames + (long) (level - 2 + (ring3 ? 2 : 0)) * HostMemory.FRAME_SIZE;
    }

    /** What the last entry of a table on the path is where the guest has nothing. */
    private long entry(int level, boolean ring3) {
        return (level > 2 ? own(level - 1, ring3) : ring3 ? window.ring3Table() : window.table()) | FLAGS;
    }

    long entry(int role) {
        return entry(Role.level(role), Role.ring3(role));
    }

    /** The page directory for a guest that has none. */
    long directory() {
        return own(2, false);
    }

    static boolean marked(long entry) {
        return (entry & MARK) != 0;
    }

    @Override
    public void close() {
        memory.release(frames, 4L * HostMemory.FRAME_SIZE);
    }
}
