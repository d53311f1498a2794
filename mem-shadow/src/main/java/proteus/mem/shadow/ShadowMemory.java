package proteus.mem.shadow;

import java.util.ArrayList;
import java.util.List;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.memory.VmmWindow;
import proteus.api.memory.WriteWatcher;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.x86.format.Cr4;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;

/** The memory of one VM under shadow page tables: tells hidden faults from true ones, and keeps the shadow true to the guest's tables. */
final class ShadowMemory implements MemoryVirtualization {
    private static final long PAGE_FAULTS = 1 << ExceptionVector.PF;
    private static final long INTERCEPTS =
            VmxControls.CPU_INVLPG_EXITING | VmxControls.CPU_CR3_LOAD_EXITING | VmxControls.CPU_CR3_STORE_EXITING;

    /** The widest write of one instruction, in bytes: no fault says how wide it was. */
    private static final int WIDEST = 64;

    /** The most tables that one fault makes, and one load of a root. */
    private static final int PATH = 4;

    private final MemoryMap map;
    private final HostMemory memory;
    private final EventCounters counters;
    private final ShadowPages pages;
    private final GuestWalk walk;
    private final Derivation derivation;
    private final GuestWrites writes;
    private final Roots roots;
    private final List<Processor> attached = new ArrayList<>();
    private WriteWatcher watcher;
    private final String owner;
    private GuestPaging paging;
    private int reflected;

    ShadowMemory(MemoryContext context, Variant variant, int frames) {
        this.owner = context.owner();
        this.map = context.map();
        this.memory = context.hostMemory();
        this.counters = context.counters();
        this.pages = new ShadowPages(memory, map, counters, context.owner() + " shadow tables", frames);
        this.walk = new GuestWalk(map, memory);
        this.derivation = new Derivation(map, memory, pages);
        this.writes = new GuestWrites(variant, pages, derivation, counters);
        this.roots = new Roots(memory, pages, counters, context.owner() + " shadow root");
    }

    @Override
    public boolean nested() {
        return false;
    }

    @Override
    public void attach(Processor processor) {
        if (!attached.isEmpty()) {
            throw new IllegalArgumentException("shadow page tables serve one vCPU for now");
        }
        if (processor.mode() == ExecutionMode.VMX_NON_ROOT) {
            Vmcs vmcs = processor.vmcs();
            vmcs.write(VmcsField.EXCEPTION_BITMAP, vmcs.read(VmcsField.EXCEPTION_BITMAP) | PAGE_FAULTS);
            vmcs.write(VmcsField.PROCESSOR_BASED_CONTROLS, vmcs.read(VmcsField.PROCESSOR_BASED_CONTROLS) | INTERCEPTS);
        }
        attached.add(processor);
    }

    @Override
    public void detach(Processor processor) {
        if (attached.remove(processor)) {
            if (processor.mode() == ExecutionMode.VMX_NON_ROOT) {
                Vmcs vmcs = processor.vmcs();
                vmcs.write(VmcsField.EXCEPTION_BITMAP, vmcs.read(VmcsField.EXCEPTION_BITMAP) & ~PAGE_FAULTS);
                vmcs.write(VmcsField.PROCESSOR_BASED_CONTROLS, vmcs.read(VmcsField.PROCESSOR_BASED_CONTROLS) & ~INTERCEPTS);
            }
            processor.registers().cr(3, 0);
            processor.invalidateTlb();
        }
    }

    @Override
    public FaultOutcome onEptViolation(Processor processor, long gpa, long qualification) {
        throw new IllegalStateException("there are no EPT violations without EPT");
    }

    @Override
    public FaultOutcome onPageFault(Processor processor, long gva, int errorCode) {
        if (!walk.walk(paging, roots.role(), gva, errorCode, processor.registers().rflags())) {
            reflected = walk.errorCode;
            return FaultOutcome.REFLECT;
        }
        MemoryRegion region = map.regionAt(walk.gpa);
        if (region == null) {
            return FaultOutcome.MMIO;
        }
        boolean write = (errorCode & ExceptionVector.PF_WRITE) != 0;
        if (!walk.backed || write && !region.writable()) {
            return FaultOutcome.EMULATE;
        }
        boolean override = write && (walk.pageAccess & Role.WRITE) == 0;
        if (override && (walk.pageAccess & Role.USER) != 0 && (paging.cr4() & Cr4.SMAP) != 0) {
            // The supervisor may write this page of the user once, with AC set; no shadow entry says "with AC set".
            return FaultOutcome.EMULATE;
        }
        long gfn = walk.gpa >>> PageTable.PAGE_SHIFT;
        if (write && pages.watched(gfn) && !watcher.onWrite(walk.gpa, WIDEST)) {
            return FaultOutcome.EMULATE;
        }
        if (write && pages.tracedTable(gfn) && !writes.letGo(gfn, delivering(processor))) {
            return FaultOutcome.EMULATE;
        }
        if (write) {
            map.ownHpa(walk.gpa);
        }
        pages.reserve(PATH);
        boolean changed = fill(gva, override);
        flush();
        if (!changed) {
            // The shadow allows it already, so the hardware knows better: an implicit supervisor access under SMAP (SDM 3A, 4.6.1).
            reflected = errorCode;
            return FaultOutcome.REFLECT;
        }
        counters.count(CountedEvent.HIDDEN_FAULTS);
        return FaultOutcome.RESUME;
    }

