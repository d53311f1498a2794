package proteus.silicon.faults;

import proteus.silicon.cpu.Cpu;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss16;
import proteus.x86.format.Tss32;
import proteus.x86.format.Tss64;

/** GDT, IDT, LDT and the two task state segments. Descriptors that forms load have their accessed bit clear. */
final class Descriptors {
    static final int CODE32 = 0x08, STACK32 = 0x10, CODE32_USER = 0x1b, STACK32_USER = 0x23, TSS = 0x28, TASK = 0x30, LDT = 0x38, CODE16 = 0x40,
        STACK16 = 0x48, CODE16_USER = 0x53, STACK16_USER = 0x5b, CODE64 = 0x60, CODE64_USER = 0x6b, DATA_USER = 0x73, DATA = 0x78, GATE32 = 0x83,
        GATE16 = 0x8b, TASK_GATE = 0x93, CONFORMING = 0x98, TASK16 = 0xa0, GATE64 = 0xb3, TSS64 = 0xc0, LDT64 = 0xd0, DATA_LOCAL = 0x07, CODE_LOCAL = 0x0c,
        FREE_TSS = 0xe0;
    /** Vectors of the IDT: a gate to ring 0 through a trap gate, to 16-bit code, to conforming code, to a task, on an interrupt stack. */
    static final int TRAP = 0x20, SIXTEEN = 0x21, CONFORMS = 0x22, TO_TASK = 0x23, ON_IST = 0x24, LOCAL = 0x25;
    private static final int VECTORS = 0x30, GDT_LIMIT = 0xff, LDT_LIMIT = 0x1f, SIZE_64K = 0xffff;
    private static final int CODE = SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.CODE | SegmentDescriptor.READABLE;
    private static final int WRITABLE = SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.WRITABLE;
    private static final int RING3 = 3 << SegmentDescriptor.DPL_SHIFT;

    private Descriptors() {}

    static void build(Bench b) {
        long code = Region.CODE.linear();
        long inner = Region.INNER.linear();
        long stack = Region.STACK.linear();
        gdt(b, CODE32, SegmentDescriptor.of(code, SIZE_64K, CODE | SegmentDescriptor.DB));
        gdt(b, STACK32, SegmentDescriptor.of(inner, SIZE_64K, WRITABLE | SegmentDescriptor.DB));
        gdt(b, CODE32_USER, SegmentDescriptor.of(code, SIZE_64K, CODE | SegmentDescriptor.DB | RING3));
        gdt(b, STACK32_USER, SegmentDescriptor.of(stack, SIZE_64K, WRITABLE | SegmentDescriptor.DB | RING3));
        gdt(b, CODE16, SegmentDescriptor.of(code, SIZE_64K, CODE));
        gdt(b, STACK16, SegmentDescriptor.of(inner, SIZE_64K, WRITABLE));
        gdt(b, CODE16_USER, SegmentDescriptor.of(code, SIZE_64K, CODE | RING3));
        gdt(b, STACK16_USER, SegmentDescriptor.of(stack, SIZE_64K, WRITABLE | RING3));
        gdt(b, CODE64, SegmentDescriptor.of(0, 0xfffff, CODE | SegmentDescriptor.L | SegmentDescriptor.G));
        gdt(b, CODE64_USER, SegmentDescriptor.of(0, 0xfffff, CODE | SegmentDescriptor.L | SegmentDescriptor.G | RING3));
        gdt(b, DATA_USER, SegmentDescriptor.of(Region.DATA.linear(), SIZE_64K, WRITABLE | RING3));
        gdt(b, DATA, SegmentDescriptor.of(Region.DATA.linear(), SIZE_64K, WRITABLE | SegmentDescriptor.DB));
        gdt(b, CONFORMING, SegmentDescriptor.of(code, SIZE_64K, CODE | SegmentDescriptor.DB | SegmentDescriptor.CONFORMING));
        gdt(b, GATE32, GateDescriptor.of(CODE32, Bench.HANDLER, SegmentDescriptor.CALL_GATE, 3, 2));
        gdt(b, GATE16, GateDescriptor.of(CODE16, Bench.HANDLER, SegmentDescriptor.CALL_GATE16, 3, 3));
        gdt(b, TASK_GATE, GateDescriptor.of(TASK, 0, SegmentDescriptor.TASK_GATE, 3, 0));
        gdt(b, GATE64, GateDescriptor.of(CODE64, code + Bench.HANDLER, SegmentDescriptor.CALL_GATE, 3, 0));
        gdt(b, GATE64 + 8, GateDescriptor.highOf(code));
        task(b);
        local(b);
        events(b);
        b.cpu.gdtrBase = b.linear(Region.GDT);
        b.cpu.gdtrLimit = GDT_LIMIT;
        boolean wide = b.form.mode().ia32e();
        set(b, Cpu.LDTR, wide ? LDT64 : LDT, b.linear(Region.LDT), LDT_LIMIT, SegmentDescriptor.P | SegmentDescriptor.LDT);
        set(b, Cpu.TR, wide ? TSS64 : TSS, b.linear(Region.TSS), 0xff, SegmentDescriptor.P | SegmentDescriptor.TSS_BUSY);
    }

