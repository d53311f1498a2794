package proteus.silicon.exec;

import static proteus.silicon.cpu.CpuLayout.gpr;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.HandlerTable;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;
import proteus.x86.decode.Mnemonic;

/** The stack and the instructions that work on it (SDM vol. 1, chapter 6). Segment registers popped: package {@code system}. */
public final class Stack {
    private static final int RSP = gpr(4);
    private static final int RBP = gpr(5);

    private Stack() {}

    static void register(HandlerTable t) {
        t.put(Mnemonic.PUSH, Stack::pushOperand);
        t.put(Mnemonic.PUSHA, Stack::pusha);
        t.put(Mnemonic.POPA, Stack::popa);
        t.put(Mnemonic.ENTER, Stack::enter);
        t.put(Mnemonic.LEAVE, Stack::leave);
    }

    // ---- primitives

    private static long stackMask(int size) {
        return size == 64 ? -1 : size == 32 ? 0xffffffffL : 0xffff;
    }

    /** Pushes a value of 16, 32 or 64 bits; the stack pointer moves only after the store succeeded. */
    public static void push(Cpu cpu, long value, int bits) {
        int size = cpu.stackSize();
        long sp = cpu.gpr(4) - (bits >> 3) & stackMask(size);
        cpu.mmu.write(cpu.writeAddress(Cpu.SS, sp, bits >> 3, cpu.linearMask()), bits, value);
        cpu.register(RSP, size, sp);
    }

    /** Reads the stack at a distance from its top without moving the pointer. */
    public static long peek(Cpu cpu, long distance, int bits) {
        int size = cpu.stackSize();
        long sp = cpu.gpr(4) + distance & stackMask(size);
        return cpu.mmu.read(cpu.readAddress(Cpu.SS, sp, bits >> 3, cpu.linearMask()), bits);
    }

    /** Moves the stack pointer up. */
    public static void release(Cpu cpu, long bytes) {
        int size = cpu.stackSize();
        cpu.register(RSP, size, cpu.gpr(4) + bytes & stackMask(size));
    }

    static void push64(Cpu cpu, long value) {
        long s = cpu.s;
        long sp = Raw.getLong(s + RSP) - 8;
        cpu.mmu.write64(sp, value);
        Raw.putLong(s + RSP, sp);
    }

    static void push32(Cpu cpu, int value) {
        long s = cpu.s;
        long sp = Raw.getLong(s + RSP) - 4 & 0xffffffffL;
        long hva = cpu.mmu.flatWrite(sp, 4);
        if (hva == 0) {
            push(cpu, value, 32);
        } else {
            Raw.putInt(hva, value);
            Raw.putLong(s + RSP, sp);
        }
    }

    static int pop32(Cpu cpu) {
        long s = cpu.s;
        long sp = Raw.getLong(s + RSP) & 0xffffffffL;
        long hva = cpu.mmu.flatRead(sp, 4);
        if (hva != 0) {
            Raw.putLong(s + RSP, sp + 4 & 0xffffffffL);
            return Raw.getInt(hva);
        }
        int value = (int) peek(cpu, 0, 32);
        release(cpu, 4);
        return value;
    }

    static long pop64(Cpu cpu) {
        long s = cpu.s;
        long sp = Raw.getLong(s + RSP);
        long value = cpu.mmu.read64(sp);
        Raw.putLong(s + RSP, sp + 8);
        return value;
    }

    // ---- instructions

    private static void pushOperand(Cpu cpu, Op op) {
        push(cpu, cpu.readOperand(op, op.k0, op.r0, op.operandSize), op.operandSize);
    }

    /** POP to a register or to memory; an address that uses RSP takes it as it is after the pop (SDM vol. 2, POP). */
    static void popOperand(Cpu cpu, Op op) {
        int bits = op.operandSize;
        long value = peek(cpu, 0, bits);
        if (op.k0 == Instruction.MEMORY) {
            long old = cpu.gpr(4);
            release(cpu, bits >> 3);
            long popped = cpu.gpr(4);
            long gva;
            cpu.gpr(4, popped);
            boolean done = false;
            try {
                gva = cpu.writeAddress(op, bits >> 3);
                cpu.mmu.write(gva, bits, value);
                done = true;
            } finally {
                if (!done) {
                    cpu.gpr(4, old);
                }
            }
        } else {
            release(cpu, bits >> 3);
            cpu.register(op.r0, bits, value);
        }
    }

