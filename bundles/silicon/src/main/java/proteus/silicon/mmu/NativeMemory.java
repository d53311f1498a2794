package proteus.silicon.mmu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Cleaner;

/** Address space for host memory: reserved at once, backed by the host page by page as it is touched. */
final class NativeMemory implements AutoCloseable {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x2 | 0x20 | 0x4000;
    private static final int MADV_DONTNEED = 4;
    private static final Cleaner CLEANER = Cleaner.create();
    private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private final long bytes;
    private final long base;
    /** Where mmap is not to be had, the JVM gives (and clears) all memory at the start. */
    private final Arena arena;

    NativeMemory(long bytes) {
        this.bytes = bytes;
        if (LINUX) {
            arena = null;
            base = Calls.mmap(bytes);
            long start = base;
            CLEANER.register(this, () -> Calls.munmap(start, bytes));
        } else {
            arena = Arena.ofShared();
            base = arena.allocate(bytes, 1 << 21).address();
        }
    }

    long base() {
        return base;
    }

    /** Makes a range read as zeros again and gives its backing back to the host. */
    void discard(long offset, long length) {
        if (LINUX) {
            Calls.madvise(base + offset, length);
        } else {
            proteus.silicon.cpu.Raw.fill(base + offset, length, (byte) 0);
        }
    }

    /**
     * Gives all backing back to the host. The address space goes with the last object that knows it: a VM that outlives its silicon may
     * still be looked at and be closed, and reads zeros.
     */
    @Override
    public void close() {
        if (LINUX) {
            discard(0, bytes);
        } else {
            arena.close();
        }
    }

    private static final class Calls {
        private static final MethodHandle MMAP = handle("mmap",
            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        private static final MethodHandle MUNMAP = handle("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        private static final MethodHandle MADVISE =
            handle("madvise", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

        private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
        }

        static long mmap(long bytes) {
            try {
                long at = (long) MMAP.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0L);
                if (at == -1) {
                    throw new OutOfMemoryError("the operating system refuses to reserve " + (bytes >> 20) + " MiB of host memory");
                }
                return at;
            } catch (Throwable t) {
                throw rethrow(t);
            }
        }

        static void munmap(long at, long bytes) {
            try {
                int ignored = (int) MUNMAP.invokeExact(at, bytes);
            } catch (Throwable t) {
                throw rethrow(t);
            }
        }

        static void madvise(long at, long bytes) {
            try {
                if ((int) MADVISE.invokeExact(at, bytes, MADV_DONTNEED) != 0) {
                    MemorySegment.ofAddress(at).reinterpret(bytes).fill((byte) 0);
                }
            } catch (Throwable t) {
                throw rethrow(t);
            }
        }

        private static RuntimeException rethrow(Throwable t) {
            if (t instanceof Error error) {
                throw error;
            }
            return new IllegalStateException(t);
        }
    }
}
