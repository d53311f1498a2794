package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.CpuLayout;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;

/** Moves of the hot switch, a method for each form: units that the JIT compiles well by themselves, and inlines while it has room. */
final class HotMoves {
    private static final int RDX = CpuLayout.gpr(2);

    private HotMoves() {}

    private static void put(long s, Op op, long value) {
        Raw.putLong(op.a0, Raw.getLong(op.a0) & op.keep | value & op.mask);
    }

    static void movRr(long s, Op op) {
        Raw.putLong(op.a0, Raw.getLong(op.a1) & op.mask);
    }

    static void movRm32(Cpu cpu, Op op) {
        Raw.putLong(op.a0, Memory.load32(cpu, op) & 0xffffffffL);
    }

    static void movRm64(Cpu cpu, Op op) {
        Raw.putLong(op.a0, Memory.load64(cpu, op));
    }

    static void movM64r(Cpu cpu, Op op) {
        Memory.store64(cpu, op, Raw.getLong(op.a1));
    }

    static void movM32r(Cpu cpu, Op op) {
        Memory.store32(cpu, op, Raw.getLong(op.a1));
    }

    static void movRi(long s, Op op) {
        put(s, op, op.immediate);
    }

    static void lea(Cpu cpu, Op op) {
        put(cpu.s, op, Memory.address(op));
    }

    static void pushR64(Cpu cpu, Op op) {
        Stack.push64(cpu, Raw.getLong(op.a0));
    }

    static void popR64(Cpu cpu, Op op) {
        Raw.putLong(op.a0, Stack.pop64(cpu));
    }

    static void movzxRm8(Cpu cpu, Op op) {
        put(cpu.s, op, Memory.load8(cpu, op) & 0xffL);
    }

    static void movzxRr8(long s, Op op) {
        put(s, op, Raw.getByte(op.a1) & 0xffL);
    }

    static void movM8r(Cpu cpu, Op op) {
        Memory.store8(cpu, op, Raw.getLong(op.a1));
    }

    static void movM16r(Cpu cpu, Op op) {
        Memory.store16(cpu, op, Raw.getLong(op.a1));
    }

    static void movRm8(Cpu cpu, Op op) {
        long s = cpu.s;
        Raw.putByte(op.a0, Memory.load8(cpu, op));
    }

    static void movRm16(Cpu cpu, Op op) {
        Raw.putShort(op.a0, Memory.load16(cpu, op));
    }

    static void movRrPart(long s, Op op) {
        put(s, op, Raw.getLong(op.a1));
    }

    static void movzxRr16(long s, Op op) {
        put(s, op, Raw.getShort(op.a1) & 0xffffL);
    }

    static void movsxRr8(long s, Op op) {
        put(s, op, Raw.getByte(op.a1));
    }

    static void movsxRr16(long s, Op op) {
        put(s, op, Raw.getShort(op.a1));
    }

    static void movsxRr32(long s, Op op) {
        put(s, op, Raw.getInt(op.a1));
    }

    static void movzxRm16(Cpu cpu, Op op) {
        put(cpu.s, op, Memory.load16(cpu, op) & 0xffffL);
    }

    static void movsxRm8(Cpu cpu, Op op) {
        put(cpu.s, op, Memory.load8(cpu, op));
    }

    static void movsxRm16(Cpu cpu, Op op) {
        put(cpu.s, op, Memory.load16(cpu, op));
    }

    static void movsxRm32(Cpu cpu, Op op) {
        put(cpu.s, op, Memory.load32(cpu, op));
    }

    static void popR32(Cpu cpu, Op op) {
        Raw.putLong(op.a0, Stack.pop32(cpu) & 0xffffffffL);
    }

    static void setccR(Cpu cpu, Op op) {
        Raw.putByte(op.a0, (byte) (cpu.condition(op.condition) ? 1 : 0));
    }

    static void cmovRr(Cpu cpu, Op op) {
        long s = cpu.s;
        put(s, op, cpu.condition(op.condition) ? Raw.getLong(op.a1) : Raw.getLong(op.a0));
    }

    static void cmovRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        put(s, op, cpu.condition(op.condition) ? b : Raw.getLong(op.a0));
    }

    static void cdqe(long s) {
        Raw.putLong(s, Raw.getInt(s));
    }

    static void cdq(long s) {
        Raw.putLong(s + RDX, Raw.getInt(s) >> 31 & 0xffffffffL);
    }
}
