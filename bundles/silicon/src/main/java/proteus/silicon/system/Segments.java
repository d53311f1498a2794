package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.CS;
import static proteus.silicon.cpu.Cpu.LDTR;
import static proteus.silicon.cpu.Cpu.SS;

import proteus.silicon.cpu.Cpu;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.PageTable;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;

/** Descriptor tables, loads of segment registers, and the full check of an access (SDM 3A, 3.4, 3.5, 5.2 to 5.6). */
public final class Segments {
    static final int CODE_TYPE = 0xb, DATA_TYPE = 3;
    /** Rights of a present flat segment apart from its type and DPL (fast system calls). */
    static final int FLAT = SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.G;

    private Segments() {}

    // ---- descriptor tables

    /** Linear address of the descriptor a selector names, or -1 outside its table. */
    static long address(Cpu cpu, int selector) {
        long table;
        long limit;
        if (Selector.ldt(selector)) {
            if ((cpu.rights[LDTR] & SegmentDescriptor.UNUSABLE) != 0) {
                return -1;
            }
            table = cpu.base[LDTR];
            limit = cpu.limit[LDTR];
        } else {
            table = cpu.gdtrBase;
            limit = cpu.gdtrLimit & 0xffff;
        }
        int offset = Selector.offset(selector);
        return offset + 7 > limit ? -1 : table + offset;
    }

    /** The descriptor of a selector; one outside its table faults with the selector as error code, plus {@code ext}. */
    static long descriptor(Cpu cpu, int selector, int vector, int ext) {
        long address = address(cpu, selector);
        if (address == -1) {
            throw cpu.fault(vector, Selector.errorCode(selector) | ext);
        }
        return cpu.mmu.systemRead64(address);
    }

    /** The upper half of a 16-byte descriptor of IA-32e mode. */
    static long upperHalf(Cpu cpu, int selector, int vector, int ext) {
        long address = address(cpu, selector);
        if (address == -1 || !Selector.ldt(selector) && Selector.offset(selector) + 15 > (cpu.gdtrLimit & 0xffff)
            || Selector.ldt(selector) && Selector.offset(selector) + 15 > cpu.limit[LDTR]) {
            throw cpu.fault(vector, Selector.errorCode(selector) | ext);
        }
        return cpu.mmu.systemRead64(address + 8);
    }

    /** Sets the accessed bit of a code or data descriptor in its table; a locked update on hardware (SDM 3A, 9.1.2.1). */
    static long markAccessed(Cpu cpu, int selector, long descriptor) {
        if ((descriptor & SegmentDescriptor.ACCESSED_BIT) == 0) {
            cpu.mmu.systemWrite8(address(cpu, selector) + 5, (int) (descriptor >>> 40) | SegmentDescriptor.ACCESSED);
        }
        return descriptor | SegmentDescriptor.ACCESSED_BIT;
    }

    static boolean canonical(long address) {
        return PageTable.canonical(address, 48);
    }

    // ---- loads

    /** Puts a checked descriptor into a segment register, without deriving anything. */
    static void put(Cpu cpu, int register, int selector, long descriptor) {
        cpu.selector[register] = selector & 0xffff;
        cpu.base[register] = SegmentDescriptor.base(descriptor);
        cpu.limit[register] = SegmentDescriptor.limit(descriptor);
        cpu.rights[register] = SegmentDescriptor.rights(descriptor);
    }

    /** Puts a null selector: every access through it faults outside 64-bit mode. */
    static void putNull(Cpu cpu, int register, int selector, int dpl) {
        cpu.selector[register] = selector & 0xffff;
        cpu.base[register] = 0;
        cpu.limit[register] = 0;
        cpu.rights[register] = SegmentDescriptor.UNUSABLE | dpl << SegmentDescriptor.DPL_SHIFT;
    }

    /** Puts what the 8086 had: base 16 times the selector, 64 KiB, DPL 3 (SDM 3B, 20.2). */
    static void putV8086(Cpu cpu, int register, int selector) {
        cpu.selector[register] = selector & 0xffff;
        cpu.base[register] = (selector & 0xffffL) << 4;
        cpu.limit[register] = 0xffff;
        cpu.rights[register] = SegmentDescriptor.S | SegmentDescriptor.P | 3 << SegmentDescriptor.DPL_SHIFT | DATA_TYPE;
    }

    /** A load in real mode changes selector and base only; limit and size stay what protected mode left ("unreal mode"). */
    static void putReal(Cpu cpu, int register, int selector) {
        cpu.selector[register] = selector & 0xffff;
        cpu.base[register] = (selector & 0xffffL) << 4;
        int rights = cpu.rights[register];
        if ((rights & SegmentDescriptor.UNUSABLE) != 0 || (rights & SegmentDescriptor.P) == 0) {
            rights = SegmentDescriptor.S | SegmentDescriptor.P | DATA_TYPE;
            cpu.limit[register] = 0xffff;
        }
        cpu.rights[register] = rights & ~SegmentDescriptor.DPL;
    }

