package proteus.silicon.translate;

import static proteus.silicon.translate.Emission.BUDGET_SHIFT;
import static proteus.silicon.translate.HostAssembler.NONE;
import static proteus.silicon.translate.HostAssembler.RAX;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Optional;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.fpu.HostImage;

/**
 * The host code of one processor: bounded executable memory that is emptied as a whole when it is full, the way in and out of
 * it, and the jumps between blocks. Used by the thread that runs the processor.
 */
public final class TranslationCache implements AutoCloseable {
    /**
     * Exits besides the numbers of instructions that the code does not execute: a direct branch whose target is not linked, taken or
     * not; the budget does not reach through the block; the block was overwritten.
     */
    public static final int TAKEN = 0x40, FALL = 0x41, BUDGET = 0x42, STALE = 0x43;
    /** The same: the block is done, and its last instruction leads to {@link SystemState#rip}. */
    public static final int ELSEWHERE = 0x44;
    /** Most instructions of a block. */
    public static final int MOST = 0x40;
    /** Room that a block of {@link #MOST} instructions cannot exceed. */
    private static final int ROOM = 1 << 17;

    private static final int FAULT = -1;

    private final CodeMemory memory;
    private final StateLayout state;
    private final Emission e;
    private final Translator translator;
    private final MethodHandle entry, serializingEntry;
    private final long exit;
    private final long firstBlock;
    private long next;
    private Translation[] translations = new Translation[4096];
    private int count;
    /** Code was written since it was last entered. */
    private boolean modified = true;
    private JumpTable jumps;

    private TranslationCache(long bytes) throws CodeMemory.RefusedException {
        memory = new CodeMemory(bytes);
        state = new StateLayout(memory.state());
        e = new Emission(memory.state());
        HostAssembler a = e.a;
        a.begin(memory.code());
        int toFault = a.jump(); // HostFaults goes to the first byte
        long plain = a.here();
        enter(a);
        exit = a.here();
        a.put8(0x41); // pop r14: the return address, where the exit's number stands
        a.put8(0x5e);
        a.rm(32, 0x8b, Emission.T0, Emission.T0, 0);
        leave(a);
        a.land(toFault);
        a.constant(Emission.T0, FAULT & 0xffffffffL);
        leave(a);
        long serializing = a.here();
        serialize(a, plain);
        memory.write(memory.code(), a.code(), a.length());
        firstBlock = behind(a.here());
        next = firstBlock;
        translator = new Translator(e, state, exit);
        Raw.putInt(state.image() + HostImage.MXCSR, HostImage.PLAIN_MXCSR);
        entry = handle(plain);
        serializingEntry = handle(serializing);
    }

    /** What {@link #open} gives: a cache, or why there is none. */
    public record Opened(Optional<TranslationCache> cache, String refusal) {}

    /**
     * A cache, if this host can have one.
     *
     * @param bytes size of the executable memory, a power of two from 1 MiB to 1 GiB
     */
    public static Opened open(long bytes) {
        Optional<String> lacking = HostFeatures.lacking();
        if (lacking.isPresent()) {
            return new Opened(Optional.empty(), lacking.get());
        }
        try {
            TranslationCache cache = new TranslationCache(bytes);
            if (!HostFaults.guard(cache.memory.state(), bytes)) {
                cache.memory.close();
                return new Opened(Optional.empty(), "too many processors run translated code");
            }
            return new Opened(Optional.of(cache), "");
        } catch (CodeMemory.RefusedException refused) {
            return new Opened(Optional.empty(), refused.getMessage());
        }
    }

    private static MethodHandle handle(long address) {
        // critical: no transition of the thread's state; the budget bounds the time
        return Linker.nativeLinker().downcallHandle(MemorySegment.ofAddress(address), FunctionDescriptor.of(ValueLayout.JAVA_INT), Linker.Option.critical(false));
    }

    /** Saves what the host's calling convention wants kept, loads the guest's registers, goes to the target. */
    private void enter(HostAssembler a) {
        a.absolute(32, 0x0fae, 3, state.hostMxcsr(), 0); // stmxcsr
        for (int b : new int[] {0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57}) {
            a.put8(b); // push rbx, rbp, r12 to r15
        }
        a.alu(64, 5, HostAssembler.RSP, 8);
        a.absolute(64, 0x8b, RAX, state.context(), 0);
        a.digit(64, 0xf3000fae, 3, RAX); // wrgsbase
        for (int guest = 0; guest < 16; guest++) {
            int host = Emission.host(CpuLayout.gpr(guest));
            if (host != NONE) {
                a.absolute(64, 0x8b, host, e.s + CpuLayout.gpr(guest), 0);
            }
        }
        a.absolute(8, 0x80, 7, state.x87(), 1); // cmp
        a.put8(0);
        int none = a.jump(4);
        a.absolute(64, 0x0fae, 1, state.image(), 0); // fxrstor64, before the XMM registers have their values
        a.land(none);
        a.put8(0xc5); // vzeroupper: the upper halves stay in the struct
        a.put8(0xf8);
        a.put8(0x77);
        for (int i = 0; i < 16; i++) {
            a.absolute(32, 0x0f28, i, e.s + CpuLayout.xmm(i), 0); // movaps
        }
        ymm(a, 0x10); // vmovups
        a.absolute(32, 0x0fae, 2, e.s + CpuLayout.MXCSR, 0); // ldmxcsr
        a.absolute(64, 0x8b, RAX, state.rax(), 0);
        e.loadFlags(); // wherever the code goes on, it may expect the flags saved or in the host's
        a.absolute(64, 0xff, 4, state.target(), 0);
    }