    private static void pusha(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        int size = cpu.stackSize();
        long mask = stackMask(size);
        long sp = cpu.gpr(4);
        for (int i = 0; i < 8; i++) {
            long at = sp - (long) bytes * (i + 1) & mask;
            long slot = cpu.writeAddress(Cpu.SS, at, bytes, cpu.linearMask());
            cpu.mmu.checkAlignment(slot, bytes);
            cpu.mmu.probeWrite(slot, bytes);
        }
        for (int i = 0; i < 8; i++) {
            long at = sp - (long) bytes * (i + 1) & mask;
            cpu.mmu.write(cpu.writeAddress(Cpu.SS, at, bytes, cpu.linearMask()), bits, cpu.gpr(i));
        }
        cpu.register(RSP, size, sp - 8L * bytes & mask);
    }

    private static void popa(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        for (int i = 0; i < 8; i++) {
            long slot = cpu.readAddress(Cpu.SS, cpu.gpr(4) + (long) bytes * i & stackMask(cpu.stackSize()), bytes, cpu.linearMask());
            cpu.mmu.checkAlignment(slot, bytes);
            cpu.mmu.probeRead(slot, bytes);
        }
        for (int i = 0; i < 8; i++) {
            if (i != 3) {
                // the slot of SP is skipped (SDM vol. 2, POPA)
                cpu.register(gpr(7 - i), bits, peek(cpu, (long) bytes * i, bits));
            }
        }
        release(cpu, 8L * bytes);
    }

    private static void enter(Cpu cpu, Op op) {
        int bits = op.operandSize;
        int bytes = bits >> 3;
        int size = cpu.stackSize();
        long mask = stackMask(size);
        int allocation = (int) op.immediate & 0xffff;
        int level = op.immediate2 & 31;
        long sp = cpu.gpr(4) & mask;
        long frame = sp - bytes & mask;
        // BP or EBP by operand size: with a 16-bit stack EBP gets the upper half of ESP (SDM vol. 2, ENTER: FrameTemp)
        long frameTemp = cpu.gpr(4) & ~mask | frame;
        // in the order of the manual's operation: a fault leaves what was pushed below the stack pointer, which has not moved
        int slots = level == 0 ? 1 : level + 1;
        long top = sp - (long) bytes * slots - allocation & mask;
        store(cpu, frame, bits, cpu.gpr(5));
        for (int i = 1; i < level; i++) {
            long value = cpu.mmu.read(cpu.readAddress(Cpu.SS, cpu.gpr(5) - (long) bytes * i & mask, bytes, cpu.linearMask()), bits);
            store(cpu, frame - (long) bytes * i & mask, bits, value);
        }
        if (level > 0) {
            store(cpu, frame - (long) bytes * level & mask, bits, frameTemp);
        }
        // the new top of the stack must be writable too (SDM vol. 2, ENTER)
        long probed = cpu.writeAddress(Cpu.SS, top, bytes, cpu.linearMask());
        cpu.mmu.checkAlignment(probed, bytes);
        cpu.mmu.probeWrite(probed, bytes);
        cpu.register(RBP, bits, frameTemp);
        cpu.register(RSP, size, top);
    }

    private static void store(Cpu cpu, long sp, int bits, long value) {
        cpu.mmu.write(cpu.writeAddress(Cpu.SS, sp, bits >> 3, cpu.linearMask()), bits, value);
    }

    private static void leave(Cpu cpu, Op op) {
        int size = cpu.stackSize();
        long mask = stackMask(size);
        long sp = cpu.gpr(5) & mask;
        int bits = op.operandSize;
        long value = cpu.mmu.read(cpu.readAddress(Cpu.SS, sp, bits >> 3, cpu.linearMask()), bits);
        cpu.register(RSP, size, sp + (bits >> 3) & mask);
        cpu.register(RBP, bits, value);
    }
}
