package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.RIP;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** Near control flow (SDM vol. 2: JMP, CALL, RET, LOOP, JCXZ), BOUND. */
final class Control {
    private Control() {}

    static void register(HandlerTable t) {
        t.putEnding(Mnemonic.JMP, Control::jmp);
        t.putEnding(Mnemonic.JCC, Control::jcc);
        t.putEnding(Mnemonic.CALL, Control::callHandler);
        t.putEnding(Mnemonic.RET, Control::retHandler);
        t.putEnding(Mnemonic.LOOP, (cpu, op) -> loop(cpu, op, true));
        t.putEnding(Mnemonic.LOOPE, (cpu, op) -> loop(cpu, op, Alu.equal(cpu.s)));
        t.putEnding(Mnemonic.LOOPNE, (cpu, op) -> loop(cpu, op, !Alu.equal(cpu.s)));
        t.putEnding(Mnemonic.JCXZ, Control::jcxz);
        t.put(Mnemonic.BOUND, Control::bound);
    }

    /** The target of a relative branch, unchecked. */
    static long relative(Cpu cpu, Op op) {
        return Raw.getLong(cpu.s + CpuLayout.BLOCK_RIP) + op.immediate & op.ripMask;
    }

    /** The target of an indirect branch from a register or memory, unchecked. */
    static long indirect(Cpu cpu, Op op) {
        return op.k0 == Instruction.MEMORY ? Memory.load(cpu, op) & op.ripMask : Raw.getLong(cpu.s + op.r0) & op.ripMask;
    }

    /** #GP(0) unless a branch may go there (SDM vol. 2, JMP: "not canonical", "beyond the CS limit"). */
    static long checked(Cpu cpu, Op op, long target) {
        if (isOutside(cpu, op, target)) {
            throw cpu.protection(0);
        }
        return target;
    }

    private static boolean isOutside(Cpu cpu, Op op, long target) {
        return op.mode == 64 ? !canonical(cpu, target) : target > cpu.limit[Cpu.CS];
    }

    static boolean canonical(Cpu cpu, long address) {
        int unused = (cpu.cr4 & 1 << 12) != 0 ? 7 : 16;
        return address << unused >> unused == address;
    }

    /**
     * Pushes the return address; returns the checked target. The push comes first: what it stores stays there if the target is no address or
     * beyond the limit, and RSP is back where it was. (The manual's operation checks limits before; processors were seen to do it this way.)
     */
    static long call(Cpu cpu, Op op, long target) {
        long sp = cpu.gpr(4);
        long back = cpu.nextRip(op);
        switch (op.operandSize) {
            case 64 -> Stack.push64(cpu, back);
            case 32 -> Stack.push32(cpu, (int) back);
            default -> Stack.push(cpu, back, 16);
        }
        if (isOutside(cpu, op, target)) {
            cpu.gpr(4, sp);
            throw cpu.protection(0);
        }
        return target;
    }

    /** Pops the checked return address, and as many bytes more as the immediate says. */
    static long ret(Cpu cpu, Op op) {
        long arguments = op.immediate & 0xffff;
        if (op.operandSize == 64) {
            long sp = cpu.gpr(4);
            long target = checked(cpu, op, cpu.mmu.read64(sp));
            cpu.gpr(4, sp + 8 + arguments);
            return target;
        }
        long target = checked(cpu, op, Stack.peek(cpu, 0, op.operandSize) & op.ripMask);
        Stack.release(cpu, (op.operandSize >> 3) + arguments);
        return target;
    }

    private static void jmp(Cpu cpu, Op op) {
        cpu.put(RIP, checked(cpu, op, op.k0 == Instruction.RELATIVE ? relative(cpu, op) : indirect(cpu, op)));
    }

    private static void jcc(Cpu cpu, Op op) {
        if (cpu.condition(op.condition)) {
            cpu.put(RIP, checked(cpu, op, relative(cpu, op)));
        }
    }

    private static void callHandler(Cpu cpu, Op op) {
        cpu.put(RIP, call(cpu, op, op.k0 == Instruction.RELATIVE ? relative(cpu, op) : indirect(cpu, op)));
    }

    private static void retHandler(Cpu cpu, Op op) {
        cpu.put(RIP, ret(cpu, op));
    }

    private static void loop(Cpu cpu, Op op, boolean condition) {
        long count = cpu.gpr(1) - 1 & op.addressMask;
        boolean taken = condition && count != 0;
        long target = taken ? checked(cpu, op, relative(cpu, op)) : 0;
        counted(cpu, op, count);
        if (taken) {
            cpu.put(RIP, target);
        }
    }

    /** Writes CX, ECX or RCX by address size. */
    static void counted(Cpu cpu, Op op, long count) {
        cpu.register(CpuLayout.gpr(1), op.addressSize, count);
    }

    private static void jcxz(Cpu cpu, Op op) {
        if ((cpu.gpr(1) & op.addressMask) == 0) {
            cpu.put(RIP, checked(cpu, op, relative(cpu, op)));
        }
    }

    /** #BR, a fault, unless the signed index lies between the two bounds in memory. */
    /** The upper bound is not looked at when the index is already below the lower one, as processors were seen to do it. */
    private static void bound(Cpu cpu, Op op) {
        int unused = op.unused;
        long index = Raw.getLong(cpu.s + op.r0) << unused >> unused;
        if (index < limit(cpu, op, 0) || index > limit(cpu, op, op.operandSize >> 3)) {
            throw cpu.fault(5, 0);
        }
    }

    private static long limit(Cpu cpu, Op op, int distance) {
        long offset = cpu.effectiveAddress(op) + distance & op.addressMask;
        return cpu.mmu.read(cpu.readAddress(op.segment, offset, op.operandSize >> 3, op.linearMask), op.operandSize) << op.unused >> op.unused;
    }
}
