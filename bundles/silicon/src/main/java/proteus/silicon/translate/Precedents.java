package proteus.silicon.translate;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.DS;
import static proteus.silicon.cpu.Cpu.ES;
import static proteus.silicon.cpu.Cpu.FS;
import static proteus.silicon.cpu.Cpu.GS;
import static proteus.silicon.cpu.Cpu.SS;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.silicon.system.FastCalls;
import proteus.x86.decode.Instruction;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;

/**
 * What handlers decided when they loaded segment registers, took interrupt gates and returned from them: the segments that came of
 * it, and the descriptors in memory that they came of. Generated code decides the same again as long as it finds the very same
 * descriptors; all else is the handlers'. So what a descriptor means is known to them alone.
 *
 * <p>An image of a segment register is 64 bytes: what the register holds, what the struct derives from it, and the descriptor.
 */
final class Precedents {
    /** Offsets in an image. A selector of {@link #NOBODY} matches none; an address of 0 says that no descriptor was read. */
    static final int SELECTOR = 0, RIGHTS = 4, DESCRIPTOR = 8, ADDRESS = 16, BASE = 24, LIMIT = 32, READ_END = 40, WRITE_END = 48;
    /** Bytes of 1 or 0: a return to ring 3 leaves the segment in its register; it is flat, for reads and writes. */
    static final int SURVIVES = 56, FLAT = 57;
    static final int IMAGE_BYTES = 64, NOBODY = -1;
    /** Images of loaded segments, by bits 6:3 of the selector. */
    static final int IMAGES = 16;
    /** A gate: its vector, its 8 or 16 bytes, where it leads, what it leaves of RFLAGS; then images of CS and SS. */
    static final int VECTOR = 0, GATE = 8, TARGET = 24, KEEPS = 32, GATE_BYTES = 64 + 2 * IMAGE_BYTES;
    /** Gates, by the low bits of the vector. */
    static final int GATES = 4;
    private static final long FLAT_END = 1L << 32;
    private static final long CLEARED = Flags.TF | Flags.NT | Flags.RF | Flags.VM;
    /** Data segments in the order of {@link StateLayout#survives}. */
    private static final int[] DATA = {ES, DS, FS, GS};

    private final Cpu cpu;
    private final StateLayout state;
    // What precedents hold for.
    private long gdt, idt, tss, tssLimit, efer, star = -1;
    private int gdtLimit, idtLimit, tssRights, codeSize;

    Precedents(Cpu cpu, StateLayout state) {
        this.cpu = cpu;
        this.state = state;
        Raw.putLong(state.knownBase(), state.known());
        forget();
    }

    private void forget() {
        for (int i = 0; i < IMAGES; i++) {
            Raw.putInt(state.known() + i * IMAGE_BYTES + SELECTOR, NOBODY);
        }
        for (int i = 0; i < GATES; i++) {
            Raw.putInt(state.gate(i) + VECTOR, NOBODY);
        }
        Raw.putInt(state.returnCode(false) + SELECTOR, NOBODY);
        Raw.putInt(state.returnCode(true) + SELECTOR, NOBODY);
    }

    /** Before generated code runs: tables and selectors as they are now. */
    void prepare() {
        if (cpu.gdtrBase != gdt || cpu.gdtrLimit != gdtLimit || cpu.idtrBase != idt || cpu.idtrLimit != idtLimit || cpu.base[TR] != tss
            || cpu.limit[TR] != tssLimit || cpu.rights[TR] != tssRights || cpu.efer != efer || cpu.codeSize != codeSize) {
            gdt = cpu.gdtrBase;
            gdtLimit = cpu.gdtrLimit;
            idt = cpu.idtrBase;
            idtLimit = cpu.idtrLimit;
            tss = cpu.base[TR];
            tssLimit = cpu.limit[TR];
            tssRights = cpu.rights[TR];
            efer = cpu.efer;
            codeSize = cpu.codeSize;
            forget();
            Raw.putLong(state.gdtBase(), gdt);
            Raw.putLong(state.idtBase(), idt);
            Raw.putLong(state.tssBase(), tss);
        }
        for (int register = ES; register <= GS; register++) {
            Raw.putInt(state.selector(register), cpu.selector[register]);
        }
        int survives = 0;
        for (int i = 0; i < DATA.length; i++) {
            survives |= survives(DATA[i]) ? 1 << 8 * i : 0;
        }
        Raw.putInt(state.survives(), survives);
    }

    /** The segments of SYSCALL and SYSRET, which come of an MSR. */
    void prepareFastCalls() {
        if (cpu.msrs.star == star) {
            return;
        }
        star = cpu.msrs.star;
        // the registers hold them for a moment in which nobody looks
        capture(state.spare(0), CS, 0, 0);
        capture(state.spare(1), SS, 0, 0);
        FastCalls.innerSegments(cpu);
        capture(state.callSegment(true, CS), CS, 0, 0);
        capture(state.callSegment(true, SS), SS, 0, 0);
        FastCalls.outerSegments(cpu, true);
        capture(state.callSegment(false, CS), CS, 0, 0);
        capture(state.callSegment(false, SS), SS, 0, 0);
        put(CS, state.spare(0));
        put(SS, state.spare(1));
    }

    /** Segment registers that generated code loaded become known to everybody. */
    void settle() {
        for (int register = ES; register <= GS; register++) {
            long image = Raw.getLong(state.loaded(register));
            if (image != 0) {
                Raw.putLong(state.loaded(register), 0);
                put(register, image);
                cpu.updateSegment(register);
                if (register == CS) {
                    cpu.cpl = Selector.rpl(cpu.selector[CS]);
                }
            }
        }
    }

