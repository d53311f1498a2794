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
        return switch (op.bytes) {
            case 1 -> load8(cpu, op) & 0xff;
            case 2 -> load16(cpu, op) & 0xffff;
            case 4 -> load32(cpu, op) & 0xffffffffL;
            default -> load64(cpu, op);
        };
    }

    static byte load8(Cpu cpu, Op op) {
        if (op.plain) {
            long hva = cpu.mmu.flatRead(address(op), 1);
            if (hva != 0) {
                return Raw.getByte(hva);
            }
        }
        return cpu.mmu.read8(cpu.readAddress(op.segment, address(op), 1, op.linearMask));
    }

    static short load16(Cpu cpu, Op op) {
        if (op.plain) {
            long hva = cpu.mmu.flatRead(address(op), 2);
            if (hva != 0) {
                return Raw.getShort(hva);
            }
        }
        return cpu.mmu.read16(cpu.readAddress(op.segment, address(op), 2, op.linearMask));
    }

    static int load32(Cpu cpu, Op op) {
        if (op.plain) {
            long hva = cpu.mmu.flatRead(address(op), 4);
            if (hva != 0) {
                return Raw.getInt(hva);
            }
        }
        return cpu.mmu.read32(cpu.readAddress(op.segment, address(op), 4, op.linearMask));
    }

    static long load64(Cpu cpu, Op op) {
        if (op.plain) {
            long hva = cpu.mmu.flatRead(address(op), 8);
            if (hva != 0) {
                return Raw.getLong(hva);
            }
        }
        return cpu.mmu.read64(cpu.readAddress(op.segment, address(op), 8, op.linearMask));
    }

    static void store(Cpu cpu, Op op, long value) {
        switch (op.bytes) {
            case 1 -> store8(cpu, op, value);
            case 2 -> store16(cpu, op, value);
            case 4 -> store32(cpu, op, value);
            default -> store64(cpu, op, value);
        }
    }

    static void store8(Cpu cpu, Op op, long value) {
        if (op.plain) {
            long hva = cpu.mmu.flatWrite(address(op), 1);
            if (hva != 0) {
                Raw.putByte(hva, (byte) value);
                return;
            }
        }
        cpu.mmu.write8(cpu.writeAddress(op.segment, address(op), 1, op.linearMask), (byte) value);
    }

    static void store16(Cpu cpu, Op op, long value) {
        if (op.plain) {
            long hva = cpu.mmu.flatWrite(address(op), 2);
            if (hva != 0) {
                Raw.putShort(hva, (short) value);
                return;
            }
        }
        cpu.mmu.write16(cpu.writeAddress(op.segment, address(op), 2, op.linearMask), (short) value);
    }

    static void store32(Cpu cpu, Op op, long value) {
        if (op.plain) {
            long hva = cpu.mmu.flatWrite(address(op), 4);
            if (hva != 0) {
                Raw.putInt(hva, (int) value);
                return;
            }
        }
        cpu.mmu.write32(cpu.writeAddress(op.segment, address(op), 4, op.linearMask), (int) value);
    }

    static void store64(Cpu cpu, Op op, long value) {
        if (op.plain) {
            long hva = cpu.mmu.flatWrite(address(op), 8);
            if (hva != 0) {
                Raw.putLong(hva, value);
                return;
            }
        }
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
