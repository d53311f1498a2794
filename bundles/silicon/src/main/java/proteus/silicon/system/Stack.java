package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.SS;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.silicon.cpu.Cpu;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;
import proteus.x86.format.Tss16;
import proteus.x86.format.Tss32;
import proteus.x86.format.Tss64;

/**
 * A stack that the processor itself pushes on: the one in force, or the one that a gate, an event or a task switch is about
 * to put in force. Nothing but memory below the stack pointer changes until the caller commits.
 */
final class Stack {
    private final Cpu cpu;
    private final long base, limit, mask;
    private final int rights, error;
    private final boolean wide, inner;
    private final int selector;
    private final long descriptor;
    long sp;

    private Stack(Cpu cpu, int selector, long descriptor, long base, long limit, int rights, long mask, boolean wide, boolean inner, int error, long sp) {
        this.selector = selector;
        this.descriptor = descriptor;
        this.cpu = cpu;
        this.base = base;
        this.limit = limit;
        this.rights = rights;
        this.mask = mask;
        this.wide = wide;
        this.inner = inner;
        this.error = error;
        this.sp = sp & mask;
    }

    /** The stack in force; violations are #SS(ext). */
    static Stack current(Cpu cpu, int ext) {
        return current(cpu, cpu.stackSize(), ext);
    }

    /**
     * The stack in force as code of a segment that is about to be in force sees it: a call between 64-bit and compatibility mode pushes in the mode
     * it leads to. The manual does not say so; Intel processors do.
     */
    static Stack underCode(Cpu cpu, boolean wideCode, int ext) {
        return current(cpu, wideCode ? 64 : (cpu.rights[SS] & SegmentDescriptor.DB) != 0 ? 32 : 16, ext);
    }

    private static Stack current(Cpu cpu, int size, int ext) {
        return new Stack(cpu, 0, 0, size == 64 ? 0 : cpu.base[SS], cpu.limit[SS], cpu.rights[SS], mask(size), size == 64, false, ext, cpu.gpr(4));
    }

    /** A stack segment of an inner level; violations are #SS(selector). */
    static Stack inner(Cpu cpu, int selector, long descriptor, long sp, int ext) {
        int rights = SegmentDescriptor.rights(descriptor);
        int size = (rights & SegmentDescriptor.DB) != 0 ? 32 : 16;
        return new Stack(cpu, selector, descriptor, SegmentDescriptor.base(descriptor), SegmentDescriptor.limit(descriptor), rights,
            mask(size), false, true, Selector.errorCode(selector) | ext, sp);
    }

    /** A 64-bit stack, {@code inner} if the privilege level becomes 0, 1 or 2 with it; violations are #SS(ext). */
    static Stack wide(Cpu cpu, long sp, boolean inner, int ext) {
        return new Stack(cpu, 0, 0, 0, 0, 0, -1, true, inner, ext, sp);
    }

    /** The stack that the TSS in force names for an inner level, all checks done (SDM 3A, 6.12.1); outside IA-32e mode. */
    static Stack fromTss(Cpu cpu, int level, int ext) {
        boolean large = (cpu.rights[TR] & 8) != 0;
        int offset = large ? Tss32.ESP0 + 8 * level : Tss16.SP0 + 4 * level;
        if (offset + (large ? 5 : 3) > cpu.limit[TR]) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(cpu.selector[TR]) | ext);
        }
        long at = cpu.base[TR] + offset;
        long sp = large ? cpu.mmu.systemRead32(at) & 0xffff_ffffL : cpu.mmu.systemRead16(at) & 0xffff;
        int selector = cpu.mmu.systemRead16(at + (large ? 4 : 2)) & 0xffff;
        if (Selector.isNull(selector)) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(selector) | ext);
        }
        long descriptor = Segments.stackDescriptor(cpu, selector, level, ExceptionVector.TS, ext);
        return inner(cpu, selector, Segments.markAccessed(cpu, selector, descriptor), sp, ext);
    }

    /** A stack pointer of the 64-bit TSS: RSP0..2 by level, or an entry of the interrupt stack table (SDM 3A, 6.14.4 and 6.14.5). */
    static long pointerOfTss64(Cpu cpu, int level, int ist, int ext) {
        int offset = ist != 0 ? Tss64.ist(ist) : Tss64.rsp(level);
        if (offset + 7 > cpu.limit[TR]) {
            throw cpu.fault(ExceptionVector.TS, Selector.errorCode(cpu.selector[TR]) | ext);
        }
        return cpu.mmu.systemRead64(cpu.base[TR] + offset);
    }

    /** Puts the new segment and pointer in force; the privilege level follows with the code segment. */
    void install() {
        if (!wide) {
            Segments.put(cpu, SS, selector, descriptor);
            cpu.updateSegment(SS);
        }
        commit();
    }

    static long mask(int size) {
        return size == 64 ? -1 : size == 32 ? 0xffff_ffffL : 0xffff;
    }

    void push(int bits, long value) {
        int bytes = bits >> 3;
        long at = sp - bytes & mask;
        if (wide ? !Segments.canonical(at) || !Segments.canonical(at + bytes - 1) : !Segments.within(limit, rights, at, bytes)) {
            throw cpu.fault(ExceptionVector.SS, error);
        }
        long linear = wide ? at : base + at & 0xffff_ffffL;
        if (!inner) {
            cpu.mmu.write(linear, bits, value);
        } else if (bits == 16) {
            cpu.mmu.systemWrite16(linear, (int) value);
        } else if (bits == 32) {
            cpu.mmu.systemWrite32(linear, (int) value);
        } else {
            cpu.mmu.systemWrite64(linear, value);
        }
        sp = at;
    }

    /** Makes this stack pointer the processor's; a 16-bit one leaves the upper half of ESP. */
    void commit() {
        if (wide) {
            cpu.gpr(4, sp);
        } else {
            setPointer(cpu, sp, mask);
        }
    }

    // ---- the stack in force, for pops

    /** Reads at an offset above the stack pointer. */
    static long peek(Cpu cpu, long offset, int bits) {
        int size = cpu.stackSize();
        long at = cpu.gpr(4) + offset & mask(size);
        if (size == 64 && !(Segments.canonical(at) && Segments.canonical(at + (bits >> 3) - 1))) {
            throw cpu.fault(ExceptionVector.SS, 0);
        }
        return cpu.mmu.read(cpu.readAddress(SS, at, bits >> 3, cpu.linearMask()), bits);
    }

    /** Moves the stack pointer in force. */
    static void move(Cpu cpu, long by) {
        long mask = mask(cpu.stackSize());
        setPointer(cpu, cpu.gpr(4) + by, mask);
    }

    static void setPointer(Cpu cpu, long value, long mask) {
        cpu.gpr(4, mask == 0xffff ? cpu.gpr(4) & ~0xffffL | value & 0xffff : value & mask);
    }

    /** Pushes one value on the stack in force. */
    static void push(Cpu cpu, int bits, long value) {
        int size = cpu.stackSize();
        long at = cpu.gpr(4) - (bits >> 3) & mask(size);
        if (size == 64 && !(Segments.canonical(at) && Segments.canonical(at + (bits >> 3) - 1))) {
            throw cpu.fault(ExceptionVector.SS, 0);
        }
        cpu.mmu.write(cpu.writeAddress(SS, at, bits >> 3, cpu.linearMask()), bits, value);
        setPointer(cpu, at, mask(size));
    }
}
