package proteus.cpu.hwassist;

import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.Processor;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;

/** Nested paging for the first 2 MBytes, a page at a time when it is touched: enough for a test without the technique's bundle. */
final class SmallEpt implements MemoryVirtualization {
    private static final long TABLE = 7;
    private static final long PAGE = 7 | 6 << 3;

    private final HostMemory host;
    private final MemoryRegion ram;
    private final long tables;
    int violations;

    SmallEpt(HostMemory host, MemoryRegion ram) {
        this.host = host;
        this.ram = ram;
        this.tables = host.allocate(4 * 4096, 4096, "EPT of a test");
        for (int level = 0; level < 3; level++) {
            host.write64(tables + level * 4096, tables + (level + 1) * 4096 | TABLE);
        }
    }

    @Override
    public boolean nested() {
        return true;
    }

    @Override
    public void attach(Processor processor) {
        processor.vmcs().write(VmcsField.EPT_POINTER, tables | 6 | 3 << 3);
        processor.vmcs().write(
                VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS,
                processor.vmcs().read(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS)
                        | VmxControls.CPU2_ENABLE_EPT
                        | VmxControls.CPU2_UNRESTRICTED_GUEST);
    }

    @Override
    public void detach(Processor processor) {}

    @Override
    public FaultOutcome onEptViolation(Processor processor, long gpa, long qualification) {
        violations++;
        if (!ram.contains(gpa)) {
            return FaultOutcome.MMIO;
        }
        host.write64(tables + 3 * 4096 + (gpa >> 12) * 8, ram.offset(gpa & -4096) | PAGE);
        return FaultOutcome.RESUME;
    }

    @Override
    public FaultOutcome onPageFault(Processor processor, long gva, int errorCode) {
        return FaultOutcome.REFLECT;
    }

    @Override
    public int reflectedErrorCode() {
        return 0;
    }

    @Override
    public void onPagingModeChange(Processor processor, GuestPaging paging) {}

    @Override
    public void onTlbFlush(Processor processor) {}

    @Override
    public boolean traced(long gpa) {
        return false;
    }

    @Override
    public void onTracedWrite(Processor processor, long gpa, int bytes) {}

    @Override
    public void onInvlpg(Processor processor, long gva) {}

    @Override
    public void onMapChange(long gpa, long bytes) {}

    @Override
    public void close() {}
}