    /** Stores the guest's registers and returns the number in T0. */
    private void leave(HostAssembler a) {
        a.absolute(64, 0x89, RAX, state.rax(), 0);
        for (int guest = 0; guest < 16; guest++) {
            int host = Emission.host(CpuLayout.gpr(guest));
            if (host != NONE) {
                a.absolute(64, 0x89, host, e.s + CpuLayout.gpr(guest), 0);
            }
        }
        for (int i = 0; i < 16; i++) {
            a.absolute(32, 0x0f29, i, e.s + CpuLayout.xmm(i), 0);
        }
        ymm(a, 0x11);
        a.absolute(32, 0x0fae, 3, e.s + CpuLayout.MXCSR, 0); // stmxcsr
        a.absolute(8, 0x80, 7, state.x87(), 1); // cmp
        a.put8(0);
        int none = a.jump(4);
        a.absolute(64, 0x0fae, 0, state.image(), 0); // fxsave64
        a.put8(0xdb); // fninit: what the host's calling convention expects
        a.put8(0xe3);
        a.land(none);
        a.absolute(32, 0x0fae, 2, state.hostMxcsr(), 0);
        a.move(32, RAX, Emission.T0);
        a.alu(64, 0, HostAssembler.RSP, 8);
        for (int b : new int[] {0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3}) {
            a.put8(b); // pop r15 to r12, rbp, rbx; ret
        }
    }

    /** Loads or stores whole YMM registers, if {@link StateLayout#ymm} says so; upper halves are clean behind a store. */
    private void ymm(HostAssembler a, int opcode) {
        a.absolute(8, 0x80, 7, state.ymm(), 1); // cmp
        a.put8(0);
        int none = a.jump(4);
        for (int i = 0; i < 16; i++) {
            a.vexAbsolute(opcode, i, e.s + CpuLayout.xmm(i));
        }
        if (opcode == 0x11) {
            a.put8(0xc5); // vzeroupper
            a.put8(0xf8);
            a.put8(0x77);
        }
        a.land(none);
    }

    /** Code was written through another address: a serializing instruction before it executes (SDM 3A, 9.1.3). IRET to the entry is one. */
    private static void serialize(HostAssembler a, long plain) {
        for (int b : new int[] {0x49, 0x89, 0xe2, 0x8c, 0xd0, 0x50, 0x41, 0x52, 0x9c, 0x8c, 0xc8, 0x50}) {
            a.put8(b); // mov r10,rsp; mov eax,ss; push rax; push r10; pushfq; mov eax,cs; push rax
        }
        a.absolute(64, 0x8d, RAX, plain, 0);
        a.put8(0x50); // push rax
        a.put8(0x48);
        a.put8(0xcf); // iretq
    }

    /** Where the processor's struct must lie. */
    public long struct() {
        return memory.state();
    }

    /** The table of code by linear address that entries of this cache stand in. */
    public void jumps(JumpTable table) {
        jumps = table;
    }

    /** What system instructions in the code share with a processor. */
    public SystemState system(Cpu cpu) {
        return new SystemState(cpu, state, jumps);
    }

    // ---- translations

    /** Whether there is room for one more block; if not, {@link #clear} makes some. */
    public boolean hasRoom() {
        return memory.end() - next >= ROOM;
    }

    /** Bytes of host code. */
    public long used() {
        return next - firstBlock;
    }

    /** Blocks. */
    public int size() {
        return count;
    }

    /** Forgets every block. */
    public void clear() {
        for (int i = 0; i < count; i++) {
            translations[i].stale = true;
            translations[i].dropped = true;
        }
        Arrays.fill(translations, 0, count, null);
        count = 0;
        next = firstBlock;
        jumps.clear();
    }

