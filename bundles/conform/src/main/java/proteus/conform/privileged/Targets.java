package proteus.conform.privileged;

import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;

/** Places that cases transfer to, and descriptors for them: mostly such that the transfer may work, with one thing wrong now and then. */
final class Targets {
    private static final int FLAT = 0xfffff, GRANULAR = SegmentDescriptor.G;

    /** A far address. */
    record Target(int selector, long offset) {}

    private Targets() {}

    /** A free selector with this RPL; two descriptors wide, in the GDT or the LDT. */
    static int slot(Scene s, int rpl) {
        return (s.chance(80) ? Layout.FREE + 16 * s.below(14) : 4 | 16 * s.below(14)) | rpl;
    }

    /** A privilege level, often that of the code. */
    static int level(Scene s) {
        return s.chance(55) ? s.cpl : s.below(4);
    }

    /** An offset that ends in INT3 whatever base counts; {@code upper} is the base if the segment has none. */
    private static long offset(Scene s, long upper) {
        return upper + Layout.TARGETS + s.below(Layout.TARGETS_BYTES);
    }

    private static int pad(int level) {
        return level == 3 ? Layout.USER_CODE : Layout.KERNEL_CODE;
    }

    /** Makes a segment to transfer to and returns a far address in it, of operands of so many bits. */
    static Target code(Scene s, int bits) {
        if (s.chance(6)) {
            return new Target(odd(s), offset(s, 0));
        }
        boolean right = s.chance(65);
        int rpl = right ? s.cpl : level(s);
        return code(s, bits, slot(s, rpl), right || s.chance(70) ? rpl : s.below(4));
    }

    static Target code(Scene s, int bits, int selector, int dpl) {
        int type = s.chance(85) ? 8 | s.pick(2, 3, 0, 3, 2, 1) | (s.chance(25) ? SegmentDescriptor.CONFORMING : 0) : s.below(16);
        boolean segment = s.chance(93);
        int rights = type | (segment ? SegmentDescriptor.S : 0) | dpl << SegmentDescriptor.DPL_SHIFT | (s.chance(93) ? SegmentDescriptor.P : 0);
        if (!segment && (type == 1 || type == 3 || type == 9 || type == 11 || type == 5)) {
            // tasks have a family of their own, and their segments need contents
            rights |= SegmentDescriptor.S;
        }
        rights |= s.chance(s.kind.bits == 16 ? 30 : 75) ? SegmentDescriptor.DB : 0;
        if (s.kind.isLong() && s.chance(70)) {
            rights = rights & ~SegmentDescriptor.DB | SegmentDescriptor.L | (s.chance(8) ? SegmentDescriptor.DB : 0);
        } else if (s.chance(5)) {
            rights |= SegmentDescriptor.L;
        }
        int pad = pad(dpl);
        boolean flat = bits > 16 && s.chance(50);
        long offset = offset(s, flat ? pad : 0);
        int limit = s.chance(80) ? flat ? FLAT : 0xffff : (int) (offset + s.pick(-1, 0, 1, -0x800)) & FLAT;
        if (flat && limit == FLAT) {
            rights |= GRANULAR;
        }
        s.gdt(selector, SegmentDescriptor.of(flat ? 0 : pad, limit, rights), "a target");
        if (s.chance(5)) {
            offset = offset & 0xffff | s.pickLong(0x1_0000, bits == 64 ? 0x8000_0000_0000L : 0, bits == 64 ? 0xffff_8000_0000_0000L : 0);
        }
        return new Target(selector, offset);
    }

    /** Null, beyond the table, or of something that is there. */
    static int odd(Scene s) {
        return switch (s.below(5)) {
            case 0 -> s.below(4);
            case 1 -> Layout.GDT_LIMIT + 1 - 8 * s.below(2) | s.below(4);
            case 2 -> s.pick(0x200, 0x1000, 0xfff8, 0xffff) | s.below(8);
            case 3 -> 4 | 8 * s.pick(0, 31, 32) | s.below(4);
            default -> s.pick(Layout.DATA, Layout.CODE16, Layout.CODE64, Layout.LDT_SEL, Layout.DATA_3, Layout.CODE_1, Layout.CODE64_3, Layout.CONFORMING_SEL) & ~3 | s.below(4);
        };
    }

