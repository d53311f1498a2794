package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.conform.privileged.Scene.Paging;
import proteus.x86.format.Cr4;

/** What I/O privilege level, virtual interrupts and the maps of the TSS decide: flags, ports, and v8086 mode. */
final class FlagCases {
    private static final int VIF = 1 << 19, VIP = 1 << 20;
    private static final int PORT = 0x2a0;

    private FlagCases() {}

    private static String flagInstruction(Scene s) {
        int bits = s.kind == Kind.LONG ? s.pick(16, 64) : s.pick(16, 32);
        String suffix = bits == 16 ? "w" : bits == 32 ? "d" : "q";
        return switch (s.below(4)) {
            case 0 -> "cli";
            case 1 -> "sti\nnop";
            case 2 -> "pushf" + suffix;
            default -> {
                s.stack(bits, s.random.nextLong() & 0x3b_7fd7 & (s.chance(85) ? ~0x100 : -1) | 2);
                yield "popf" + suffix;
            }
        };
    }

    static Case flags(SplittableRandom random) {
        Scene s = TransferCases.protectedScene(random);
        s.cr4(s.pickLong(0, Cr4.PVI, Cr4.PVI, Cr4.VME));
        s.flags(s.below(4) << 12 | s.pick(0, 0x200) | s.pick(0, VIF) | s.pick(0, 0, VIP) | s.pick(0, 0x4_0000) | s.pick(0, 0x20_0000));
        return s.code(Family.FLAGS, flagInstruction(s));
    }

    static Case v8086(SplittableRandom random) {
        Scene s = new Scene(random, Kind.V8086, 3, Paging.values()[random.nextInt(3)]);
        s.cr4(s.pickLong(0, Cr4.VME, Cr4.VME, Cr4.PVI));
        s.flags(s.pick(0, 1, 2, 3, 3) << 12 | s.pick(0, 0x200) | s.pick(0, VIF) | s.pick(0, 0, VIP) | s.pick(0, 0, 0x4000));
        String text = switch (s.below(8)) {
            case 0, 1 -> flagInstruction(s);
            case 2, 3 -> {
                int vector = 0x20 + s.below(0x1c);
                boolean redirected = s.chance(60);
                // 32 bytes below the I/O map, one bit a vector
                s.put(Layout.TSS32 + World.IO_MAP - 32, redirected ? 0 : -1L, 8, redirected ? "interrupts are redirected" : "interrupts are not redirected");
                s.put(4 * vector, (long) (Layout.USER_CODE >> 4) << 16 | Layout.TARGETS, 4, "the program's vector");
                if (s.chance(60)) {
                    Targets.gate(s, vector);
                }
                if (s.chance(10)) {
                    s.put(Layout.TSS32 + 0x66, s.pick(0x10, 0x1f, 0x68, 0x100, 0x118, 0x11f, 0x120, 0xffff), 2, "the map's place in the TSS");
                }
                yield "int 0x%x".formatted(vector);
            }
            case 4 -> {
                s.stack(16, Layout.TARGETS, Layout.USER_CODE >> 4, s.random.nextLong() & 0x7ed5);
                yield "iretw";
            }
            case 5 -> {
                s.stack(32, Layout.TARGETS, Layout.USER_CODE >> 4, s.random.nextLong() & 0x3f_7ed5);
                yield "iretd";
            }
            case 6 -> s.pick("jmp 0x%x:0x%x", "call 0x%x:0x%x").formatted(Layout.USER_CODE >> 4, Layout.TARGETS);
            default -> {
                if (s.chance(50)) {
                    s.stack(16, Layout.TARGETS, Layout.USER_CODE >> 4);
                    yield "retf";
                }
                yield s.pick("mov ax, 0x1234\nmov ds, ax\nmov ax, 0", "mov eax, [0xfffe]", "jmp dword 0x2000:0x1a000", "int3", "int1", "mov ax, cs\nlar eax, eax", "hlt", "into", "ud2",
                    "push ds\npop fs\nmov bp, 0xffff\nmov ax, [bp]");
            }
        };
        return s.code(Family.V8086, text);
    }

    static Case port(SplittableRandom random) {
        Scene s = random.nextInt(4) == 0 ? new Scene(random, Kind.V8086, 3, Paging.values()[random.nextInt(3)]) : TransferCases.protectedScene(random);
        s.flags(s.below(4) << 12);
        int port = PORT + s.below(8);
        if (s.kind.isLong()) {
            s.put(Layout.TSS64 + 0x66, s.pick(0x68, 0x20, 0, 0xffff), 2, "the map's place in the TSS");
        } else if (s.chance(10)) {
            int place = 0xff - PORT / 8 + s.pick(-2, -1, 0, 1, 2);
            s.put(Layout.TSS32 + 0x66, s.pick(place, place, 0xffff, 0xfff0, 0x68), 2, "the map's place in the TSS");
        }
        if (s.kind.isLong()) {
            s.put(Layout.GDT + Layout.TSS64_SEL, 0x0000_8901_04c0_0000L | 0x68 + PORT / 8 + s.pick(0, 1, 2, -1), 8, "a longer TSS");
        }
        int map = (s.kind.isLong() ? Layout.TSS64 + 0x68 : Layout.TSS32 + World.IO_MAP) + PORT / 8;
        s.put(map, s.chance(40) ? 0 : s.below(0x1_0000), 2, "the permission bits from port 0x2a0 on");
        String register = s.pick("al", "ax", "eax");
        String string = s.pick("b", "w", "d");
        String index = s.kind.bits == 16 ? "di" : s.kind.bits == 32 ? "edi" : "rdi";
        String text = "mov dx, 0x%x\n".formatted(port) + switch (s.below(4)) {
            case 0 -> "in %s, dx".formatted(register);
            case 1 -> "out dx, %s".formatted(register);
            case 2 -> "mov %s, 0x%x\nins%s".formatted(index, s.dataOffset(), string);
            default -> "mov %s, 0x%x\nouts%s".formatted(index.replace("di", "si"), s.dataOffset(), string);
        };
        return s.code(Family.PORT, text);
    }
}
