package proteus.mem.shadow;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.MemoryMap;
import proteus.api.silicon.HostMemory;
import proteus.x86.format.PageTable;

/**
 * The shadow tables of one VM within a budget of frames: found by guest table and role, the least recently used one dropped first.
 * Knows for each frame of guest memory which entries map it, and for each table which entries lead to it.
 */
final class ShadowPages implements AutoCloseable {
    /** Two walks of four levels and four roots, with something to spare. */
    static final int LEAST_FRAMES = 16;

    private static final long LARGE_SHIFT = 21;
    /** In the keys of {@link #mappings}: the number is that of a 2-MByte page. */
    private static final long LARGE_KEY = 1L << 62;

    private final HostMemory memory;
    private final MemoryMap map;
    private final EventCounters counters;
    private final String owner;
    private final int budget;
    /** In the order of their last use. */
    private final LinkedHashMap<Long, ShadowPage> byKey = new LinkedHashMap<>(64, 0.75f, true);
    private final Map<Long, ShadowPage> byFrame = new HashMap<>();
    /** Shadows of one guest table, chained. Direct tables are not among them. */
    private final Map<Long, ShadowPage> byGfn = new HashMap<>();
    /** Leaf entries by host frame number, or by 2-MByte page number. */
    private final Map<Long, Slots> mappings = new HashMap<>();
    /** How many guest tables with a shadow lie in a 2-MByte page of guest memory. */
    private final Map<Long, Integer> tablesWithin = new HashMap<>();
    private final List<Long> freeFrames = new ArrayList<>();
    /** Guest frame numbers that the CPU technique watches. */
    private final BitSet watched = new BitSet();
    /** Null: there is no VMM in the linear address space. */
    private Window window;
    /** Something that the hardware may have cached is gone or allows less. */
    private boolean stale;

    ShadowPages(HostMemory memory, MemoryMap map, EventCounters counters, String owner, int budget) {
        this.memory = memory;
        this.map = map;
        this.counters = counters;
        this.owner = owner;
        this.budget = budget;
    }

    /** Whether the hardware's TLB must be flushed; asking takes it back. */
    boolean takeStale() {
        boolean was = stale;
        stale = false;
        return was;
    }

    /** Makes room for a number of tables. */
    void reserve(int tables) {
        Iterator<ShadowPage> eldest = byKey.values().iterator();
        List<ShadowPage> victims = new ArrayList<>(0);
        while (byKey.size() - victims.size() > budget - tables && eldest.hasNext()) {
            ShadowPage page = eldest.next();
            if (!page.root) {
                victims.add(page);
            }
        }
        for (ShadowPage victim : victims) {
            counters.count(CountedEvent.SHADOW_RECLAIMS);
            release(victim);
        }
    }

    boolean has(long gfn, int role) {
        return byKey.containsKey(ShadowPage.key(gfn, role));
    }

    /** The shadow of a guest table in a role; made, and the guest's table traced, if there is none. */
    ShadowPage obtain(long gfn, int role) {
        ShadowPage page = byKey.get(ShadowPage.key(gfn, role));
        if (page != null) {
            return page;
        }
        page = new ShadowPage(frame(), gfn, role);
        counters.count(CountedEvent.SHADOW_TABLES);
        if (!page.direct()) {
            enlist(page);
        }
        byKey.put(ShadowPage.key(gfn, role), page);
        byFrame.put(page.frame, page);
        if (Role.window(role)) {
            memory.write64(page.slot(Window.INDEX), window.entry(role));
        }
        return page;
    }

    void window(Window own) {
        window = own;
    }

    Window window() {
        return window;
    }

    /** What tables on the path to the window have in their role. */
    int windowRole() {
        return window != null ? Role.WINDOW : 0;
    }

    /** Guest pages whose writes the CPU technique must know. */
    void watch(long gfn, boolean on) {
        if (watched.get((int) gfn) == on) {
            return;
        }
        watched.set((int) gfn, on);
        count(gfn, on ? 1 : -1);
        if (on) {
            protect(gfn);
        }
    }

    boolean watched(long gfn) {
        return gfn <= Integer.MAX_VALUE && watched.get((int) gfn);
    }

