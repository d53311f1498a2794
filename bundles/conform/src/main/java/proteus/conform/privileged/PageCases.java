package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.conform.privileged.Scene.Paging;
import proteus.x86.format.Cr0;
import proteus.x86.format.Cr4;
import proteus.x86.format.PageTable;

/** Accesses to pages with all kinds of rights: error codes, CR2, accessed and dirty flags, WP, SMEP, SMAP, NX, reserved bits. */
final class PageCases {
    private static final long AC = 1 << 18;

    private PageCases() {}

    static Case access(SplittableRandom random) {
        Kind kind = random.nextInt(3) == 0 ? Kind.PROTECTED32 : random.nextInt(4) == 0 ? Kind.COMPATIBILITY32 : Kind.LONG;
        Scene s = new Scene(random, kind, random.nextInt(10) == 0 ? 1 + random.nextInt(2) : 3 * random.nextInt(2), random.nextBoolean() ? Paging.LEGACY : Paging.PAE);
        boolean legacy = s.paging == Paging.LEGACY;
        s.cr0(0, s.chance(40) ? Cr0.WP : 0);
        // the other bits of CR4 do not matter here
        s.cr4((s.chance(30) ? Cr4.SMEP : 0) | (s.chance(30) ? Cr4.SMAP : 0));
        if (s.chance(50)) {
            s.flags(AC);
        }
        s.r.set(Registers.EFER, s.r.get(Registers.EFER) & ~0x800L | (s.chance(70) ? 0x800 : 0));
        entry(s, legacy, 0);
        entry(s, legacy, 1);
        long alias = alias(s, legacy);
        long at = alias + Layout.PAGES + s.pick(0xffe, 0xfff, 0xffd, 0xfc8, 0xffc, 0xff8);
        String register = s.kind == Kind.LONG ? "rbx" : "ebx";
        s.gpr(3, at);
        String text = switch (s.below(11)) {
            case 0, 1 -> "mov %s, [%s]".formatted(s.pick("al", "ax", "eax", s.kind == Kind.LONG ? "rax" : "ax"), register);
            case 2, 3 -> "mov [%s], %s".formatted(register, s.pick("al", "ax", "eax", s.kind == Kind.LONG ? "rax" : "ax"));
            case 4 -> "add dword [%s], 1".formatted(register);
            case 5, 6 -> "jmp " + register;
            case 7 -> "lock cmpxchg [%s], ecx".formatted(register);
            case 8 -> "mov %s, %s\nmov ecx, 4\nmovsb".formatted(register.replace("bx", "si"), register);
            case 9 -> "mov %s, %s\nmov ecx, 4\nrep stosb".formatted(register.replace("bx", "di"), register);
            default -> "push dword [%s]".formatted(register).replace("dword", s.kind == Kind.LONG ? "qword" : "dword");
        };
        return s.code(Family.PAGE_FAULT, text);
    }

    /** A leaf entry for a test page. */
    private static void entry(Scene s, boolean legacy, int page) {
        long entry = Layout.PAGES + 0x1000L * page | flags(s);
        if (!legacy) {
            entry |= s.chance(25) ? PageTable.NX : 0;
            entry |= s.chance(6) ? 1L << 48 + s.below(4) : 0;
            entry |= s.chance(10) ? 0x7ffL << 52 & 1L << 52 + s.below(s.kind.isLong() ? 7 : 11) : 0;
        }
        s.put(legacy ? Layout.PT32 + 4 * (Layout.FIRST_PAGE + page) : Layout.PT + 8 * (Layout.FIRST_PAGE + page), entry, legacy ? 4 : 8,
            "page %d: 0x%x".formatted(page, entry));
    }

    private static long flags(Scene s) {
        return (s.chance(85) ? PageTable.PRESENT : 0) | (s.chance(65) ? PageTable.WRITABLE : 0) | (s.chance(65) ? PageTable.USER : 0)
            | (s.chance(30) ? PageTable.ACCESSED : 0) | (s.chance(20) ? PageTable.DIRTY : 0) | (s.chance(20) ? 0xe00 : 0);
    }

    /** Where the test pages are seen: through the identity, or through upper-level entries with rights of their own. */
    private static long alias(Scene s, boolean legacy) {
        if (s.chance(40)) {
            return 0;
        }
        long upper = flags(s) & ~(long) PageTable.DIRTY;
        boolean large = s.chance(15);
        if (legacy) {
            long entry = (large ? 0 : Layout.PT32) | upper | (large ? PageTable.LARGE : 0) | (large && s.chance(20) ? 1 << 21 : 0);
            s.put(Layout.PD32 + 4, entry, 4, "PDE 1: 0x%x".formatted(entry));
            return 0x40_0000;
        }
        upper |= s.chance(15) ? PageTable.NX : 0;
        upper |= s.chance(6) ? 1L << 48 + s.below(4) : 0;
        int where = s.kind == Kind.LONG ? s.below(4) : 0;
        switch (where) {
            case 0 -> {
                long entry = (large ? 0 : Layout.PT) | upper | (large ? PageTable.LARGE : 0) | (large && s.chance(20) ? 1 << 13 : 0);
                s.put(Layout.PD + 16, entry, 8, "PDE 2: 0x%x".formatted(entry));
                return 0x40_0000;
            }
            case 1 -> {
                s.put(Layout.PDPT + 8, Layout.PD | upper, 8, "PDPTE 1: 0x%x".formatted(Layout.PD | upper));
                return 1L << 30;
            }
            case 2 -> {
                long entry = Layout.PDPT | upper | (s.chance(10) ? 0x80 : 0);
                s.put(Layout.PML4 + 8, entry, 8, "PML4E 1: 0x%x".formatted(entry));
                return 1L << 39;
            }
            default -> {
                s.put(Layout.PML4 + 0x800, Layout.PDPT | upper, 8, "PML4E 256: 0x%x".formatted(Layout.PDPT | upper));
                return s.chance(85) ? 0xffff_8000_0000_0000L : 0x0000_8000_0000_0000L;
            }
        }
    }
}