    static void gdt(Bench b, int selector, long descriptor) {
        b.write64(Region.GDT, selector & 0xfff8, descriptor);
    }

    static void set(Bench b, int register, int selector, long base, long limit, int rights) {
        b.cpu.selector[register] = selector;
        b.cpu.base[register] = base;
        b.cpu.limit[register] = limit;
        b.cpu.rights[register] = rights;
    }

    private static void local(Bench b) {
        long at = b.linear(Region.LDT);
        int rights = SegmentDescriptor.P | SegmentDescriptor.LDT;
        gdt(b, LDT, SegmentDescriptor.of(at, LDT_LIMIT, rights));
        gdt(b, LDT64, SegmentDescriptor.of(at, LDT_LIMIT, rights));
        gdt(b, LDT64 + 8, SegmentDescriptor.highOf(at));
        b.write64(Region.LDT, DATA_LOCAL & 0xfff8, SegmentDescriptor.of(Region.DATA.linear(), SIZE_64K, WRITABLE | RING3));
        boolean wide = b.form.mode().ia32e();
        b.write64(Region.LDT, CODE_LOCAL & 0xfff8, wide ? SegmentDescriptor.of(0, 0xfffff, CODE | SegmentDescriptor.L | SegmentDescriptor.G)
            : SegmentDescriptor.of(Region.CODE.linear(), SIZE_64K, CODE | SegmentDescriptor.DB));
    }

    private static void task(Bench b) {
        long tss = b.linear(Region.TSS);
        long other = b.linear(Region.TASK);
        gdt(b, TSS, SegmentDescriptor.of(tss, 0xff, SegmentDescriptor.P | SegmentDescriptor.TSS_BUSY));
        gdt(b, TASK, SegmentDescriptor.of(other, 0xff, SegmentDescriptor.P | SegmentDescriptor.TSS_AVAILABLE | RING3));
        gdt(b, TASK16, SegmentDescriptor.of(other, 0xff, SegmentDescriptor.P | SegmentDescriptor.TSS16_AVAILABLE | RING3));
        gdt(b, TSS64, SegmentDescriptor.of(tss, 0xff, SegmentDescriptor.P | SegmentDescriptor.TSS_BUSY));
        gdt(b, TSS64 + 8, SegmentDescriptor.highOf(tss));
        gdt(b, FREE_TSS, SegmentDescriptor.of(tss, 0xff, SegmentDescriptor.P | SegmentDescriptor.TSS_AVAILABLE));
        gdt(b, FREE_TSS + 8, SegmentDescriptor.highOf(tss));
        for (int at = 0; at < 0x100; at += 4) {
            b.write32(Region.TSS, at, 0);
            b.write32(Region.TASK, at, 0);
        }
        // ports, and interrupts of 8086 programs: the first are allowed, the others go to the program itself
        b.write16(Region.TSS, Tss32.IO_MAP_BASE, 0x88);
        if (b.form.mode().ia32e()) {
            b.write64(Region.TSS, Tss64.rsp(0), b.linear(Region.INNER));
            b.write64(Region.TSS, Tss64.ist(1), b.linear(Region.INNER));
            return;
        }
        b.write32(Region.TSS, Tss32.ESP0, (int) Region.BORDER + (int) (b.linear(Region.INNER) - Region.INNER.linear() - Region.BORDER));
        b.write32(Region.TSS, Tss32.SS0, STACK32);
        b.write32(Region.TASK, Tss32.CR3, (int) b.tables.root());
        b.write32(Region.TASK, Tss32.EIP, Bench.HANDLER);
        b.write32(Region.TASK, Tss32.EFLAGS, 2);
        for (int i = 0; i < 8; i++) {
            b.write32(Region.TASK, Tss32.EAX + 4 * i, 0x1111_1111 * (i + 1));
        }
        b.write32(Region.TASK, Tss32.ESP, (int) (b.linear(Region.INNER) - Region.INNER.linear()));
        b.write32(Region.TASK, Tss32.CS, CODE32);
        b.write32(Region.TASK, Tss32.SS, STACK32);
        b.write32(Region.TASK, Tss32.DS, DATA);
        b.write32(Region.TASK, Tss32.ES, DATA_USER & ~3);
        b.write32(Region.TASK, Tss32.LDT, LDT);
        b.write32(Region.TASK, Tss32.FS, DATA_LOCAL & ~3);
    }

