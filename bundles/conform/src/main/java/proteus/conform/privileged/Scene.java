package proteus.conform.privileged;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import proteus.x86.asm.Assembler;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.Efer;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;

/** A case in the making: a mode with everything it needs to run, and then what the case changes. */
final class Scene {
    /** How the code runs. */
    enum Kind {
        REAL(16), V8086(16), PROTECTED16(16), PROTECTED32(32), COMPATIBILITY16(16), COMPATIBILITY32(32), LONG(64);

        final int bits;

        Kind(int bits) {
            this.bits = bits;
        }

        boolean isLong() {
            return this == COMPATIBILITY16 || this == COMPATIBILITY32 || this == LONG;
        }
    }

    /** How linear addresses become physical, outside IA-32e mode. */
    enum Paging { NONE, LEGACY, PAE }

    static final long FLAT_CODE32 = SegmentDescriptor.of(0, 0xfffff, 0xc09b);
    /** Slots of the GDT that scenes themselves use for 16-bit segments; cases have those below. */
    private static final int CODE_SLOT = 0x1f8, DATA_SLOT = 0x1f0;
    private static final int CODE16_RIGHTS = 0x9b, DATA16_RIGHTS = 0x93;

    final SplittableRandom random;
    final Kind kind;
    final int cpl;
    final Paging paging;
    final Registers r = new Registers();
    private final List<Case.Patch> patches = new ArrayList<>();

    Scene(SplittableRandom random, Kind kind, int cpl, Paging paging) {
        this.random = random;
        this.kind = kind;
        this.cpl = kind == Kind.REAL ? 0 : kind == Kind.V8086 ? 3 : cpl;
        this.paging = kind.isLong() || kind == Kind.REAL ? Paging.NONE : paging;
        for (int i = 0; i < 16; i++) {
            if (i < 8 || kind.isLong()) {
                r.set(Registers.GPRS + 8 * i, value() & (kind.isLong() ? -1 : 0xffff_ffffL));
            }
        }
        r.set(Registers.RFLAGS, 2);
        r.set(Registers.DR6, 0xffff_0ff0L).set(Registers.DR7, 0x400);
        r.table(Registers.GDTR, Layout.GDT, Layout.GDT_LIMIT);
        r.table(Registers.IDTR, Layout.IDT32, Layout.IDT32_LIMIT);
        r.set(Registers.CR0, Cr0.PE | Cr0.ET | Cr0.NE);
        r.setShort(Registers.TR, Layout.TSS32_SEL);
        r.setShort(Registers.LDTR, Layout.LDT_SEL);
        switch (kind) {
            case REAL -> real();
            case V8086 -> v8086();
            case PROTECTED16, COMPATIBILITY16 -> segments16();
            case PROTECTED32, COMPATIBILITY32 -> segments32(new int[] {Layout.CODE32, Layout.CODE_1, Layout.CODE_2, Layout.CODE_3}[cpl]);
            case LONG -> segments32(cpl == 0 ? Layout.CODE64 : cpl == 3 ? Layout.CODE64_3 : longCode());
        }
        if (kind.isLong()) {
            longMode();
        } else if (this.paging != Paging.NONE) {
            boolean pae = this.paging == Paging.PAE;
            r.set(Registers.CR4, pae ? Cr4.PAE : Cr4.PSE).set(Registers.CR3, pae ? Layout.PDPT_PAE : Layout.PD32);
            r.set(Registers.CR0, r.get(Registers.CR0) | Cr0.PG | Cr0.WP);
        }
    }

    private void real() {
        r.setInt(Registers.MODE, Case.REAL);
        r.set(Registers.CR0, Cr0.ET | Cr0.NE);
        r.table(Registers.IDTR, 0, 4 * Layout.VECTORS - 1);
        r.set(Registers.CS, Layout.KERNEL_CODE >> 4).set(Registers.RIP, Layout.CODE_OFFSET);
        r.set(Registers.SS, 0x1200).set(Registers.RSP, Layout.STACK_CASE - 0x1_2000);
        for (int s = Registers.DS; s <= Registers.GS; s += 2) {
            r.setShort(s, Layout.KERNEL_DATA >> 4);
        }
    }

    private void v8086() {
        r.set(Registers.RFLAGS, 0x2_0002);
        r.set(Registers.CS, Layout.USER_CODE >> 4).set(Registers.RIP, Layout.CODE_OFFSET);
        r.set(Registers.SS, 0x1300).set(Registers.RSP, Layout.USER_STACK - 0x1_3000 - 0x40);
        for (int s = Registers.DS; s <= Registers.GS; s += 2) {
            r.setShort(s, Layout.USER_DATA >> 4);
        }
    }

    private int longCode() {
        gdt(CODE_SLOT, SegmentDescriptor.of(0, 0xfffff, 0xa09b | cpl << SegmentDescriptor.DPL_SHIFT), "the code segment");
        return CODE_SLOT | cpl;
    }

    private void segments32(int code) {
        r.set(Registers.CS, code).set(Registers.RIP, codeAddress());
        data(new int[] {Layout.DATA, Layout.DATA_1, Layout.DATA_2, Layout.DATA_3}[cpl]);
        r.set(Registers.RSP, stackAddress());
    }

    private void segments16() {
        int level = cpl << SegmentDescriptor.DPL_SHIFT;
        gdt(CODE_SLOT, SegmentDescriptor.of(cpl == 3 ? Layout.USER_CODE : Layout.KERNEL_CODE, 0xffff, CODE16_RIGHTS | level), "the 16-bit code segment");
        gdt(DATA_SLOT, SegmentDescriptor.of(0x1_0000, 0xffff, DATA16_RIGHTS | level), "the 16-bit data segment");
        r.set(Registers.CS, CODE_SLOT | cpl).set(Registers.RIP, Layout.CODE_OFFSET);
        data(DATA_SLOT | cpl);
        r.set(Registers.RSP, stackAddress() - 0x1_0000);
    }

