package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.x86.format.SegmentDescriptor;

/** Segment registers loaded with descriptors of all types and used, and questions about descriptors. */
final class SegmentCases {
    private static final String[] NAMES = {"es", "ss", "ds", "fs", "gs"};

    private SegmentCases() {}

    static Case load(SplittableRandom random) {
        Scene s = TransferCases.protectedScene(random);
        String register = NAMES[random.nextInt(NAMES.length)];
        boolean stack = register.equals("ss");
        int rpl = s.chance(75) ? s.cpl : s.below(4);
        int dpl = stack ? s.chance(85) ? s.cpl : s.below(4) : s.chance(60) ? Math.max(s.cpl, rpl) : s.below(4);
        int selector = s.chance(88) ? Targets.data(s, dpl, Targets.slot(s, rpl), stack) : Targets.odd(s);
        boolean wide = s.kind == Kind.LONG;
        String load = switch (s.below(3)) {
            case 0 -> "mov ax, 0x%x\nmov %s, ax".formatted(selector, register);
            case 1 -> {
                boolean poppable = !wide || register.equals("fs") || register.equals("gs");
                if (!poppable) {
                    yield "mov eax, 0x%x\nmov %s, eax".formatted(selector | 0xffff_0000, register);
                }
                s.stack(s.kind.bits, selector);
                yield "pop " + register;
            }
            default -> {
                boolean pointer = !wide || !(register.equals("es") || register.equals("ds"));
                if (!pointer) {
                    yield "mov ax, 0x%x\nmov %s, ax".formatted(selector, register);
                }
                s.put(s.dataAddress(), s.r.get(Registers.RSP), 4, "a far pointer").put(s.dataAddress() + 4, selector, 2, "of selector 0x%x".formatted(selector));
                yield "l%s %s, dword [0x%x]".formatted(register, stack ? "esp" : "esi", s.dataOffset()).replace("dword ", "");
            }
        };
        // a use shows base, limit and rights
        int offset = stack || wide ? 0 : s.pick(0, 1, 3, 0x10, 0x1f, 0x20, 0x21, 0xfffe, 0xffff);
        String use = stack ? s.pick("push ax\npop cx", "push eax\npop ecx".replace("e", wide ? "r" : "e"), "nop")
            : s.pick("mov cl, [%s:0x%x]", "mov ecx, [%s:0x%x]", "mov word [%s:0x%x], 0x4321", "nop").formatted(register, wide ? s.dataOffset() : offset);
        if (wide && !register.startsWith("f") && !register.startsWith("g")) {
            // 64-bit code ignores the prefix
            use = use.replace(register + ":", "");
        }
        if (!stack && s.kind.bits == 32 && s.chance(50)) {
            use = s.pick("mov ecx, [%s:0x%x]", "mov byte [%s:0x%x], 0x21").formatted(register, s.dataAddress() + s.pick(0, 1, 0x1c, 0x20, 0x21));
        }
        return s.code(Family.SEGMENT_LOAD, load + "\n" + use);
    }

    static Case question(SplittableRandom random) {
        Scene s = random.nextInt(20) == 0 ? new Scene(random, Kind.V8086, 3, Scene.Paging.NONE) : TransferCases.protectedScene(random);
        int selector = s.chance(85) ? Targets.slot(s, s.below(4)) : Targets.odd(s);
        int rights = s.below(16) | (s.chance(60) ? SegmentDescriptor.S : 0) | s.below(4) << SegmentDescriptor.DPL_SHIFT | (s.chance(80) ? SegmentDescriptor.P : 0)
            | s.below(16) << 12;
        boolean inTable = (selector & 0xfff8) + 8 <= ((selector & 4) != 0 ? Layout.LDT_LIMIT : Layout.GDT_LIMIT);
        if (s.kind != Kind.V8086 && inTable && ((selector & 4) != 0 || (selector & 0xfff8) >= Layout.FREE)) {
            s.gdt(selector & ~7 | selector & 4, SegmentDescriptor.of(random.nextInt(), random.nextInt() & 0xfffff, rights), "the object");
            if (s.kind.isLong() && s.chance(20)) {
                s.gdt((selector & ~7 | selector & 4) + 8, s.pickLong(0, 0x0100_0000_0000L, 0x1f00_0000_0000L, 0xffff_8000L), "its upper half");
            }
        }
        String big = s.kind == Kind.LONG ? s.pick("rcx", "ecx", "cx") : s.pick("ecx", "cx");
        boolean memory = s.chance(30);
        if (memory) {
            s.put(s.dataAddress(), selector, 2, "the selector");
        }
        String source = memory ? "word [0x%x]".formatted(s.dataOffset()) : "bx";
        s.gpr(3, s.r.gpr(3) & ~0xffffL | selector);
        String wide = memory ? source : big.replace('c', 'b');
        String text = switch (s.below(5)) {
            case 0 -> "lar %s, %s".formatted(big, wide);
            case 1 -> "lsl %s, %s".formatted(big, wide);
            case 2 -> "verr " + source;
            case 3 -> "verw " + source;
            default -> s.kind == Kind.LONG ? "verr " + source : "arpl %s, ax".formatted(source);
        };
        return s.code(Family.DESCRIPTOR_QUESTION, text);
    }
}
