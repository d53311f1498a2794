package proteus.tck.reference;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import proteus.api.compose.TechniqueInfo;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryTechnique;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.ExecutionMode;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;
import proteus.api.silicon.SiliconFeature;
import proteus.api.silicon.Vmcs;
import proteus.api.silicon.VmcsField;
import proteus.api.silicon.VmxControls;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;
import proteus.x86.format.Rflags;

/**
 * Shadow page tables in their simplest form, a virtual TLB: filled page by page by faults, emptied whenever the guest flushes anything, so
 * that no table of the guest need be traced. For tests of CPU techniques.
 */
public final class ReferenceShadow implements MemoryTechnique {
    private static final TechniqueInfo INFO = new TechniqueInfo(
            TechniqueInfo.Kind.MEMORY, "reference-shadow", "shadow page tables as a virtual TLB", EnumSet.of(SiliconFeature.NX), "SDM 3C, 32.3 (virtual TLB)");

    @Override
    public TechniqueInfo info() {
        return INFO;
    }

    @Override
    public MemoryVirtualization virtualize(MemoryContext context) {
        return new VirtualTlb(context);
    }

    private static final class VirtualTlb implements MemoryVirtualization {
        private static final long LMA = 1 << 10;
        private static final long INTERCEPTS = VmxControls.CPU_INVLPG_EXITING | VmxControls.CPU_CR3_LOAD_EXITING | VmxControls.CPU_CR3_STORE_EXITING;
        private static final long TABLE = PageTable.PRESENT | PageTable.WRITABLE | PageTable.USER | PageTable.ACCESSED;

        private final MemoryMap map;
        private final HostMemory memory;
        private final long root;
        private final List<Long> tables = new ArrayList<>();
        private final List<Long> free = new ArrayList<>();
        private Processor processor;
        private GuestPaging paging;
        private int reflected;

        VirtualTlb(MemoryContext context) {
            map = context.map();
            memory = context.hostMemory();
            root = memory.allocate(HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, "reference shadow");
        }

        @Override
        public boolean nested() {
            return false;
        }

        @Override
        public void attach(Processor attached) {
            processor = attached;
            if (attached.mode() == ExecutionMode.VMX_NON_ROOT) {
                Vmcs vmcs = attached.vmcs();
                vmcs.write(VmcsField.EXCEPTION_BITMAP, vmcs.read(VmcsField.EXCEPTION_BITMAP) | 1 << ExceptionVector.PF);
                vmcs.write(VmcsField.PROCESSOR_BASED_CONTROLS, vmcs.read(VmcsField.PROCESSOR_BASED_CONTROLS) | INTERCEPTS);
            }
        }

        @Override
        public void detach(Processor detached) {
            detached.registers().cr(3, 0);
            detached.invalidateTlb();
        }

        private void empty() {
            memory.fill(root, HostMemory.FRAME_SIZE, (byte) 0);
            for (long table : tables) {
                memory.fill(table, HostMemory.FRAME_SIZE, (byte) 0);
            }
            free.addAll(tables);
            tables.clear();
            if (!longMode()) {
                for (int i = 0; i < 4; i++) {
                    // the processor keeps PDPTEs: they must be right before it loads them
                    memory.write64(root + 8L * i, table() | PageTable.PRESENT);
                }
            }
            processor.registers().cr(3, root);
            processor.invalidateTlb();
        }

        private boolean longMode() {
            return (paging.efer() & LMA) != 0;
        }

        private long table() {
            long table = free.isEmpty() ? memory.allocate(HostMemory.FRAME_SIZE, HostMemory.FRAME_SIZE, "reference shadow") : free.removeLast();
            tables.add(table);
            return table;
        }

        @Override
        public FaultOutcome onPageFault(Processor faulting, long gva, int errorCode) {
            boolean write = (errorCode & ExceptionVector.PF_WRITE) != 0;
            boolean user = (errorCode & 4) != 0;
            ReferenceWalk walk = new ReferenceWalk(paging, map, memory, (faulting.registers().rflags() & Rflags.AC) != 0);
            if (!walk.walk(gva, write, (errorCode & 16) != 0, user)) {
                reflected = walk.errorCode;
                return FaultOutcome.REFLECT;
            }
            walk.mark();
            MemoryRegion region = map.regionAt(walk.gpa);
            if (region == null) {
                return FaultOutcome.MMIO;
            }
            if (!walk.backed || write && !region.writable()) {
                return FaultOutcome.EMULATE;
            }
            // the supervisor may write a page of the user that is read-only while CR0.WP is clear: it is the supervisor's then
            boolean override = write && !walk.writePermission;
            long entry = map.hpa(walk.gpa & -4096L) | PageTable.PRESENT | PageTable.ACCESSED
                    | (write ? PageTable.WRITABLE | PageTable.DIRTY : 0)
                    | (walk.userPage && !override ? PageTable.USER : 0)
                    | (walk.executable ? 0 : PageTable.NX);
            if (!set(gva, entry)) {
                reflected = errorCode;
                return FaultOutcome.REFLECT;
            }
            return FaultOutcome.RESUME;
        }

        private boolean set(long gva, long entry) {
            long at = root;
            for (int level = longMode() ? 4 : 3; level > 1; level--) {
                int index = level == 3 && !longMode() ? (int) (gva >>> 30) & 3 : PageTable.index(gva, level);
                long slot = at + 8L * index;
                if (memory.read64(slot) == 0) {
                    memory.write64(slot, table() | TABLE);
                }
                at = memory.read64(slot) & PageTable.FRAME;
            }
            long slot = at + 8L * PageTable.index(gva, 1);
            boolean changed = memory.read64(slot) != entry;
            memory.write64(slot, entry);
            processor.invalidatePage(gva);
            return changed;
        }

        @Override
        public int reflectedErrorCode() {
            return reflected;
        }

        @Override
        public void onPagingModeChange(Processor changing, GuestPaging changed) {
            paging = changed;
            empty();
        }

        @Override
        public void onTlbFlush(Processor executing) {
            empty();
        }

        @Override
        public void onInvlpg(Processor executing, long gva) {
            empty();
        }

        @Override
        public void onMapChange(long gpa, long bytes) {
            if (paging != null) {
                empty();
            }
        }

        @Override
        public FaultOutcome onEptViolation(Processor faulting, long gpa, long qualification) {
            throw new IllegalStateException("there are no EPT violations without EPT");
        }

        @Override
        public boolean traced(long gpa) {
            return false;
        }

        @Override
        public void onTracedWrite(Processor executing, long gpa, int bytes) {}

        @Override
        public void close() {
            memory.release(root, HostMemory.FRAME_SIZE);
            tables.forEach(table -> memory.release(table, HostMemory.FRAME_SIZE));
            free.forEach(table -> memory.release(table, HostMemory.FRAME_SIZE));
        }
    }
}