    /** Loads ES, SS, DS, FS or GS as MOV does (SDM vol. 2, MOV), in any mode. */
    static void load(Cpu cpu, int register, int selector) {
        if (!cpu.descriptorMode()) {
            if (cpu.v8086()) {
                putV8086(cpu, register, selector);
            } else {
                putReal(cpu, register, selector);
            }
        } else if (register == SS) {
            loadStack(cpu, selector);
        } else {
            loadData(cpu, register, selector);
        }
        cpu.updateSegment(register);
    }

    private static void loadStack(Cpu cpu, int selector) {
        if (Selector.isNull(selector)) {
            if (!cpu.code64() || cpu.cpl == 3 || Selector.rpl(selector) != cpu.cpl) {
                throw cpu.protection(0);
            }
            putNull(cpu, SS, selector, cpu.cpl);
            return;
        }
        long descriptor = stackDescriptor(cpu, selector, cpu.cpl, ExceptionVector.GP, 0);
        put(cpu, SS, selector, markAccessed(cpu, selector, descriptor));
    }

    /**
     * Checks a non-null stack selector for a privilege level: writable data, RPL and DPL equal to the level, else the given
     * vector; not present is #SS. The accessed bit is the caller's.
     */
    static long stackDescriptor(Cpu cpu, int selector, int level, int vector, int ext) {
        long descriptor = descriptor(cpu, selector, vector, ext);
        int rights = SegmentDescriptor.rights(descriptor);
        if (Selector.rpl(selector) != level || SegmentDescriptor.dpl(rights) != level || !SegmentDescriptor.isWritable(rights)) {
            throw cpu.fault(vector, Selector.errorCode(selector) | ext);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.SS, Selector.errorCode(selector) | ext);
        }
        return descriptor;
    }

    private static void loadData(Cpu cpu, int register, int selector) {
        if (Selector.isNull(selector)) {
            putNull(cpu, register, selector, 0);
            return;
        }
        long descriptor = dataDescriptor(cpu, selector, cpu.cpl, ExceptionVector.GP, 0);
        put(cpu, register, selector, markAccessed(cpu, selector, descriptor));
    }

    /** Checks a non-null selector for DS, ES, FS or GS. */
    static long dataDescriptor(Cpu cpu, int selector, int cpl, int vector, int ext) {
        long descriptor = descriptor(cpu, selector, vector, ext);
        int rights = SegmentDescriptor.rights(descriptor);
        int dpl = SegmentDescriptor.dpl(rights);
        if (!SegmentDescriptor.isReadable(rights)
            || !SegmentDescriptor.isConforming(rights) && (Selector.rpl(selector) > dpl || cpl > dpl)) {
            throw cpu.fault(vector, Selector.errorCode(selector) | ext);
        }
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, Selector.errorCode(selector) | ext);
        }
        return descriptor;
    }

    /** Puts a code segment and its privilege level in force. */
    static void putCode(Cpu cpu, int selector, long descriptor, int level) {
        put(cpu, CS, selector & ~Selector.RPL | level, descriptor);
        cpu.setCpl(level);
        cpu.updateMode();
    }

    /** Puts a flat segment from a fast system call. */
    static void putFlat(Cpu cpu, int register, int selector, int rights) {
        cpu.selector[register] = selector & 0xffff;
        cpu.base[register] = 0;
        cpu.limit[register] = 0xffff_ffffL;
        cpu.rights[register] = FLAT | rights;
    }

    /** After a return to an outer level: data segments that the new level may not use become null (SDM 3A, 5.8.6). */
    static void dropInnerData(Cpu cpu, int level) {
        for (int register = 0; register <= 5; register++) {
            if (register == CS || register == SS) {
                continue;
            }
            int rights = cpu.rights[register];
            if ((rights & SegmentDescriptor.UNUSABLE) != 0) {
                // null selectors 1..3 come back as 0; FS and GS keep their 64-bit base
                cpu.selector[register] = 0;
            } else if (!SegmentDescriptor.isConforming(rights) && SegmentDescriptor.dpl(rights) < level) {
                putNull(cpu, register, 0, 0);
                cpu.updateSegment(register);
            }
        }
    }

    // ---- the full check

    /** {@link proteus.silicon.cpu.Units#checkSegment}. */
    static void check(Cpu cpu, int segment, long offset, int bytes, boolean write) {
        if (cpu.codeSize == 64) {
            return;
        }
        int rights = cpu.rights[segment];
        boolean allowed = (rights & SegmentDescriptor.UNUSABLE) == 0 && (rights & SegmentDescriptor.P) != 0;
        if (allowed && cpu.descriptorMode()) {
            allowed = write ? SegmentDescriptor.isWritable(rights) : SegmentDescriptor.isReadable(rights);
        }
        if (!allowed || !within(cpu.limit[segment], rights, offset, bytes)) {
            throw cpu.fault(segment == SS ? ExceptionVector.SS : ExceptionVector.GP, 0);
        }
    }

    /** Whether a run of bytes lies inside a segment; expand-down segments reach from above the limit to their size (SDM 3A, 5.3). */
    static boolean within(long limit, int rights, long offset, int bytes) {
        long last = offset + bytes - 1;
        if (SegmentDescriptor.isExpandDown(rights)) {
            long top = (rights & SegmentDescriptor.DB) != 0 ? 0xffff_ffffL : 0xffff;
            return offset > limit && last <= top;
        }
        return last <= limit;
    }
}
