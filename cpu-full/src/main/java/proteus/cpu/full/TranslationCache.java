package proteus.cpu.full;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.memory.VmmWindow;
import proteus.api.memory.WriteWatcher;

/**
 * The translations there are: by guest address, by guest page, by where their code lies. Pages with translated code are watched; what
 * is written over is thrown away. When the window is full everything is.
 */
final class TranslationCache implements WriteWatcher {
    private static final int TRAP = 0xcc;
    /** The trap that unknown targets of indirect branches lead to. */
    static final int MISS = Monitor.CODE;

    private final Monitor monitor;
    private final MemoryVirtualization memory;
    private final GuestTables tables;
    private final EventCounters counters;
    private final Map<Long, Translation> bySource = new HashMap<>();
    /** By guest-physical page, and by linear page. */
    private final Map<Long, List<Translation>> byPage = new HashMap<>();

    private final Map<Long, List<Translation>> byLinearPage = new HashMap<>();
    /** Those whose mappings are not global. */
    private final Set<Translation> local = new LinkedHashSet<>();
    /** In the order of their code. */
    private final List<Translation> byCode = new ArrayList<>();

    private int free;

    // What locate() found.
    Translation at;
    /** The instruction whose code it is; -1: the arrival of indirect branches. */
    int index;
    /** The branch whose trap it is, or null. */
    Translation.Exit exit;

    TranslationCache(Monitor monitor, MemoryVirtualization memory, GuestTables tables, EventCounters counters) {
        this.monitor = monitor;
        this.memory = memory;
        this.tables = tables;
        this.counters = counters;
        memory.watcher(this);
        clear();
    }

    Translation find(long source) {
        return bySource.get(source);
    }

    /** Where the next translation goes. */
    int free() {
        return free;
    }

    /** Makes room for one more, if need be by throwing all away. */
    void reserve(int bytes) {
        if (free + bytes > VmmWindow.BYTES) {
            clear();
        }
    }

    void add(Translation translation, byte[] code, int length) {
        monitor.code(free, code, length);
        free += length;
        translation.end = free;
        byCode.add(translation);
        bySource.put(translation.source, translation);
        page(translation.gpa & -0x1000L, translation);
        if (translation.secondPage >= 0) {
            page(translation.secondPage, translation);
        }
        linear(translation.source, translation, true);
        if (!translation.global) {
            local.add(translation);
        }
        counters.count(CountedEvent.TRANSLATIONS);
    }

    private void page(long gpa, Translation translation) {
        byPage.computeIfAbsent(gpa, page -> {
            memory.watch(page, true);
            return new ArrayList<>();
        }).add(translation);
    }

    private void linear(long source, Translation translation, boolean in) {
        long last = source + translation.bytes() - 1 & -0x1000L;
        for (long page = source & -0x1000L; ; page = last) {
            List<Translation> here = byLinearPage.computeIfAbsent(page, key -> new ArrayList<>());
            if (in) {
                here.add(translation);
            } else {
                here.remove(translation);
            }
            if (page == last) {
                return;
            }
        }
    }

    /** Makes a branch lead to its target. */
    void chain(Translation.Exit from, Translation to) {
        if (from.from.dead || to.dead || from.displacementAt < 0) {
            return;
        }
        monitor.patch32(from.displacementAt, to.entry - (from.displacementAt + 4));
        from.chained = to;
        to.chainedHere.add(from);
        counters.count(CountedEvent.CHAINS);
    }

    /** Makes indirect branches to a target find it. */
    void arrive(Translation to) {
        if (to.arrival >= 0) {
            monitor.lookup(to.source, to.arrival);
        }
    }

    /** Finds out whose code lies at an offset of the window. */
    boolean locate(int offset) {
        exit = null;
        int low = 0;
        int high = byCode.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (start(byCode.get(middle)) <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        at = high < 0 ? null : byCode.get(low);
        if (at == null || offset < start(at) || offset >= at.end) {
            return false;
        }
        for (Translation.Exit candidate : at.exits) {
            if (candidate.trapAt == offset) {
                exit = candidate;
                index = at.count;
                return true;
            }
        }
        index = -1;
        while (index < at.count && at.offsets[index + 1] <= offset) {
            index++;
        }
        return true;
    }

    private static int start(Translation translation) {
        return translation.arrival >= 0 ? translation.arrival : translation.entry;
    }

    /** Whether the guest's next instruction begins there: nothing of it has happened, all of the one before has. */
    boolean boundary(int offset) {
        return locate(offset) && (exit != null || index >= 0 && at.offsets[index] == offset);
    }

    @Override
    public boolean onWrite(long gpa, int bytes) {
        long page = gpa & -0x1000L;
        List<Translation> here = byPage.get(page);
        if (here == null) {
            memory.watch(page, false);
            return true;
        }
        for (Translation translation : List.copyOf(here)) {
            if (translation.overlaps(gpa, gpa + bytes)) {
                drop(translation);
            }
        }
        return !byPage.containsKey(page);
    }

    void drop(Translation translation) {
        if (translation.dead) {
            return;
        }
        translation.dead = true;
        counters.count(CountedEvent.TRANSLATIONS_INVALIDATED);
        bySource.remove(translation.source, translation);
        unpage(translation.gpa & -0x1000L, translation);
        if (translation.secondPage >= 0) {
            unpage(translation.secondPage, translation);
        }
        linear(translation.source, translation, false);
        local.remove(translation);
        for (Translation.Exit from : translation.chainedHere) {
            if (from.chained == translation) {
                from.chained = null;
                monitor.patch32(from.displacementAt, from.trapAt - (from.displacementAt + 4));
            }
        }
        for (Translation.Exit exit : translation.exits) {
            if (exit.chained != null) {
                exit.chained.chainedHere.remove(exit);
            }
        }
        if (translation.arrival >= 0 && monitor.lookup(translation.source) == translation.arrival) {
            monitor.lookup(translation.source, MISS);
        }
    }

    private void unpage(long page, Translation translation) {
        List<Translation> here = byPage.get(page);
        if (here != null && here.remove(translation) && here.isEmpty()) {
            byPage.remove(page);
            memory.watch(page, false);
        }
    }

    /** The guest has flushed the translation of a linear page: what no longer lies where it lay goes. */
    void flushedPage(long page) {
        dropMoved(byLinearPage.get(page));
    }

    /** It has flushed all, or all that is not global. */
    void flushed(boolean globalToo) {
        if (globalToo) {
            dropMoved(bySource.values());
        } else {
            dropMoved(local);
        }
    }

    private void dropMoved(Collection<Translation> concerned) {
        if (concerned == null || concerned.isEmpty()) {
            return;
        }
        for (Translation translation : List.copyOf(concerned)) {
            if (moved(translation)) {
                drop(translation);
            }
        }
    }

    private boolean moved(Translation translation) {
        if (tables.gpa(translation.source) != translation.gpa || !tables.executable) {
            return true;
        }
        return translation.secondPage >= 0
                && (tables.gpa(translation.source + translation.bytes() - 1 & -0x1000L) != translation.secondPage || !tables.executable);
    }

    void clear() {
        for (Translation translation : List.copyOf(bySource.values())) {
            translation.dead = true;
        }
        for (long page : List.copyOf(byPage.keySet())) {
            memory.watch(page, false);
        }
        bySource.clear();
        byPage.clear();
        byLinearPage.clear();
        local.clear();
        byCode.clear();
        monitor.forgetLookups(MISS);
        monitor.code(MISS, new byte[] {(byte) TRAP}, 1);
        free = MISS + 16;
    }
}
