package proteus.silicon.system;

import static proteus.silicon.cpu.Cpu.LDTR;
import static proteus.silicon.cpu.Cpu.TR;

import proteus.api.silicon.ExitReason;
import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;
import proteus.x86.format.ExceptionVector;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Selector;

/** Descriptor-table registers and questions about descriptors: LGDT to VERW (SDM vol. 2). */
public final class DescriptorInstructions {
    private DescriptorInstructions() {}

    /** System types that LAR knows, and those that LSL knows, outside IA-32e mode and in it; one bit a type. */
    private static final int LAR_TYPES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 9 | 1 << 11 | 1 << 12;
    private static final int LAR_TYPES_LONG = 1 << 2 | 1 << 9 | 1 << 11 | 1 << 12;
    private static final int LSL_TYPES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 | 1 << 11;
    private static final int LSL_TYPES_LONG = 1 << 2 | 1 << 9 | 1 << 11;
    /** Bits 19:16, the limit's, are undefined (SDM vol. 2, LAR); processors leave them. */
    private static final long LAR_MASK = 0xff_ff00;

    public static void register(HandlerTable t) {
        t.put(Mnemonic.LAR, DescriptorInstructions::lar);
        t.put(Mnemonic.LSL, DescriptorInstructions::lsl);
        t.put(Mnemonic.VERR, (cpu, op) -> verify(cpu, op, false));
        t.put(Mnemonic.VERW, (cpu, op) -> verify(cpu, op, true));
        t.put(Mnemonic.ARPL, DescriptorInstructions::arpl);
        t.put(Mnemonic.SLDT, (cpu, op) -> storeSelector(cpu, op, LDTR));
        t.put(Mnemonic.STR, (cpu, op) -> storeSelector(cpu, op, TR));
        t.putEnding(Mnemonic.LLDT, DescriptorInstructions::lldt);
        t.putEnding(Mnemonic.LTR, DescriptorInstructions::ltr);
        t.put(Mnemonic.SGDT, (cpu, op) -> storeTable(cpu, op, false));
        t.put(Mnemonic.SIDT, (cpu, op) -> storeTable(cpu, op, true));
        t.putEnding(Mnemonic.LGDT, (cpu, op) -> loadTable(cpu, op, false));
        t.putEnding(Mnemonic.LIDT, (cpu, op) -> loadTable(cpu, op, true));
    }

    // ---- questions

    /** The descriptor of a selector without a fault, or 0 if it names none (all zeros is no valid descriptor either). */
    private static long inquire(Cpu cpu, int selector) {
        long address = Selector.isNull(selector) ? -1 : Segments.address(cpu, selector);
        return address == -1 ? 0 : cpu.mmu.systemRead64(address);
    }

    private static boolean visible(Cpu cpu, int selector, int rights) {
        int dpl = SegmentDescriptor.dpl(rights);
        return SegmentDescriptor.isConforming(rights) || cpu.cpl <= dpl && Selector.rpl(selector) <= dpl;
    }

    private static void zero(Cpu cpu, boolean value) {
        cpu.arithmeticFlags(Flags.ZF, value ? Flags.ZF : 0);
    }

    private static boolean known(Cpu cpu, long descriptor, int types, int typesLong) {
        int rights = SegmentDescriptor.rights(descriptor);
        return SegmentDescriptor.isSegment(rights) || ((cpu.longMode() ? typesLong : types) >>> SegmentDescriptor.type(rights) & 1) != 0;
    }

    private static void lar(Cpu cpu, Op op) {
        Checks.descriptorMode(cpu);
        int selector = (int) cpu.readOperand(op, op.k1, op.r1, 16);
        long descriptor = inquire(cpu, selector);
        boolean ok = descriptor != 0 && known(cpu, descriptor, LAR_TYPES, LAR_TYPES_LONG)
            && visible(cpu, selector, SegmentDescriptor.rights(descriptor));
        if (ok) {
            cpu.register(op.r0, op.operandSize, descriptor >>> 32 & LAR_MASK);
        }
        zero(cpu, ok);
    }

    private static void lsl(Cpu cpu, Op op) {
        Checks.descriptorMode(cpu);
        int selector = (int) cpu.readOperand(op, op.k1, op.r1, 16);
        long descriptor = inquire(cpu, selector);
        boolean ok = descriptor != 0 && known(cpu, descriptor, LSL_TYPES, LSL_TYPES_LONG)
            && visible(cpu, selector, SegmentDescriptor.rights(descriptor));
        if (ok) {
            cpu.register(op.r0, op.operandSize, SegmentDescriptor.limit(descriptor));
        }
        zero(cpu, ok);
    }

    private static void verify(Cpu cpu, Op op, boolean write) {
        Checks.descriptorMode(cpu);
        int selector = (int) cpu.readOperand(op, op.k0, op.r0, 16);
        long descriptor = inquire(cpu, selector);
        int rights = SegmentDescriptor.rights(descriptor);
        zero(cpu, descriptor != 0 && visible(cpu, selector, rights)
            && (write ? SegmentDescriptor.isWritable(rights) : SegmentDescriptor.isReadable(rights)));
    }

    private static void arpl(Cpu cpu, Op op) {
        Checks.descriptorMode(cpu);
        // a destination in memory that need not change need not be writable: processors were seen to read it first
        int destination = (int) cpu.readOperand(op, op.k0, op.r0, 16);
        int source = (int) cpu.register(op.r1, 16);
        boolean adjusts = Selector.rpl(destination) < Selector.rpl(source);
        if (adjusts) {
            cpu.writeOperand(op, op.k0, op.r0, 16, destination & ~Selector.RPL | Selector.rpl(source));
        }
        zero(cpu, adjusts);
    }