    /** The fault came while an event was being delivered: there is no instruction that could be emulated. */
    private static boolean delivering(Processor processor) {
        return (processor.exitInformation().idtVectoring() & VmxControls.INTERRUPTION_VALID) != 0;
    }

    /** Makes the path to the page just walked, and its leaf entry. */
    private boolean fill(long gva, boolean override) {
        ShadowPage page = roots.top(gva);
        int leafLevel = walk.leafLevel >= 2 && largeFits(walk.gpa) ? 2 : 1;
        boolean changed = false;
        for (int level = page.level(); level > leafLevel; level--) {
            ShadowPage child = table(gva, level - 1);
            changed |= pages.link(page, PageTable.index(gva, level), child);
            page.writes = 0;
            page = child;
        }
        page.writes = 0;
        boolean dirty = (walk.leaf & PageTable.DIRTY) != 0;
        long entry = derivation.leaf(page.role, walk.pageAccess, dirty, (walk.leaf & PageTable.GLOBAL) != 0, walk.gpa, override);
        return changed | pages.map(page, PageTable.index(gva, leafLevel), entry);
    }

    private ShadowPage table(long gva, int level) {
        int role = roots.role();
        int window = onWayToWindow(gva, level) ? pages.windowRole() : 0;
        if (walk.leafLevel > level) {
            int flags = window | Role.DIRECT | ((walk.leaf & PageTable.DIRTY) != 0 ? Role.DIRTY : 0);
            long first = walk.gpa & -PageTable.span(level + 1);
            return pages.obtain(first >>> PageTable.PAGE_SHIFT, Role.at(role, level, 0, walk.pageAccess) | flags);
        }
        int quadrant = Role.mode(role) == Role.LEGACY ? (int) (gva >>> 21) & 1 : 0;
        return pages.obtain(walk.table[level] >>> PageTable.PAGE_SHIFT, Role.at(role, level, quadrant, walk.access[level]) | window);
    }

    /** Whether the table of a level for an address holds the window as well. */
    private static boolean onWayToWindow(long gva, int level) {
        return level > 1 && gva >>> PageTable.PAGE_SHIFT + 9 * level == VmmWindow.BASE >>> PageTable.PAGE_SHIFT + 9 * level;
    }

    /** Whether a 2-MByte page of the shadow can hold an address: the map allows one, and no guest table needs tracing there. */
    private boolean largeFits(long gpa) {
        map.hpa(gpa);
        return map.contiguous(gpa, PageTable.span(2)) && !pages.tablesWithin(gpa);
    }

    @Override
    public int reflectedErrorCode() {
        return reflected;
    }

    @Override
    public void onPagingModeChange(Processor processor, GuestPaging changed) {
        paging = changed;
        writes.synchronize(paging);
        pages.reserve(PATH);
        roots.load(processor, paging);
        flush();
    }

    @Override
    public void onPrivilegeChange(Processor processor) {
        pages.reserve(PATH);
        roots.load(processor, paging);
        flush();
    }

    @Override
    public void window(VmmWindow window) {
        pages.window(new Window(memory, window, owner + " shadow root"));
    }

    @Override
    public void watcher(WriteWatcher interested) {
        watcher = interested;
    }

    @Override
    public void watch(long gpa, boolean on) {
        pages.watch(gpa >>> PageTable.PAGE_SHIFT, on);
        flush();
    }

    @Override
    public void onTlbFlush(Processor processor) {
        writes.synchronize(paging);
        flush();
    }

    @Override
    public void onInvlpg(Processor processor, long gva) {
        ShadowPage page = roots.top(gva);
        while (page != null && page.level() > 1) {
            page = pages.child(page, PageTable.index(gva, page.level()));
        }
        if (page != null && page.unsynced) {
            writes.synchronize(paging, page, PageTable.index(gva, 1));
            flush();
        }
        processor.invalidatePage(gva);
    }

    @Override
    public boolean traced(long gpa) {
        return pages.traced(gpa >>> PageTable.PAGE_SHIFT);
    }

    @Override
    public void onTracedWrite(Processor processor, long gpa, int bytes) {
        long gfn = gpa >>> PageTable.PAGE_SHIFT;
        if (pages.watched(gfn)) {
            watcher.onWrite(gpa, bytes);
        }
        if (pages.tracedTable(gfn)) {
            writes.written(paging, gpa, bytes);
        }
        flush();
    }

    @Override
    public void onMapChange(long gpa, long bytes) {
        writes.forget();
        pages.clear();
        if (paging != null) {
            attached.forEach(processor -> roots.load(processor, paging));
        }
        flush();
    }

    @Override
    public void onFrameChange(long gpa) {
        pages.unmap(map.hpa(gpa));
        flush();
    }

    private void flush() {
        if (pages.takeStale()) {
            attached.forEach(Processor::invalidateTlb);
        }
    }

    @Override
    public void close() {
        for (Processor processor : List.copyOf(attached)) {
            detach(processor);
        }
        pages.close();
        roots.close();
        if (pages.window() != null) {
            pages.window().close();
        }
    }
}
