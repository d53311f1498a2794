package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;

/** The memory operand of an instruction: plain loads and stores, and the operations that read, modify and write it. */
final class Memory {
    private Memory() {}

    /** Loads the memory operand, zero-extended. */
    static long load(Cpu cpu, Op op) {
        int bytes = op.bytes;
        long gva = cpu.readAddress(op, bytes);
        return switch (bytes) {
            case 1 -> cpu.mmu.read8(gva) & 0xff;
            case 2 -> cpu.mmu.read16(gva) & 0xffff;
            case 4 -> cpu.mmu.read32(gva) & 0xffffffffL;
            default -> cpu.mmu.read64(gva);
        };
    }

    static byte load8(Cpu cpu, Op op) {
        return cpu.mmu.read8(cpu.readAddress(op, 1));
    }

    static short load16(Cpu cpu, Op op) {
        return cpu.mmu.read16(cpu.readAddress(op, 2));
    }

    static int load32(Cpu cpu, Op op) {
        return cpu.mmu.read32(cpu.readAddress(op, 4));
    }

    static long load64(Cpu cpu, Op op) {
        return cpu.mmu.read64(cpu.readAddress(op, 8));
    }

    static void store(Cpu cpu, Op op, long value) {
        int bytes = op.bytes;
        long gva = cpu.writeAddress(op, bytes);
        switch (bytes) {
            case 1 -> cpu.mmu.write8(gva, (byte) value);
            case 2 -> cpu.mmu.write16(gva, (short) value);
            case 4 -> cpu.mmu.write32(gva, (int) value);
            default -> cpu.mmu.write64(gva, value);
        }
    }

    static void store8(Cpu cpu, Op op, long value) {
        cpu.mmu.write8(cpu.writeAddress(op, 1), (byte) value);
    }

    static void store16(Cpu cpu, Op op, long value) {
        cpu.mmu.write16(cpu.writeAddress(op, 2), (short) value);
    }

    static void store32(Cpu cpu, Op op, long value) {
        cpu.mmu.write32(cpu.writeAddress(op, 4), (int) value);
    }

    static void store64(Cpu cpu, Op op, long value) {
        cpu.mmu.write64(cpu.writeAddress(op, 8), value);
    }

    /** Address of an operand that will be read and written; with {@link #take} and {@link #put} the one place where a locked operation would lock. */
    static long modify(Cpu cpu, Op op) {
        return cpu.writeAddress(op, op.bytes);
    }

    /** Reads what will be written: a page that may not be written faults as a write. */
    static long take(Cpu cpu, Op op, long gva) {
        return cpu.mmu.readForWrite(gva, op.bytes << 3);
    }

    static void put(Cpu cpu, Op op, long gva, long value) {
        cpu.mmu.write(gva, op.bytes << 3, value);
    }

    static void add(Cpu cpu, Op op, long b) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.add(cpu.s, take(cpu, op, gva), b, op.unused));
    }

    static void sub(Cpu cpu, Op op, long b) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.sub(cpu.s, take(cpu, op, gva), b, op.unused));
    }

    static void and(Cpu cpu, Op op, long b) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.and(cpu.s, take(cpu, op, gva), b, op.unused));
    }

    static void or(Cpu cpu, Op op, long b) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.or(cpu.s, take(cpu, op, gva), b, op.unused));
    }

    static void xor(Cpu cpu, Op op, long b) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.xor(cpu.s, take(cpu, op, gva), b, op.unused));
    }

    static void inc(Cpu cpu, Op op) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.inc(cpu.s, take(cpu, op, gva), op.unused));
    }

    static void dec(Cpu cpu, Op op) {
        long gva = modify(cpu, op);
        put(cpu, op, gva, Alu.dec(cpu.s, take(cpu, op, gva), op.unused));
    }
}
