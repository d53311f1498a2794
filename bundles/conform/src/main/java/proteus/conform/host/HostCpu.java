package proteus.conform.host;

import static proteus.conform.host.SystemCalls.EXECUTE;
import static proteus.conform.host.SystemCalls.PROT_NONE;
import static proteus.conform.host.SystemCalls.READ;
import static proteus.conform.host.SystemCalls.WRITE;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Set;
import proteus.conform.state.Cases;
import proteus.conform.state.Mode;
import proteus.conform.state.Segment;
import proteus.conform.state.Segments;
import proteus.conform.state.Window;

/**
 * Runs cases on the host's processor. It maps the window at its fixed addresses, puts signal handlers in front of the JVM's (which get every
 * signal that is not a case's), and gives the calling thread a signal stack, since RSP belongs to the case. Made, used and closed by one
 * platform thread; one at a time in a process.
 */
public final class HostCpu implements AutoCloseable {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;

    /** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV. */
    private static final int[] SIGNALS = {4, 5, 7, 8, 11};
    /** SA_SIGINFO, SA_ONSTACK, SA_RESTART, SA_NODEFER. */
    private static final int HANDLER_FLAGS = 0x4 | 0x0800_0000 | 0x1000_0000 | 0x4000_0000;
    /** struct sigaction of glibc: handler, mask of 128 bytes, flags, restorer. */
    private static final int SIGACTION_BYTES = 152, SA_FLAGS = 136;
    private static final int SIGNAL_STACK = 1 << 17, SS_DISABLE = 2;
    private static final int JUMP = 0xe9, JUMP_FAR = 0xea, OPERAND_SIZE = 0x66, BREAKPOINT = 0xcc, JUMP_BYTES = 5;

    private final Arena arena = Arena.ofShared();
    private final SystemCalls system = new SystemCalls();
    private final LowMemory rest;
    private final String compatibilityObstacle;
    private final MethodHandle run;
    private final MemorySegment window;
    private final MemorySegment[] old = new MemorySegment[SIGNALS.length];
    private final Harness harness;
    private final Thread owner = Thread.currentThread();
    private final byte[] code = new byte[(int) Window.CODE_BYTES];