    /**
     * Translates a block; there must be room.
     *
     * @param hpa host-physical address of its first byte
     * @param code its bytes, or nothing if they lie in two pages
     */
    public Translation translate(long rip, int mode, long hpa, Op[] ops, byte[] code) {
        if (count == translations.length) {
            translations = Arrays.copyOf(translations, 2 * count);
        }
        Translation t = new Translation(this, count, rip, mode, hpa, ops, code.length == 0, next);
        translator.translate(t, code);
        int length = e.a.length();
        memory.write32(next - Integer.BYTES, count);
        memory.write(next, e.a.code(), length);
        t.end = next + length;
        next = behind(t.end);
        translations[count++] = t;
        modified = true;
        return t;
    }

    /** Where a block may stand behind others: its number comes first. */
    private static long behind(long end) {
        return end + Integer.BYTES + 15 & -16L;
    }

    /** The block that begins at a host address. */
    public Translation at(long entry) {
        return translations[Raw.getInt(entry - Integer.BYTES)];
    }

    /** The block of an exit. */
    public Translation translation(int exit) {
        return translations[exit >>> 8];
    }

    /** The kind of an exit: the number of an instruction, or one of the constants. */
    public static int kind(int exit) {
        return exit & 0xff;
    }

    void retire(Translation t) {
        jumps.remove(t.rip, t.entry);
        jumpAt(t.entry, t.entry + t.staleExit);
    }

    /** Overwrites code with a jump. */
    private void jumpAt(long address, long target) {
        memory.write8(address, 0xe9);
        memory.write32(address + 1, (int) (target - (address + 5)));
        modified = true;
    }

    /**
     * Makes a branch go straight to a block, if it may: within one page of linear addresses, so that whoever executes the one
     * may execute the other.
     */
    public void link(Translation from, int kind, Translation to) {
        long place = kind == TAKEN ? from.takenPlace : from.fallPlace;
        if (place != 0 && !from.stale && !to.stale && !to.crossing && from.samePage(to)) {
            memory.write32(place, (int) (to.entry - (place + 4)));
            modified = true;
        }
    }

    /** What still leads to an overwritten block leads to its successor now. */
    public void forward(Translation stale, Translation to) {
        if (!stale.dropped && !stale.crossing && !to.crossing && stale.rip == to.rip && stale.samePage(to)) {
            jumpAt(stale.entry, to.entry);
        }
    }

    // ---- execution

    /**
     * Executes from a host address until an exit.
     *
     * @param context the TLB context in force
     * @param budget instructions that may retire, less those of the running block behind the target
     * @param sse whether SSE instructions may execute as they are
     * @param x87 whether the x87 registers are loaded
     * @param ymm whether whole YMM registers are
     * @return the exit
     * @throws HostFaultException when the code faulted
     */
    public int enter(long target, long context, long budget, boolean sse, boolean x87, boolean ymm) {
        Raw.putLong(state.sse(), sse ? 1 : 0);
        Raw.putLong(state.x87(), x87 ? 1 : 0);
        Raw.putLong(state.ymm(), ymm ? 1 : 0);
        if (x87) {
            HostImage.make(e.s, state.image());
        }
        int flags = Flags.arithmetic(Raw.getLong(e.s + CpuLayout.FLAG_RESULT), Raw.getLong(e.s + CpuLayout.FLAG_AUX));
        Raw.putLong(state.rax(), budget << BUDGET_SHIFT | (flags & 0xd5 | 2) << 8);
        Raw.putLong(state.overflow(), flags >>> 11 & 1);
        Raw.putLong(state.target(), target);
        Raw.putLong(state.context(), context);
        int number;
        try {
            if (modified) {
                modified = false;
                number = (int) serializingEntry.invokeExact();
            } else {
                number = (int) entry.invokeExact();
            }
        } catch (Throwable t) {
            throw CodeMemory.unexpected(t);
        }
        if (x87) {
            HostImage.take(e.s, state.image());
        }
        int image = (int) Raw.getLong(state.rax());
        int after = image >>> 8 & 0xd5 | Raw.getByte(state.overflow()) << 11;
        Raw.putLong(e.s + CpuLayout.FLAG_RESULT, Flags.resultFor(after));
        Raw.putLong(e.s + CpuLayout.FLAG_AUX, Flags.auxFor(after));
        if (number == FAULT) {
            throw fault();
        }
        return number;
    }

    /** What was left of the budget at the last exit; negative if a block did not get through. */
    public long budget() {
        return Raw.getLong(state.rax()) >> BUDGET_SHIFT;
    }

    private HostFaultException fault() {
        long pc = Raw.getLong(state.faultPc());
        int signal = (int) Raw.getLong(state.faultSignal());
        for (int i = 0; i < count; i++) {
            Translation t = translations[i];
            if (pc >= t.entry && pc < t.end) {
                return HostFaultException.in(t, memory.read(t.entry, (int) (t.end - t.entry)), pc, signal);
            }
        }
        return new HostFaultException("generated code faulted (signal %d) at host address 0x%x, in no block".formatted(signal, pc));
    }

    @Override
    public void close() {
        HostFaults.release(memory.state());
        memory.close();
    }
}