    private void enlist(ShadowPage page) {
        ShadowPage first = byGfn.get(page.gfn);
        if (first != null && first.unsynced) {
            if (page.level() == 1) {
                // Empty, it agrees with the table; from now on it may differ as the others.
                page.unsynced = true;
            } else {
                releaseAll(page.gfn);
                first = null;
            }
        }
        page.next = first == null ? byGfn.get(page.gfn) : first;
        byGfn.put(page.gfn, page);
        if (page.next == null) {
            count(page.gfn, 1);
        }
        if (!page.unsynced) {
            protect(page.gfn);
        }
    }

    private void delist(ShadowPage page) {
        ShadowPage first = byGfn.get(page.gfn);
        if (first == page) {
            if (page.next == null) {
                byGfn.remove(page.gfn);
                count(page.gfn, -1);
            } else {
                byGfn.put(page.gfn, page.next);
            }
            return;
        }
        for (ShadowPage at = first; at != null; at = at.next) {
            if (at.next == page) {
                at.next = page.next;
                return;
            }
        }
    }

    /** Counts a page that keeps the 2-MByte page around it from being mapped as a whole. */
    private void count(long gfn, int change) {
        tablesWithin.merge(large(gfn), change, (old, more) -> old + more == 0 ? null : old + more);
    }

    /** The first of the shadows of a guest table, or null. */
    ShadowPage shadowsOf(long gfn) {
        return byGfn.get(gfn);
    }

    /** Whether writes to a guest page must be known, for whatever reason. */
    boolean traced(long gfn) {
        return watched(gfn) || tracedTable(gfn);
    }

    boolean tracedTable(long gfn) {
        ShadowPage first = byGfn.get(gfn);
        return first != null && !first.unsynced;
    }

    boolean tablesWithin(long gpa) {
        return tablesWithin.containsKey(gpa >>> LARGE_SHIFT);
    }

    private static long large(long gfn) {
        return gfn >>> LARGE_SHIFT - PageTable.PAGE_SHIFT;
    }

    /** Takes write permission to a guest page away from all entries; large ones go as a whole. */
    void protect(long gfn) {
        long hpa = map.hpa(gfn << PageTable.PAGE_SHIFT);
        if (hpa < 0) {
            return;
        }
        Slots small = mappings.get(hpa >>> PageTable.PAGE_SHIFT);
        for (int i = 0; small != null && i < small.count(); i++) {
            long entry = memory.read64(small.get(i));
            if ((entry & PageTable.WRITABLE) != 0) {
                memory.write64(small.get(i), entry & ~PageTable.WRITABLE);
                stale = true;
            }
        }
        clearAll(hpa >>> LARGE_SHIFT | LARGE_KEY);
    }

    /** Empties every entry that maps a frame, large ones as a whole. */
    void unmap(long hpa) {
        clearAll(hpa >>> PageTable.PAGE_SHIFT);
        clearAll(hpa >>> LARGE_SHIFT | LARGE_KEY);
    }

    private void clearAll(long key) {
        Slots slots = mappings.get(key);
        while (slots != null && !slots.isEmpty()) {
            clear(slots.get(0));
        }
    }

    /** An entry as far as it stands for something of the guest's. */
    long entry(ShadowPage page, int index) {
        long entry = memory.read64(page.slot(index));
        return Window.marked(entry) ? 0 : entry;
    }

    /** The table that an entry leads to, or null if it is empty or maps a page. */
    ShadowPage child(ShadowPage page, int index) {
        long entry = entry(page, index);
        return entry == 0 || leaf(page, entry) ? null : byFrame.get(entry & PageTable.FRAME);
    }

    private static boolean leaf(ShadowPage page, long entry) {
        return page.level() == 1 || (entry & PageTable.LARGE) != 0;
    }

    /** Makes an entry lead to a table; what it allows is up to the leaf entries below. True if it did not before. */
    boolean link(ShadowPage page, int index, ShadowPage child) {
        long wanted = child.frame | PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER | PageTable.ACCESSED;
        if (entry(page, index) == wanted) {
            return false;
        }
        clear(page, index);
        memory.write64(page.slot(index), wanted);
        page.present++;
        child.parents.add(page.slot(index));
        return true;
    }

