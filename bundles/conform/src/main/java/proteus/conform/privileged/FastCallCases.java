package proteus.conform.privileged;

import java.util.SplittableRandom;

/** SYSCALL, SYSRET, SYSENTER, SYSEXIT. */
final class FastCallCases {
    private FastCallCases() {}

    static Case call(SplittableRandom random) {
        Scene s = random.nextInt(10) == 0 ? new Scene(random, random.nextBoolean() ? Scene.Kind.V8086 : Scene.Kind.REAL, 0, Scene.Paging.NONE) : TransferCases.protectedScene(random);
        s.flags(random.nextLong() & 0x4_4ed5).flags(s.below(4) << 12);
        long kernel = Layout.KERNEL_CODE + Layout.TARGETS + s.below(0x100);
        long user = Layout.USER_CODE + Layout.TARGETS + s.below(0x100);
        if (s.chance(8)) {
            user = s.pickLong(0x8000_0000_0000L, 0x7fff_ffff_ffffL, -1L, 0x1_0000_0000L | user);
        }
        int sysenter = s.chance(85) ? s.pick(Layout.CODE32, Layout.CODE32 | 3) : s.pick(0, 3, 1, 0xfffc);
        s.r.set(Registers.MSRS, (long) Layout.CODE64 << 32 | (long) (Layout.CODE_3 & ~(s.chance(80) ? 0 : 3)) << 48).set(Registers.MSRS + 8, kernel).set(Registers.MSRS + 16, kernel)
            .set(Registers.MSRS + 24, s.pickLong(0, 0x4_7700, 0xffff_ffffL, 0x200)).set(Registers.MSRS + 32, sysenter).set(Registers.MSRS + 40, Layout.STACK_CASE)
            .set(Registers.MSRS + 48, kernel);
        if (s.chance(15)) {
            s.r.set(Registers.EFER, s.r.get(Registers.EFER) & ~1L);
        } else {
            s.r.set(Registers.EFER, s.r.get(Registers.EFER) | 1);
        }
        boolean wide = s.kind == Scene.Kind.LONG;
        boolean back = s.cpl == 0 ? s.chance(75) : s.chance(15);
        s.gpr(1, user).gpr(2, user);
        if (wide) {
            s.gpr(11, random.nextLong() & 0x27_7fd7 & (s.chance(85) ? ~0x100 : -1));
        }
        String prefix = wide && s.chance(60) ? "o64 " : "";
        String text;
        if (back) {
            boolean exit = s.chance(50);
            text = exit ? prefix + "sysexit" : prefix + "sysret";
            // SYSRET leaves the stack pointer alone, SYSEXIT takes RCX
            if (exit) {
                s.gpr(1, Layout.USER_STACK - 0x80);
            }
        } else {
            text = s.pick("syscall", "sysenter");
        }
        return s.code(Family.FAST_CALL, text);
    }
}
