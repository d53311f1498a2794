package proteus.silicon.cpu;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import proteus.api.silicon.DebugHit;
import proteus.api.silicon.DebugPoints;

/**
 * The points at which a processor stops for a debugger outside of the guest. Engines ask it only while {@link #breaking} or
 * {@link #watching}; pages with watched data are kept out of the TLB, so that accesses to them come through the slow path.
 */
public final class DebugUnit {
    /** What a watched access does. */
    public enum Mode {
        /** It leaves the guest before it is made: the engine then makes it alone and stops behind the instruction. */
        STOPPING,
        /** It is made, and the engine stops at the next boundary. */
        NOTING,
        /** Nothing. */
        PASSING
    }

    /** There are instructions to stop at. */
    public boolean breaking;
    /** There are data to stop at. */
    public boolean watching;
    public Mode mode = Mode.STOPPING;

    private final Cpu cpu;
    private long[] instructions = {};
    private DebugPoints.Watch[] data = {};
    private DebugHit hit;
    private boolean stopped;
    private boolean noted;
    /** Where it stopped last, to pass there when it goes on: the same instruction at the same count. */
    private long passAddress;
    private long passRetired = -1;

    DebugUnit(Cpu cpu) {
        this.cpu = cpu;
    }

    /** True if other data are watched than before: the TLB must be flushed. */
    public boolean points(DebugPoints points) {
        instructions = points.instructions().stream().mapToLong(Long::longValue).sorted().toArray();
        breaking = instructions.length > 0;
        boolean changed = !List.of(data).equals(points.data());
        data = points.data().toArray(DebugPoints.Watch[]::new);
        watching = data.length > 0;
        noted = false;
        return changed;
    }

    public Optional<DebugHit> hit() {
        return Optional.ofNullable(hit);
    }

    /** Whether the guest was left for a debug point, and not for a VM exit; asking takes it back. */
    public boolean takeStopped() {
        boolean was = stopped;
        stopped = false;
        return was;
    }

    /** Whether a point was met that stops at this boundary; asking takes it back. */
    public boolean takeNoted() {
        boolean was = noted;
        noted = false;
        return was;
    }

    /** The instruction behind the noted access did not complete. */
    public void forgetNoted() {
        noted = false;
    }

    /** Whether what the guest was left for is an access that is still to be made. */
    public boolean atAccess() {
        return hit.kind() != DebugHit.Kind.INSTRUCTION;
    }

    /** Whether there is a point at this linear address. */
    public boolean breaksAt(long linear) {
        return Arrays.binarySearch(instructions, linear) >= 0;
    }

    /** An instruction with a point is next: leaves the guest, unless it stopped here just before. */
    public void instruction(long linear, long retired) {
        if (mode == Mode.STOPPING && !(linear == passAddress && retired == passRetired)) {
            passAddress = linear;
            passRetired = retired;
            stop(DebugHit.Kind.INSTRUCTION, linear);
        }
    }

    /** Whether reads, or writes, of a page must be looked at. */
    public boolean watches(long page, boolean write) {
        for (DebugPoints.Watch w : data) {
            if ((write ? w.writes() : w.reads()) && overlap(w, page, 4096)) {
                return true;
            }
        }
        return false;
    }

    /** Whether an access is watched. */
    public boolean watches(long linear, int bytes, boolean write) {
        return met(linear, bytes, write) != null;
    }

    /** An access of an instruction is about to be made, and will not fault any more. */
    public void access(long linear, int bytes, boolean write) {
        if (mode == Mode.STOPPING) {
            DebugPoints.Watch w = met(linear, bytes, write);
            if (w != null) {
                stop(kind(write), first(w, linear));
            }
        } else {
            note(linear, bytes, write);
        }
    }

    /** An access of the processor itself, in the middle of something that cannot be left everywhere. */
    public void note(long linear, int bytes, boolean write) {
        DebugPoints.Watch w = mode == Mode.PASSING ? null : met(linear, bytes, write);
        if (w != null) {
            hit = new DebugHit(kind(write), first(w, linear));
            noted = true;
            cpu.requestAttention();
        }
    }

    private void stop(DebugHit.Kind kind, long address) {
        hit = new DebugHit(kind, address);
        stopped = true;
        throw cpu.exitSignal;
    }

    private static DebugHit.Kind kind(boolean write) {
        return write ? DebugHit.Kind.WRITE : DebugHit.Kind.READ;
    }

    private DebugPoints.Watch met(long linear, int bytes, boolean write) {
        for (DebugPoints.Watch w : data) {
            if ((write ? w.writes() : w.reads()) && overlap(w, linear, bytes)) {
                return w;
            }
        }
        return null;
    }

    /** Ranges may begin below the top of the address space and go around it: differences are right anyway. */
    private static boolean overlap(DebugPoints.Watch w, long from, long bytes) {
        return Long.compareUnsigned(from - w.address(), w.bytes()) < 0 || Long.compareUnsigned(w.address() - from, bytes) < 0;
    }

    private static long first(DebugPoints.Watch w, long linear) {
        return Long.compareUnsigned(linear - w.address(), w.bytes()) < 0 ? linear : w.address();
    }
}
