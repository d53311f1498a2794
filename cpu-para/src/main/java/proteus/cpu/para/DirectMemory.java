package proteus.cpu.para;

import proteus.api.memory.FaultOutcome;
import proteus.api.memory.MemoryContext;
import proteus.api.memory.MemoryVirtualization;
import proteus.api.silicon.GuestPaging;
import proteus.api.silicon.OutOfHostMemoryException;
import proteus.api.silicon.Processor;

/**
 * Direct paging: there are no tables of this technique. The hardware walks the guest's own, in frames of the host, and the paravirtual CPU
 * technique checks each entry by {@link PageTables} when the guest asks for it; so every page fault is a true one.
 */
final class DirectMemory implements MemoryVirtualization {
    private final MemoryContext context;
    private int reflected;

    /** @throws IllegalArgumentException when the host has not the frames, which the guest will know by their numbers */
    DirectMemory(MemoryContext context) {
        this.context = context;
        try {
            context.map().pin();
        } catch (OutOfHostMemoryException e) {
            throw new IllegalArgumentException("a paravirtual guest needs all its memory from the start, and the host has not so much: " + e.getMessage(), e);
        }
    }

    MemoryContext context() {
        return context;
    }

    @Override
    public boolean nested() {
        return false;
    }

    @Override
    public void attach(Processor processor) {}

    @Override
    public void detach(Processor processor) {}

    @Override
    public FaultOutcome onEptViolation(Processor processor, long gpa, long qualification) {
        throw new IllegalStateException("direct paging has no second-level tables, but the silicon reports a violation of them at 0x%x".formatted(gpa));
    }

    @Override
    public FaultOutcome onPageFault(Processor processor, long gva, int errorCode) {
        reflected = errorCode;
        return FaultOutcome.REFLECT;
    }

    @Override
    public int reflectedErrorCode() {
        return reflected;
    }

    @Override
    public void onPagingModeChange(Processor processor, GuestPaging paging) {}

    @Override
    public void onTlbFlush(Processor processor) {
        processor.invalidateTlb();
    }

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

    /** The guest's tables name host frames: its memory cannot be moved under it. */
    @Override
    public void onMapChange(long gpa, long bytes) {
        throw new IllegalStateException("the memory map at 0x%x changed, but the page tables of a paravirtual guest hold the frames it had".formatted(gpa));
    }

    @Override
    public void close() {}
}
