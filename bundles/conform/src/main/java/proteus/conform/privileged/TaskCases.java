package proteus.conform.privileged;

import java.util.SplittableRandom;
import proteus.conform.privileged.Scene.Kind;
import proteus.conform.privileged.Scene.Paging;
import proteus.x86.format.GateDescriptor;
import proteus.x86.format.SegmentDescriptor;
import proteus.x86.format.Tss16;
import proteus.x86.format.Tss32;

/** Task switches by JMP, CALL, INT n and IRET, directly and through task gates, between 32-bit and 16-bit tasks. */
final class TaskCases {
    private TaskCases() {}

    static Case task(SplittableRandom random) {
        Kind kind = random.nextInt(12) == 0 ? Kind.V8086 : random.nextInt(12) == 0 ? Kind.LONG : random.nextBoolean() ? Kind.PROTECTED32 : Kind.PROTECTED16;
        Scene s = new Scene(random, kind, random.nextInt(2) * random.nextInt(4), Paging.values()[random.nextInt(3)]);
        boolean large = s.chance(65);
        int selector = large ? Layout.TASK32_SEL : Layout.TASK16_SEL;
        int tss = large ? Layout.TASK32 : Layout.TASK16;
        s.flags(s.below(4) << 12 | s.pick(0, 0x4000) | s.pick(0, 0, 0x8d5));
        if (!s.kind.isLong() && s.kind != Kind.V8086 && s.chance(20)) {
            s.r.setShort(Registers.TR, Layout.TSS16_SEL);
        }
        int level = s.below(4) * s.below(2);
        contents(s, tss, large, level);
        boolean ret = s.chance(20) && s.kind != Kind.V8086;
        int type = (large ? SegmentDescriptor.TSS_AVAILABLE : SegmentDescriptor.TSS16_AVAILABLE) | (ret != s.chance(8) ? SegmentDescriptor.BUSY : 0);
        int size = (large ? Tss32.SIZE : Tss16.SIZE) - 1;
        s.gdt(selector, SegmentDescriptor.of(tss, s.chance(92) ? size : size - 1, type | s.pick(0, 3, 3, 1) << SegmentDescriptor.DPL_SHIFT
            | (s.chance(94) ? SegmentDescriptor.P : 0)), "the new task");
        if (ret) {
            s.flags(0x4000);
            int old = s.r.getShort(Registers.TR) == Layout.TSS16_SEL ? Layout.TSS16 : Layout.TSS32;
            s.put(old, s.chance(90) ? selector : Targets.odd(s), 2, "the link to the previous task");
            return s.code(Family.TASK, "iret");
        }
        int gate = Layout.FREE + 0xe0 | s.below(2) * s.below(4);
        long descriptor = GateDescriptor.of(s.chance(92) ? selector | s.below(2) * s.below(4) : Targets.odd(s), 0, SegmentDescriptor.TASK_GATE, s.pick(3, 3, 0, 1), 0);
        if (s.chance(5)) {
            descriptor &= ~(1L << 47);
        }
        if (s.kind == Kind.V8086 || s.chance(35)) {
            s.gate(0x30, descriptor);
            return s.code(Family.TASK, s.kind == Kind.V8086 && s.chance(60) ? "ud2" : "int 0x30");
        }
        if (s.chance(20)) {
            s.gate(13, descriptor);
            return s.code(Family.TASK, "mov ax, 0xfff0\nmov es, ax");
        }
        boolean direct = s.chance(50);
        if (!direct) {
            s.gdt(gate, descriptor, "a task gate");
        }
        int target = direct ? selector | s.below(2) * s.below(4) : gate;
        if (s.kind == Kind.LONG) {
            s.put(s.dataAddress(), 0x1234, 4, "a far pointer").put(s.dataAddress() + 4, target, 2, "of selector 0x%x".formatted(target));
            return s.code(Family.TASK, s.pick("jmp", "call") + " dword far [0x%x]".formatted(s.dataOffset()));
        }
        return s.code(Family.TASK, "%s 0x%x:0x1234".formatted(s.pick("jmp", "call"), target));
    }

