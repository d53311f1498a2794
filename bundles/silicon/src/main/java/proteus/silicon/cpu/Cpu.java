package proteus.silicon.cpu;

import static proteus.silicon.cpu.CpuLayout.BLOCK_RIP;
import static proteus.silicon.cpu.CpuLayout.FLAGS;
import static proteus.silicon.cpu.CpuLayout.FLAG_AUX;
import static proteus.silicon.cpu.CpuLayout.FLAG_RESULT;
import static proteus.silicon.cpu.CpuLayout.RIP;
import static proteus.silicon.cpu.CpuLayout.SEG_BASE;
import static proteus.silicon.cpu.CpuLayout.SEG_READ_END;
import static proteus.silicon.cpu.CpuLayout.SEG_WRITE_END;

import java.lang.foreign.Arena;
import java.lang.invoke.VarHandle;
import java.lang.invoke.MethodHandles;
import proteus.api.event.EventCounters;
import proteus.api.silicon.MachineBus;
import proteus.silicon.mmu.Mmu;
import proteus.x86.decode.Instruction;

/**
 * The state of one processor and the primitives in which semantics are written. Hot state lives in an off-heap struct
 * ({@link CpuLayout}); what only slow paths touch are fields. Units work on it: {@link Mmu} translates and accesses memory,
 * the packages {@code exec} (instruction families), {@code system} (segments, events, system instructions) and {@code vmx}
 * hold behaviour and no state of their own that the guest can see.
 */
public final class Cpu implements AutoCloseable {
    public static final int ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5, LDTR = 6, TR = 7;

    /** Host-virtual base of the struct. */
    public final long s;
    public final Mmu mmu;
    public final EventCounters counters;
    public final CpuFeatures features;
    /** Set once while the processor is built. */
    public Units units;
    /** What exits; replaced while an instruction is emulated for a VMM. */
    public Intercepts intercepts;
    /** What ports reach when nothing exits: the machine's own bus, or the VMM's while it emulates an instruction. */
    public MachineBus bus = MachineBus.NONE;

    // Segment registers: selector, descriptor base (FS/GS/TR/LDTR 64-bit; the effective base is in the struct), limit in bytes, rights in VMX format.
    public final int[] selector = new int[8];
    public final long[] base = new long[8];
    public final long[] limit = new long[8];
    public final int[] rights = new int[8];
    public long gdtrBase, idtrBase;
    public int gdtrLimit, idtrLimit;

    public long cr0, cr2, cr3, cr4, cr8, xcr0;
    public final long[] dr = new long[8];
    /** PAE page-directory-pointer entries, loaded by MOV CR3 and the like (SDM 3A, 4.4.1). */
    public final long[] pdpte = new long[4];
    public long efer;
    public final Msrs msrs = new Msrs();
    /** CPUID of this processor as {@link proteus.api.silicon.Silicon#cpuid} gives it, and the bits of CR4, EFER and XCR0 that follow from it. */
    public java.util.Map<Long, int[]> cpuid = java.util.Map.of();
    /** Instruction-set features that semantics ask for, one bit each (see {@code proteus.silicon.system.Features}). */
    public long isa = -1;
    public long cr4Mask = -1, eferMask = -1, xcr0Mask = 7;

    /** Current privilege level; change it only through {@link #setCpl}. */
    public int cpl;
    /** Code size in force: 16, 32 or 64; kept by {@link #updateMode}. */
    public int codeSize;
    /** STI or MOV SS executed just before: interrupts wait one instruction. Bits as in the VMCS interruptibility state: 1 STI, 2 MOV SS, 8 NMI. */
    public int interruptibility;
    /** 0 active, 1 HLT, 2 shutdown, 3 wait-for-SIPI. */
    public int activity;
    /** MONITOR has set up an address range that MWAIT would wait on. */
    public boolean monitoring;
    /** DR6-style bits of debug exceptions that wait for the instruction boundary. */
    public long pendingDebug;
    /** The engine must call {@link Intercepts#boundary} before the next instruction of each block. */
    public boolean boundaryWork;
    /** The VMM wants an exit behind each instruction (monitor trap flag), in front of any debug trap. */
    public boolean trapsInstructions;
    /** Set by a handler that did a part of a REP and put RIP back on it: no fault, but the instruction has not retired. */
    public boolean unfinished;
    /** Instructions retired; exact between blocks. */
    public long retired;
    /** Ticks the TSC is ahead of {@link #retired} (count clock), or of the host's clock. */
    public long tscBase;
    public final boolean wallClock;

