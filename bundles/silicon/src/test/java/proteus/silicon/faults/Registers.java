package proteus.silicon.faults;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Flags;
import proteus.silicon.cpu.Raw;
import proteus.x86.format.SegmentDescriptor;

/** Registers at the start of a form. */
final class Registers {
    static final int RAX = 0, RCX = 1, RDX = 2, RBX = 3, RSP = 4, RBP = 5, RSI = 6, RDI = 7;
    private static final int CODE = SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.CODE | SegmentDescriptor.READABLE | SegmentDescriptor.ACCESSED;
    private static final int DATA = SegmentDescriptor.S | SegmentDescriptor.P | SegmentDescriptor.WRITABLE | SegmentDescriptor.ACCESSED;

    private Registers() {}

    static void build(Bench b) {
        Mode mode = b.form.mode();
        Cpu cpu = b.cpu;
        cpu.cpl = b.form.cpl();
        cpu.rflags(Flags.FIXED | Flags.CF | Flags.PF | (mode == Mode.V86 ? Flags.VM | Flags.IOPL : 0));
        segments(b, mode, b.form.cpl());
        for (int i = 0; i < 16; i++) {
            cpu.gpr(i, mode == Mode.LONG ? 0x0123_4567_89ab_cdefL * (i + 1) : 0x89ab_cdefL * (i + 1) & 0xffff_ffffL);
        }
        cpu.gpr(Registers.RBX, b.offset(Region.DATA));
        cpu.gpr(Registers.RSI, b.offset(Region.DATA));
        cpu.gpr(Registers.RDI, b.offset(Region.TARGET));
        long stack = mode == Mode.COMPATIBILITY ? b.linear(Region.STACK) : b.offset(Region.STACK);
        cpu.gpr(Registers.RSP, stack);
        cpu.gpr(Registers.RBP, stack);
        cpu.rip(b.start());
        floats(cpu);
    }

    private static void segments(Bench b, Mode mode, int cpl) {
        int dpl = cpl << SegmentDescriptor.DPL_SHIFT;
        int big = mode.bits == 32 ? SegmentDescriptor.DB : 0;
        for (int i = 0; i < 6; i++) {
            Region region = i == Cpu.CS ? Region.CODE : i == Cpu.SS ? Region.STACK : i == Cpu.ES ? Region.TARGET : Region.DATA;
            int selector = mode.descriptors() ? (i == Cpu.CS ? 0x1c0 : 0x1c8) | cpl : (int) (region.linear() >> 4);
            int wide = mode == Mode.LONG && i == Cpu.CS ? SegmentDescriptor.L : SegmentDescriptor.DB;
            if (b.flat() || mode == Mode.COMPATIBILITY && i == Cpu.SS) {
                // events in compatibility mode push at RSP whatever the base of SS is
                Descriptors.set(b, i, selector, 0, 0xffff_ffffL, (i == Cpu.CS ? CODE : DATA) | wide | dpl | SegmentDescriptor.G);
            } else {
                Descriptors.set(b, i, selector, region.linear(), 0xffff, (i == Cpu.CS && mode.descriptors() ? CODE : DATA) | dpl | big);
            }
        }
    }

    /** Four registers of the x87 stack are in use; all vectors hold finite numbers. */
    private static void floats(Cpu cpu) {
        Raw.putShort(cpu.s + CpuLayout.FCW, (short) 0x37f);
        Raw.putShort(cpu.s + CpuLayout.FSW, (short) (4 << 11));
        Raw.putShort(cpu.s + CpuLayout.FTW, (short) 0xff);
        Raw.putInt(cpu.s + CpuLayout.MXCSR, 0x1f80);
        for (int i = 0; i < 8; i++) {
            Raw.putLong(cpu.s + CpuLayout.X87 + 16 * i, 0xc90f_daa2_2168_c235L + i);
            Raw.putShort(cpu.s + CpuLayout.X87 + 16 * i + 8, (short) (0x4000 + i));
        }
        for (int i = 0; i < 16; i++) {
            for (int lane = 0; lane < 4; lane++) {
                Raw.putLong(cpu.s + CpuLayout.xmm(i) + 8 * lane, Double.doubleToRawLongBits(1.1 + i + lane));
            }
        }
    }
}