    /** A task that ends in INT3, with something wrong now and then. */
    private static void contents(Scene s, int tss, boolean large, int level) {
        int code = new int[] {Layout.CODE32, Layout.CODE_1, Layout.CODE_2, Layout.CODE_3}[level];
        int data = new int[] {Layout.DATA, Layout.DATA_1, Layout.DATA_2, Layout.DATA_3}[level];
        int pad = level == 3 ? Layout.USER_CODE : Layout.KERNEL_CODE;
        if (!large) {
            // reaches only 64 KiB
            code = 0xd0 | level;
            s.gdt(code, SegmentDescriptor.of(pad, 0xffff, 0x9b | level << SegmentDescriptor.DPL_SHIFT), "the task's code");
        }
        long flags = 2 | s.below(4) << 12 | s.pick(0, 0x200) | s.pick(0, 0, 0, 0x4000);
        boolean v8086 = large && s.chance(10);
        int[] selectors = {data, code, s.chance(92) ? data : Targets.data(s, s.below(4), Targets.slot(s, s.below(4)), true), data, data, data};
        if (v8086) {
            flags |= 0x2_0000;
            selectors = new int[] {0x1400, Layout.USER_CODE >> 4, 0x1300, 0x1400, 0x1401, 0x1402};
        } else if (s.chance(20)) {
            int which = s.pick(0, 1, 3, 4, 5);
            selectors[which] = s.chance(30) ? Targets.odd(s) : which == 1 ? Targets.code(s, 16).selector() : Targets.data(s, s.below(4), Targets.slot(s, s.below(4)), false);
        }
        int ldt = s.chance(90) ? s.pick(0, Layout.LDT_SEL) : Targets.odd(s);
        long ip = (large && !v8086 ? pad : 0) + Layout.TARGETS + s.below(0x100);
        long sp = v8086 ? 0xf00 : large ? level == 3 ? Layout.USER_STACK - 0x100 : Layout.STACK_CASE - 0x40 : 0x2980;
        if (large) {
            if (s.paging != Paging.NONE) {
                s.put(tss + Tss32.CR3, s.r.get(Registers.CR3), 4, "CR3");
            }
            s.put(tss + Tss32.EIP, ip, 4, "EIP").put(tss + Tss32.EFLAGS, flags, 4, "EFLAGS 0x" + Long.toHexString(flags));
            for (int i = 0; i < 8; i++) {
                s.put(tss + Tss32.EAX + 4 * i, i == 4 ? sp : 0x0101_0101L * (i + 1), 4, "");
            }
            for (int i = 0; i < 6; i++) {
                s.put(tss + Tss32.ES + 4 * i, selectors[i], 2, "selector %d: 0x%x".formatted(i, selectors[i]));
            }
            s.put(tss + Tss32.LDT, ldt, 2, "LDT 0x%x".formatted(ldt)).put(tss + Tss32.DEBUG_TRAP, s.chance(8) ? 1 : 0, 2, "T");
        } else {
            s.put(tss + Tss16.IP, ip, 2, "IP").put(tss + Tss16.FLAGS, flags, 2, "FLAGS 0x" + Long.toHexString(flags));
            // a stack that a 16-bit stack pointer reaches
            int stack = 0xd8 | level;
            s.gdt(stack, SegmentDescriptor.of(0x1_0000, 0xffff, 0x93 | level << SegmentDescriptor.DPL_SHIFT), "the task's stack");
            selectors[2] = stack;
            for (int i = 0; i < 8; i++) {
                s.put(tss + Tss16.AX + 2 * i, i == 4 ? sp : 0x0101 * (i + 1), 2, "");
            }
            for (int i = 0; i < 4; i++) {
                s.put(tss + Tss16.ES + 2 * i, selectors[i], 2, "selector %d: 0x%x".formatted(i, selectors[i]));
            }
            s.put(tss + Tss16.LDT, ldt, 2, "LDT 0x%x".formatted(ldt));
        }
    }
}
