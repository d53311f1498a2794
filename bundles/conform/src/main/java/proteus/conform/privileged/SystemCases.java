package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.conform.privileged.Scene.Paging;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.SegmentDescriptor;

/** System registers: descriptor tables, control, debug and model-specific registers, and who may touch them. */
final class SystemCases {
    /** Changes that leave the machine able to go on; PE, PG and PAE are changed only where that is refused. */
    private static final long[] CR0_BITS = {Cr0.MP, Cr0.EM, Cr0.TS, Cr0.ET, Cr0.NE, Cr0.WP, Cr0.AM, Cr0.NW, Cr0.CD, 1 << 6, 1 << 17, 1 << 28};
    private static final long[] CR4_BITS = {Cr4.VME, Cr4.PVI, Cr4.TSD, Cr4.DE, Cr4.PSE, Cr4.MCE, Cr4.PGE, Cr4.PCE, Cr4.OSFXSR, Cr4.OSXMMEXCPT, Cr4.UMIP,
        Cr4.FSGSBASE, Cr4.PCIDE, Cr4.OSXSAVE, Cr4.SMEP, Cr4.SMAP, 1 << 15, 1 << 26, 1 << 30, 1L << 31, 1L << 40};
    /** Registers that mean the same on every processor with the features of these machines, and one that none has. */
    private static final int[] MSRS = {0xc000_0080, 0xc000_0081, 0xc000_0082, 0xc000_0083, 0xc000_0084, 0xc000_0100, 0xc000_0101, 0xc000_0102, 0x174, 0x175, 0x176, 0x277,
        0x4000_0000 | 0x1234};

    private SystemCases() {}

    private static Scene scene(SplittableRandom random) {
        return random.nextInt(8) == 0 ? new Scene(random, random.nextBoolean() ? Kind.V8086 : Kind.REAL, 0, Paging.values()[random.nextInt(3)]) : TransferCases.protectedScene(random);
    }

    private static String accumulator(Scene s) {
        return s.kind == Kind.LONG ? "rax" : "eax";
    }

    static Case tables(SplittableRandom random) {
        Scene s = scene(random);
        if (s.chance(40)) {
            s.cr4(Cr4.UMIP);
        }
        boolean privileged = s.kind == Kind.REAL || s.cpl == 0;
        String prefix = s.kind == Kind.LONG ? "" : s.pick("", "o16 ", "o32 ");
        String memory = "[0x%x]".formatted(s.dataOffset());
        String register = s.kind == Kind.LONG ? s.pick("cx", "ecx", "rcx") : s.pick("cx", "ecx");
        return s.code(Family.DESCRIPTOR_TABLE, switch (s.below(privileged ? 10 : 14)) {
            case 0 -> prefix + "sgdt " + memory;
            case 1 -> prefix + "sidt " + memory;
            case 2 -> "sldt " + register;
            case 3 -> "str " + register;
            case 4 -> "smsw " + register;
            case 5 -> s.pick("sldt", "str", "smsw") + " word " + memory;
            case 6 -> load(s, prefix + "lgdt " + memory, s.kind.isLong() || s.kind != Kind.REAL ? Layout.GDT : Layout.GDT, s.pick(0x1ff, 0xff, 0x7f, 0xffff));
            case 7 -> s.kind == Kind.REAL ? load(s, prefix + "lidt " + memory, 0, s.pick(0xff, 0x3f, 0x7f))
                : load(s, prefix + "lidt " + memory, s.kind.isLong() ? Layout.IDT64 : Layout.IDT32, s.kind.isLong() ? s.pick(0x3ff, 0xff, 0x1ff) : s.pick(0x1ff, 0x7f, 0xff));
            case 8, 9 -> system(s, s.pick("lldt", "ltr"));
            default -> s.pick("lgdt", "lidt", "lldt", "ltr", "lmsw") + " " + memory;
        });
    }

    private static String load(Scene s, String text, long base, int limit) {
        long value = s.kind == Kind.LONG && s.chance(12) ? s.pickLong(0x8000_0000_0000L, 0xffff_0000_0000_0000L) : base;
        boolean upper = text.startsWith("o16") || s.kind.bits == 16 && !text.startsWith("o32");
        if (upper && s.chance(50) && s.kind != Kind.LONG) {
            value |= 0x5500_0000L;
        }
        s.put(s.dataAddress(), limit, 2, "limit").put(s.dataAddress() + 2, value, 8, "base 0x" + Long.toHexString(value));
        return text;
    }

