package proteus.x86.decode;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The Capstone disassembler, where its library is installed: a peer to compare the decoder with. */
final class Capstone implements AutoCloseable {
    private static final int ARCH_X86 = 3;
    private static final int CODE_BYTES = 16;
    /** The version whose errors {@link CapstoneTest} knows. */
    private static final String LIBRARY = "libcapstone.so.4";
    /** Of cs_insn: size, mnemonic, operands. */
    private static final long SIZE_FIELD = 16, MNEMONIC_FIELD = 34, OPERANDS_FIELD = 66, INSTRUCTION_SIZE = 512;

    private final Arena arena = Arena.ofConfined();
    private final MethodHandle iterate;
    private final MethodHandle close;
    private final MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment code = arena.allocate(CODE_BYTES);
    private final MemorySegment pointer = arena.allocate(ValueLayout.ADDRESS);
    private final MemorySegment left = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment instruction;

    private Capstone(SymbolLookup library, int mode) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle open = linker.downcallHandle(library.findOrThrow("cs_open"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        MethodHandle allocate = linker.downcallHandle(library.findOrThrow("cs_malloc"), FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
        iterate = linker.downcallHandle(library.findOrThrow("cs_disasm_iter"), FunctionDescriptor.of(ValueLayout.JAVA_BOOLEAN, ValueLayout.JAVA_LONG,
            ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
        close = linker.downcallHandle(library.findOrThrow("cs_close"), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
        if ((int) open.invokeExact(ARCH_X86, mode >> 3, handle) != 0) {
            throw new IllegalStateException("cs_open failed");
        }
        instruction = ((MemorySegment) allocate.invokeExact(handle.get(ValueLayout.JAVA_LONG, 0))).reinterpret(INSTRUCTION_SIZE);
    }

    /** @param mode 16, 32 or 64 */
    static Optional<Capstone> open(int mode) throws Throwable {
        SymbolLookup library;
        try {
            library = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
        return Optional.of(new Capstone(library, mode));
    }

    /** The length of the instruction at the start of the bytes, 0 if there is none. */
    int decode(byte[] bytes) throws Throwable {
        MemorySegment.copy(bytes, 0, code, ValueLayout.JAVA_BYTE, 0, Math.min(bytes.length, CODE_BYTES));
        pointer.set(ValueLayout.ADDRESS, 0, code);
        left.set(ValueLayout.JAVA_LONG, 0, Instruction.MAX_LENGTH);
        address.set(ValueLayout.JAVA_LONG, 0, 0);
        boolean found = (boolean) iterate.invokeExact(handle.get(ValueLayout.JAVA_LONG, 0), pointer, left, address, instruction);
        return found ? Short.toUnsignedInt(instruction.get(ValueLayout.JAVA_SHORT, SIZE_FIELD)) : 0;
    }

    /** What the last {@link #decode} found, as text. */
    String text() {
        return instruction.getString(MNEMONIC_FIELD) + " " + instruction.getString(OPERANDS_FIELD);
    }

    @Override
    public void close() {
        try {
            int error = (int) close.invokeExact(handle);
            assert error == 0;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        arena.close();
    }
}
