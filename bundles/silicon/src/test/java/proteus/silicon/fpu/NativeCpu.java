package proteus.silicon.fpu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The host's own processor as oracle: runs one instruction over an array of states. A stub loads a state with XRSTOR (FXRSTOR
 * where there is no AVX), executes the instruction and saves what became of it; faults in the stub are caught by signal handlers and reported as vectors.
 */
final class NativeCpu implements AutoCloseable {
    /** Layout of a state: XSAVE image, RAX RCX RDX RBX, RFLAGS, vector of a fault, memory operand (RDI points to it). */
    static final int STATE = 2048, HEADER = 512, HIGH_HALVES = 576, GPRS = 832, FLAGS = 864, VECTOR = 872, MEMORY = 896;
    /** x87, SSE and AVX in EDX:EAX of XSAVE, and in the image's header. */
    static final int COMPONENTS = 7;
    /** How much of the memory operand is compared: most instructions touch 16 bytes, images of state up to 832. */
    static final int SMALL = 64, IMAGE = 1024;

    private static final int CODE_BYTES = 4096;
    private static final int[] SIGNALS = {4, 7, 8, 11};
    private static final int SIGACTION_BYTES = 152, SA_FLAGS = 136;
    /** SA_SIGINFO, SA_ONSTACK, SA_RESTART, SA_NODEFER. */
    private static final int FLAGS_OF_HANDLER = 0x4 | 0x08000000 | 0x10000000 | 0x40000000;
    private static final int HANDLER_AT = 2048, OLD_HANDLERS_AT = 3072;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment code;
    private final MethodHandle stub;
    private final MethodHandle sigaction;
    private final MemorySegment[] old = new MemorySegment[SIGNALS.length];
    private final boolean avx;
    private long instructionAddress;

    /** Whether this processor and its operating system have a feature, by its name in /proc/cpuinfo. */
    static boolean has(String feature) throws IOException {
        return available() && (" " + Files.readString(Path.of("/proc/cpuinfo")).replace('\n', ' ') + " ").contains(" " + feature + " ");
    }

    static boolean available() {
        return System.getProperty("os.arch").equals("amd64") && System.getProperty("os.name").equals("Linux");
    }