    private static String system(Scene s, String name) {
        if (s.kind == Kind.REAL || s.kind == Kind.V8086) {
            return name + " ax";
        }
        int selector = s.chance(80) ? Targets.slot(s, s.below(4)) & ~(s.chance(80) ? 4 : 0) : Targets.odd(s);
        int type = s.chance(75) ? name.equals("lldt") ? SegmentDescriptor.LDT : s.pick(1, 9, 9, 3, 11) : s.below(16);
        int rights = type | (s.chance(5) ? SegmentDescriptor.S : 0) | s.below(4) << SegmentDescriptor.DPL_SHIFT | (s.chance(88) ? SegmentDescriptor.P : 0);
        if (selector >= Layout.FREE || (selector & 4) != 0) {
            s.gdt(selector, SegmentDescriptor.of(name.equals("lldt") ? Layout.LDT : Layout.TSS32, s.pick(0xff, 0x67, 0x2b, 0), rights), "a system segment");
            if (s.kind.isLong() && s.chance(20)) {
                s.gdt(selector + 8, s.pickLong(0x8000, 0xffff_8000L, 0x0100_0000_0000L, 0x1f00_0000_0000L, 0xe000_0000_0000L), "its upper half");
            }
        }
        return "mov ax, 0x%x\n%s ax".formatted(selector, name);
    }

    static Case control(SplittableRandom random) {
        Scene s = scene(random);
        boolean real = s.kind == Kind.REAL;
        String a = accumulator(s);
        long cr0 = s.r.get(Registers.CR0);
        long cr4 = s.r.get(Registers.CR4);
        if (s.chance(30) && !real) {
            cr4 |= s.pickLong(Cr4.PCIDE * (s.kind.isLong() ? 1 : 0), Cr4.PGE, Cr4.DE, Cr4.OSXSAVE);
            s.r.set(Registers.CR4, cr4);
        }
        String text = switch (s.below(12)) {
            case 0, 1, 2 -> {
                long value = toggled(s, cr0, CR0_BITS);
                boolean paged = (cr0 & Cr0.PG) != 0;
                if (paged && s.chance(10)) {
                    value ^= Cr0.PE;
                } else if (s.kind == Kind.LONG && s.chance(10)) {
                    value ^= Cr0.PG;
                } else if (s.kind == Kind.LONG && s.chance(10)) {
                    value |= 1L << 32 + s.below(32);
                } else if (real && s.chance(20)) {
                    value |= Cr0.PG;
                }
                yield move(a, value, "cr0");
            }
            case 3, 4, 5 -> {
                long value = toggled(s, cr4, CR4_BITS);
                if (s.kind.isLong() && s.chance(10)) {
                    value &= ~Cr4.PAE;
                }
                yield move(a, s.kind == Kind.LONG ? value : value & 0xffff_ffffL, "cr4");
            }
            case 6 -> {
                long value = s.r.get(Registers.CR3) | s.pickLong(0, 8, 0x10, 0x18) | (s.chance(20) ? 0x7 : 0);
                if (s.kind == Kind.LONG && s.chance(40)) {
                    value |= 1L << 52 + s.below(12);
                }
                if (s.paging == Paging.PAE && s.chance(40)) {
                    long entry = Layout.PD | 1 | s.pickLong(2, 4, 0x20, 0x40, 1L << 63, 1L << 52, 8, 0x100, 0xe00);
                    s.put(Layout.PDPT_PAE + 8, entry, 8, "PDPTE 1 is 0x" + Long.toHexString(entry));
                }
                yield move(a, value, "cr3");
            }
            case 7 -> "mov %s, %s".formatted(a, s.pick("cr0", "cr2", "cr3", "cr4", s.kind == Kind.LONG ? "cr8" : "cr0"));
            case 8 -> s.kind == Kind.LONG && s.chance(60) ? move(a, s.pickLong(0, 5, 15, 16, 0x100, 1L << 40), "cr8") + "\nmov rbx, cr8\nmov ecx, 0\nmov cr8, rcx"
                : move(a, s.kind == Kind.LONG ? 0x1234_5678_9abc_def0L : 0x9abc_def0L, "cr2");
            case 9 -> {
                s.cr0(s.pickLong(0, Cr0.TS), 0);
                long value = s.below(16) | (real ? 0 : s.below(2)) | s.below(0x1000) << 4;
                yield "mov ax, 0x%x\nlmsw ax".formatted(real ? value & ~1 : value);
            }
            case 10 -> {
                s.cr0(s.pickLong(0, Cr0.TS), 0);
                yield "clts";
            }
            default -> {
                if (!real) {
                    s.cr4(s.chance(80) ? Cr4.OSXSAVE : 0);
                }
                yield s.chance(30) ? "mov ecx, %d\nxgetbv".formatted(s.pick(0, 0, 2, 9))
                    : "mov eax, %d\nxor edx, edx\nmov ecx, %d\nxsetbv\nxor ecx, ecx\nxgetbv\nmov ebx, eax\nmov eax, 1\nxsetbv".formatted(s.pick(1, 3, 7, 0, 2, 5, 4, 6), s.pick(0, 0, 0, 0, 1));
            }
        };
        return s.code(Family.CONTROL_REGISTER, text);
    }

