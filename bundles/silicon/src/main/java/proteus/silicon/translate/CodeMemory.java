package proteus.silicon.translate;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import proteus.silicon.cpu.Raw;

/**
 * One run of address space for a processor: first pages of state, readable and writable, then code, readable and executable.
 * The code's pages are a memory file that is mapped a second time, writable and not executable, so no page is ever both
 * through one address. The run is aligned to its size.
 */
final class CodeMemory implements AutoCloseable {
    /** Bytes of state at the start. */
    static final int STATE_BYTES = 8192;

    private static final int READ = 1, WRITE = 2, EXECUTE = 4;
    private static final int SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, NO_RESERVE = 0x4000;

    private final long base;
    private final long writable;
    private final long bytes;

    /**
     * @param bytes size of the whole run, a power of two
     * @throws RefusedException when the operating system does not give executable memory
     */
    CodeMemory(long bytes) throws RefusedException {
        this.bytes = bytes;
        long length = bytes - STATE_BYTES;
        int file = Calls.memoryFile();
        if (file < 0) {
            throw new RefusedException("the operating system gives no memory file");
        }
        try {
            if (Calls.resize(file, length) != 0) {
                throw new RefusedException("the operating system gives no memory file of " + (bytes >> 20) + " MiB");
            }
            long reserved = Calls.map(0, 2 * bytes, 0, PRIVATE | ANONYMOUS | NO_RESERVE, -1);
            if (reserved == -1) {
                throw new RefusedException("the operating system gives no " + (2 * bytes >> 20) + " MiB of address space");
            }
            base = reserved + bytes - 1 & -bytes;
            if (base > reserved) {
                Calls.unmap(reserved, base - reserved);
            }
            if (base < reserved + bytes) {
                Calls.unmap(base + bytes, reserved + bytes - base);
            }
            long state = Calls.map(base, STATE_BYTES, READ | WRITE, PRIVATE | ANONYMOUS | FIXED, -1);
            long code = Calls.map(base + STATE_BYTES, length, READ | EXECUTE, SHARED | FIXED, file);
            writable = Calls.map(0, length, READ | WRITE, SHARED, file);
            if (state == -1 || code == -1 || writable == -1) {
                Calls.unmap(base, bytes);
                throw new RefusedException("the operating system refuses executable memory");
            }
        } finally {
            Calls.close(file);
        }
    }

    /** Executable memory is not to be had; the message is a clause. */
    static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;

        RefusedException(String message) {
            super(message);
        }
    }

    /** Address of the state. */
    long state() {
        return base;
    }

    /** Address of the first byte of code, where it executes. */
    long code() {
        return base + STATE_BYTES;
    }

    /** One past the last byte of code. */
    long end() {
        return base + bytes;
    }

    /** Puts bytes of code in place. */
    void write(long address, byte[] code, int length) {
        Raw.copyIn(writable + (address - code()), code, 0, length);
    }

    void write32(long address, int value) {
        Raw.putInt(writable + (address - code()), value);
    }

    void write8(long address, int value) {
        Raw.putByte(writable + (address - code()), (byte) value);
    }

    byte[] read(long address, int length) {
        byte[] copy = new byte[length];
        Raw.copyOut(writable + (address - code()), copy, 0, length);
        return copy;
    }

    /** Gives everything back but the pages of state: whoever still looks at a closed processor reads old values and does not fault. */
    @Override
    public void close() {
        Calls.unmap(code(), bytes - STATE_BYTES);
        Calls.unmap(writable, bytes - STATE_BYTES);
    }

    private static final class Calls {
        private static final Linker LINKER = Linker.nativeLinker();
        private static final MethodHandle MMAP = handle("mmap", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        private static final MethodHandle MUNMAP = handle("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        private static final MethodHandle MEMFD =
            handle("memfd_create", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
        private static final MethodHandle FTRUNCATE = handle("ftruncate", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        private static final MethodHandle CLOSE = handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

        private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
            return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), descriptor);
        }

        static int memoryFile() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment name = arena.allocateFrom("proteus-code");
                return (int) MEMFD.invokeExact(name, 1); // MFD_CLOEXEC
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        static int resize(int file, long length) {
            try {
                return (int) FTRUNCATE.invokeExact(file, length);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        static void close(int file) {
            try {
                int ignored = (int) CLOSE.invokeExact(file);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        static long map(long address, long length, int protection, int flags, int file) {
            try {
                return (long) MMAP.invokeExact(address, length, protection, flags, file, 0L);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }

        static void unmap(long address, long length) {
            try {
                int ignored = (int) MUNMAP.invokeExact(address, length);
            } catch (Throwable t) {
                throw unexpected(t);
            }
        }
    }

    /** What a call of the C library threw, which declares everything: errors go on as they are. */
    static RuntimeException unexpected(Throwable t) {
        if (t instanceof Error error) {
            throw error;
        }
        return new IllegalStateException(t);
    }
}
