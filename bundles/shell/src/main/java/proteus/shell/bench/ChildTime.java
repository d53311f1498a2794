package proteus.shell.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * CPU time of child processes that have ended and been waited for, to the microsecond: {@code getrusage(RUSAGE_CHILDREN)}. Java itself
 * tells the time of a process only while it lives.
 */
final class ChildTime {
    private static final int RUSAGE_CHILDREN = -1;
    /** Of {@code struct rusage} on 64-bit Linux: two times of two longs each, and fourteen longs. */
    private static final long BYTES = 18 * Long.BYTES;

    private static final MethodHandle GETRUSAGE = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().find("getrusage").orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));

    /**
     * @param userNanos in user mode
     * @param systemNanos in the kernel on its behalf
     */
    record Used(long userNanos, long systemNanos) {
        long nanos() {
            return userNanos + systemNanos;
        }

        Used since(Used earlier) {
            return new Used(userNanos - earlier.userNanos, systemNanos - earlier.systemNanos);
        }
    }

    private ChildTime() {}

    /** All that the children that have ended until now have used. */
    static Used now() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment usage = arena.allocate(BYTES, Long.BYTES);
            if ((int) GETRUSAGE.invokeExact(RUSAGE_CHILDREN, usage) != 0) {
                throw new IllegalStateException("getrusage fails");
            }
            return new Used(nanos(usage, 0), nanos(usage, 2));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static long nanos(MemorySegment usage, int index) {
        return usage.getAtIndex(ValueLayout.JAVA_LONG, index) * 1_000_000_000 + usage.getAtIndex(ValueLayout.JAVA_LONG, index + 1) * 1000;
    }
}