    private static String move(String accumulator, long value, String register) {
        return "mov %s, 0x%x\nmov %s, %s".formatted(accumulator, value, register, accumulator);
    }

    private static long toggled(Scene s, long value, long[] bits) {
        long now = value;
        for (int n = 1 + s.below(3); n > 0; n--) {
            now ^= bits[s.below(bits.length)];
        }
        return now;
    }

    static Case debug(SplittableRandom random) {
        Scene s = scene(random);
        String a = accumulator(s);
        if (s.kind != Kind.REAL) {
            s.cr4(s.pickLong(0, Cr4.DE));
        }
        if (s.chance(40)) {
            return s.code(Family.DEBUG_REGISTER, breakpoint(s));
        }
        int number = s.below(8);
        if (s.chance(15)) {
            s.r.set(Registers.DR7, 0x2400);
        }
        s.r.set(Registers.DR6, 0xffff_0ff0L | s.pickLong(0, 0xe00f, 0x1, 0x4000));
        if (s.chance(50)) {
            return s.code(Family.DEBUG_REGISTER, "mov %s, dr%d".formatted(a, number));
        }
        long value = number < 4 ? s.pickLong(0, 0x1234_5678L, 0xffff_ffffL, 0xffff_ffff_ffff_ffffL, 0x8000_0000_0000L)
            : s.pickLong(0, 0xffff_ffffL & ~0x2aff, 0xdc00L, 0x400, 0xffff_0ff0L, 0xe00f, 0x1_0000_0400L, 1L << 63);
        return s.code(Family.DEBUG_REGISTER, move(a, s.kind == Kind.LONG ? value : value & 0xffff_ffffL, "dr" + number)
            + "\nmov %s, dr%d".formatted(s.kind == Kind.LONG ? "rbx" : "ebx", number));
    }

    /** A data, instruction or port breakpoint, and code that meets it or just not. */
    private static String breakpoint(Scene s) {
        int n = s.below(4);
        int kind = s.pick(0, 1, 3, 2);
        int length = kind == 0 ? 0 : s.pick(0, 1, 3);
        int bytes = length + 1;
        long at = kind == 0 ? s.codeAddress() + s.below(3) : kind == 2 ? 0x2a0 & -bytes : s.dataAddress() + 0x10 + s.below(4) & -bytes;
        s.r.set(Registers.DR0 + 8 * n, at).set(Registers.DR7, 0x400 | (long) s.pick(1, 2, 3, 0) << 2 * n | (kind | (long) length << 2) << 16 + 4 * n | s.pick(0, 0x300));
        s.flags(s.pick(0, 0x1_0000));
        if (kind == 0) {
            return "nop\nnop\nnop";
        }
        if (kind == 2) {
            s.flags(0x3000);
            return "mov dx, 0x%x\nin %s, dx\nnop".formatted(0x2a0 + s.pick(-1, 0, 1, 2, 4), s.pick("al", "ax", "eax"));
        }
        int offset = s.dataOffset() + 0x10 + s.pick(-1, 0, 1, 2, 3, 4, 7);
        return s.pick("mov eax, [0x%x]\nnop", "mov word [0x%x], 0x1234\nnop", "add byte [0x%x], 1\nnop", "mov dl, [0x%x]\nmov ax, ss\nnop").formatted(offset);
    }