    /** Why cases cannot run here, or an empty string. */
    public static String obstacle() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch");
        return os.equals("Linux") && arch.equals("amd64") ? "" : "the oracle is an x86-64 processor under Linux, and this is %s on %s".formatted(arch, os);
    }

    /**
     * @param features of the host, by the names of /proc/cpuinfo; with AVX its state is part of every case
     * @param constants contents of the page that can only be read
     * @throws IllegalStateException in one sentence, if the window's addresses are taken or the system refuses
     */
    public HostCpu(Set<String> features, byte[] constants) {
        if (system.gsBase() != 0) {
            throw new IllegalStateException("this thread uses GS, which cases take to start at 0");
        }
        harness = new Harness(features.contains("avx") && features.contains("xsave"), features.contains("fsgsbase"));
        if (!system.map(Window.BASE, Window.BYTES, PROT_NONE)) {
            throw new IllegalStateException("the addresses from 0x%x on, where cases run, are taken in this process".formatted(Window.BASE));
        }
        window = MemorySegment.ofAddress(Window.BASE).reinterpret(Window.BYTES);
        system.protect(Window.DATA, Window.DATA_BYTES, READ | WRITE);
        system.protect(Window.CONTROL, Window.PAGE, READ | WRITE);
        fill(Window.CONSTANTS, constants, Window.PAGE, READ);
        fill(Window.STUB, harness.code, Window.PAGE, READ | EXECUTE);
        Arrays.fill(code, (byte) BREAKPOINT);
        publish();
        run = Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(harness.run), FunctionDescriptor.ofVoid(POINTER, LONG));
        rest = LowMemory.reserve();
        compatibilityObstacle = segments(features.contains("fsgsbase"));
        signalStack();
        catchFaults();
    }

    /**
     * Makes ready for compatibility mode.
     *
     * @return why it cannot be used here, or an empty string
     */
    private String segments(boolean fsgsbase) {
        if (!fsgsbase) {
            return "programs may not restore the base of FS on this host (no FSGSBASE)";
        }
        for (Segment segment : Segments.LDT) {
            if (!system.localSegment(segment)) {
                return "this host's kernel gives programs no LDT (modify_ldt)";
            }
        }
        return "";
    }

    /** Why cases of compatibility mode cannot run here, or an empty string. */
    public String compatibilityObstacle() {
        return compatibilityObstacle;
    }

    private void fill(long at, byte[] bytes, long size, int rights) {
        system.protect(at, size, READ | WRITE);
        MemorySegment.copy(bytes, 0, window, ValueLayout.JAVA_BYTE, at - Window.BASE, bytes.length);
        system.protect(at, size, rights);
    }

    private void signalStack() {
        MemorySegment stack = arena.allocate(24, 8);
        stack.set(POINTER, 0, arena.allocate(SIGNAL_STACK, 64));
        stack.set(LONG, 16, SIGNAL_STACK);
        system.sigaltstack(stack);
    }

    private void catchFaults() {
        for (int i = 0; i < SIGNALS.length; i++) {
            old[i] = arena.allocate(SIGACTION_BYTES, 8);
            system.sigaction(SIGNALS[i], MemorySegment.NULL, old[i]);
            window.set(LONG, Window.CONTROL - Window.BASE + Harness.OLD_HANDLERS + 8L * SIGNALS[i], old[i].get(LONG, 0));
        }
        for (int signal : SIGNALS) {
            MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
            action.set(LONG, 0, harness.handler);
            action.set(INT, SA_FLAGS, HANDLER_FLAGS);
            system.sigaction(signal, action, MemorySegment.NULL);
        }
    }

    /** Where the jump behind an instruction has to go. */
    public long exit() {
        return harness.done;
    }

    /** Puts an instruction into a slot, a jump out behind it and breakpoints around it; {@link #publish} makes it effective. */
    public void slot(Mode mode, int slot, int start, byte[] instruction, int length) {
        int at = (int) (Window.slot(slot) - Window.CODE);
        Arrays.fill(code, at, at + Window.SLOT, (byte) BREAKPOINT);
        System.arraycopy(instruction, 0, code, at + start, length);
        int behind = at + start + length;
        if (mode.isLong()) {
            code[behind] = (byte) JUMP;
            put32(behind + 1, (int) (harness.done - (Window.CODE + behind + JUMP_BYTES)));
            return;
        }
        if (mode == Mode.SIXTEEN) {
            code[behind++] = OPERAND_SIZE;
        }
        code[behind] = (byte) JUMP_FAR;
        put32(behind + 1, (int) harness.done);
        code[behind + 5] = (byte) Mode.LONG.code.selector();
        code[behind + 6] = 0;
    }

    private void put32(int at, int value) {
        for (int i = 0; i < 4; i++) {
            code[at + i] = (byte) (value >> 8 * i);
        }
    }

    /** The code pages as they are now. */
    public byte[] code() {
        return code;
    }

    public void publish() {
        fill(Window.CODE, code, Window.CODE_BYTES, READ | EXECUTE);
    }

    /** Runs cases first to last-1, one after the other. */
    public void run(Cases cases, int first, int count) {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("the signal stack is that of " + owner);
        }
        try {
            run.invokeExact(cases.segment().asSlice(Cases.before(first)), (long) count);
        } catch (Throwable e) {
            throw SystemCalls.failed("run", e);
        }
    }

    /** Copies the data pages out. */
    public void data(byte[] to) {
        MemorySegment.copy(window, ValueLayout.JAVA_BYTE, Window.DATA - Window.BASE, to, 0, (int) Window.DATA_BYTES);
    }

    /** Overwrites the data pages. */
    public void setData(byte[] from) {
        MemorySegment.copy(from, 0, window, ValueLayout.JAVA_BYTE, Window.DATA - Window.BASE, (int) Window.DATA_BYTES);
    }

    @Override
    public void close() {
        for (int i = 0; i < SIGNALS.length; i++) {
            system.sigaction(SIGNALS[i], old[i], MemorySegment.NULL);
        }
        MemorySegment none = arena.allocate(24, 8);
        none.set(INT, 8, SS_DISABLE);
        system.sigaltstack(none);
        rest.close();
        system.unmap(Window.BASE, Window.BYTES);
        arena.close();
    }
}
