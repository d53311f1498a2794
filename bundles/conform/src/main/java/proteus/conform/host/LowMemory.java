package proteus.conform.host;

import java.util.ArrayList;
import java.util.List;
import proteus.conform.state.FreeAddresses;
import proteus.conform.state.FreeAddresses.Range;

/**
 * Everything below 4 GiB that is free in this process, taken. While cases run nothing else can appear there; and taken with rights, it makes
 * an operand that strays there a difference instead of a fault on both sides.
 */
public final class LowMemory implements AutoCloseable {
    private final SystemCalls system = new SystemCalls();
    private final List<Range> taken = new ArrayList<>();

    private LowMemory(int rights) {
        for (Range gap : FreeAddresses.gaps()) {
            // what another thread has mapped in the meantime stays its own
            if (system.map(gap.from(), gap.to() - gap.from(), rights)) {
                taken.add(gap);
            }
        }
    }

    /** Takes it so that every access faults. */
    static LowMemory reserve() {
        return new LowMemory(SystemCalls.PROT_NONE);
    }

    /** Takes all but the room that a {@link HostCpu} needs, so that every read and write succeeds. */
    public static LowMemory canary() {
        return new LowMemory(SystemCalls.READ | SystemCalls.WRITE);
    }

    public long bytes() {
        return taken.stream().mapToLong(range -> range.to() - range.from()).sum();
    }

    @Override
    public void close() {
        taken.forEach(range -> system.unmap(range.from(), range.to() - range.from()));
    }
}
