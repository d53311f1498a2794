package proteus.cpu.para;

import proteus.api.silicon.CpuRegisters;
import proteus.api.silicon.SegmentRegister;
import proteus.x86.format.SegmentDescriptor;

/** Segments by their selectors, as the processor would load them from the guest's tables. */
final class SegmentTable {
    private static final int LOCAL = 4, RPL_AND_TABLE = 7, OFFSET = 0xfff8;

    private final CpuRegisters registers;
    private final XenArea area;

    SegmentTable(CpuRegisters registers, XenArea area) {
        this.registers = registers;
        this.area = area;
    }

    /** A code segment of a ring, or null when it cannot be loaded there. */
    SegmentRegister code(int selector, int ring) {
        SegmentRegister segment = segment(selector, ring);
        return segment != null && SegmentDescriptor.isCode(segment.rights()) && !(segment.longMode() && segment.big()) ? segment : null;
    }

    /** A stack segment of a ring, or null when it cannot be loaded there. */
    SegmentRegister stack(int selector, int ring) {
        SegmentRegister segment = segment(selector, ring);
        return segment != null && SegmentDescriptor.isWritable(segment.rights()) ? segment : null;
    }

    /** Any segment whose descriptor is of a ring, or null. */
    SegmentRegister segment(int selector, int ring) {
        boolean local = (selector & LOCAL) != 0;
        int limit = local ? registers.segment(CpuRegisters.LDTR).unusable() ? -1 : (int) registers.segment(CpuRegisters.LDTR).limit() : registers.gdtrLimit();
        if ((selector | RPL_AND_TABLE) > limit) {
            return null;
        }
        long descriptor = area.descriptor((local ? XenArea.LDT - XenArea.GDT : 0) + (selector & OFFSET));
        int rights = SegmentDescriptor.rights(descriptor);
        if (!SegmentDescriptor.present(rights) || SegmentDescriptor.dpl(rights) != ring) {
            return null;
        }
        return new SegmentRegister(selector, SegmentDescriptor.base(descriptor), SegmentDescriptor.limit(descriptor), rights | SegmentDescriptor.ACCESSED);
    }
}