    static Case msr(SplittableRandom random) {
        Scene s = scene(random);
        int index = s.pick(MSRS);
        if (s.chance(30)) {
            return s.code(Family.MODEL_SPECIFIC, "mov ecx, 0x%x\nrdmsr".formatted(index));
        }
        long value = switch (index) {
            case 0xc000_0080 -> s.r.get(Registers.EFER) ^ s.pickLong(1, 0x800, 2, 0x200, 1L << 40, 0x801, s.kind.isLong() || s.paging != Paging.NONE ? 0x100 : 1);
            case 0x277 -> s.pickLong(0x0007_0406_0007_0406L, 0x0606_0606_0606_0606L, 0x0606_0206_0606_0606L, 0x0606_0306_0606_0606L, 0x0806_0606_0606_0606L, 0x0001_0405_0607_0606L);
            default -> s.pickLong(0, 0x1234_5678L, 0xffff_ffffL, 0x7fff_ffff_ffffL, 0x8000_0000_0000L, 0xffff_8000_0000_0000L, -1L, 0x23_0010_0000_0000L);
        };
        String back = index == 0x277 ? "\nmov eax, 0x00070406\nmov edx, eax\nwrmsr" : "";
        return s.code(Family.MODEL_SPECIFIC, "mov ecx, 0x%x\nmov eax, 0x%x\nmov edx, 0x%x\nwrmsr".formatted(index, value & 0xffff_ffffL, value >>> 32)
            + (s.chance(50) ? "\nrdmsr" : "") + back);
    }

    /** Instructions that only some rings or modes have. */
    static Case privilege(SplittableRandom random) {
        Scene s = scene(random);
        boolean ring0 = s.cpl == 0;
        String memory = "[0x%x]".formatted(s.dataOffset());
        String a = accumulator(s);
        s.cr4(s.kind == Kind.REAL ? 0 : s.pickLong(0, Cr4.TSD, Cr4.FSGSBASE * (s.kind.isLong() ? 1 : 0), s.kind.isLong() ? Cr4.PCIDE : 0));
        String text = switch (s.below(24)) {
            case 0 -> ring0 ? "clts" : "hlt";
            case 1 -> "wbinvd";
            case 2 -> "invlpg " + memory;
            case 3 -> s.kind == Kind.LONG ? "invlpg [rax]" : "invlpg " + memory;
            case 4 -> {
                s.put(s.dataAddress(), s.pickLong(0, 0, 1, 0xfff, 0x1000), 8, "PCID").put(s.dataAddress() + 8, s.pickLong(0x1000, 0x8000_0000_0000L, -1L), 8, "address");
                yield "mov %s, %d\ninvpcid %s, %s".formatted(a, s.pick(0, 1, 2, 3, 4), a, memory);
            }
            case 5 -> "lmsw " + (ring0 ? "word " + memory : "ax");
            case 6 -> "db 0x0f, 0x01, 0xf8 ; swapgs";
            case 7 -> ring0 ? "rdtsc\nxor eax, eax\nxor edx, edx" : "rdtsc\nxor eax, eax\nxor edx, edx";
            case 8 -> "stac\nclac";
            case 9 -> "vmcall";
            case 10 -> "rsm";
            case 11 -> "ud1 eax, eax";
            case 12 -> s.chance(50) ? "mov %s, cr%d".formatted(a, s.pick(0, 2, 3, 4)) : "db 0x0f, 0x20, 0x%x ; mov from a control register that is not there".formatted(s.pick(0xc8, 0xe8, 0xf0, 0xf8));
            case 13 -> s.kind == Kind.LONG ? s.pick("rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase") + " " + s.pick("rax", "eax") : "mov %s, dr7".formatted(a);
            case 14 -> s.kind == Kind.LONG ? "mov rax, 0x%x\nwrgsbase rax".formatted(s.pickLong(0x8000_0000_0000L, 0x7fff_ffff_ffffL)) : "mov %s, cr3".formatted(a);
            case 15 -> "rdtscp\nxor eax, eax\nxor edx, edx";
            case 16 -> s.kind == Kind.LONG ? "nop" : "arpl ax, cx";
            case 17 -> "lar eax, ecx";
            case 18 -> "str ax";
            case 19 -> "sldt ax";
            case 20 -> s.pick("verr ax", "verw ax", "lldt ax", "ltr ax");
            case 21 -> "mov %s, dr%d".formatted(a, s.pick(4, 5, 6, 7));
            case 22 -> "rdmsr";
            default -> "invd";
        };
        if (ring0 && (text.startsWith("lmsw") || text.equals("lldt ax") || text.equals("ltr ax"))) {
            // of what is random no more than the low bits matter
            s.gpr(0, 0).put(s.dataAddress(), 0, 4, "zero");
        }
        if (text.equals("rdmsr")) {
            s.gpr(1, 0x1b);
            text = ring0 ? "mov ecx, 0x174\nrdmsr" : text;
        }
        return s.code(Family.PRIVILEGE, text);
    }
}