    /** Scratch of the floating-point families. */
    public final FloatUnit floats = new FloatUnit();

    /** Points of a debugger outside of the guest. */
    public final DebugUnit debug = new DebugUnit(this);

    private final GuestFault fault = new GuestFault();
    /** Thrown to leave the guest; the VMX unit fills in the exit information first. */
    public final ExitSignal exitSignal = new ExitSignal();
    private final Arena arena = Arena.ofShared();

    private static final VarHandle ATTENTION;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(Cpu.class, "attention", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through ATTENTION
    private boolean attention;

    public Cpu(EventCounters counters, CpuFeatures features, boolean wallClock, MmuMaker maker) {
        this(counters, features, wallClock, maker, 0);
    }

    /**
     * @param state where the struct is to lie: {@link CpuLayout#SIZE} bytes of zeros that outlive the processor, or 0 for memory of
     *     its own
     */
    public Cpu(EventCounters counters, CpuFeatures features, boolean wallClock, MmuMaker maker, long state) {
        this.counters = counters;
        this.features = features;
        this.wallClock = wallClock;
        s = state != 0 ? state : arena.allocate(CpuLayout.SIZE, 64).address();
        mmu = maker.make(this);
    }

    /** Builds the memory unit of a processor. */
    @FunctionalInterface
    public interface MmuMaker {
        Mmu make(Cpu cpu);
    }

    // ---- attention: another thread wants the processor to come out

    /** From any thread: the engine looks up at the next block boundary. */
    public void requestAttention() {
        ATTENTION.setRelease(this, true);
    }

    public boolean attention() {
        return (boolean) ATTENTION.getOpaque(this);
    }

    /** Takes the request back; true if there was one. */
    public boolean takeAttention() {
        return (boolean) ATTENTION.getAndSet(this, false);
    }

    // ---- registers

    public long gpr(int register) {
        return Raw.getLong(s + 8L * register);
    }

    public void gpr(int register, long value) {
        Raw.putLong(s + 8L * register, value);
    }

    /** Low 32 bits of a general register. */
    public int gpr32(int register) {
        return Raw.getInt(s + 8L * register);
    }

    public long get(int offset) {
        return Raw.getLong(s + offset);
    }

    public void put(int offset, long value) {
        Raw.putLong(s + offset, value);
    }

    /** Reads a register operand by offset and size in bits, zero-extended. */
    public long register(int offset, int bits) {
        return switch (bits) {
            case 8 -> Raw.getByte(s + offset) & 0xffL;
            case 16 -> Raw.getShort(s + offset) & 0xffffL;
            case 32 -> Raw.getInt(s + offset) & 0xffffffffL;
            default -> Raw.getLong(s + offset);
        };
    }

    /** Writes a register operand: 8 and 16 bits leave the rest, 32 bits zero the upper half (SDM vol. 1, 3.4.1.1). */
    public void register(int offset, int bits, long value) {
        switch (bits) {
            case 8 -> Raw.putByte(s + offset, (byte) value);
            case 16 -> Raw.putShort(s + offset, (short) value);
            case 32 -> Raw.putLong(s + offset, value & 0xffffffffL);
            default -> Raw.putLong(s + offset, value);
        }
    }

    public long rip() {
        return get(RIP);
    }

    public void rip(long value) {
        put(RIP, value);
    }

    /** RIP of an instruction of the running block, wrapped to the code size. */
    public long ripOf(Op op) {
        return wrapRip(get(BLOCK_RIP) + op.start, op.mode);
    }

    /** RIP of the instruction after this one. */
    public long nextRip(Op op) {
        return wrapRip(get(BLOCK_RIP) + op.start + op.length, op.mode);
    }

    /** EIP and IP wrap to 32 bits outside 64-bit mode; a run past 0xffff in 16-bit code is the limit check's business. */
    public static long wrapRip(long rip, int mode) {
        return mode == 64 ? rip : rip & 0xffffffffL;
    }

    // ---- flags

    /** RFLAGS with every bit real. */
    public long rflags() {
        return get(FLAGS) | Flags.arithmetic(get(FLAG_RESULT), get(FLAG_AUX));
    }

    /** Sets all of RFLAGS; no privilege rules here. */
    public void rflags(long value) {
        put(FLAGS, value & ~Flags.ARITHMETIC | Flags.FIXED);
        arithmeticFlags((int) value);
        mmu.selectAccess();
    }

    public int arithmeticFlags() {
        return Flags.arithmetic(get(FLAG_RESULT), get(FLAG_AUX));
    }

    /** Sets the six arithmetic flags from their RFLAGS places. */
    public void arithmeticFlags(int flags) {
        put(FLAG_RESULT, Flags.resultFor(flags));
        put(FLAG_AUX, Flags.auxFor(flags));
    }

    /** Changes some arithmetic flags, keeps the others. */
    public void arithmeticFlags(int mask, int flags) {
        arithmeticFlags(arithmeticFlags() & ~mask | flags & mask);
    }

    public boolean flag(int bit) {
        return (get(FLAGS) & bit) != 0;
    }

    /** Sets or clears a non-arithmetic flag; AC and VM need {@link Mmu#selectAccess} afterwards, which this does. */
    public void flag(int bit, boolean value) {
        put(FLAGS, value ? get(FLAGS) | bit : get(FLAGS) & ~(long) bit);
        if (bit == Flags.AC) {
            mmu.selectAccess();
        }
    }

    public boolean carry() {
        return Flags.cf(get(FLAG_AUX));
    }

    /** Evaluates a condition code (SDM vol. 1, appendix B). */
    public boolean condition(int condition) {
        long result = get(FLAG_RESULT);
        long aux = get(FLAG_AUX);
        boolean holds = switch (condition >>> 1) {
            case 0 -> Flags.of(aux);
            case 1 -> Flags.cf(aux);
            case 2 -> result == 0;
            case 3 -> Flags.cf(aux) || result == 0;
            case 4 -> Flags.sf(result, aux);
            case 5 -> Flags.pf(result, aux);
            case 6 -> Flags.sf(result, aux) != Flags.of(aux);
            default -> result == 0 || Flags.sf(result, aux) != Flags.of(aux);
        };
        return holds != ((condition & 1) != 0);
    }

    public int iopl() {
        return (int) get(FLAGS) >> 12 & 3;
    }

    // ---- modes

    public boolean protectedMode() {
        return (cr0 & 1) != 0;
    }

    public boolean v8086() {
        return (get(FLAGS) & Flags.VM) != 0;
    }

    /** Protected mode and not v8086: selectors name descriptors. */
    public boolean descriptorMode() {
        return (cr0 & 1) != 0 && (get(FLAGS) & Flags.VM) == 0;
    }

    /** IA-32e mode is active (EFER.LMA). */
    public boolean longMode() {
        return (efer & 1 << 10) != 0;
    }

    public boolean code64() {
        return codeSize == 64;
    }

    /** The next instruction must be executed alone, between {@link Units#beforeInstruction} and {@link Units#afterInstruction}: TF, RF, breakpoints, an interrupt shadow, a pending debug trap, a monitor trap, a virtual interrupt. */
    public boolean stepwise() {
        long flags = get(FLAGS);
        return (flags & (Flags.TF | Flags.RF)) != 0 || (flags & Flags.VIRTUAL_INTERRUPT) == Flags.VIRTUAL_INTERRUPT || (interruptibility & 3) != 0 || pendingDebug != 0 || (dr[7] & 0xff) != 0 || trapsInstructions;
    }

    /** Something has to be looked at before the next instruction, whichever it is. */
    public boolean looksUp() {
        return boundaryWork || activity != 0 || stepwise();
    }

    /**
     * A repeated instruction stops between two iterations: RIP stays on it, and RF is set so that what interrupts it finds an
     * image that does not meet an instruction breakpoint again (SDM 3B, 17.3.1.1).
     */
    public void pause(Op op) {
        rip(ripOf(op));
        unfinished = true;
        flag(Flags.RF, true);
    }

    /** A debug trap may follow each iteration of a repeated instruction. */
    public boolean stopsAtIterations() {
        return flag(Flags.TF) || (dr[7] & 0xff) != 0 || trapsInstructions;
    }

    /** Size of the stack pointer: 16, 32 or 64, by SS.B and the mode. */
    public int stackSize() {
        return codeSize == 64 ? 64 : (rights[SS] & 1 << 14) != 0 ? 32 : 16;
    }

    public void setCpl(int value) {
        if (cpl != value) {
            counters.count(proteus.api.event.CountedEvent.MODE_SWITCHES);
        }
        cpl = value;
        mmu.selectAccess();
    }

    /** Changes privilege level and RFLAGS together. */
    public void cpl(int value, long rflags) {
        if (cpl != value) {
            counters.count(proteus.api.event.CountedEvent.MODE_SWITCHES);
        }
        cpl = value;
        rflags(rflags);
    }

    /** Derives code size and the struct's segment bases and ends after segments, CR0, EFER or the VM flag changed. */
    public void updateMode() {
        codeSize = longMode() && (rights[CS] & 1 << 13) != 0 ? 64 : (rights[CS] & 1 << 14) != 0 ? 32 : 16;
        for (int i = 0; i < 6; i++) {
            derive(i);
        }
        mmu.selectAccess();
    }

    /** Segments of ES, SS and DS, a bit each, that are not flat: base 0, all of 4 GiB to be read and written; for SS with a 32-bit stack. */
    private int curved;

    /** ES, SS and DS need no checks and add nothing: offsets in them are linear addresses. Always so in 64-bit code. */
    public boolean flat() {
        return (curved & (1 << ES | 1 << SS | 1 << DS)) == 0;
    }

    /** Derives the struct's base and ends of one segment. */
    public void updateSegment(int i) {
        derive(i);
        mmu.selectFlat();
    }

    private void derive(int i) {
        deriveEnds(i);
        boolean is = codeSize == 64 || get(SEG_BASE + 8 * i) == 0 && get(SEG_READ_END + 8 * i) == 1L << 32 && get(SEG_WRITE_END + 8 * i) == 1L << 32
            && (i != SS || (rights[SS] & 1 << 14) != 0);
        curved = is ? curved & ~(1 << i) : curved | 1 << i;
    }

    private void deriveEnds(int i) {
        if (codeSize == 64) {
            put(SEG_BASE + 8 * i, i >= FS ? base[i] : 0);
            put(SEG_READ_END + 8 * i, -1);
            put(SEG_WRITE_END + 8 * i, -1);
            return;
        }
        put(SEG_BASE + 8 * i, base[i] & 0xffffffffL);
        int r = rights[i];
        boolean usable = (r & 1 << 16) == 0 && (r & 1 << 7) != 0;
        boolean code = (r & 8) != 0;
        boolean expandDown = !code && (r & 4) != 0;
        boolean readable = usable && !expandDown && (!code || (r & 2) != 0 || !descriptorMode());
        boolean writable = usable && !expandDown && (!code && (r & 2) != 0 || !descriptorMode());
        put(SEG_READ_END + 8 * i, readable ? limit[i] + 1 : 0);
        put(SEG_WRITE_END + 8 * i, writable ? limit[i] + 1 : 0);
    }

    // ---- faults

    /** {@code throw cpu.fault(vector, errorCode)}: the instruction faults. */
    public GuestFault fault(int vector, int errorCode) {
        fault.vector = vector;
        fault.errorCode = errorCode;
        fault.detail = 0;
        fault.trap = false;
        fault.nonCanonical = false;
        return fault;
    }

    /** #UD. */
    public GuestFault undefined() {
        return fault(6, 0);
    }

    /** #GP with error code. */
    public GuestFault protection(int errorCode) {
        return fault(13, errorCode);
    }

    /** #PF. */
    public GuestFault pageFault(long gva, int errorCode) {
        fault(14, errorCode);
        fault.detail = gva;
        return fault;
    }

    // ---- addresses and operands

    /** Offset of the memory operand in its segment, wrapped to the address size. */
    public long effectiveAddress(Op op) {
        return Raw.getLong(s + op.base) + (Raw.getLong(s + op.index) << op.shift) + op.displacement & op.addressMask;
    }

    /** Linear address of the memory operand for a read of {@code bytes}; segment checks done, canonical checks are the MMU's. */
    public long readAddress(Op op, int bytes) {
        return readAddress(op.segment, effectiveAddress(op), bytes, op.linearMask);
    }

    public long writeAddress(Op op, int bytes) {
        return writeAddress(op.segment, effectiveAddress(op), bytes, op.linearMask);
    }

    /** Linear address of an offset in a segment for a read. */
    public long readAddress(int segment, long offset, int bytes, long linearMask) {
        long end = offset + (bytes - 1);
        if (Long.compareUnsigned(end, Raw.getLong(s + SEG_READ_END + 8L * segment)) >= 0) {
            units.checkSegment(this, segment, offset, bytes, false);
        }
        return Raw.getLong(s + SEG_BASE + 8L * segment) + offset & linearMask;
    }

    public long writeAddress(int segment, long offset, int bytes, long linearMask) {
        long end = offset + (bytes - 1);
        if (Long.compareUnsigned(end, Raw.getLong(s + SEG_WRITE_END + 8L * segment)) >= 0) {
            units.checkSegment(this, segment, offset, bytes, true);
        }
        return Raw.getLong(s + SEG_BASE + 8L * segment) + offset & linearMask;
    }

    /** Mask of linear addresses in the mode in force. */
    public long linearMask() {
        return codeSize == 64 ? -1 : 0xffffffffL;
    }

    /** Reads the memory operand, zero-extended, 8 to 64 bits. */
    public long readMemory(Op op, int bits) {
        long gva = readAddress(op, bits >> 3);
        return mmu.read(gva, bits);
    }

    public void writeMemory(Op op, int bits, long value) {
        long gva = writeAddress(op, bits >> 3);
        mmu.write(gva, bits, value);
    }

    /** Reads a GPR, memory or immediate operand, zero-extended to 64 bits. */
    public long readOperand(Op op, int kind, int register, int bits) {
        return switch (kind) {
            case Instruction.GPR, Instruction.GPR8_HIGH -> register(register, bits);
            case Instruction.MEMORY -> readMemory(op, bits);
            default -> bits == 64 ? op.immediate : op.immediate & (1L << bits) - 1;
        };
    }

    /** Writes a GPR or memory operand. */
    public void writeOperand(Op op, int kind, int register, int bits, long value) {
        if (kind == Instruction.MEMORY) {
            writeMemory(op, bits, value);
        } else {
            register(register, bits, value);
        }
    }

    /** The TSC without any VMX offset. */
    public long tsc() {
        return (wallClock ? System.nanoTime() : retired) + tscBase;
    }

    @Override
    public void close() {
        mmu.close();
        arena.close();
    }
}
