package proteus.vmm;

import java.util.function.LongSupplier;
import proteus.api.cpu.RunSchedule;
import proteus.api.vm.VmSpec.Clock;

/** How far the vCPU may run before the VM's thread has something else to do. Used on the VM's thread only. */
final class MachineSchedule implements RunSchedule {
    /** Count clock: how many instructions at most between two looks at the requests of other threads; kicks come sooner. */
    private static final long SLICE_COUNT = 20_000_000;
    /** Wall clock: a slice is short, because only between slices the clock is read. */
    private static final long SLICE_WALL = 200_000;

    private static final long SLICE_WALL_LEAST = 2_000;
    /** A cautious guess of instructions per nanosecond, so that a wall-clock deadline is not much overrun. */
    private static final double INSTRUCTIONS_PER_NANO = 0.1;

    private final VirtualClock clock;
    private final LongSupplier retired;
    private long sliceEnd;
    private long sliceDeadline;
    private long stepLimit = Long.MAX_VALUE;
    private boolean singleInstruction;
    private boolean localWork;
    private boolean stop;

    MachineSchedule(VirtualClock clock, LongSupplier retired) {
        this.clock = clock;
        this.retired = retired;
    }

    @Override
    public long limit() {
        if (localWork) {
            return 0;
        }
        long end = Math.min(sliceEnd, stepLimit);
        if (clock.kind() == Clock.COUNT) {
            return Math.min(end, clock.retiredAt(clock.nextDeadline()));
        }
        // A device has armed an earlier timer than this slice was cut for: cut it anew.
        return clock.nextDeadline() < sliceDeadline ? 0 : end;
    }

    @Override
    public boolean stopRequested() {
        return stop;
    }

    @Override
    public boolean singleInstruction() {
        return singleInstruction;
    }

    void singleInstruction(boolean wanted) {
        singleInstruction = wanted;
    }

    /** @param due the count of instructions that the slice ends at, if it is so long */
    void beginSlice(long due) {
        long length = SLICE_COUNT;
        if (clock.kind() == Clock.WALL) {
            sliceDeadline = clock.nextDeadline();
            length = SLICE_WALL;
            if (sliceDeadline != Long.MAX_VALUE) {
                double until = (sliceDeadline - clock.now()) * INSTRUCTIONS_PER_NANO;
                length = (long) Math.clamp(until, (double) SLICE_WALL_LEAST, (double) SLICE_WALL);
            }
        }
        sliceEnd = Math.min(due, retired.getAsLong() + length);
    }

    /** Never run beyond this count of instructions; {@link Long#MAX_VALUE} for no limit. */
    void stepLimit(long limit) {
        stepLimit = limit;
    }

    /** Something was posted on the VM's own thread: do it right behind the current instruction. */
    void localWork(boolean waiting) {
        localWork = waiting;
    }

    void requestStop(boolean requested) {
        stop = requested;
    }
}