    /** Sets a leaf entry; true if it was another. */
    boolean map(ShadowPage page, int index, long wanted) {
        long old = entry(page, index);
        if (old == wanted) {
            return false;
        }
        if (old != 0 && leaf(page, old) && mappingKey(page, old) == mappingKey(page, wanted)) {
            // What the hardware has cached may allow more.
            stale = true;
            memory.write64(page.slot(index), wanted);
            return true;
        }
        clear(page, index);
        memory.write64(page.slot(index), wanted);
        page.present++;
        mappings.computeIfAbsent(mappingKey(page, wanted), key -> new Slots()).add(page.slot(index));
        counters.count(CountedEvent.PAGES_MAPPED);
        return true;
    }

    private static long mappingKey(ShadowPage page, long entry) {
        return page.level() == 1 ? (entry & PageTable.FRAME) >>> PageTable.PAGE_SHIFT : (entry & PageTable.FRAME_2M) >>> LARGE_SHIFT | LARGE_KEY;
    }

    private void clear(long slot) {
        ShadowPage page = byFrame.get(slot & PageTable.FRAME);
        clear(page, (int) (slot - page.frame) / PageTable.ENTRY_SIZE);
    }

    /** Empties an entry; true if it was not empty. */
    boolean clear(ShadowPage page, int index) {
        long slot = page.slot(index);
        long entry = entry(page, index);
        if (entry == 0) {
            return false;
        }
        memory.write64(slot, index == Window.INDEX && Role.window(page.role) ? window.entry(page.role) : 0);
        page.present--;
        stale = true;
        if (leaf(page, entry)) {
            long key = mappingKey(page, entry);
            Slots slots = mappings.get(key);
            slots.remove(slot);
            if (slots.isEmpty()) {
                mappings.remove(key);
            }
        } else {
            byFrame.get(entry & PageTable.FRAME).parents.remove(slot);
        }
        return true;
    }

    /** Drops a table and, as its guest has taken it down, those below it that nothing else leads to. */
    void releaseTree(ShadowPage page) {
        List<ShadowPage> children = new ArrayList<>();
        for (int i = 0; page.level() > 1 && i < ShadowPage.ENTRIES; i++) {
            ShadowPage child = child(page, i);
            if (child != null && child.parents.count() == 1) {
                children.add(child);
            }
        }
        release(page);
        children.forEach(this::releaseTree);
    }

    /** Drops a table that is no root: nothing leads to it any more, and its guest's table is traced no longer on its account. */
    void release(ShadowPage page) {
        if (page.released) {
            return; // with the tree above it
        }
        page.released = true;
        while (!page.parents.isEmpty()) {
            clear(page.parents.get(0));
        }
        for (int i = 0; page.present > 0 && i < ShadowPage.ENTRIES; i++) {
            clear(page, i);
        }
        if (!page.direct()) {
            delist(page);
        }
        if (Role.window(page.role)) {
            memory.write64(page.slot(Window.INDEX), 0);
        }
        byKey.remove(ShadowPage.key(page.gfn, page.role));
        byFrame.remove(page.frame);
        freeFrames.add(page.frame);
        stale = true;
    }

    /** Drops all shadows of a guest table. */
    void releaseAll(long gfn) {
        for (ShadowPage page = byGfn.get(gfn); page != null; page = byGfn.get(gfn)) {
            release(page);
        }
    }

    /** Drops everything, roots too. */
    void clear() {
        for (ShadowPage page : List.copyOf(byKey.values())) {
            release(page);
        }
    }

    int count() {
        return byKey.size();
    }

    /** Frames that are free again are zero: every entry has been cleared. */
    private long frame() {
        return freeFrames.isEmpty() ? memory.allocate(HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, owner) : freeFrames.removeLast();
    }

    @Override
    public void close() {
        clear();
        for (long frame : freeFrames) {
            memory.release(frame, HostMemory.FRAME_SIZE);
        }
        freeFrames.clear();
    }
}