    // ---- LDTR and TR

    private static void storeSelector(Cpu cpu, Op op, int register) {
        Checks.descriptorMode(cpu);
        Checks.umip(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.LDTR_TR_ACCESS, op.displacement);
        cpu.writeOperand(op, op.k0, op.r0, op.k0 == Instruction.MEMORY ? 16 : op.operandSize, cpu.selector[register]);
    }

    private static void lldt(Cpu cpu, Op op) {
        Checks.descriptorMode(cpu);
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.LDTR_TR_ACCESS, op.displacement);
        loadLdt(cpu, (int) cpu.readOperand(op, op.k0, op.r0, 16), ExceptionVector.GP, ExceptionVector.NP);
    }

    /** Loads LDTR; a task switch does it with #TS for everything. */
    static void loadLdt(Cpu cpu, int selector, int vector, int notPresent) {
        if (Selector.isNull(selector)) {
            Segments.putNull(cpu, LDTR, selector, 0);
            return;
        }
        int error = Selector.errorCode(selector);
        if (Selector.ldt(selector)) {
            throw cpu.fault(vector, error);
        }
        long descriptor = Segments.descriptor(cpu, selector, vector, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        if (SegmentDescriptor.isSegment(rights) || SegmentDescriptor.type(rights) != SegmentDescriptor.LDT) {
            throw cpu.fault(vector, error);
        }
        long upper = cpu.longMode() ? systemUpper(cpu, selector, descriptor, vector) : 0;
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(notPresent, error);
        }
        Segments.put(cpu, LDTR, selector, descriptor);
        cpu.base[LDTR] = SegmentDescriptor.base(descriptor, upper);
    }

    /** Upper half of an LDT or TSS descriptor of IA-32e mode; its type field is zero and the base canonical (SDM 3A, 3.5.2). */
    private static long systemUpper(Cpu cpu, int selector, long descriptor, int vector) {
        long upper = Segments.upperHalf(cpu, selector, vector, 0);
        if ((upper >>> 40 & 0x1f) != 0 || !Segments.canonical(SegmentDescriptor.base(descriptor, upper))) {
            throw cpu.fault(vector, Selector.errorCode(selector));
        }
        return upper;
    }

    private static void ltr(Cpu cpu, Op op) {
        Checks.descriptorMode(cpu);
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.LDTR_TR_ACCESS, op.displacement);
        int selector = (int) cpu.readOperand(op, op.k0, op.r0, 16);
        if (Selector.isNull(selector)) {
            throw cpu.protection(0);
        }
        int error = Selector.errorCode(selector);
        if (Selector.ldt(selector)) {
            throw cpu.protection(error);
        }
        long descriptor = Segments.descriptor(cpu, selector, ExceptionVector.GP, 0);
        int rights = SegmentDescriptor.rights(descriptor);
        int type = SegmentDescriptor.type(rights);
        boolean available = type == SegmentDescriptor.TSS_AVAILABLE || type == SegmentDescriptor.TSS16_AVAILABLE && !cpu.longMode();
        if (SegmentDescriptor.isSegment(rights) || !available) {
            throw cpu.protection(error);
        }
        long upper = cpu.longMode() ? systemUpper(cpu, selector, descriptor, ExceptionVector.GP) : 0;
        if (!SegmentDescriptor.present(rights)) {
            throw cpu.fault(ExceptionVector.NP, error);
        }
        cpu.mmu.systemWrite8(Segments.address(cpu, selector) + 5, (int) (descriptor >>> 40) & 0xff | SegmentDescriptor.BUSY);
        Segments.put(cpu, TR, selector, descriptor | SegmentDescriptor.BUSY_BIT);
        cpu.base[TR] = SegmentDescriptor.base(descriptor, upper);
    }

    // ---- GDTR and IDTR

    private static void storeTable(Cpu cpu, Op op, boolean idt) {
        Checks.umip(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.GDTR_IDTR_ACCESS, op.displacement);
        long base = idt ? cpu.idtrBase : cpu.gdtrBase;
        int limit = idt ? cpu.idtrLimit : cpu.gdtrLimit;
        boolean wide = cpu.code64();
        long gva = cpu.writeAddress(op, wide ? 10 : 6);
        if (((gva ^ gva + (wide ? 9 : 5)) & -4096L) != 0) {
            cpu.mmu.probeWrite(gva, wide ? 10 : 6);
        }
        cpu.mmu.write16(gva, (short) limit);
        if (wide) {
            cpu.mmu.write64(gva + 2, base);
        } else {
            cpu.mmu.write32(gva + 2 & op.linearMask, (int) base);
        }
    }

    private static void loadTable(Cpu cpu, Op op, boolean idt) {
        Checks.ring0(cpu);
        cpu.intercepts.instruction(cpu, op, ExitReason.GDTR_IDTR_ACCESS, op.displacement);
        boolean wide = cpu.code64();
        long gva = cpu.readAddress(op, wide ? 10 : 6);
        int limit = cpu.mmu.read16(gva) & 0xffff;
        long base;
        if (wide) {
            base = cpu.mmu.read64(gva + 2);
            if (!Segments.canonical(base)) {
                throw cpu.protection(0);
            }
        } else {
            // with 16-bit operands only 24 bits of the base count
            base = cpu.mmu.read32(gva + 2 & op.linearMask) & (op.operandSize == 16 ? 0xff_ffffL : 0xffff_ffffL);
        }
        if (idt) {
            cpu.idtrBase = base;
            cpu.idtrLimit = limit;
        } else {
            cpu.gdtrBase = base;
            cpu.gdtrLimit = limit;
        }
    }
}
