package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.conform.privileged.Scene.Paging;

/** Real mode: interrupts through the vector table, far transfers, the end of a segment. */
final class RealCases {
    private RealCases() {}

    static Case real(SplittableRandom random) {
        Scene s = new Scene(random, Kind.REAL, 0, Paging.NONE);
        s.flags(random.nextLong() & 0x7ed5);
        int segment = Layout.KERNEL_CODE >> 4;
        int target = Layout.TARGETS + s.below(0x100);
        String text = switch (s.below(14)) {
            case 0, 1 -> {
                int vector = 0x20 + s.below(0x20);
                s.put(4 * vector, (long) segment << 16 | target, 4, "the vector");
                yield "int 0x%x".formatted(vector);
            }
            case 2 -> "int 0x%x".formatted(0x40 + s.below(0xc0));
            case 3 -> {
                s.stack(16, target, segment, random.nextLong() & (s.chance(90) ? 0x7ed5 : 0x7fd5));
                yield "iretw";
            }
            case 4 -> {
                s.stack(32, target | (s.chance(10) ? 0x1_0000 : 0), segment | (s.chance(20) ? 0xabcd_0000L : 0), random.nextLong() & 0xffff_fed5L & (s.chance(50) ? ~0x2_0000L : -1L));
                yield "iretd";
            }
            case 5 -> s.pick("jmp", "call") + " %s 0x%x:0x%x".formatted(s.pick("word", "dword"), segment, target);
            case 6 -> s.pick("jmp", "call") + " dword 0x%x:0x%x".formatted(segment, 0x1_0000 | target);
            case 7 -> {
                boolean wide = s.chance(50);
                s.stack(wide ? 32 : 16, target, segment, 1, 2, 3, 4);
                yield (wide ? "o32 " : "") + s.pick("retf", "retf 4");
            }
            case 8 -> s.pick("mov ax, [0xffff]", "mov eax, [0xfffd]", "mov [0xffff], ax", "mov bp, 0xffff\nmov ax, [bp]", "mov ebx, 0x10000\nmov al, [ebx]");
            case 9 -> s.pick("mov sp, 1\npush ax", "mov esp, 0x10000\npush eax", "mov sp, 3\npush eax", "mov esp, 0x1ffff\npop ax");
            case 10 -> s.pick("lldt ax", "ltr ax", "sldt ax", "str ax", "verr ax", "verw ax", "lar eax, eax", "lsl eax, eax", "arpl ax, ax", "sysenter", "sysexit", "syscall", "sysret");
            case 11 -> s.pick("pushf", "pushfd", "cli", "sti\nnop", "into", "int1", "int3", "ud2", "xor cx, cx\ndiv cx");
            case 12 -> {
                s.stack(s.pick(16, 32), random.nextLong() & 0x3f_7ed5);
                yield s.pick("popf", "popfd");
            }
            default -> s.pick("mov ax, 0x1234\nmov ds, ax\nxor ax, ax", "push 0x1234\npop es", "les di, [4]", "lss sp, [8]\nmov ax, 0x1200\nmov ss, ax\nmov sp, 0xa00", "db 0x8e, 0xc8 ; mov cs, ax");
        };
        return s.code(Family.REAL_MODE, text);
    }
}
