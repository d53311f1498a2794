package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;

/** Software interrupts, exceptions through gates of all kinds, and single-step. */
final class EventCases {
    private static final int TS = 8;

    private EventCases() {}

    static Case interrupt(SplittableRandom random) {
        Scene s = TransferCases.protectedScene(random);
        s.flags(random.nextLong() & 0x4_4ed5).flags(s.below(4) << 12);
        String text;
        if (s.chance(75)) {
            int vector = s.chance(92) ? 0x20 + s.below(0x20) : s.pick(0x40, 0xff, 8, 13, 14);
            if (vector < Layout.VECTORS && vector >= 0x20) {
                Targets.gate(s, vector);
            }
            text = "int 0x%x".formatted(vector);
        } else if (s.kind != Kind.LONG && s.chance(40)) {
            Targets.gate(s, 4);
            s.flags(s.pick(0, 0x800));
            text = "into";
        } else if (s.chance(50)) {
            Targets.gate(s, 1);
            text = "int1";
        } else {
            text = "int3";
        }
        return s.code(Family.INTERRUPT, text);
    }

    static Case exception(SplittableRandom random) {
        Scene s = TransferCases.protectedScene(random);
        s.flags(random.nextLong() & 0x4_4ed5);
        int vector = s.pick(0, 6, 7, 10, 11, 12, 13, 13, 5);
        String text = switch (vector) {
            case 0 -> "xor ecx, ecx\ndiv ecx";
            case 5 -> {
                if (s.kind == Kind.LONG) {
                    vector = 6;
                    yield "ud2";
                }
                s.put(s.dataAddress(), 0x0010_0000, 4, "bounds");
                yield "mov cx, 0x20\nbound cx, [0x%x]".formatted(s.dataOffset());
            }
            case 6 -> s.pick("ud2", "db 0xf0, 0x90 ; lock nop", "mov ax, cs\ndb 0x8e, 0xc8 ; mov cs, ax");
            case 7 -> {
                s.cr0(TS, 0);
                yield "fnop";
            }
            case 11 -> {
                s.gdt(Layout.FREE + 0xe0, 0x0040_1200_0000_ffffL | (long) s.cpl << 45, "an absent data segment");
                yield "mov ax, 0x%x\nmov ds, ax".formatted(Layout.FREE + 0xe0 | s.cpl);
            }
            case 12 -> {
                if (s.kind == Kind.LONG) {
                    yield "mov rbp, 0x8000000000000000\nmov eax, [rbp]";
                }
                s.gdt(Layout.FREE + 0xe0, 0x0040_1200_0000_ffffL | (long) s.cpl << 45, "an absent data segment");
                yield "mov ax, 0x%x\nmov ss, ax".formatted(Layout.FREE + 0xe0 | s.cpl);
            }
            default -> s.pick("mov ax, 0xfffb\nmov es, ax", "mov ax, 0x1000\nmov fs, ax", s.cpl == 0 ? "mov eax, 0x80000001\nxor edx, edx\nmov ecx, 0xc0000080\nwrmsr" : "hlt");
        };
        if (s.chance(80)) {
            Targets.gate(s, vector);
        }
        return s.code(Family.EXCEPTION, text);
    }

    static Case step(SplittableRandom random) {
        Scene s = random.nextInt(4) == 0 ? new Scene(random, random.nextBoolean() ? Kind.V8086 : Kind.REAL, 0, Scene.Paging.values()[random.nextInt(3)])
            : TransferCases.protectedScene(random);
        s.flags(0x100 | s.below(4) << 12 | s.pick(0, 0x1_0000, 0x4000));
        String spare = s.kind.bits == 64 ? "rcx" : "ecx";
        String text = switch (s.below(18)) {
            case 0 -> "nop";
            case 1 -> "pushf\npop dx";
            case 2 -> "popf\nnop\nnop";
            case 3 -> "mov ax, ss\nmov ss, ax\nnop\nnop";
            case 4 -> "int 0x21";
            case 5 -> "int3";
            case 6 -> "int1";
            case 7 -> "sti\nnop\nnop";
            case 8 -> "mov %s, cr0\nnop".formatted(spare);
            case 9 -> "cli\nnop";
            case 10 -> "ud2";
            case 11 -> "mov ecx, 3\nrep stosb\nnop".replace("rep stosb", s.kind == Kind.REAL || s.kind == Kind.V8086 ? "xor di, di\nrep stosb" : "nop");
            case 12 -> "lahf\nsahf";
            case 13 -> s.kind == Kind.LONG ? "nop" : "into\nnop";
            case 14 -> "push ax\npop ax\njmp $+2\nnop";
            case 15 -> "call $+3\nnop\nnop\nnop";
            case 16 -> "mov dx, 0x2a0\nin al, dx\nnop";
            default -> s.kind == Kind.LONG ? "nop" : "push ss\npop ss\nnop\nnop";
        };
        if (text.startsWith("popf")) {
            s.stack(s.kind.bits, 2 | random.nextLong() & 0x4ed5 | s.pick(0, 0x100));
        }
        return s.code(Family.SINGLE_STEP, text);
    }
}
