package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;

/** Arithmetic of the hot switch, a method for each form. What is computed stands in {@link Alu}. */
final class HotAlu {
    private HotAlu() {}

    /** Writes the destination register whose whole old value is {@code old}. */
    private static void put(long s, Op op, long old, long value) {
        Raw.putLong(op.a0, old & op.keep | value & op.mask);
    }

    static void addRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.add(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void addRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.add(s, a, op.immediate, op.unused));
    }

    static void subRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.sub(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void subRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.sub(s, a, op.immediate, op.unused));
    }

    static void cmpRr(long s, Op op) {
        Alu.sub(s, Raw.getLong(op.a0), Raw.getLong(op.a1), op.unused);
    }

    static void cmpRi(long s, Op op) {
        Alu.sub(s, Raw.getLong(op.a0), op.immediate, op.unused);
    }

    static void testRr(long s, Op op) {
        Alu.and(s, Raw.getLong(op.a0), Raw.getLong(op.a1), op.unused);
    }

    static void testRi(long s, Op op) {
        Alu.and(s, Raw.getLong(op.a0), op.immediate, op.unused);
    }

    static void andRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.and(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void andRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.and(s, a, op.immediate, op.unused));
    }

    static void xorRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.xor(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void xorRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.xor(s, a, op.immediate, op.unused));
    }

    static void orRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.or(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void orRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.or(s, a, op.immediate, op.unused));
    }

    static void shlRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.shl(s, a, (int) op.immediate, op.unused));
    }

    static void shrRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.shr(s, a, (int) op.immediate, op.unused));
    }

    static void sarRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.sar(s, a, (int) op.immediate, op.unused));
    }

    static void incR(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.inc(s, a, op.unused));
    }

    static void decR(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.dec(s, a, op.unused));
    }

    static void addRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.add(s, a, b, op.unused));
    }

    static void subRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.sub(s, a, b, op.unused));
    }

    static void cmpRm(Cpu cpu, Op op) {
        long b = Memory.load(cpu, op);
        Alu.sub(cpu.s, Raw.getLong(op.a0), b, op.unused);
    }

    static void cmpMr(Cpu cpu, Op op) {
        Alu.sub(cpu.s, Memory.load(cpu, op), Raw.getLong(op.a1), op.unused);
    }

    static void cmpMi(Cpu cpu, Op op) {
        Alu.sub(cpu.s, Memory.load(cpu, op), op.immediate, op.unused);
    }

    static void testMr(Cpu cpu, Op op) {
        Alu.and(cpu.s, Memory.load(cpu, op), Raw.getLong(op.a1), op.unused);
    }

    static void testMi(Cpu cpu, Op op) {
        Alu.and(cpu.s, Memory.load(cpu, op), op.immediate, op.unused);
    }

    static void andRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.and(s, a, b, op.unused));
    }

    static void xorRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.xor(s, a, b, op.unused));
    }

    static void orRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.or(s, a, b, op.unused));
    }

    static void adcRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.adc(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void adcRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.adc(s, a, op.immediate, op.unused));
    }

    static void sbbRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.sbb(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void sbbRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.sbb(s, a, op.immediate, op.unused));
    }

    static void negR(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.neg(s, a, op.unused));
    }

    static void notR(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, ~a);
    }

    static void rolRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.rol(s, a, (int) op.immediate, op.unused));
    }

    static void rorRi(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.ror(s, a, (int) op.immediate, op.unused));
    }

    static void imulRr(long s, Op op) {
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.imul(s, a, Raw.getLong(op.a1), op.unused));
    }

    static void imulRm(Cpu cpu, Op op) {
        long s = cpu.s;
        long b = Memory.load(cpu, op);
        long a = Raw.getLong(op.a0);
        put(s, op, a, Alu.imul(s, a, b, op.unused));
    }

    static void imulRri(long s, Op op) {
        put(s, op, Raw.getLong(op.a0), Alu.imul(s, Raw.getLong(op.a1), op.immediate, op.unused));
    }
}