    private void put(int register, long image) {
        cpu.selector[register] = Raw.getInt(image + SELECTOR);
        cpu.rights[register] = Raw.getInt(image + RIGHTS);
        cpu.base[register] = Raw.getLong(image + BASE);
        cpu.limit[register] = Raw.getLong(image + LIMIT);
    }

    private void capture(long image, int register, long address, long descriptor) {
        Raw.putInt(image + SELECTOR, cpu.selector[register]);
        Raw.putInt(image + RIGHTS, cpu.rights[register]);
        Raw.putLong(image + DESCRIPTOR, descriptor);
        Raw.putLong(image + ADDRESS, address);
        Raw.putLong(image + BASE, cpu.base[register]);
        Raw.putLong(image + LIMIT, cpu.limit[register]);
        long base = cpu.get(CpuLayout.SEG_BASE + 8 * register);
        long readEnd = cpu.get(CpuLayout.SEG_READ_END + 8 * register);
        long writeEnd = cpu.get(CpuLayout.SEG_WRITE_END + 8 * register);
        Raw.putLong(image + READ_END, readEnd);
        Raw.putLong(image + WRITE_END, writeEnd);
        Raw.putByte(image + SURVIVES, (byte) (survives(register) ? 1 : 0));
        Raw.putByte(image + FLAT, (byte) (base == 0 && readEnd == FLAT_END && writeEnd == FLAT_END ? 1 : 0));
    }

    /** Whether a return to ring 3 leaves a data segment alone: one that ring 3 may use, or 0 (SDM 3A, 5.8.6). */
    private boolean survives(int register) {
        int rights = cpu.rights[register];
        return (rights & SegmentDescriptor.UNUSABLE) != 0 ? cpu.selector[register] == 0
            : SegmentDescriptor.isConforming(rights) || SegmentDescriptor.dpl(rights) == 3;
    }

    // ---- what handlers did

    /**
     * A handler has executed an instruction that ends its block, without a fault.
     *
     * @param level the CPL that it was executed at
     */
    void learn(Op op, int level) {
        switch (op.mnemonic) {
            case MOV, POP -> {
                if (op.k0 == Instruction.SEGMENT && op.r0 != SS && level == 0 && !cpu.longMode()) {
                    segment(state.known() + (long) (cpu.selector[op.r0] >> 3 & IMAGES - 1) * IMAGE_BYTES, op.r0);
                }
            }
            case INT -> {
                if (level == 3 && cpu.cpl == 0) {
                    gate((int) op.immediate & 0xff);
                }
            }
            case IRET -> {
                if (level == 0 && (cpu.cpl == 0 || cpu.cpl == 3) && cpu.codeSize == op.mode) {
                    boolean outer = cpu.cpl == 3;
                    if (!segment(state.returnStack(outer), SS) || !segment(state.returnCode(outer), CS) || !flat()) {
                        Raw.putInt(state.returnCode(outer) + SELECTOR, NOBODY);
                    }
                }
            }
            default -> { }
        }
    }

    /** Whether code and stack in force are what generated code of this size takes for granted. */
    private boolean flat() {
        return cpu.codeSize == 64 || cpu.codeSize == 32 && !cpu.longMode() && cpu.flat() && cpu.get(CpuLayout.SEG_BASE + 8 * CS) == 0
            && cpu.limit[CS] == FLAT_END - 1;
    }

    /** Captures the segment that a register has just been loaded with; false if its descriptor is not at hand, and then nobody meets it. */
    private boolean segment(long image, int register) {
        int selector = cpu.selector[register];
        Raw.putInt(image + SELECTOR, NOBODY);
        if (Selector.isNull(selector)) {
            capture(image, register, 0, 0);
            return true;
        }
        long address = cpu.gdtrBase + Selector.offset(selector);
        long host = Selector.ldt(selector) ? 0 : cpu.mmu.systemHit(address, 8);
        if (host == 0 || SegmentDescriptor.rights(Raw.getLong(host)) != cpu.rights[register]) {
            return false;
        }
        capture(image, register, address, Raw.getLong(host));
        return true;
    }

    private void gate(int vector) {
        boolean wide = cpu.longMode();
        long place = state.gate(vector & GATES - 1);
        Raw.putInt(place + VECTOR, NOBODY);
        int bytes = wide ? 16 : 8;
        long host = cpu.mmu.systemHit(cpu.idtrBase + (long) bytes * vector, bytes);
        if (host == 0 || !flat() || !segment(state.gateSegment(vector, CS), CS) || !segment(state.gateSegment(vector, SS), SS)) {
            return;
        }
        long gate = Raw.getLong(host);
        int type = GateDescriptor.type(gate);
        boolean usual = type == SegmentDescriptor.INTERRUPT_GATE || type == SegmentDescriptor.TRAP_GATE;
        if (!usual || wide && GateDescriptor.ist(gate) != 0 || !wide && (cpu.rights[TR] & 8) == 0) {
            return;
        }
        Raw.putLong(place + GATE, gate);
        Raw.putLong(place + GATE + 8, wide ? Raw.getLong(host + 8) : 0);
        Raw.putLong(place + TARGET, cpu.rip());
        Raw.putLong(place + KEEPS, ~(CLEARED | (type == SegmentDescriptor.INTERRUPT_GATE ? Flags.IF : 0)));
        Raw.putInt(place + VECTOR, vector);
    }
}
