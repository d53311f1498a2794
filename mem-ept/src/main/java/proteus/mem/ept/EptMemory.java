package proteus.mem.ept;

import java.util.ArrayList;
import java.util.List;
import proteus.api.event.CountedEvent;
import proteus.api.event.EventCounters;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.Processor;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.x86.format.Ept;
import proteus.x86.format.Msr;
import proteus.x86.format.PageTable;

/** The memory of one VM under nested paging: answers EPT violations from the memory map. */
final class EptMemory implements MemoryVirtualization {
    /** IA32_VMX_EPT_VPID_CAP (SDM 3D, A.10): 2-MByte pages, 1-GByte pages. */
    private static final long CAPABILITY_2M = 1 << 16;

    private static final long CAPABILITY_1G = 1 << 17;

    private static final int LEVELS = 4;

    private final MemoryMap map;
    private final EventCounters counters;
    private final EptTables tables;
    private final List<Processor> attached = new ArrayList<>();
    private int largestLevel = 1;

    EptMemory(MemoryContext context) {
        this.map = context.map();
        this.counters = context.counters();
        this.tables = new EptTables(context.hostMemory(), context.owner() + " EPT");
    }

    @Override
    public boolean nested() {
        return true;
    }

    @Override
    public void attach(Processor processor) {
        Vmcs vmcs = processor.vmcs();
        long capability = vmcs.capability(Msr.IA32_VMX_EPT_VPID_CAP);
        int largest = (capability & CAPABILITY_2M) == 0 ? 1 : (capability & CAPABILITY_1G) == 0 ? 2 : 3;
        if (attached.isEmpty()) {
            largestLevel = largest;
        } else if (largest < largestLevel) {
            // Tables with larger pages than the newcomer knows would be misconfigured for it.
            largestLevel = largest;
            zapAll();
        }
        // Accessed and dirty flags stay off: nobody here reads them, and every walk would pay for setting them (SDM 3C 29.3.5).
        vmcs.write(VmcsField.EPT_POINTER, Ept.eptp(tables.root(), Ept.WRITE_BACK, LEVELS, false));
        vmcs.write(
                VmcsField.PROCESSOR_BASED_CONTROLS,
                vmcs.read(VmcsField.PROCESSOR_BASED_CONTROLS) | VmxControls.CPU_ACTIVATE_SECONDARY_CONTROLS & 0xffffffffL);
        vmcs.write(
                VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS,
                vmcs.read(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS)
                        | VmxControls.CPU2_ENABLE_EPT
                        | VmxControls.CPU2_UNRESTRICTED_GUEST);
        attached.add(processor);
        processor.invalidateEpt();
    }

    @Override
    public void detach(Processor processor) {
        if (attached.remove(processor)) {
            Vmcs vmcs = processor.vmcs();
            vmcs.write(
                    VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS,
                    vmcs.read(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS)
                            & ~(long) (VmxControls.CPU2_ENABLE_EPT | VmxControls.CPU2_UNRESTRICTED_GUEST));
            vmcs.write(VmcsField.EPT_POINTER, 0);
            processor.invalidateEpt();
        }
    }

    @Override
    public FaultOutcome onEptViolation(Processor processor, long gpa, long qualification) {
        MemoryRegion region = map.regionAt(gpa);
        if (region == null) {
            return FaultOutcome.MMIO;
        }
        boolean write = (qualification & Ept.VIOLATION_WRITE) != 0;
        if (write && region.writable()) {
            map.ownHpa(gpa);
        }
        if (tables.entry(gpa) == 0) {
            fill(gpa);
        }
        return write && !region.writable() ? FaultOutcome.EMULATE : FaultOutcome.RESUME;
    }

    /** Maps the largest page around an address that the map allows. */
    private void fill(long gpa) {
        long hpa = map.hpa(gpa);
        int level = largestLevel;
        while (level > 1 && !map.contiguous(gpa, PageTable.span(level))) {
            level--;
        }
        long span = PageTable.span(level);
        tables.map(gpa & -span, hpa & -span, level, map.owned(gpa));
        counters.count(CountedEvent.PAGES_MAPPED);
        counters.count(CountedEvent.HIDDEN_FAULTS);
        // No INVEPT: entries that are not present are never cached (SDM 3C 29.4.3.3).
    }

    @Override
    public FaultOutcome onPageFault(Processor processor, long gva, int errorCode) {
        // The guest's tables are its own: every page fault is the guest's.
        return FaultOutcome.REFLECT;
    }

    @Override
    public int reflectedErrorCode() {
        throw new IllegalStateException("nested paging reflects no page fault: the hardware delivers it");
    }

    @Override
    public void onPagingModeChange(Processor processor, GuestPaging paging) {
        // The hardware follows the guest's registers by itself.
    }

    @Override
    public void onTlbFlush(Processor processor) {
        processor.invalidateTlb();
    }

    @Override
    public boolean traced(long gpa) {
        return false;
    }

    @Override
    public void onTracedWrite(Processor processor, long gpa, int bytes) {
        throw new IllegalStateException("nested paging traces no page");
    }

    @Override
    public void onInvlpg(Processor processor, long gva) {
        processor.invalidatePage(gva);
    }

    @Override
    public void onMapChange(long gpa, long bytes) {
        if (tables.zap(gpa, bytes)) {
            invalidate();
        }
    }

    private void zapAll() {
        for (MemoryRegion region : map.regions()) {
            tables.zap(region.gpa(), region.bytes());
        }
        invalidate();
    }

    private void invalidate() {
        for (Processor processor : attached) {
            processor.invalidateEpt();
        }
    }

    @Override
    public void close() {
        for (Processor processor : List.copyOf(attached)) {
            detach(processor);
        }
        tables.close();
    }
}