    /** The same task as an 80286 keeps it. */
    static void task16(Bench b) {
        for (int at = 0; at < 0x40; at += 2) {
            b.write16(Region.TASK, at, 0x1111);
        }
        b.write16(Region.TASK, Tss16.IP, Bench.HANDLER);
        b.write16(Region.TASK, Tss16.FLAGS, 2);
        b.write16(Region.TASK, Tss16.ES, DATA);
        b.write16(Region.TASK, Tss16.CS, CODE16);
        b.write16(Region.TASK, Tss16.SS, STACK16);
        b.write16(Region.TASK, Tss16.DS, DATA);
        b.write16(Region.TASK, Tss16.LDT, LDT);
    }

    private static void events(Bench b) {
        Mode mode = b.form.mode();
        if (!mode.descriptors() && mode != Mode.V86) {
            b.cpu.idtrBase = b.linear(Region.IDT);
            b.cpu.idtrLimit = 4 * VECTORS - 1;
            for (int vector = 0; vector < VECTORS; vector++) {
                b.write16(Region.IDT, 4 * vector, Bench.HANDLER);
                b.write16(Region.IDT, 4 * vector + 2, (int) (Region.CODE.linear() >> 4));
            }
            return;
        }
        boolean wide = mode.ia32e();
        b.cpu.idtrBase = b.linear(Region.IDT);
        b.cpu.idtrLimit = (wide ? 16 : 8) * VECTORS - 1;
        for (int vector = 0; vector < VECTORS; vector++) {
            if (wide) {
                long target = Region.CODE.linear() + Bench.HANDLER;
                int type = vector == TRAP ? SegmentDescriptor.TRAP_GATE : SegmentDescriptor.INTERRUPT_GATE;
                int selector = vector == LOCAL ? CODE_LOCAL : CODE64;
                b.write64(Region.IDT, 16 * vector, GateDescriptor.of(selector, target, type, 3, vector == ON_IST ? 1 : 0));
                b.write64(Region.IDT, 16 * vector + 8, GateDescriptor.highOf(target));
            } else {
                b.write64(Region.IDT, 8 * vector, switch (vector) {
                    case TRAP -> GateDescriptor.of(CODE32, Bench.HANDLER, SegmentDescriptor.TRAP_GATE, 3, 0);
                    case SIXTEEN -> GateDescriptor.of(CODE16, Bench.HANDLER, SegmentDescriptor.INTERRUPT_GATE16, 3, 0);
                    case CONFORMS -> GateDescriptor.of(CONFORMING, Bench.HANDLER, SegmentDescriptor.INTERRUPT_GATE, 3, 0);
                    case TO_TASK -> GateDescriptor.of(TASK, 0, SegmentDescriptor.TASK_GATE, 3, 0);
                    case LOCAL -> GateDescriptor.of(CODE_LOCAL, Bench.HANDLER, SegmentDescriptor.INTERRUPT_GATE, 3, 0);
                    default -> GateDescriptor.of(CODE32, Bench.HANDLER, SegmentDescriptor.INTERRUPT_GATE, 3, 0);
                });
            }
        }
    }
}
