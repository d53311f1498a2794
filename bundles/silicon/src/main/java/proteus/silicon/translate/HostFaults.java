package proteus.silicon.translate;

import static proteus.silicon.translate.HostAssembler.R8;
import static proteus.silicon.translate.HostAssembler.R9;
import static proteus.silicon.translate.HostAssembler.RAX;
import static proteus.silicon.translate.HostAssembler.RCX;
import static proteus.silicon.translate.HostAssembler.RDI;
import static proteus.silicon.translate.HostAssembler.RDX;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import proteus.silicon.cpu.Raw;

/**
 * Faults of generated code, which only a mistake in it can cause: a handler in front of the JVM's own lets the code come back
 * with a report where the program counter lies in it, and hands on everything else.
 */
final class HostFaults {
    /** SIGILL, SIGBUS, SIGFPE, SIGSEGV (Linux, asm/signal.h). */
    private static final int[] SIGNALS = {4, 7, 8, 11};
    /** struct sigaction of the C library: handler, mask of 128 bytes, flags, restorer. */
    private static final int SIGACTION_BYTES = 152;
    /** RIP in the context that a handler gets (Linux, sys/ucontext.h: uc_mcontext.gregs[REG_RIP]). */
    private static final int CONTEXT_RIP = 40 + 16 * 8;
    private static final int RUNS = 64;
    private static final int MEMORY_BYTES = 1 << 16;

    /** Runs of generated code: start and length; a length of 0 is no run. */
    private static long table;

    private HostFaults() {}

    /** A fault in this run goes to the first byte of its code. False if there are too many runs. */
    static synchronized boolean guard(long start, long bytes) throws CodeMemory.RefusedException {
        if (table == 0) {
            install();
        }
        for (int i = 0; i < RUNS; i++) {
            if (Raw.getLong(table + 16 * i + 8) == 0) {
                Raw.putLong(table + 16 * i, start);
                Raw.putLong(table + 16 * i + 8, bytes);
                return true;
            }
        }
        return false;
    }

    static synchronized void release(long start) {
        for (int i = 0; i < RUNS; i++) {
            if (Raw.getLong(table + 16 * i) == start) {
                Raw.putLong(table + 16 * i + 8, 0);
                Raw.putLong(table + 16 * i, 0);
            }
        }
    }

    private static void install() throws CodeMemory.RefusedException {
        CodeMemory memory = new CodeMemory(MEMORY_BYTES);
        long runs = Arena.global().allocate(16 * RUNS, 16).address();
        Linker linker = Linker.nativeLinker();
        MethodHandle sigaction = linker.downcallHandle(linker.defaultLookup().find("sigaction").orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        HostAssembler a = new HostAssembler();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
            long at = memory.code();
            for (int signal : SIGNALS) {
                int ignored = (int) sigaction.invokeExact(signal, MemorySegment.NULL, action);
                long old = action.get(ValueLayout.JAVA_LONG, 0);
                if (old == 0 || old == 1) {
                    continue; // the default or ignored: nobody to hand on to
                }
                a.begin(at);
                handler(a, runs, old);
                memory.write(at, a.code(), a.length());
                action.set(ValueLayout.JAVA_LONG, 0, at);
                ignored = (int) sigaction.invokeExact(signal, action, MemorySegment.NULL);
                at = a.here() + 15 & -16L;
            }
        } catch (Throwable t) {
            throw CodeMemory.unexpected(t);
        }
        table = runs;
    }

    /** {@code handler(signal, information, context)}, RDI, RSI, RDX. */
    private static void handler(HostAssembler a, long runs, long old) {
        a.rm(64, 0x8b, RAX, RDX, CONTEXT_RIP);
        a.constant(R8, runs);
        a.constant(R9, RUNS);
        int loop = a.length();
        a.move(64, RCX, RAX);
        a.rm(64, 0x2b, RCX, R8, 0);
        a.rm(64, 0x3b, RCX, R8, 8);
        int hit = a.jump(2);
        a.alu(64, 0, R8, 16);
        a.alu(32, 5, R9, 1);
        a.put8(0x75);
        a.put8(loop - (a.length() + 1));
        a.constant(RAX, old);
        a.digit(32, 0xff, 4, RAX);
        a.land(hit);
        a.rm(64, 0x8b, RCX, R8, 0);
        a.rm(64, 0x89, RAX, RCX, StateLayout.FAULT_PC);
        a.move(32, RDI, RDI);
        a.rm(64, 0x89, RDI, RCX, StateLayout.FAULT_SIGNAL);
        a.alu(64, 0, RCX, CodeMemory.STATE_BYTES);
        a.rm(64, 0x89, RCX, RDX, CONTEXT_RIP);
        a.put8(0xc3);
    }
}
