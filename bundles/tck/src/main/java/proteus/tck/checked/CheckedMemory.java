package proteus.tck.checked;

import java.util.HashSet;
import java.util.Set;
import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryMap;
import proteus.api.memory.MemoryRegion;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.memory.VmmWindow;
import proteus.api.memory.WriteWatcher;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.HostMemory;
import proteus.api.silicon.Processor;

/**
 * Memory virtualization that is checked at each call, from both sides: the CPU technique calls in order and with legal arguments, the
 * memory technique answers what the memory map allows.
 */
public final class CheckedMemory implements MemoryVirtualization {
    private final MemoryVirtualization technique;
    private final MemoryMap map;
    private final Thread owner = Thread.currentThread();
    private final Set<Processor> attached = new HashSet<>();
    private boolean closed;
    private boolean paged;
    private boolean windowed;
    private boolean watched;
    private boolean reflected;

    public CheckedMemory(MemoryVirtualization technique, MemoryMap map) {
        this.technique = Contract.present(technique, "MemoryTechnique.virtualize");
        this.map = map;
    }

    private void called(String method) {
        Contract.check(!closed, method + " after close");
        Contract.check(Thread.currentThread() == owner, method + " from another thread than the VM's");
    }

    private void called(String method, Processor processor) {
        called(method);
        Contract.check(attached.contains(processor), method + " with a processor that is not attached");
    }

    @Override
    public boolean nested() {
        return technique.nested();
    }

    @Override
    public void attach(Processor processor) {
        called("attach");
        Contract.check(attached.add(processor), "attach of a processor that is attached");
        technique.attach(processor);
    }

    @Override
    public void detach(Processor processor) {
        called("detach", processor);
        technique.detach(processor);
        attached.remove(processor);
    }

    @Override
    public FaultOutcome onEptViolation(Processor processor, long gpa, long qualification) {
        called("onEptViolation", processor);
        Contract.check(nested(), "an EPT violation where nothing is nested");
        FaultOutcome outcome = technique.onEptViolation(processor, gpa, qualification);
        MemoryRegion region = map.regionAt(gpa);
        Contract.check(outcome != FaultOutcome.REFLECT, "an EPT violation is never the guest's");
        Contract.check((outcome == FaultOutcome.MMIO) == (region == null), "the answer %s to 0x%x, where there is %s".formatted(outcome, gpa, region));
        return outcome;
    }

    @Override
    public FaultOutcome onPageFault(Processor processor, long gva, int errorCode) {
        called("onPageFault", processor);
        Contract.check(nested() || paged, "onPageFault before onPagingModeChange");
        FaultOutcome outcome = Contract.present(technique.onPageFault(processor, gva, errorCode), "onPageFault");
        reflected = outcome == FaultOutcome.REFLECT;
        return outcome;
    }

    @Override
    public int reflectedErrorCode() {
        called("reflectedErrorCode");
        Contract.check(reflected, "reflectedErrorCode without a fault that was reflected");
        return technique.reflectedErrorCode();
    }

    @Override
    public void onPagingModeChange(Processor processor, GuestPaging paging) {
        called("onPagingModeChange", processor);
        Contract.present(paging, "the caller of onPagingModeChange");
        paged = true;
        technique.onPagingModeChange(processor, paging);
    }

    @Override
    public void onTlbFlush(Processor processor) {
        called("onTlbFlush", processor);
        technique.onTlbFlush(processor);
    }

    @Override
    public boolean traced(long gpa) {
        called("traced");
        boolean traced = technique.traced(gpa);
        Contract.check(!traced || map.regionAt(gpa) != null, "0x%x is traced, where there is no memory".formatted(gpa));
        return traced;
    }

    @Override
    public void onTracedWrite(Processor processor, long gpa, int bytes) {
        called("onTracedWrite", processor);
        Contract.check(bytes >= 1 && bytes <= HostMemory.FRAME_SIZE, "a traced write of " + bytes + " bytes");
        technique.onTracedWrite(processor, gpa, bytes);
    }

    @Override
    public void onInvlpg(Processor processor, long gva) {
        called("onInvlpg", processor);
        technique.onInvlpg(processor, gva);
    }

    @Override
    public void window(VmmWindow window) {
        called("window");
        Contract.check(!windowed && !paged, "window twice, or after the guest's paging is known");
        windowed = true;
        technique.window(window);
    }

    @Override
    public void onPrivilegeChange(Processor processor) {
        called("onPrivilegeChange", processor);
        Contract.check(windowed, "onPrivilegeChange of a VMM that does not live in the guest's address space");
        technique.onPrivilegeChange(processor);
    }

    @Override
    public void watcher(WriteWatcher watcher) {
        called("watcher");
        watched = true;
        technique.watcher(Contract.present(watcher, "the caller of watcher"));
    }

    @Override
    public void watch(long gpa, boolean on) {
        called("watch");
        Contract.check(watched, "watch without a watcher");
        Contract.check((gpa & HostMemory.FRAME_SIZE - 1) == 0, "watch of 0x%x, which is no page".formatted(gpa));
        technique.watch(gpa, on);
    }

    @Override
    public void onMapChange(long gpa, long bytes) {
        called("onMapChange");
        technique.onMapChange(gpa, bytes);
    }

    @Override
    public void onFrameChange(long gpa) {
        called("onFrameChange");
        technique.onFrameChange(gpa);
    }

    @Override
    public void close() {
        called("close");
        technique.close();
        closed = true;
    }
}
