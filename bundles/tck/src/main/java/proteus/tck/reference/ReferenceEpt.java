package proteus.tck.reference;

import java.util.EnumSet;
import proteus.api.compose.TechniqueInfo;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SiliconFeature;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.x86.format.Ept;
import proteus.x86.format.PageTable;

/** Nested paging in its simplest form: pages of 4 KiB in the first GiB, mapped when they are met. For tests of CPU techniques. */
public final class ReferenceEpt implements MemoryTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.MEMORY, "reference-ept", "nested paging, page by page", EnumSet.of(SiliconFeature.VMX, SiliconFeature.EPT), "SDM 3C, 29.3");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public MemoryVirtualization virtualize(MemoryContext context) {
        return new Tables(context);
    }

    private static final class Tables implements MemoryVirtualization {
        /** PML4, page-directory-pointer table, page directory, and a page table for each 2 MiB of the first 64. */
        private static final int LEAVES = 32, TABLES = 3 + LEAVES;

        private final MemoryMap map;
        private final HostMemory memory;
        private final long tables;

        Tables(MemoryContext context) {
            map = context.map();
            memory = context.hostMemory();
            tables = memory.allocate(TABLES * (long) HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, "reference EPT");
            memory.write64(table(0), table(1) | Ept.ACCESS);
            memory.write64(table(1), table(2) | Ept.ACCESS);
            for (int i = 0; i < LEAVES; i++) {
                memory.write64(table(2) + 8L * i, table(3 + i) | Ept.ACCESS);
            }
        }

        private long table(int number) {
            return tables + (long) number * HostMemory.FRAME_SIZE;
        }

        @Override
        public boolean nested() {
            return true;
        }

        @Override
        public void attach(Processor processor) {
            Vmcs vmcs = processor.vmcs();
            vmcs.write(VmcsField.EPT_POINTER, Ept.eptp(tables, Ept.WRITE_BACK, 4, false));
            vmcs.write(VmcsField.PROCESSOR_BASED_CONTROLS,
                    vmcs.read(VmcsField.PROCESSOR_BASED_CONTROLS) | VmxControls.CPU_ACTIVATE_SECONDARY_CONTROLS & 0xffffffffL);
            vmcs.write(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS,
                    vmcs.read(VmcsField.SECONDARY_PROCESSOR_BASED_CONTROLS) | VmxControls.CPU2_ENABLE_EPT | VmxControls.CPU2_UNRESTRICTED_GUEST);
        }

        @Override
        public void detach(Processor processor) {
            processor.invalidateEpt();
        }

        @Override
        public FaultOutcome onEptViolation(Processor processor, long gpa, long qualification) {
            MemoryRegion region = map.regionAt(gpa);
            if (region == null) {
                return FaultOutcome.MMIO;
            }
            int leaf = (int) (gpa >>> 21);
            memory.write64(table(3 + leaf) + 8L * PageTable.index(gpa, 1),
                    map.hpa(gpa & -4096L) | (region.writable() ? Ept.ACCESS : Ept.READ | Ept.EXECUTE) | Ept.WRITE_BACK << 3);
            return (qualification & Ept.VIOLATION_WRITE) != 0 && !region.writable() ? FaultOutcome.EMULATE : FaultOutcome.RESUME;
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
        public void onInvlpg(Processor processor, long gva) {
            processor.invalidatePage(gva);
        }

        @Override
        public void onMapChange(long gpa, long bytes) {}

        @Override
        public void close() {
            memory.release(tables, TABLES * (long) HostMemory.FRAME_SIZE);
        }
    }
}