    /** A call gate to a new target; the selector is that of the gate. */
    static Target callGate(Scene s, int bits) {
        int selector = slot(s, level(s));
        int inner = s.chance(70) ? s.below(s.cpl + 1) : s.below(4);
        boolean wide = s.kind.isLong();
        int gateBits = wide ? 64 : s.chance(65) ? 32 : 16;
        Target target = s.chance(5) ? new Target(odd(s), offset(s, 0)) : code(s, gateBits, slot(s, s.below(4)), inner);
        int type = s.chance(90) ? gateBits == 16 ? SegmentDescriptor.CALL_GATE16 : SegmentDescriptor.CALL_GATE : s.pick(6, 7, 14, 15, 0, 8, 10, 13);
        int dpl = s.chance(75) ? 3 : s.below(4);
        long gate = GateDescriptor.of(target.selector, target.offset, type, dpl, wide || s.chance(60) ? 0 : s.pick(1, 2, 3, 31));
        if (s.chance(5)) {
            gate &= ~(1L << 47);
        }
        s.gdt(selector, gate, "a call gate");
        if (wide) {
            long upper = s.chance(92) ? target.offset >>> 32 : s.pickLong(0x8000, 0xffff_8000L, 0x1f00_0000_0000L, 0x0100_0000_0000L);
            s.gdt(selector + 8, upper, "its upper half");
        }
        innerStacks(s);
        return new Target(selector, offset(s, 0));
    }

    /** An entry of the interrupt descriptor table, with its target. */
    static void gate(Scene s, int vector) {
        boolean wide = s.kind.isLong();
        int bits = wide ? 64 : s.chance(65) ? 32 : 16;
        int inner = s.chance(75) ? s.below(s.cpl + 1) : s.below(4);
        Target target = s.chance(5) ? new Target(odd(s), offset(s, 0)) : code(s, bits, slot(s, s.below(4)), inner);
        int type = s.chance(93) ? (bits == 16 ? 6 : 14) + s.below(2) : s.pick(0, 4, 8, 12, 2, 9);
        long gate = GateDescriptor.of(target.selector, target.offset, type, s.chance(75) ? 3 : s.below(4), wide && s.chance(40) ? s.below(8) : 0);
        if (s.chance(4)) {
            gate &= ~(1L << 47);
        }
        s.gate(vector, gate);
        if (wide && (target.offset >>> 32 != 0 || s.chance(4))) {
            long upper = s.chance(70) ? target.offset >>> 32 : s.pickLong(0x8000, 0xffff_8000L);
            s.put(Layout.IDT64 + 16 * vector + 8, upper, 8, "upper half of the gate: 0x" + Long.toHexString(upper));
        }
        innerStacks(s);
    }

    /** Now and then something is wrong with the stacks of inner rings. */
    static void innerStacks(Scene s) {
        if (!s.chance(20)) {
            return;
        }
        int level = s.below(3);
        if (s.kind.isLong()) {
            long pointer = s.pickLong(0x8000_0000_0000_0000L, 0x8000_0000_0010L, 0x7fff_ffff_fff8L, Layout.STACK1 - 5, 0xffff_8000_0001_2c00L);
            s.put(Layout.TSS64 + 4 + 8 * level, pointer, 8, "RSP%d is 0x%x".formatted(level, pointer));
        } else {
            int selector = s.chance(60) ? data(s, level, slot(s, s.chance(85) ? level : s.below(4)), true) : odd(s);
            s.put(Layout.TSS32 + 8 + 8 * level, selector, 2, "SS%d is 0x%x".formatted(level, selector));
        }
    }

    /** Makes a data segment; {@code stack}: one that may become a stack, so that pushes go where nothing is hurt. */
    static int data(Scene s, int dpl, int selector, boolean stack) {
        boolean big = s.chance(70);
        int type = s.chance(80) ? s.pick(2, 3, 3, 3, 6, 7, 0, 1) : s.below(16);
        if (s.chance(50) && stack) {
            type = 3;
        }
        int rights = type | dpl << SegmentDescriptor.DPL_SHIFT | (s.chance(95) ? SegmentDescriptor.S : 0) | (s.chance(93) ? SegmentDescriptor.P : 0)
            | (big ? SegmentDescriptor.DB : 0) | (s.chance(5) ? SegmentDescriptor.L : 0);
        long base = stack ? big ? s.pickLong(0, 0x4_0000) : s.pickLong(0x1_0000, 0x5_0000) : s.pickLong(0, 0x1_0000, s.dataAddress(), s.dataAddress() - 0x10);
        boolean down = (type & 0xc) == SegmentDescriptor.EXPAND_DOWN;
        int at = (int) (s.dataAddress() - base);
        int top = s.stackAddress() & 0xffff;
        int limit = down ? s.pick(0, 0xff, at & 0xffff, at + 0x1f & 0xffff, top - 0x100, top - 4) & FLAT
            : s.pick(FLAT, FLAT, 0xffff, at + 3 & FLAT, at + 0x20 & FLAT, at - 1 & FLAT, top & 0xffff, top - 1);
        if (limit == FLAT || s.chance(20)) {
            rights |= SegmentDescriptor.G;
        }
        s.gdt(selector, SegmentDescriptor.of(base, limit, rights), "a data segment");
        return selector;
    }
}
