package proteus.conform.privileged;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.conform.privileged.Scene.Paging;
import proteus.conform.privileged.Targets.Target;

/** Far JMP, CALL, RET and IRET by code segments and call gates. */
final class TransferCases {
    private static final Kind[] KINDS = {Kind.PROTECTED32, Kind.PROTECTED32, Kind.PROTECTED16, Kind.COMPATIBILITY32, Kind.COMPATIBILITY16, Kind.LONG, Kind.LONG};
    private static final long FLAG_CHOICE = 0xcd5 | 0x100 | 0x200 | 0x3000 | 0x4_0000 | 0x20_0000;

    private TransferCases() {}

    /** Protected and IA-32e modes in every ring. */
    static Scene protectedScene(SplittableRandom random) {
        return new Scene(random, KINDS[random.nextInt(KINDS.length)], random.nextInt(100) < 40 ? 0 : random.nextInt(100) < 60 ? 3 : 1 + random.nextInt(2),
            Paging.values()[random.nextInt(3)]);
    }

    /** Operand size: that of the mode, or another it has. */
    static int operandBits(Scene s) {
        return s.chance(65) ? s.kind.bits : s.kind == Kind.LONG ? s.pick(16, 32, 64) : 48 - s.kind.bits;
    }

    static String sized(int bits) {
        return bits == 16 ? "word" : bits == 32 ? "dword" : "qword";
    }

    static Case jump(SplittableRandom random) {
        Scene s = protectedScene(random);
        int bits = operandBits(s);
        String call = s.pick("jmp", "call");
        Target target = s.chance(60) ? Targets.code(s, bits) : Targets.callGate(s, bits);
        if (s.kind == Kind.LONG || s.chance(30)) {
            long offset = bits == 16 ? target.offset() & 0xffff : bits == 32 ? target.offset() & 0xffff_ffffL : target.offset();
            s.put(s.dataAddress(), offset, bits / 8, "the far pointer").put(s.dataAddress() + bits / 8, target.selector(), 2,
                "is 0x%x:0x%x".formatted(target.selector(), offset));
            return s.code(Family.FAR_JUMP, "%s %s far [0x%x]".formatted(call, sized(bits), s.dataOffset()));
        }
        return s.code(Family.FAR_JUMP, "%s %s 0x%x:0x%x".formatted(call, sized(bits), target.selector(), target.offset() & (bits == 16 ? 0xffff : 0xffff_ffffL)));
    }

    private static int stackSelector(Scene s, int level) {
        return s.chance(12) ? Targets.odd(s) : Targets.data(s, s.chance(85) ? level : s.below(4), Targets.slot(s, s.chance(90) ? level : s.below(4)), true);
    }

    private static long stackPointer(Scene s) {
        return s.chance(85) ? Layout.USER_STACK - 0x80 : s.pickLong(0x12_3456_0000_2a00L, 0xffff_ffff_fff8L, 0x8000_0000_0000_0000L | Layout.USER_STACK, 2);
    }

    static Case farReturn(SplittableRandom random) {
        Scene s = protectedScene(random);
        int bits = operandBits(s);
        Target target = Targets.code(s, bits);
        int release = s.chance(50) ? 0 : s.pick(2, 4, 8, 16);
        List<Long> words = new ArrayList<>(List.of(target.offset(), (long) target.selector() | (s.chance(20) ? 0xabcd_0000L : 0)));
        for (int i = 0; i < release / (bits / 8); i++) {
            words.add(0x1111L * i);
        }
        words.add(stackPointer(s));
        words.add((long) stackSelector(s, target.selector() & 3));
        s.stack(bits, words.stream().mapToLong(Long::longValue).toArray());
        spareSelectors(s);
        return s.code(Family.FAR_RETURN, (bits == s.kind.bits ? "" : "o" + bits + " ") + (release == 0 ? "retf" : "retf " + release));
    }

    /** Data segment registers with segments that an outer ring may not keep. */
    private static void spareSelectors(Scene s) {
        if (s.chance(30)) {
            s.r.setShort(Registers.ES, Layout.DATA_3).setShort(Registers.FS, Layout.CONFORMING_SEL).setShort(Registers.GS, s.below(4));
        }
    }

    static Case interruptReturn(SplittableRandom random) {
        Scene s = protectedScene(random);
        int bits = operandBits(s);
        long flags = random.nextLong() & FLAG_CHOICE | 2;
        if (bits > 16 && s.chance(25)) {
            flags |= random.nextLong() & 0x1b_0000;
        }
        if (s.chance(85)) {
            flags &= ~0x100;
        }
        s.flags(s.chance(10) ? 0x4000 : 0).flags(s.below(4) << 12);
        if (s.chance(15)) {
            // to v8086 mode
            s.stack(bits, Layout.TARGETS + s.below(0x100), s.pick(Layout.USER_CODE, Layout.KERNEL_CODE) >> 4, flags | 0x2_0000, 0xfc0, 0x1300, 0x1400, 0x1401, 0x1402, 0x1403);
        } else {
            Target target = Targets.code(s, bits);
            s.stack(bits, target.offset(), target.selector(), flags & (s.chance(95) ? ~0x2_0000L : -1L), stackPointer(s), stackSelector(s, target.selector() & 3));
        }
        spareSelectors(s);
        return s.code(Family.INTERRUPT_RETURN, bits == 16 ? "iretw" : bits == 32 ? "iretd" : "iretq");
    }
}