    private void data(int selector) {
        r.set(Registers.SS, selector);
        for (int s = Registers.DS; s <= Registers.GS; s += 2) {
            r.setShort(s, selector);
        }
    }

    private void longMode() {
        r.setInt(Registers.MODE, Case.LONG);
        r.set(Registers.CR0, Cr0.PE | Cr0.ET | Cr0.NE | Cr0.WP | Cr0.PG).set(Registers.CR3, Layout.PML4).set(Registers.CR4, Cr4.PAE);
        r.set(Registers.EFER, Efer.LME | Efer.NXE | Efer.SCE);
        r.table(Registers.IDTR, Layout.IDT64, Layout.IDT64_LIMIT);
        r.setShort(Registers.TR, Layout.TSS64_SEL).setShort(Registers.LDTR, Layout.LDT64_SEL);
    }

    /** Linear address of the code under test. */
    int codeAddress() {
        return (cpl == 3 ? Layout.USER_CODE : Layout.KERNEL_CODE) + Layout.CODE_OFFSET;
    }

    /** Linear address of the top of its stack. */
    int stackAddress() {
        return cpl == 3 ? Layout.USER_STACK - 0x40 : Layout.STACK_CASE;
    }

    /** Linear address of memory it can use. */
    int dataAddress() {
        return cpl == 3 ? Layout.USER_DATA : Layout.KERNEL_DATA;
    }

    /** What to write as the offset of {@link #dataAddress} in the code's data segment. */
    int dataOffset() {
        return switch (kind) {
            case REAL, V8086 -> 0;
            case PROTECTED16, COMPATIBILITY16 -> dataAddress() - 0x1_0000;
            default -> dataAddress();
        };
    }

    // ---- changes

    Scene patch(int address, byte[] bytes, String what) {
        patches.add(new Case.Patch(address, bytes, what));
        return this;
    }

    private static byte[] little(long value, int bytes) {
        return java.util.Arrays.copyOf(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array(), bytes);
    }

    Scene put(int address, long value, int bytes, String what) {
        return patch(address, little(value, bytes), what);
    }

    /** A descriptor, in the GDT or the LDT as the selector says. */
    Scene gdt(int selector, long descriptor, String what) {
        int table = (selector & 4) != 0 ? Layout.LDT : Layout.GDT;
        return put(table + (selector & 0xfff8), descriptor, 8, "%s: selector 0x%x is %s".formatted(what, selector, describe(descriptor)));
    }

    private static String describe(long descriptor) {
        int rights = SegmentDescriptor.rights(descriptor);
        int type = SegmentDescriptor.type(rights);
        boolean gate = !SegmentDescriptor.isSegment(rights) && (type & 4) != 0 && type != 13;
        return gate ? "a gate of type %d, DPL %d, %s to 0x%x:0x%x, count %d".formatted(type, SegmentDescriptor.dpl(rights), SegmentDescriptor.present(rights) ? "present" : "absent",
            GateDescriptor.selector(descriptor), GateDescriptor.offset(descriptor), descriptor >>> 32 & 0xff) : SegmentDescriptor.describe(descriptor);
    }

    /** Low half of the gate of a vector, in the table that the mode uses. */
    Scene gate(int vector, long gate) {
        boolean wide = kind.isLong();
        return put(wide ? Layout.IDT64 + 16 * vector : Layout.IDT32 + 8 * vector, gate, 8, "vector %d is %s".formatted(vector, describe(gate)));
    }

    /** Values on the stack, the first at its top. */
    Scene stack(int bits, long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * bits / 8);
        StringBuilder what = new StringBuilder("on the stack (%d bits):".formatted(bits));
        for (long value : values) {
            bytes.put(little(value, bits / 8));
            what.append(" 0x").append(Long.toHexString(value));
        }
        int below = bytes.capacity();
        r.set(Registers.RSP, r.get(Registers.RSP) - below);
        return patch(stackAddress() - below, bytes.array(), what.toString());
    }

    Scene flags(long set) {
        r.set(Registers.RFLAGS, r.get(Registers.RFLAGS) | set);
        return this;
    }

    Scene cr0(long set, long clear) {
        r.set(Registers.CR0, r.get(Registers.CR0) & ~clear | set);
        return this;
    }

    Scene cr4(long set) {
        r.set(Registers.CR4, r.get(Registers.CR4) | set);
        return this;
    }

    Scene gpr(int register, long value) {
        r.set(Registers.GPRS + 8 * register, value);
        return this;
    }

    Case code(Family family, String text) {
        byte[] code = Assembler.assemble(text, kind.bits, r.get(Registers.RIP)).bytes();
        if (code.length > Layout.CODE_BYTES) {
            throw new IllegalArgumentException("a case of %d bytes: %s".formatted(code.length, text));
        }
        List<Case.Patch> all = new ArrayList<>(patches);
        all.add(new Case.Patch(codeAddress(), code, ""));
        return new Case(family, text, kind.bits, r, all);
    }

    // ---- chance

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    int pick(int... values) {
        return values[random.nextInt(values.length)];
    }

    long pickLong(long... values) {
        return values[random.nextInt(values.length)];
    }

    String pick(String... values) {
        return values[random.nextInt(values.length)];
    }

    /** A number for a register: often small, at an edge, or random. */
    private long value() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(256);
            case 1 -> -1L - random.nextInt(4);
            case 2 -> random.nextInt();
            default -> random.nextLong();
        };
    }
}
