package proteus.silicon.fpu;

import static proteus.silicon.cpu.CpuLayout.X87;

import proteus.silicon.cpu.Cpu;
import proteus.silicon.cpu.Op;
import proteus.silicon.cpu.Raw;
import proteus.x86.decode.Instruction;

/** Operands of MMX and XMM instructions. Memory operands of 16 bytes must be aligned, so both halves lie in one page (SDM vol. 2, table 2-21, class 4). */
final class Simd {
    private Simd() {}

    /** What happens to one 64-bit part, independent of the others. */
    @FunctionalInterface
    interface Part {
        long apply(long a, long b);
    }

    /** {@code destination = f(destination, source)} part by part, MMX or XMM. Kept small: it is inlined into each handler. */
    static void packed(Cpu cpu, Op op, Part f) {
        if (op.k0 != Instruction.XMM) {
            packedMmx(cpu, op, f);
            return;
        }
        Guard.sse(cpu);
        long to = cpu.s + op.r0;
        long low;
        long high;
        if (op.k1 == Instruction.XMM) {
            low = Raw.getLong(cpu.s + op.r1);
            high = Raw.getLong(cpu.s + op.r1 + 8);
        } else {
            long at = aligned(cpu, op);
            low = cpu.mmu.read64(at);
            high = cpu.mmu.read64(at + 8);
        }
        Raw.putLong(to, f.apply(Raw.getLong(to), low));
        Raw.putLong(to + 8, f.apply(Raw.getLong(to + 8), high));
    }

    private static void packedMmx(Cpu cpu, Op op, Part f) {
        long b = mmxSource(cpu, op, 64);
        mmx(cpu, op.r0, f.apply(mmx(cpu, op.r0), b));
    }

    /** Address of an aligned 16-byte operand that is read. */
    static long aligned(Cpu cpu, Op op) {
        long at = cpu.readAddress(op, 16);
        if ((at & 15) != 0) {
            throw cpu.protection(0);
        }
        return at;
    }

    static long alignedForWrite(Cpu cpu, Op op) {
        long at = cpu.writeAddress(op, 16);
        if ((at & 15) != 0) {
            throw cpu.protection(0);
        }
        return at;
    }

    /** Low half of the second operand, checks done; a memory operand is read whole and must be aligned. */
    static long sourceLow(Cpu cpu, Op op) {
        return op.k1 == Instruction.XMM ? Raw.getLong(cpu.s + op.r1) : cpu.mmu.read64(aligned(cpu, op));
    }

    /** High half of the second operand alone. */
    static long onlyHigh(Cpu cpu, Op op) {
        sourceLow(cpu, op); // a page fault is at the start of the operand
        return sourceHigh(cpu, op);
    }

    /** High half of the second operand; call after {@link #sourceLow}. */
    static long sourceHigh(Cpu cpu, Op op) {
        return op.k1 == Instruction.XMM ? Raw.getLong(cpu.s + op.r1 + 8) : cpu.mmu.read64(aligned(cpu, op) + 8);
    }

    /** The second operand where it is a register's low bits or that many bits of memory, unaligned, zero-extended. */
    static long scalar(Cpu cpu, Op op, int bits) {
        if (op.k1 == Instruction.XMM) {
            long value = Raw.getLong(cpu.s + op.r1);
            return bits == 64 ? value : value & (1L << bits) - 1;
        }
        return cpu.readMemory(op, bits);
    }

    static void set(Cpu cpu, Op op, long low, long high) {
        Raw.putLong(cpu.s + op.r0, low);
        Raw.putLong(cpu.s + op.r0 + 8, high);
    }

    static long low(Cpu cpu, Op op) {
        return Raw.getLong(cpu.s + op.r0);
    }

    static long high(Cpu cpu, Op op) {
        return Raw.getLong(cpu.s + op.r0 + 8);
    }

    /** Stores 16 bytes at any alignment, all or nothing. */
    static void store(Cpu cpu, long at, long low, long high) {
        if ((at & 4095) > 4080) {
            cpu.mmu.probeWrite(at, 16);
        }
        // 16 bytes that need not be aligned are never #AC (SDM vol. 2, table 2-21)
        cpu.mmu.writePart(at, 64, low);
        cpu.mmu.writePart(at + 8 & cpu.linearMask(), 64, high);
    }

    // ---- MMX registers: the significands of R0..R7

    static long mmx(Cpu cpu, int register) {
        return Raw.getLong(cpu.s + X87 + 16 * register);
    }

    /** Writing sets sign and exponent to all ones (SDM vol. 1, 9.2.1). */
    static void mmx(Cpu cpu, int register, long value) {
        Raw.putLong(cpu.s + X87 + 16 * register, value);
        Raw.putShort(cpu.s + X87 + 16 * register + 8, (short) -1);
    }

    /** Checks, reads the second operand (MMX or memory), then changes to MMX state. */
    static long mmxSource(Cpu cpu, Op op, int bits) {
        Guard.mmx(cpu);
        long value = op.k1 == Instruction.MMX ? mmx(cpu, op.r1) : cpu.readMemory(op, bits);
        Guard.toMmx(cpu);
        return value;
    }
}
