package proteus.debug.target;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.api.state.ArchState;
import proteus.x86.format.Cr0;
import proteus.x86.format.Rflags;

/** The guest's registers taken apart for single changes; {@link #state} puts them together again. */
final class GuestRegisters {
    final long[] gpr;
    long rip, rflags;
    final SegmentRegister[] segments;
    long cr0, cr2, cr3, cr4, cr8;
    final Map<Integer, Long> msrs;
    /** XSAVE image (SDM vol. 1, 13.4). */
    final ByteBuffer xsave;
    private final ArchState from;

    GuestRegisters(ArchState from) {
        this.from = from;
        gpr = from.general().gpr();
        rip = from.general().rip();
        rflags = from.general().rflags();
        segments = from.segments().registers().toArray(SegmentRegister[]::new);
        ArchState.Control control = from.control();
        cr0 = control.cr0();
        cr2 = control.cr2();
        cr3 = control.cr3();
        cr4 = control.cr4();
        cr8 = control.cr8();
        msrs = new HashMap<>(from.msrs());
        xsave = ByteBuffer.wrap(from.fpu().xsave()).order(ByteOrder.LITTLE_ENDIAN);
    }

    ArchState state() {
        ArchState.Segments s = from.segments();
        ArchState.Control c = from.control();
        return new ArchState(
                new ArchState.General(gpr, rip, rflags),
                new ArchState.Segments(List.of(segments), s.gdtrBase(), s.gdtrLimit(), s.idtrBase(), s.idtrLimit()),
                new ArchState.Control(cr0, cr2, cr3, cr4, cr8, c.xcr0(), c.dr(), c.pdptes()),
                new ArchState.Fpu(xsave.array()),
                msrs,
                from.events(),
                from.tsc());
    }

    void base(int segment, long base) {
        SegmentRegister s = segments[segment];
        segments[segment] = new SegmentRegister(s.selector(), base, s.limit(), s.rights());
    }

    /** A selector alone is a segment only where it says the base: in real mode and virtual-8086 mode. */
    void selector(int segment, int selector) {
        SegmentRegister s = segments[segment];
        if (s.selector() == selector) {
            return;
        }
        boolean real = (cr0 & Cr0.PE) == 0 || (rflags & Rflags.VM) != 0;
        if (!real || selector >>> 16 != 0) {
            throw new UnsupportedOperationException("a segment register cannot be loaded by its selector in protected mode");
        }
        segments[segment] = new SegmentRegister(selector, (long) selector << 4, s.limit(), s.rights());
    }

    int selector(int segment) {
        return segments[segment].selector();
    }

    /** Full tag word from the abridged one of FXSAVE (SDM vol. 1, 10.5.1.1). */
    int tagWord() {
        int top = xsave.getShort(2) >> 11 & 7;
        int abridged = xsave.get(4);
        int tags = 0;
        for (int physical = 0; physical < 8; physical++) {
            int at = 32 + 16 * (physical - top & 7);
            int exponent = xsave.getShort(at + 8) & 0x7fff;
            long significand = xsave.getLong(at);
            int tag;
            if ((abridged >> physical & 1) == 0) {
                tag = 3;
            } else if (exponent == 0 && significand == 0) {
                tag = 1;
            } else {
                tag = exponent == 0 || exponent == 0x7fff || significand >= 0 ? 2 : 0;
            }
            tags |= tag << 2 * physical;
        }
        return tags;
    }

    void tagWord(int tags) {
        int abridged = 0;
        for (int physical = 0; physical < 8; physical++) {
            abridged |= (tags >> 2 * physical & 3) != 3 ? 1 << physical : 0;
        }
        xsave.put(4, (byte) abridged);
    }

    /** GDB's order of segment registers. */
    static final int[] SEGMENTS = {CpuRegisters.CS, CpuRegisters.SS, CpuRegisters.DS, CpuRegisters.ES, CpuRegisters.FS, CpuRegisters.GS};
}