    NativeCpu() {
        try {
            avx = has("avx");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Linker linker = Linker.nativeLinker();
        SymbolLookup libc = linker.defaultLookup();
        MethodHandle mmap = linker.downcallHandle(libc.find("mmap").orElseThrow(), FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
        sigaction = linker.downcallHandle(libc.find("sigaction").orElseThrow(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
            ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        try {
            MemorySegment page = (MemorySegment) mmap.invokeExact(MemorySegment.NULL, (long) CODE_BYTES, 7, 0x22, -1, 0L);
            code = page.reinterpret(CODE_BYTES);
            stub = linker.downcallHandle(code, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
            catchFaults();
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Handlers that resume behind the instruction with the vector in RSI if the stub faulted, and go to the JVM's handler otherwise. */
    private void catchFaults() throws Throwable {
        Bytes b = new Bytes();
        b.add(0x48, 0x8b, 0x82, 0xa8, 0, 0, 0); // mov rax, [rdx+0xa8]: RIP in the ucontext
        b.add(0x48, 0xb9).add64(code.address()); // mov rcx, code
        b.add(0x48, 0x29, 0xc8); // sub rax, rcx
        b.add(0x48, 0x3d, 0, 4, 0, 0); // cmp rax, 1024
        b.add(0x73, 0x26); // jae chain
        b.add(0x8b, 0x81).add32(OLD_HANDLERS_AT + 128); // mov eax, [rcx+resume]
        b.add(0x48, 0x01, 0xc8); // add rax, rcx
        b.add(0x48, 0x89, 0x82, 0xa8, 0, 0, 0); // mov [rdx+0xa8], rax
        b.add(0x48, 0x8b, 0x82, 0xc8, 0, 0, 0); // mov rax, [rdx+0xc8]: vector
        b.add(0x48, 0xff, 0xc0); // inc rax: so that #DE is not "none"
        b.add(0x48, 0x89, 0x82, 0x70, 0, 0, 0); // mov [rdx+0x70], rax: RSI
        b.add(0x90, 0x90, 0x90, 0x90, 0xc3); // ret
        b.add(0x48, 0x63, 0xff); // movsxd rdi, edi
        b.add(0xff, 0xa4, 0xf9).add32(OLD_HANDLERS_AT); // jmp [rcx+rdi*8+old]
        put(HANDLER_AT, b);
        for (int i = 0; i < SIGNALS.length; i++) {
            old[i] = arena.allocate(SIGACTION_BYTES, 8);
            check((int) sigaction.invokeExact(SIGNALS[i], MemorySegment.NULL, old[i]));
            code.set(ValueLayout.JAVA_LONG, OLD_HANDLERS_AT + 8L * SIGNALS[i], old[i].get(ValueLayout.JAVA_LONG, 0));
        }
        for (int signal : SIGNALS) {
            MemorySegment action = arena.allocate(SIGACTION_BYTES, 8);
            action.set(ValueLayout.JAVA_LONG, 0, code.address() + HANDLER_AT);
            action.set(ValueLayout.JAVA_INT, SA_FLAGS, FLAGS_OF_HANDLER);
            check((int) sigaction.invokeExact(signal, action, MemorySegment.NULL));
        }
    }

    private static void check(int result) {
        if (result != 0) {
            throw new IllegalStateException("sigaction failed");
        }
    }

    private void put(int at, Bytes bytes) {
        MemorySegment.copy(bytes.array(), 0, code, ValueLayout.JAVA_BYTE, at, bytes.array().length);
    }

    /** Builds the stub around an instruction. It may use RAX RCX RDX RBX and memory at RDI. */
    void instruction(byte[] instruction) {
        Bytes b = new Bytes();
        b.add(0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57); // push rbx rbp r12-r15
        b.add(0x49, 0x89, 0xfc, 0x49, 0x89, 0xf5, 0x49, 0x89, 0xd6); // mov r12, rdi; r13, rsi; r14, rdx
        int loop = b.size();
        if (avx) {
            b.add(0xb8).add32(COMPONENTS).add(0x31, 0xd2); // mov eax, components; xor edx, edx
            b.add(0x49, 0x0f, 0xae, 0x2c, 0x24); // xrstor64 [r12]
        } else {
            b.add(0x49, 0x0f, 0xae, 0x0c, 0x24); // fxrstor64 [r12]
        }
        b.add(0x49, 0x8d, 0xbd).add32(MEMORY); // lea rdi, [r13+memory]
        b.add(0x31, 0xf6); // xor esi, esi
        b.add(0x41, 0xff, 0xb4, 0x24).add32(FLAGS).add(0x9d); // push [r12+flags]; popfq
        for (int i = 0; i < 4; i++) {
            b.add(0x49, 0x8b, 0x84 | i << 3, 0x24).add32(GPRS + 8 * i); // mov r, [r12+..]
        }
        instructionAddress = code.address() + b.size();
        b.add(instruction);
        code.set(ValueLayout.JAVA_INT, OLD_HANDLERS_AT + 128L, b.size());
        for (int i = 0; i < 4; i++) {
            b.add(0x49, 0x89, 0x85 | i << 3).add32(GPRS + 8 * i); // mov [r13+..], r
        }
        b.add(0x49, 0x89, 0xb5).add32(VECTOR); // mov [r13+vector], rsi
        b.add(0x9c, 0x41, 0x8f, 0x85).add32(FLAGS); // pushfq; pop [r13+flags]
        if (avx) {
            b.add(0xb8).add32(COMPONENTS).add(0x31, 0xd2); // mov eax, components; xor edx, edx
            b.add(0x49, 0x0f, 0xae, 0x65, 0); // xsave64 [r13]
        } else {
            b.add(0x49, 0x0f, 0xae, 0x45, 0); // fxsave64 [r13]
        }
        b.add(0x49, 0x81, 0xc4).add32(STATE).add(0x49, 0x81, 0xc5).add32(STATE); // add r12, r13
        b.add(0x49, 0xff, 0xce, 0x0f, 0x85).add32(loop - b.size() - 4); // dec r14; jnz loop
        b.add(0xdb, 0xe3, 0x68).add32(0x1f80).add(0x0f, 0xae, 0x14, 0x24, 0x58); // fninit; push; ldmxcsr [rsp]; pop rax
        b.add(0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3); // pop; ret
        put(0, b);
    }

    /** Whether states have upper halves of YMM registers. */
    boolean avx() {
        return avx;
    }

    long instructionAddress() {
        return instructionAddress;
    }

    /** Runs the instruction on every state; {@code out} holds a copy of {@code in} before. */
    void run(MemorySegment in, MemorySegment out, long states) {
        try {
            stub.invokeExact(in, out, states);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        try {
            for (int i = 0; i < SIGNALS.length; i++) {
                check((int) sigaction.invokeExact(SIGNALS[i], old[i], MemorySegment.NULL));
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }

    /** Machine code under construction. */
    static final class Bytes {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Bytes add(int... bytes) {
            for (int b : bytes) {
                out.write(b);
            }
            return this;
        }

        Bytes add(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        Bytes add32(int value) {
            return add(value, value >> 8, value >> 16, value >> 24);
        }

        Bytes add64(long value) {
            return add32((int) value).add32((int) (value >> 32));
        }

        int size() {
            return out.size();
        }

        byte[] array() {
            return out.toByteArray();
        }
    }
}
