package proteus.conform.host;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import proteus.conform.state.Segment;

/** The calls into the C library that the harness needs. A refusal is an {@link IllegalStateException} in one sentence. */
final class SystemCalls {
    static final int PROT_NONE = 0, READ = 1, WRITE = 2, EXECUTE = 4;
    /** MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_FIXED_NOREPLACE: only where nothing is yet, and no memory is used before it is touched. */
    private static final int AT_FREE_ADDRESSES = 0x2 | 0x20 | 0x4000 | 0x10_0000;

    private static final int ARCH_GET_GS = 0x1004;
    private static final long MODIFY_LDT = 154, WRITE_LDT = 0x11;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    private final MethodHandle mmap, munmap, mprotect, sigaction, sigaltstack, archPrctl, modifyLdt;

    SystemCalls() {
        Linker linker = Linker.nativeLinker();
        SymbolLookup libc = linker.defaultLookup();
        mmap = linker.downcallHandle(libc.findOrThrow("mmap"), FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
        munmap = linker.downcallHandle(libc.findOrThrow("munmap"), FunctionDescriptor.of(INT, LONG, LONG));
        mprotect = linker.downcallHandle(libc.findOrThrow("mprotect"), FunctionDescriptor.of(INT, LONG, LONG, INT));
        sigaction = linker.downcallHandle(libc.findOrThrow("sigaction"), FunctionDescriptor.of(INT, INT, POINTER, POINTER));
        sigaltstack = linker.downcallHandle(libc.findOrThrow("sigaltstack"), FunctionDescriptor.of(INT, POINTER, POINTER));
        modifyLdt = linker.downcallHandle(libc.findOrThrow("syscall"), FunctionDescriptor.of(LONG, LONG, LONG, POINTER, LONG), Linker.Option.firstVariadicArg(1));
        archPrctl = linker.downcallHandle(libc.findOrThrow("arch_prctl"), FunctionDescriptor.of(INT, INT, POINTER));
    }

    /** Maps fresh memory at exactly these addresses; answers whether they were free. */
    boolean map(long at, long bytes, int rights) {
        try {
            long got = (long) mmap.invokeExact(at, bytes, rights, AT_FREE_ADDRESSES, -1, 0L);
            if (got != at && got != -1) {
                unmap(got, bytes); // a kernel older than the flag takes the address as a hint
            }
            return got == at;
        } catch (Throwable e) {
            throw failed("mmap", e);
        }
    }

    void unmap(long at, long bytes) {
        try {
            check("munmap", (int) munmap.invokeExact(at, bytes));
        } catch (Throwable e) {
            throw failed("munmap", e);
        }
    }

    void protect(long at, long bytes, int rights) {
        try {
            check("mprotect", (int) mprotect.invokeExact(at, bytes, rights));
        } catch (Throwable e) {
            throw failed("mprotect", e);
        }
    }

    void sigaction(int signal, MemorySegment action, MemorySegment before) {
        try {
            check("sigaction", (int) sigaction.invokeExact(signal, action, before));
        } catch (Throwable e) {
            throw failed("sigaction", e);
        }
    }

    void sigaltstack(MemorySegment stack) {
        try {
            check("sigaltstack", (int) sigaltstack.invokeExact(stack, MemorySegment.NULL));
        } catch (Throwable e) {
            throw failed("sigaltstack", e);
        }
    }

    /** Base of GS on the calling thread. */
    long gsBase() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment base = arena.allocate(LONG);
            check("arch_prctl", (int) archPrctl.invokeExact(ARCH_GET_GS, base));
            return base.get(LONG, 0);
        } catch (Throwable e) {
            throw failed("arch_prctl", e);
        }
    }

    /** Puts a segment into this process's LDT; answers whether the kernel lets programs do that. */
    boolean localSegment(Segment segment) {
        try (Arena arena = Arena.ofConfined()) {
            // struct user_desc of asm/ldt.h
            MemorySegment description = arena.allocate(16, 4);
            description.set(INT, 0, segment.selector() >> 3);
            description.set(INT, 4, (int) segment.base());
            description.set(INT, 8, segment.limit());
            int contents = segment.type() >> 2 & 3;
            boolean readOnly = (segment.type() & 2) == 0;
            description.set(INT, 12, (segment.big() ? 1 : 0) | contents << 1 | (readOnly ? 8 : 0) | (segment.pages() ? 16 : 0) | (segment.present() ? 0 : 32) | 64);
            return (long) modifyLdt.invokeExact(MODIFY_LDT, WRITE_LDT, description, description.byteSize()) == 0;
        } catch (Throwable e) {
            throw failed("modify_ldt", e);
        }
    }

    private static void check(String call, int result) {
        if (result != 0) {
            throw new IllegalStateException(call + " failed, so cases cannot run on this host");
        }
    }

    static IllegalStateException failed(String call, Throwable why) {
        return why instanceof IllegalStateException e ? e : new IllegalStateException(call + " failed: " + why, why);
    }
}
