package proteus.silicon.exec;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;

/** The memory operand of an instruction: plain loads and stores, and the operations that read, modify and write it. */
final class Memory {
    private Memory() {}

    /** {@link Cpu#effectiveAddress} with what lowering prepared for the hot loop. */
    static long address(Op op) {
        return Raw.getLong(op.baseAddress) + (Raw.getLong(op.indexAddress) << op.shift) + op.displacement & op.addressMask;
    }

    /** Loads the memory operand, zero-extended. */
    static long load(Cpu cpu, Op op) {
        int bytes = op.bytes;
        long gva = cpu.readAddress(op.segment, address(op), bytes, op.linearMask);
        return switch (bytes) {
            case 1 -> cpu.mmu.read8(gva) & 0xff;
            case 2 -> cpu.mmu.read16(gva) & 0xffff;
            case 4 -> cpu.mmu.read32(gva) & 0xffffffffL;
            default -> cpu.mmu.read64(gva);
        };
    }

    static byte load8(Cpu cpu, Op op) {
        return cpu.mmu.read8(cpu.readAddress(op.segment, address(op), 1, op.linearMask));
    }

    static short load16(Cpu cpu, Op op) {
        return cpu.mmu.read16(cpu.readAddress(op.segment, address(op), 2, op.linearMask));
    }

    static int load32(Cpu cpu, Op op) {
        return cpu.mmu.read32(cpu.readAddress(op.segment, address(op), 4, op.linearMask));
    }

    static long load64(Cpu cpu, Op op) {
        return cpu.mmu.read64(cpu.readAddress(op.segment, address(op), 8, op.linearMask));
    }

    static void store(Cpu cpu, Op op, long value) {
        int bytes = op.bytes;
        long gva = cpu.writeAddress(op.segment, address(op), bytes, op.linearMask);
        switch (bytes) {
            case 1 -> cpu.mmu.write8(gva, (byte) value);
            case 2 -> cpu.mmu.write16(gva, (short) value);
            case 4 -> cpu.mmu.write32(gva, (int) value);
            default -> cpu.mmu.write64(gva, value);
        }
    }

    static void store8(Cpu cpu, Op op, long value) {
        cpu.mmu.write8(cpu.writeAddress(op.segment, address(op), 1, op.linearMask), (byte) value);
    }

    static void store16(Cpu cpu, Op op, long value) {
        cpu.mmu.write16(cpu.writeAddress(op.segment, address(op), 2, op.linearMask), (short) value);
    }

    static void store32(Cpu cpu, Op op, long value) {
        cpu.mmu.write32(cpu.writeAddress(op.segment, address(op), 4, op.linearMask), (int) value);
    }

    static void store64(Cpu cpu, Op op, long value) {
        cpu.mmu.write64(cpu.writeAddress(op.segment, address(op), 8, op.linearMask), value);
    }

    /** Address of an operand that will be read and written; with {@link #take} and {@link #put} the one place where a locked operation would lock. */
    static long modify(Cpu cpu, Op op) {
        return cpu.writeAddress(op.segment, address(op), op.bytes, op.linearMask);
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
