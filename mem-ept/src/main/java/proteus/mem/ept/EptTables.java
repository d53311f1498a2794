package proteus.mem.ept;

import java.util.ArrayList;
import java.util.List;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.Ept;
import proteus.x86.format.PageTable;

/** One tree of EPT paging structures in host memory, four levels (SDM 3C, 29.3.2). Every table is one frame. */
final class EptTables implements AutoCloseable {
    private static final int TOP = 4;

    private final HostMemory memory;
    private final String owner;
    private final List<Long> frames = new ArrayList<>();
    private final long root;

    EptTables(HostMemory memory, String owner) {
        this.memory = memory;
        this.owner = owner;
        this.root = table();
    }

    long root() {
        return root;
    }

    /** The leaf entry that maps an address, or 0. */
    long entry(long gpa) {
        long table = root;
        for (int level = TOP; ; level--) {
            long entry = memory.read64(slot(table, gpa, level));
            if (!Ept.present(entry)) {
                return 0;
            }
            if (Ept.isLeaf(entry, level)) {
                return entry;
            }
            table = entry & PageTable.FRAME;
        }
    }

    /** Maps one page of a level; a tree of smaller pages below it is dropped. */
    void map(long gpa, long hpa, int leafLevel, boolean writable) {
        long table = root;
        for (int level = TOP; level > leafLevel; level--) {
            long slot = slot(table, gpa, level);
            long entry = memory.read64(slot);
            if (!Ept.present(entry) || Ept.isLeaf(entry, level)) {
                entry = table() | Ept.ACCESS;
                memory.write64(slot, entry);
            }
            table = entry & PageTable.FRAME;
        }
        long slot = slot(table, gpa, leafLevel);
        long old = memory.read64(slot);
        if (Ept.present(old) && !Ept.isLeaf(old, leafLevel)) {
            release(old & PageTable.FRAME, leafLevel - 1);
        }
        memory.write64(
                slot,
                hpa
                        | Ept.READ
                        | Ept.EXECUTE
                        | (writable ? Ept.WRITE : 0)
                        | (long) Ept.WRITE_BACK << Ept.MEMORY_TYPE_SHIFT
                        | (leafLevel > 1 ? Ept.LARGE : 0));
    }

    /** Unmaps every page that touches a range; true if there was one. A large page goes as a whole and is refilled on demand. */
    boolean zap(long gpa, long bytes) {
        return bytes > 0 && zap(root, TOP, 0, gpa, gpa + bytes);
    }

    private boolean zap(long table, int level, long base, long start, long end) {
        boolean changed = false;
        long span = PageTable.span(level);
        long first = Math.max(0, (start - base) / span);
        for (long i = first; i < 512 && base + i * span < end; i++) {
            long slot = table + i * PageTable.ENTRY_SIZE;
            long entry = memory.read64(slot);
            if (!Ept.present(entry)) {
                continue;
            }
            if (Ept.isLeaf(entry, level)) {
                memory.write64(slot, 0);
                changed = true;
            } else {
                changed |= zap(entry & PageTable.FRAME, level - 1, base + i * span, start, end);
            }
        }
        return changed;
    }

    private static long slot(long table, long gpa, int level) {
        return table + (long) PageTable.index(gpa, level) * PageTable.ENTRY_SIZE;
    }

    private long table() {
        long frame = memory.allocate(HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, owner);
        frames.add(frame);
        return frame;
    }

    private void release(long table, int level) {
        for (int i = 0; level > 1 && i < 512; i++) {
            long entry = memory.read64(table + (long) i * PageTable.ENTRY_SIZE);
            if (Ept.present(entry) && !Ept.isLeaf(entry, level)) {
                release(entry & PageTable.FRAME, level - 1);
            }
        }
        frames.remove((Long) table);
        memory.release(table, HostMemory.FRAME_SIZE);
    }

    @Override
    public void close() {
        for (long frame : frames) {
            memory.release(frame, HostMemory.FRAME_SIZE);
        }
        frames.clear();
    }
}
